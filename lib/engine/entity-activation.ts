import { EntityExecutor } from '../core/entity-executor.js';
import { toFailureDetails } from '../core/failure.js';
import type { EntityId } from '../core/history.js';
import type { OperationOutcome } from '../core/operation.js';
import type { EntityProgram } from '../core/programs.js';
import { FIRST_VERSION } from '../core/state-migration.js';
import type { ValueReference } from '../core/values.js';
import { OperationTimeoutError, type PerdureError } from '../errors.js';
import type { StoredState } from '../wire/entity-state.js';
import type { EntityHead } from '../wire/head.js';
import type { LockHeld } from '../wire/locks.js';
import type { OperationMessage } from '../wire/messages.js';
import type { PlannedOperation } from '../wire/planned.js';
import type { Prepared } from '../wire/prepared.js';
import type { Outcome, StepEntry } from '../wire/record.js';
import type { Activation, Captured, CodeName, InputBody, ReadInput, StepOutput } from './activation.js';
import { Agenda, agendaAfter, isEarly, isOwn, messageOf, plannedOf } from './agenda.js';
import { DroppedKeys } from './dropped-keys.js';
import { commanded, isCommand } from './entity-commands.js';
import { answerOf, logFailure, resultFor, sentBy } from './entity-effects.js';
import { capturedEntity } from './entity-head.js';
import { EntityLocks, type ForgottenFences } from './entity-locks.js';
import { swept } from './entity-remains.js';
import type { FetchedValues } from './fetched-values.js';
import type { Host } from './host.js';
import { inTime } from './in-time.js';
import { OperationCalls, type Beside } from './operation-calls.js';
import { OperationJournals } from './operation-journals.js';
import { OperationTrace, type ActivationInspection } from './operation-trace.js';
import { refusal } from './orchestration-inputs.js';
import type { PartitionPorts } from './ports.js';
import { agendaIn, callsInTransaction, preparedBy, preparedReminders, tooMuchSent } from './prepared-writes.js';
import { makerOf } from './state-history.js';
import { TransactionalState } from './transactional-state.js';

type Ports = Pick<PartitionPorts, 'clock' | 'logger' | 'random' | 'valueLimits'>;

/** A durable entity loaded in memory. */
export class EntityActivation implements Activation {
  readonly #id: EntityId;
  readonly #ports: Ports;
  readonly #program: EntityProgram | undefined;
  readonly #executor: EntityExecutor | undefined;
  /** What the log says; the executor's own copy may be one operation ahead. */
  readonly #state: TransactionalState;
  readonly #dropped = new DroppedKeys();
  #updatedAt = 0;
  readonly #journals: OperationJournals;
  readonly #calls: OperationCalls;
  readonly #locks: EntityLocks;
  readonly #agenda: Agenda;
  readonly #trace = new OperationTrace();

  constructor(
    id: EntityId,
    { host, ports, beside, fences }: { host: Host; ports: Ports; beside: Beside; fences?: ForgottenFences | undefined },
    head?: EntityHead,
  ) {
    this.#id = id;
    this.#ports = ports;
    this.#journals = new OperationJournals(head?.journals);
    this.#locks = new EntityLocks(id, head?.locks, fences);
    this.#calls = new OperationCalls(id, this.#journals, this.#locks, ports.random, beside);
    this.#agenda = new Agenda(head?.planned);
    this.#state = new TransactionalState(head ?? {}, ports.valueLimits, this.#dropped);
    this.#updatedAt = head?.updatedAt ?? 0;
    this.#program = host.entities.get(id.name);
    this.#executor = this.#program && new EntityExecutor(this.#program, id, host.core);
  }

  /** After the last recovered entry was applied, before the first step. */
  resume(): void {
    if (!this.#state.missing) this.#load();
  }

  #load(): void {
    const { value, version } = this.#state;
    this.#executor?.load(value, value === undefined ? undefined : version);
  }

  /** The committed state, or where it is; neither: the entity does not exist. And its last changes, if such are kept. */
  get stored(): StoredState & Pick<EntityHead, 'changes'> {
    return this.#state.stored;
  }

  get prepared(): Prepared | undefined {
    return this.#state.prepared;
  }

  /** The step of a call that was refused before its turn; undefined: it was not. */
  passed(message: OperationMessage): StepOutput | undefined {
    return this.#swept(this.#locks.passed(message));
  }

