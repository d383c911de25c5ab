import { EntityExecutor } from '../core/entity-executor.js';
import { toFailureDetails } from '../core/failure.js';
import type { EntityId } from '../core/history.js';
import type { CallAnswer, CallPort, EntityCall, OperationOutcome } from '../core/operation.js';
import type { Json, ValueReference } from '../core/values.js';
import {
  BusyError,
  CallCycleError,
  OperationChangedError,
  OperationTimeoutError,
  type FailureDetails,
  type PerdureError,
} from '../errors.js';
import { entityAddress } from '../wire/addresses.js';
import type { EntityHead, Head } from '../wire/head.js';
import type { JournaledCall } from '../wire/journal.js';
import type { OperationMessage, ResultMessage } from '../wire/messages.js';
import type { PlannedOperation } from '../wire/planned.js';
import type { Outcome, StepEntry } from '../wire/record.js';
import { withValues } from '../wire/value-references.js';
import type { Activation, Captured, CodeName, InputBody, ReadInput, StepOutput } from './activation.js';
import type { FetchedValues } from './fetched-values.js';
import type { Host } from './host.js';
import { Agenda, agendaAfter, messageOf } from './agenda.js';
import { digestOf } from './operation-journal.js';
import { OperationJournals } from './operation-journals.js';
import { OperationTrace, type ActivationInspection } from './operation-trace.js';
import type { PartitionPorts } from './ports.js';
import { resultFor, sentBy } from './entity-effects.js';

/** Commits a step of an entity beside the operation that it runs: at once, or when its large values are stored and if it still runs. */
export type Beside = (output: StepOutput, isWanted: () => boolean) => void | Promise<void>;

type Ports = Pick<PartitionPorts, 'clock' | 'logger' | 'random'>;

/** A durable entity loaded in memory. */
export class EntityActivation implements Activation, CallPort {
  readonly #id: EntityId;
  readonly #host: Host;
  readonly #ports: Ports;
  readonly #beside: Beside;
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
  readonly #agenda: Agenda;
  readonly #trace = new OperationTrace();

