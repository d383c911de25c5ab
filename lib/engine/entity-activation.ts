import { EntityExecutor } from '../core/entity-executor.js';
import { toFailureDetails } from '../core/failure.js';
import type { EntityId } from '../core/history.js';
import type { OperationOutcome } from '../core/operation.js';
import type { Json, ValueReference } from '../core/values.js';
import { OperationTimeoutError, type FailureDetails, type PerdureError } from '../errors.js';
import { entityAddress } from '../wire/addresses.js';
import type { EntityHead, Head } from '../wire/head.js';
import type { LockHeld } from '../wire/locks.js';
import type { OperationMessage } from '../wire/messages.js';
import type { PlannedOperation } from '../wire/planned.js';
import type { Outcome, StepEntry } from '../wire/record.js';
import type { Activation, Captured, CodeName, InputBody, ReadInput, StepOutput } from './activation.js';
import { Agenda, agendaAfter, isEarly, messageOf, plannedOf } from './agenda.js';
import { answerOf, resultFor, sentBy } from './entity-effects.js';
import { EntityLocks } from './entity-locks.js';
import type { FetchedValues } from './fetched-values.js';
import type { Host } from './host.js';
import { OperationCalls, type Beside } from './operation-calls.js';
import { OperationJournals } from './operation-journals.js';
import { OperationTrace, type ActivationInspection } from './operation-trace.js';
import { refusal } from './orchestration-inputs.js';
import type { PartitionPorts } from './ports.js';

type Ports = Pick<PartitionPorts, 'clock' | 'logger' | 'random'>;

/** A durable entity loaded in memory. */
export class EntityActivation implements Activation {
  readonly #id: EntityId;
  readonly #host: Host;
  readonly #ports: Ports;
  readonly #executor: EntityExecutor | undefined;
  /** What the log says; the executor's own copy may be one operation ahead. Undefined also: it is not fetched yet. */
  #state: Json | undefined;
  /** Where the state is, when it is too large for a record. */
  #reference: ValueReference | undefined;
  /** The state after the last step, until it is applied. */
  #ahead: Json | undefined;
  #dropped: string[] = [];
  #updatedAt = 0;
  readonly #journals: OperationJournals;
  readonly #calls: OperationCalls;
  readonly #locks: EntityLocks;
  readonly #agenda: Agenda;
  readonly #trace = new OperationTrace();

  constructor(id: EntityId, host: Host, ports: Ports, head: EntityHead | undefined, beside: Beside) {
    this.#id = id;
    this.#host = host;
    this.#ports = ports;
    this.#journals = new OperationJournals(head?.journals);
    this.#calls = new OperationCalls(id, this.#journals, ports.random, beside);
    this.#locks = new EntityLocks(id, head?.locks);
    this.#agenda = new Agenda(head?.planned);
    this.#state = head?.state;
    this.#reference = head?.stateRef;
    this.#updatedAt = head?.updatedAt ?? 0;
    const program = host.entities.get(id.name);
    this.#executor = program && new EntityExecutor(program, id, host.core);
  }

  /** After the last recovered entry was applied, before the first step. */
  resume(): void {
    if (this.#state !== undefined || !this.#reference) this.#executor?.load(this.#state);
  }

  get #exists(): boolean {
    return this.#state !== undefined || this.#reference !== undefined;
  }