  missing(input: InputBody): readonly ValueReference[] {
    if (input.kind === 'result') return input.resultRef && this.#journals.expecting(input) ? [input.resultRef] : none;
    const state = isCommand(input) ? undefined : this.#state.missing;
    if (input.kind === 'read') return state ? [state] : none;
    const message = this.asOperation(input);
    if (!message || this.#locks.refusalOf(message) || this.passed(message)) return none;
    const { inputRef } = message;
    const answers = this.#journals.of(message)?.missing ?? none;
    const isNoted = this.#isPrepared(message) && this.#program?.keepHistory !== undefined;
    const former = isNoted ? this.#state.missingFormer : undefined;
    if (!state && !former && !inputRef && answers.length === 0) return none;
    return [state, former, inputRef, ...answers].filter((reference) => reference !== undefined);
  }

  mustWait(input: InputBody): boolean {
    const message = this.asOperation(input);
    return (message && this.#program?.operation(message.name)?.isAsync) ?? false;
  }

  /** Code of an older version than the state cannot run it: it would not know what to make of it. */
  foreignCode(input: InputBody, now: number): CodeName | undefined {
    const { version } = this.#state;
    if ((this.#program && version <= this.#program.stateVersion) || !this.#needsCode(input, now)) return undefined;
    return { kind: 'entity', name: this.#id.name, version: version > FIRST_VERSION ? `${version}` : undefined };
  }

  #needsCode(input: InputBody, now: number): boolean {
    if (input.kind === 'operation')
      return !isCommand(input) && !this.#isEarly(input, now) && !this.#locks.refusalOf(input) && !this.passed(input);
    return input.kind === 'read' || (isOwn(input) && this.#due(now) !== undefined);
  }

  /** The operation that an input has carried out; of a time that is due, what is planned first. */
  asOperation(input: InputBody): OperationMessage | undefined {
    if (input.kind === 'operation') return input;
    const planned = isOwn(input) ? this.#agenda.first : undefined;
    return planned && messageOf(planned);
  }

  /**
   * What is to be carried out now. While it is locked its time does not matter: at the end of the lock it is told again. What had
   * called before its process died had begun, whatever the time of this owner is (P18).
   */
  #due(now: number): PlannedOperation | undefined {
    if (this.#locks.held?.transaction) return undefined; // it would run on what is prepared
    const next = this.#agenda.first;
    if (!next || this.holdsBack) return next;
    return next.at <= now && !this.#locks.held ? next : undefined;
  }

  ranElsewhere(now: number): void {
    this.#updatedAt = Math.max(this.#updatedAt, now);
  }

  step(input: InputBody, now: number, fetched: FetchedValues): StepOutput | Promise<StepOutput> {
    switch (input.kind) {
      case 'operation':
        return (
          this.passed(input) ?? (this.#isEarly(input, now) ? this.#plan(input) : this.#operate(input, now, fetched))
        );
      case 'read':
        return this.#read(input, now, fetched);
      case 'due':
      case 'resume': {
        const planned = this.#due(now);
        return planned ? this.#operate(messageOf(planned), now, fetched, planned) : refusal('Nothing is due');
      }
      case 'result':
        return this.#calls.answer(input, fetched);
      case 'lockRequest':
      case 'lockCancel':
      case 'lockRelease':
      case 'expireLock':
      case 'breakLock':
      case 'refuseCall':
        return this.#swept(this.#locks.step(input, now, this.#state.prepared?.messages ?? none));
      case 'start':
      case 'event':
      case 'update':
      case 'control':
      case 'query':
      case 'restart':
      case 'requeue':
      case 'giveBack':
        return refusal(`An entity takes operations, not "${input.kind}"`);
    }
  }

  #operate(
    message: OperationMessage,
    now: number,
    fetched: FetchedValues,
    planned?: PlannedOperation,
  ): StepOutput | Promise<StepOutput> {
    this.#updatedAt = Math.max(this.#updatedAt, now);
    this.#trace.begin(this.#updatedAt);
    const outcome = this.#execute(message, fetched, planned);
    const end = (settled: OperationOutcome) => this.#output(message, this.#fitting(message, settled), planned);
    return outcome instanceof Promise ? this.#inTime(message, outcome).then(end) : end(outcome);
  }

  /** The outcome, or the failure of an operation of a transaction that cannot be prepared. */
  #fitting(message: OperationMessage, outcome: OperationOutcome): OperationOutcome {
    const tooLarge = this.#isPrepared(message) ? tooMuchSent(outcome, this.#state.prepared) : undefined;
    if (!tooLarge) return outcome;
    this.#load();
    return this.#refused(tooLarge);
  }

  /** Whether an operation is for later. One that has called had begun, whatever the time of this owner is (P18). */
  #isEarly(message: OperationMessage, now: number): boolean {
    return isEarly(message, now) && !this.#journals.of(message);
  }

  /** A signal that is not due yet: it is kept until then. */
  #plan(message: OperationMessage): StepOutput {
    return { entry: { planned: [plannedOf(message, this.#ports.random.id())] }, messages: [] };
  }

  /** Whether it can keep a signal until its time, if it has to. */
  hasRoomFor(message: OperationMessage, now: number): boolean {
    return !this.#isEarly(message, now) || this.#agenda.hasRoomFor(plannedOf(message, ''));
  }

  replace(input: InputBody, error: PerdureError): StepOutput {
    this.#state.stay();
    this.#load();
    const message = this.asOperation(input);
    if (!message) return { entry: { refused: error.message }, messages: [] };
    return this.#output(message, this.#refused(error), input.kind === 'operation' ? undefined : this.#agenda.first);
  }

  /** A readonly operation; of any other there is no answer. */
  #read({ name, input }: ReadInput, now: number, fetched: FetchedValues): StepOutput | Promise<StepOutput> {
    const operation = this.#program?.operation(name);
    if (operation && !operation.isReadonly) return answerOf();
    let outcome: OperationOutcome | Promise<OperationOutcome>;
    try {
      this.#fetch(fetched);
      outcome = this.#executor!.execute({ name, input, at: Math.max(this.#updatedAt, now) });
    } catch (error) {
      outcome = this.#refused(error);
    }
    return outcome instanceof Promise ? this.#inTime({ name }, outcome).then(answerOf) : answerOf(outcome);
  }

  #execute(
    message: OperationMessage,
    fetched: FetchedValues,
    planned: PlannedOperation | undefined,
  ): OperationOutcome | Promise<OperationOutcome> {
    const { name, inputRef } = message;
    const lost = this.#locks.refusalOf(message);
    try {
      if (!lost && !isCommand(message)) this.#fetch(fetched);
      const journal = this.#journals.begin(message);
      if (lost) return { failure: lost, changed: false, state: this.#state.value, messages: [] };
      if (isCommand(message)) return commanded(message, this.#state, this.#agenda, this.#executor, fetched);
      journal?.fill(fetched);
      const input = inputRef ? fetched.of(inputRef) : message.input;
      const isPrepared = this.#isPrepared(message);
      return this.#executor!.execute({
        name,
        input,
        at: this.#updatedAt,
        calls: isPrepared ? callsInTransaction : this.#calls,
        reminders: isPrepared ? preparedReminders(this.#agenda, this.#state.prepared) : this.#agenda.reminders(planned),
        newId: () => this.#ports.random.id(),
      });
    } catch (error) {
      return this.#refused(error);
    }
  }

  /** Takes the state from the object store when it is not in memory. Throws CorruptHistoryError. */
  #fetch(fetched: FetchedValues): void {
    if (this.#state.receive(fetched)) this.#load();
  }

  /** Whether what an operation does is prepared, and not committed: it is one of a transaction (P23). */
  #isPrepared({ lock }: OperationMessage): boolean {
    return lock !== undefined && this.#locks.held?.transaction === true;
  }

  /** The calls of operations, and their answers. */
  get journals(): OperationJournals {
    return this.#journals;
  }

  /** For people who look. */
  get inspection(): ActivationInspection {
    return this.#trace.inspection(this.#state.exists, this.#updatedAt, this.#agenda, this.#journals);
  }

  /** Whether an operation waits for an answer. */
  get awaitsAnswer(): boolean {
    return this.#journals.isOpen;
  }

  #refused(error: unknown): OperationOutcome {
    return { failure: toFailureDetails(error), changed: false, state: this.#state.value, messages: [] };
  }

  /** The outcome, or the failure of an operation that has taken longer than it may. */
  #inTime({ name }: Pick<OperationMessage, 'name'>, outcome: Promise<OperationOutcome>): Promise<OperationOutcome> {
    const limit = this.#program!.operation(name)!.timeoutInMilliseconds;
    const failure = () => new OperationTimeoutError(this.#id.name, name, limit, this.#journals.waitsFor);
    const late = () => this.#executor!.abandon(failure());
    return inTime(this.#ports.clock, limit, outcome, late);
  }

  #output(message: OperationMessage, outcome: OperationOutcome, planned?: PlannedOperation): StepOutput {
    const { result, failure, changed, state, stateVersion = this.#program?.stateVersion ?? FIRST_VERSION } = outcome;
    const ended = this.#journals.end();
    this.#trace.end(message.name, this.#updatedAt, failure);
    const told = { ...(result !== undefined && { result }), ...(failure && { failure }) };
    const maker = makerOf(this.#program, this.#updatedAt, message.name);
    if (this.#isPrepared(message)) {
      const next = changed ? this.#state.prepare(state, this.#program!.stateVersion, maker) : {};
      const prepared = failure ? undefined : preparedBy(outcome, next, this.#updatedAt); // only its result leaves
      const entry = { ...(ended !== undefined && { ended }), ...(prepared && { prepared }) };
      return { entry, messages: message.caller ? [resultFor(message.caller, told)] : none };
    }
    const messages = outcome.messages.map(sentBy);
    if (message.caller) messages.push(resultFor(message.caller, told));
    else if (failure && !message.reply) logFailure(this.#ports.logger, this.#id, message, failure);
    const known: Outcome | undefined = message.reply && message.id ? { id: message.id, ...told } : undefined;
    const next = changed && this.#state.become(state, stateVersion, maker);
    const entry = {
      ...(ended !== undefined && { ended }),
      ...next,
      ...agendaAfter(planned, this.#updatedAt, outcome.reminders),
      ...(known && { outcome: known }),
    };
    return this.#swept({
      entry,
      messages,
      storesApart: next && this.#state.storesApart,
      notices: known && message.reply ? [[message.reply, { v: 1, kind: 'outcome', outcome: known }]] : undefined,
    });
  }

  #swept<O extends StepOutput | undefined>(output: O): O | StepOutput {
    if (!output) return output; // as of nearly every message that is asked whether it was refused before its turn
    return swept(output, { state: this.#state, locks: this.#locks, agenda: this.#agenda, journals: this.#journals });
  }

  apply(entry: StepEntry): void {
    this.#dropped.add(this.#journals.apply(entry));
    this.#dropped.add(this.#agenda.apply(entry));
    if (entry.lock) this.#locks.apply(entry.lock);
    if (entry.purged) this.#locks.forget();
    const decided = this.#state.apply(entry);
    if (decided === true) this.resume(); // the executor has what was prepared
    if (decided && decided !== true) this.#dropped.add(this.#agenda.apply(agendaIn(decided)));
  }

  takeDropped(): readonly string[] {
    return this.#dropped.take();
  }

  holds(key: string): boolean {
    return this.#state.holds(key) || this.#journals.keys.includes(key) || this.#agenda.keys.includes(key);
  }

  capture(): Captured {
    const { exists, stored, prepared } = this.#state;
    const { stored: locks, held } = this.#locks;
    const [journals, planned, updatedAt] = [this.#journals.stored, this.#agenda.stored, this.#updatedAt];
    const head = { ...stored, updatedAt, journals, locks, planned, prepared };
    return capturedEntity(this.#id, head, { exists, held, dueAt: this.dueAt });
  }

  pendingActivities(): readonly [] {
    return [];
  }

  /** When the lease of its lock runs out; else, when what is planned first is due. */
  get dueAt(): number | undefined {
    return this.#locks.held ? this.#locks.held.until : this.#agenda.first?.at;
  }

  get lockHeld(): LockHeld | undefined {
    return this.#locks.held;
  }

  shutsOut(input: InputBody): boolean {
    return this.#locks.shutsOut(input);
  }

  isOfHolder(input: InputBody): boolean {
    return this.#locks.isCurrent(input);
  }

  /**
   * Whether a planned operation had begun, and made calls, when its process died: it goes on before anything else. It was planned
   * first then, and nothing else has changed what is planned since.
   */
  get holdsBack(): boolean {
    const { first } = this.#agenda;
    return first !== undefined && !this.#journals.isEmpty && this.#journals.of(messageOf(first)) !== undefined;
  }
}

const none: readonly never[] = [];