  constructor(id: EntityId, host: Host, ports: Ports, head: EntityHead | undefined, beside: Beside) {
    this.#id = id;
    this.#host = host;
    this.#ports = ports;
    this.#beside = beside;
    this.#journals = new OperationJournals(head?.journals);
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
    if (!message) return none;
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
    if (this.#executor) return undefined;
    const needsCode = input.kind === 'read' || (input.kind === 'operation' ? !isEarly(input, now) : this.#due(now));
    return needsCode ? { kind: 'entity', name: this.#id.name } : undefined;
  }

  /** The operation that an input has carried out; of a time that is due, what is planned first. */
  asOperation(input: InputBody): OperationMessage | undefined {
    if (input.kind === 'operation') return input;
    const planned = input.kind === 'due' || input.kind === 'resume' ? this.#next : undefined;
    return planned && messageOf(planned);
  }

  /** What is planned first; before that, what had begun and made calls when its process died (P18). */
  get #next(): PlannedOperation | undefined {
    return this.#begun ?? this.#agenda.first;
  }

  get #begun(): PlannedOperation | undefined {
    if (this.#journals.isEmpty) return undefined;
    for (const planned of this.#agenda.all) if (this.#journals.of(messageOf(planned))) return planned;
    return undefined;
  }

  #due(now: number): PlannedOperation | undefined {
    const next = this.#next;
    return next && (next.at <= now || this.#begun) ? next : undefined;
  }

  ranElsewhere(now: number): void {
    this.#updatedAt = Math.max(this.#updatedAt, now);
  }

  step(input: InputBody, now: number, fetched: FetchedValues): StepOutput | Promise<StepOutput> {
    if (input.kind === 'result') return this.#answer(input, fetched);
    if (input.kind === 'read') return this.#read(input, now, fetched);
    if (input.kind === 'operation' && isEarly(input, now)) return this.#plan(input);
    const isOwn = input.kind === 'due' || input.kind === 'resume';
    const planned = isOwn ? this.#due(now) : undefined;
    const message = planned ? messageOf(planned) : input;
    if (message.kind !== 'operation') return { entry: { refused: refusalOf(input) }, messages: [] };
    this.#updatedAt = Math.max(this.#updatedAt, now);
    this.#trace.begin(this.#updatedAt);
    const outcome = this.#execute(message, fetched, planned);
    return outcome instanceof Promise
      ? this.#inTime(message, outcome).then((settled) => this.#output(message, settled, planned))
      : this.#output(message, outcome, planned);
  }

  /** A signal that is not due yet: it is kept until then. */
  #plan(message: OperationMessage): StepOutput {
    const { due = 0, name, input, inputRef } = message;
    const value = { ...(input !== undefined && { input }), ...(inputRef && { inputRef }) };
    const planned = { id: this.#ports.random.id(), at: due, name, ...value };
    if (this.#agenda.hasRoomFor(planned)) return { entry: { planned: [planned] }, messages: [] };
    return this.#output(message, this.#refused(new BusyError(fullAgenda)));
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
    if (operation && !operation.isReadonly) return readOutput();
    let outcome: OperationOutcome | Promise<OperationOutcome>;
    try {
      this.#fetch(fetched);
      outcome = this.#executor!.execute({ name, input, at: Math.max(this.#updatedAt, now) });
    } catch (error) {
      outcome = this.#refused(error);
    }
    return outcome instanceof Promise ? this.#inTime({ name }, outcome).then(readOutput) : readOutput(outcome);
  }

  #execute(
    message: OperationMessage,
    fetched: FetchedValues,
    planned: PlannedOperation | undefined,
  ): OperationOutcome | Promise<OperationOutcome> {
    const { name, inputRef } = message;
    try {
      this.#fetch(fetched);
      this.#journals.begin(message)?.fill(fetched);
      const input = inputRef ? fetched.of(inputRef) : message.input;
      return this.#executor!.execute({
        name,
        input,
        at: this.#updatedAt,
        calls: this,
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

  call(number: number, { entity, operation, input }: EntityCall): Promise<CallAnswer> {
    const to = entityAddress(entity);
    const call = { number, to, operation, input: digestOf(input) };
    const before = this.#journals.current?.find(number);
    if (before) this.#checkSame(before, call);
    const begun = before ? undefined : this.#begin(call, input);
    if (!begun) return this.#journals.current!.whenAnswered(number);
    return begun.then(() => this.#journals.current!.whenAnswered(number));
  }

  #begin(call: JournaledCall, input: Json | undefined): void | Promise<void> {
    const { number, to, operation } = call;
    const { running } = this.#journals;
    const own = entityAddress(this.#id);
    const chain = [...(running?.chain ?? []), own];
    if (chain.includes(to)) throw new CallCycleError([...chain.slice(chain.indexOf(to)), to]);
    const called = this.#journals.start(call, () => this.#ports.random.id());
    const caller = { address: own, executionId: called.journal, taskId: number };
    const asked = { kind: 'operation' as const, name: operation, ...(input !== undefined && { input }), caller, chain };
    const output = { entry: { called }, messages: [[to, asked] as const] };
    return this.#beside(output, () => this.#journals.running === running);
  }

  #checkSame(before: JournaledCall, call: JournaledCall): void {
    if (before.to === call.to && before.operation === call.operation && before.input === call.input) return;
    const text = ({ to, operation }: JournaledCall): string => `${to} ${operation}`;
    const { name } = this.#journals.running!;
    throw new OperationChangedError(this.#id.name, name, call.number, text(before), text(call));
  }

  /** The answer to a call; nobody waits for one to an operation that has ended. */
  #answer(message: ResultMessage, fetched: FetchedValues): StepOutput {
    const journal = this.#journals.expecting(message);
    if (!journal) return { entry: { refused: 'No operation waits for this answer' }, messages: [] };
    const { taskId: number, result, resultRef, failure } = message;
    let told = {
      ...(result !== undefined && { result }),
      ...(resultRef && { resultRef }),
      ...(failure && { failure }),
    };
    try {
      journal.arrived(
        number,
        withValues(told, (reference) => fetched.of(reference)),
      );
    } catch (error) {
      told = { failure: toFailureDetails(error) };
      journal.arrived(number, told);
    }
    return { entry: { answered: { journal: journal.id, number, ...told } }, messages: [] };
  }

  /** The calls of operations, and their answers. */
  get journals(): OperationJournals {
    return this.#journals;
  }

  /** For people who look. */
  get inspection(): ActivationInspection {
    const exists = this.#state !== undefined || this.#reference !== undefined;
    return this.#trace.inspection(exists, this.#updatedAt, this.#agenda, this.#journals);
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
    return {
      entry: {
        ...(ended !== undefined && { ended }),
        ...(changed && (state === undefined ? { deleted: true as const } : { state })),
        ...agendaAfter(planned, this.#updatedAt, outcome.reminders),
        ...(known && { outcome: known }),
      },
      messages,
      notices: known && message.reply ? [[message.reply, { v: 1, kind: 'outcome', outcome: known }]] : undefined,
    };
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
    const { deleted, state, stateRef } = entry;
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
    const planned = this.#agenda.stored;
    // Of what does not exist, and has nothing before it, nothing is kept.
    if (Object.keys(stored).length === 0 && !journals && !planned)
      return { wake: undefined, head: (stamp): Head => ({ v: 1, type: 'tombstone', ...stamp }) };
    return {
      wake: planned && { executionId: 'entity', at: this.dueAt! },
      head: (stamp): Head => ({
        v: 1,
        type: 'entity',
        ...stamp,
        name,
        key,
        updatedAt,
        ...stored,
        ...(journals && { journals }),
        ...(planned && { planned }),
      }),
    };
  }

  pendingActivities(): readonly [] {
    return [];
  }

  get dueAt(): number | undefined {
    return this.#agenda.first?.at;
  }

  /** Whether a planned operation had begun, and made calls, when its process died: it goes on before anything else. */
  get holdsBack(): boolean {
    return this.#begun !== undefined;
  }
}

const none: readonly never[] = [];

function readOutput(outcome?: OperationOutcome): StepOutput {
  const { result, failure } = outcome ?? {};
  const answer = outcome && (failure ? { failure } : { ...(result !== undefined && { result }) });
  return { entry: { refused: 'A readonly operation changes nothing' }, messages: [], answer };
}

const fullAgenda = 'No more operations may wait in the entity for their times: 1,000, or 262,144 characters of JSON.';

/** Whether a signal is to be carried out later. Of a call the time does not matter. */
function isEarly({ due, caller, reply }: OperationMessage, now: number): boolean {
  return due !== undefined && due > now && !caller && reply === undefined;
}

function refusalOf({ kind }: InputBody): string {
  return kind === 'due' || kind === 'resume' ? 'Nothing is due' : `An entity takes operations, not "${kind}"`;
}