  /** The state, or where it is; neither: the entity does not exist. */
  get stored(): { readonly state?: Json; readonly stateRef?: ValueReference } {
    if (this.#reference) return { stateRef: this.#reference };
    return this.#state === undefined ? {} : { state: this.#state };
  }

  missing(input: InputBody): readonly ValueReference[] {
    if (input.kind === 'result') return input.resultRef && this.#journals.expecting(input) ? [input.resultRef] : none;
    const state = this.#state === undefined ? this.#reference : undefined;
    if (input.kind === 'read') return state ? [state] : none;
    const message = this.asOperation(input);
    if (!message || this.#locks.refusalOf(message)) return none;
    const { inputRef } = message;
    const answers = this.#journals.of(message)?.missing ?? none;
    if (!state && !inputRef && answers.length === 0) return none;
    return [state, inputRef, ...answers].filter((reference) => reference !== undefined);
  }

  mustWait(input: InputBody): boolean {
    const message = this.asOperation(input);
    return (message && this.#host.entities.get(this.#id.name)?.operation(message.name)?.isAsync) ?? false;
  }

  foreignCode(input: InputBody, now: number): CodeName | undefined {
    return this.#executor || !this.#needsCode(input, now) ? undefined : { kind: 'entity', name: this.#id.name };
  }

  #needsCode(input: InputBody, now: number): boolean {
    if (input.kind === 'operation') return !isEarly(input, now) && !this.#locks.refusalOf(input);
    return input.kind === 'read' || (isOwn(input) && this.#due(now) !== undefined);
  }

  /** The operation that an input has carried out; of a time that is due, what is planned first. */
  asOperation(input: InputBody): OperationMessage | undefined {
    if (input.kind === 'operation') return input;
    const planned = isOwn(input) ? this.#next : undefined;
    return planned && messageOf(planned);
  }

  /** What is planned first. What had begun and made calls when its process died goes before it, planned or not (P18). */
  get #next(): PlannedOperation | undefined {
    return this.#journals.isEmpty ? this.#agenda.first : this.#begun;
  }

  get #begun(): PlannedOperation | undefined {
    if (this.#journals.isEmpty) return undefined;
    for (const planned of this.#agenda.all) if (this.#journals.of(messageOf(planned))) return planned;
    return undefined;
  }

  /** What is to be carried out now. While it is locked its time does not matter: at the end of the lock it is told again. */
  #due(now: number): PlannedOperation | undefined {
    const next = this.#next;
    if (!next || !this.#journals.isEmpty) return next;
    return next.at <= now && !this.#locks.held ? next : undefined;
  }

  ranElsewhere(now: number): void {
    this.#updatedAt = Math.max(this.#updatedAt, now);
  }

  step(input: InputBody, now: number, fetched: FetchedValues): StepOutput | Promise<StepOutput> {
    switch (input.kind) {
      case 'operation':
        return isEarly(input, now) ? this.#plan(input) : this.#operate(input, now, fetched);
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
        return this.#locks.request(input, now);
      case 'lockCancel':
        return this.#locks.cancel(input);
      case 'lockRelease':
        return this.#locks.release(input);
      case 'expireLock':
        return this.#locks.expire(now);
      case 'breakLock':
        return this.#locks.break(input.fence);
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
    return outcome instanceof Promise
      ? this.#inTime(message, outcome).then((settled) => this.#output(message, settled, planned))
      : this.#output(message, outcome, planned);
  }

  /** A signal that is not due yet: it is kept until then. */
  #plan(message: OperationMessage): StepOutput {
    return { entry: { planned: [plannedOf(message, this.#ports.random.id())] }, messages: [] };
  }

  /** Whether it can keep a signal until its time, if it has to. */
  hasRoomFor(message: OperationMessage, now: number): boolean {
    return !isEarly(message, now) || this.#agenda.hasRoomFor(plannedOf(message, ''));
  }

  replace(input: InputBody, error: PerdureError): StepOutput {
    this.#executor?.load(this.#state);
    const message = this.asOperation(input);
    if (!message) return { entry: { refused: error.message }, messages: [] };
    return this.#output(message, this.#refused(error), input.kind === 'operation' ? undefined : this.#next);
  }

  /** A readonly operation; of any other there is no answer. */
  #read({ name, input }: ReadInput, now: number, fetched: FetchedValues): StepOutput | Promise<StepOutput> {
    const operation = this.#host.entities.get(this.#id.name)?.operation(name);
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
      if (!lost) this.#fetch(fetched);
      const journal = this.#journals.begin(message);
      if (lost) return { failure: lost, changed: false, state: this.#state, messages: [] };
      journal?.fill(fetched);
      const input = inputRef ? fetched.of(inputRef) : message.input;
      return this.#executor!.execute({
        name,
        input,
        at: this.#updatedAt,
        calls: this.#calls,
        reminders: this.#agenda.reminders(planned),
        newId: () => this.#ports.random.id(),
      });
    } catch (error) {
      return this.#refused(error);
    }
  }

  /** Takes the state from the object store when it is not in memory. Throws CorruptHistoryError. */
  #fetch(fetched: FetchedValues): void {
    if (!this.#reference || this.#state !== undefined) return;
    this.#state = fetched.of(this.#reference);
    this.#executor?.load(this.#state);
  }

  /** The calls of operations, and their answers. */
  get journals(): OperationJournals {
    return this.#journals;
  }

  /** For people who look. */
  get inspection(): ActivationInspection {
    return this.#trace.inspection(this.#exists, this.#updatedAt, this.#agenda, this.#journals);
  }

  /** Whether an operation waits for an answer. */
  get awaitsAnswer(): boolean {
    return this.#journals.isOpen;
  }

  #refused(error: unknown): OperationOutcome {
    return { failure: toFailureDetails(error), changed: false, state: this.#state, messages: [] };
  }

  /** The outcome, or the failure of an operation that has taken longer than it may. */
  #inTime({ name }: Pick<OperationMessage, 'name'>, outcome: Promise<OperationOutcome>): Promise<OperationOutcome> {
    const limit = this.#host.entities.get(this.#id.name)!.operation(name)!.timeoutInMilliseconds;
    return new Promise((resolve) => {
      const cancel = this.#ports.clock.after(limit, () =>
        resolve(this.#executor!.abandon(new OperationTimeoutError(this.#id.name, name, limit))),
      );
      void outcome.then((settled) => {
        cancel();
        resolve(settled);
      });
    });
  }

  #output(message: OperationMessage, outcome: OperationOutcome, planned?: PlannedOperation): StepOutput {
    const { result, failure, changed, state } = outcome;
    const ended = this.#journals.end();
    this.#trace.end(message.name, this.#updatedAt, failure);
    this.#ahead = state;
    const told = { ...(result !== undefined && { result }), ...(failure && { failure }) };
    const messages = outcome.messages.map(sentBy);
    if (message.caller) messages.push(resultFor(message.caller, told));
    else if (failure && !message.reply) this.#logFailure(message, failure);
    const known: Outcome | undefined = message.reply && message.id ? { id: message.id, ...told } : undefined;
    const entry = {
      ...(ended !== undefined && { ended }),
      ...(changed && (state === undefined ? { deleted: true as const } : { state })),
      ...agendaAfter(planned, this.#updatedAt, outcome.reminders),
      ...(known && { outcome: known }),
    };
    return {
      entry: this.#leavesNothing(entry) ? { ...entry, purged: true } : entry,
      messages,
      notices: known && message.reply ? [[message.reply, { v: 1, kind: 'outcome', outcome: known }]] : undefined,
    };
  }

  /** Whether nothing is left of it: a head from before is of no use to anybody (docs/adr/0049). */
  #leavesNothing(entry: Omit<StepEntry, 'to'>): boolean {
    if (!entry.deleted && (!entry.unplanned || entry.state !== undefined || this.#exists)) return false;
    return this.#agenda.isEmptyAfter(entry) && !this.#locks.stored;
  }

  /** Nobody waits for a signal: only the log can tell of its failure. */
  #logFailure({ name: operation }: OperationMessage, { name, message }: FailureDetails): void {
    this.#ports.logger.warn('A signalled operation failed', {
      instance: entityAddress(this.#id),
      operation,
      failure: `${name}: ${message}`,
    });
  }

  apply(entry: StepEntry): void {
    this.#dropped.push(...this.#journals.apply(entry), ...this.#agenda.apply(entry));
    const { deleted, state, stateRef, lock } = entry;
    if (lock) this.#locks.apply(lock);
    if (!deleted && state === undefined && !stateRef) return;
    if (this.#reference) this.#dropped.push(this.#reference.key);
    this.#reference = stateRef;
    this.#state = stateRef ? this.#ahead : state;
    this.#ahead = undefined;
  }

  takeDropped(): readonly string[] {
    const dropped = this.#dropped;
    if (dropped.length === 0) return none; // not the list itself: it goes on growing
    this.#dropped = [];
    return dropped;
  }

  holds(key: string): boolean {
    return this.#reference?.key === key || this.#journals.keys.includes(key) || this.#agenda.keys.includes(key);
  }

  capture(): Captured {
    const { name, key } = this.#id;
    const [stored, updatedAt, journals] = [this.stored, this.#updatedAt, this.#journals.stored];
    const [locks, held, planned] = [this.#locks.stored, this.#locks.held, this.#agenda.stored];
    // Of what does not exist, and has nothing before it, nothing is kept; fencing numbers are, for they must rise.
    if (!this.#exists && !journals && !locks && !planned)
      return { wake: undefined, head: (stamp): Head => ({ v: 1, type: 'tombstone', ...stamp }) };
    return {
      wake:
        (held && { executionId: held.holder.executionId, at: held.until, load: true }) ??
        (planned && { executionId: 'entity', at: this.dueAt! }),
      head: (stamp): Head => ({
        v: 1,
        type: 'entity',
        ...stamp,
        name,
        key,
        updatedAt,
        ...stored,
        ...(journals && { journals }),
        ...(locks && { locks }),
        ...(planned && { planned }),
      }),
    };
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

  /** Whether a planned operation had begun, and made calls, when its process died: it goes on before anything else. */
  get holdsBack(): boolean {
    return this.#begun !== undefined;
  }
}

const none: readonly never[] = [];

/** Whether it is told that the time of something planned has come. */
function isOwn({ kind }: InputBody): boolean {
  return kind === 'due' || kind === 'resume';
}
