import { toFailureDetails } from '../core/failure.js';
import type { ExecutionStarted, HistoryEvent, InboundEvent } from '../core/history.js';
import { jsonEqual } from '../core/json-equal.js';
import type { OrchestratorProgram } from '../core/programs.js';
import { rebuild } from '../core/rebuild.js';
import { checkBehaviour } from '../core/replay-behaviour.js';
import type { ValueReference } from '../core/values.js';
import { TaskOrchestrationExecutor } from '../core/task-orchestration-executor.js';
import { CorruptHistoryError, InstanceExistsError, type PerdureError } from '../errors.js';
import { orchestrationAddress } from '../wire/addresses.js';
import type { Addressed, Address, EventMessage, ResultMessage, StartMessage } from '../wire/messages.js';
import type { StepEntry } from '../wire/record.js';
import { referencesIn, withValues } from '../wire/value-references.js';
import type {
  Activation,
  ActivityPlace,
  Captured,
  CodeName,
  InputBody,
  PendingActivity,
  StepOutput,
} from './activation.js';
import { nothingFetched, type FetchedValues } from './fetched-values.js';
import type { Cut } from './heads.js';
import type { Host } from './host.js';
import { codeOf, currentExecution, faultIn } from './orchestration-code.js';
import { firstHeld, isAnswered, refusal, resultEvent, startedEvent } from './orchestration-inputs.js';
import { OrchestrationState } from './orchestration-state.js';
import { OrchestrationTurn } from './orchestration-turn.js';
import { dueEvent, givenBack, requeued, restarted, unwantedAtEnd, unwantedOf } from './orchestration-activities.js';
import type { Random } from './ports.js';

/** Executions that may begin in one step. */
const MOST_EXECUTIONS = 100;
/** Timers that may fire in one step. */
const MOST_TIMERS = 1_000;

/**
 * An orchestration instance loaded in memory: an actor whose state is its history. The executor with the user's
 * generator is kept between steps, and rebuilt by replay when the instance was loaded from a head.
 */
export class OrchestrationActivation implements Activation {
  readonly #instanceId: string;
  readonly #address: Address;
  readonly #host: Host;
  readonly #random: Random;
  readonly #state: OrchestrationState;
  /** The events before the state's own, until the executor has replayed them. */
  #earlier: readonly HistoryEvent[];
  #executor: TaskOrchestrationExecutor | undefined;
  #knownFault: string | undefined;
  readonly #watchers = new Set<string>();
  #replayedEvents = 0;
  /** What the step under way has of the object store. */
  #fetched: FetchedValues = nothingFetched;

  constructor(
    instanceId: string,
    host: Host,
    random: Random,
    state = new OrchestrationState(),
    earlier: readonly HistoryEvent[] = [],
  ) {
    this.#instanceId = instanceId;
    this.#address = orchestrationAddress(instanceId);
    this.#host = host;
    this.#random = random;
    this.#state = state;
    this.#earlier = earlier;
  }

  /** Somebody wants to be told the end; forgotten with the activation. */
  watch(inbox: string): void {
    this.#watchers.add(inbox);
  }

  /** Those who want to be told the end. */
  get watchers(): ReadonlySet<string> {
    return this.#watchers;
  }

  get state(): OrchestrationState {
    return this.#state;
  }

  /** How many events were ever replayed; 0 for an instance that was resident from its start. */
  get replayedEvents(): number {
    return this.#replayedEvents;
  }

  mustWait(): boolean {
    return false;
  }

  foreignCode(input: InputBody, now: number): CodeName | undefined {
    if (this.#executor && input.kind !== 'start') return undefined;
    const code = codeOf(this.#state, input, now, this);
    if (!code || this.#host.orchestrators.get(code.name, code.version)) return undefined;
    return { kind: 'orchestrator', name: code.name, version: code.version };
  }

  ranElsewhere(): void {}

  missing(input: InputBody): readonly ValueReference[] {
    const isResident = this.#executor !== undefined || this.#knownFault !== undefined;
    if (isResident && input.kind !== 'resume') return this.holdsBack ? none : referencesIn(input);
    const { started, isEnded, history, buffered } = this.#state;
    if (!started || isEnded) return input.kind === 'start' ? referencesIn(input) : none;
    const replayed = isResident ? none : [...this.#earlier, ...history];
    const taken = input.kind === 'resume' ? firstHeld(buffered) : this.holdsBack ? none : [input];
    return [...replayed, ...taken].flatMap(referencesIn);
  }

  step(input: InputBody, now: number, fetched: FetchedValues): StepOutput {
    const at = Math.max(this.#state.updatedAt, now);
    this.#fetched = fetched;
    const output = this.#step(input, at, now);
    this.#fetched = nothingFetched;
    return output;
  }

  #step(input: InputBody, at: number, now: number): StepOutput {
    switch (input.kind) {
      case 'start':
        return this.#start(input, at);
      case 'event':
        return this.#raise(input, at);
      case 'result':
        return this.#result(input, at);
      case 'due':
        return this.#fire(at, now);
      case 'resume':
        return this.holdsBack ? this.#resume() : refusal('The instance holds nothing back');
      case 'restart':
        return restarted(this.#state, input, at, (events) => this.#take(events));
      case 'requeue':
        return requeued(this.#state, input);
      case 'giveBack':
        return givenBack(this.#state, input);
      case 'operation':
        return refusal('An orchestration instance takes no operations');
    }
  }

  /** The execution fails: its code has gone on, and what it asked for cannot be recorded. */
  replace(input: InputBody, error: PerdureError): StepOutput {
    this.#executor = undefined;
    if (input.kind === 'start' && (!this.#state.started || this.#state.isEnded)) {
      const { id, reply, notify } = input;
      const { inputRef: _, ...begun } = input;
      const event = startedEvent({ ...begun, input: null }, this.#random.id(), this.#state.updatedAt);
      const turn = this.#firstTurn(notify);
      turn.refuse(event, error);
      const outcome = reply !== undefined && id !== undefined && { id, result: event.executionId };
      return turn.output(this.#instanceId, { ...(outcome && { outcome }), reply });
    }
    const turn = this.#nextTurn();
    turn.fail(error, this.#state.updatedAt);
    return { ...turn.output(this.#instanceId, {}), unwanted: unwantedAtEnd(this.#state) };
  }

  #start(message: StartMessage, at: number): StepOutput {
    if (this.#state.started && !this.#state.isEnded) return this.#exists(message);
    const { id, reply, notify, inputRef, ...rest } = message;
    const fault = inputRef && this.#fetched.faultOf(inputRef);
    const program = this.#host.orchestrators.toStart(message.name, message.version);
    const begun = fault ? rest : this.#accepted(message, program);
    const event = startedEvent(begun, this.#random.id(), at, program?.version);
    this.#executor = undefined;
    this.#knownFault = undefined;
    this.#earlier = [];
    const turn = this.#firstTurn(notify);
    let heldBack: readonly InboundEvent[] = [];
    if (fault) turn.refuse(event, fault);
    else heldBack = this.#run(turn, [event]);
    const outcome = reply !== undefined && id !== undefined && { id, result: event.executionId };
    return turn.output(
      this.#instanceId,
      {
        ...(notify !== undefined && { notify }),
        ...(outcome && { outcome }),
        reply,
      },
      heldBack,
    );
  }

  /** With the input as its program records it. */
  #accepted<T extends Begun>(begun: T, program: OrchestratorProgram | undefined): T {
    if (!program) return begun;
    const { input: sent, inputRef: _, ...rest } = this.#whole<Begun>(begun);
    const input = program.accept(sent);
    if (begun.inputRef && jsonEqual(input, sent)) return begun;
    return { ...rest, ...(input !== undefined && { input }) } as T;
  }

  /** With the value that its reference names. Throws CorruptHistoryError. */
  #whole<T extends object>(item: T): T {
    return withValues(item, (reference) => this.#fetched.of(reference));
  }

  #firstTurn(notify: string | undefined): OrchestrationTurn {
    return new OrchestrationTurn(
      this.#address,
      this.#told(notify === undefined ? [] : [notify]),
      this.#state.updatedAt,
    );
  }

  #nextTurn(): OrchestrationTurn {
    const { notify, updatedAt, started } = this.#state;
    return new OrchestrationTurn(this.#address, this.#told(notify), updatedAt, started);
  }

  #told(notify: readonly string[]): readonly string[] {
    return [...new Set([...notify, ...this.#watchers])];
  }

  #exists({ id, reply, parent }: StartMessage): StepOutput {
    const failure = toFailureDetails(new InstanceExistsError(this.#instanceId));
    const outcome = id === undefined || reply === undefined ? undefined : { id, failure };
    const messages: Addressed[] = [];
    if (parent) {
      const { address, executionId, taskId } = parent;
      messages.push([address, { kind: 'result', of: 'subOrchestration', executionId, taskId, failure }]);
    }
    return {
      entry: { refused: 'The instance exists and has not ended', ...(outcome && { outcome }) },
      messages,
      notices: outcome && reply !== undefined ? [[reply, { v: 1, kind: 'outcome', outcome }]] : undefined,
    };
  }

  #raise({ name, input, inputRef }: EventMessage, at: number): StepOutput {
    if (!this.#state.started) return refusal('There is no such instance');
    if (this.#state.isEnded) return refusal('The instance has ended');
    const fault = inputRef && this.#fetched.faultOf(inputRef);
    if (fault) return refusal(fault.message);
    const data = inputRef ? { inputRef } : input === undefined ? {} : { input };
    return this.#take([{ type: 'EventRaised', at, name, ...data }]);
  }

  #result(message: ResultMessage, at: number): StepOutput {
    if (!isAnswered(this.#state, message)) return refusal('Nothing waits for this result');
    const { resultRef } = message;
    const fault = resultRef && this.#fetched.faultOf(resultRef);
    return this.#take([resultEvent(fault ? { ...message, failure: toFailureDetails(fault) } : message, at)]);
  }

  #fire(at: number, now: number): StepOutput {
    if (this.dueAt === undefined || this.dueAt > now) return refusal('No timer is due');
    const due = this.#state.takeDue(now, MOST_TIMERS).map((id) => dueEvent(this.#state, id, at));
    const output = this.#take(due);
    return { ...output, unwanted: unwantedOf(this.#state, due, output.unwanted) };
  }

  /** Events for the code, or to be held back while the code cannot take them, or has others to take before. */
  #take(events: readonly InboundEvent[]): StepOutput {
    const fault = this.#fault();
    if (this.holdsBack) return { entry: { buffered: events }, messages: [], goesOn: fault === undefined || undefined };
    if (fault !== undefined) return { entry: { suspended: fault, buffered: events }, messages: [] };
    return this.#advance(events, {});
  }

  /** Goes on with the first events that are held back: as many as one step may take. */
  #resume(): StepOutput {
    let fault = this.#fault();
    const events = firstHeld(this.#state.buffered);
    fault ??= this.#fetched.faultAmong(events.flatMap(referencesIn))?.message;
    if (fault === undefined) return this.#advance(events, { taken: events.length });
    if (this.#state.status === 'Suspended') return refusal(fault);
    return { entry: { suspended: fault }, messages: [] };
  }

  #advance(events: readonly InboundEvent[], more: { readonly taken?: number }): StepOutput {
    const turn = this.#nextTurn();
    const returned = this.#run(turn, events);
    const isLast = (more.taken ?? 0) === this.#state.buffered.length;
    const output = turn.output(this.#instanceId, more, returned);
    const unwanted = turn.hasClosed ? unwantedAtEnd(this.#state, events) : undefined;
    return { ...output, ...(unwanted && { unwanted }), ...(!isLast && { goesOn: true }) };
  }

  /**
   * Runs events through the executor, and the next executions that begin in the same step, up to a number: code that
   * continues as new without ever waiting must not keep the partition from its other instances. Returns what is left.
   */
  #run(turn: OrchestrationTurn, events: readonly InboundEvent[]): readonly InboundEvent[] {
    let waiting = events;
    for (let executions = 1; waiting.length > 0;) {
      const [first, ...rest] = waiting as [InboundEvent, ...InboundEvent[]];
      const event = turn.timed(first);
      if (event.type === 'ExecutionStarted') this.#executor = this.#newExecutor(event);
      const { completion } = turn.take(event, this.#executor!.advance(this.#whole(event)));
      waiting = rest;
      if (!completion) continue;
      if (completion.type !== 'ContinuedAsNew') return []; // nothing follows the end
      // What followed in this step is unseen too, so it goes on behind what the code had not seen.
      const continued = turn.continued(completion, this.#random.id());
      const program = this.#host.orchestrators.get(continued.name, continued.version);
      const next = this.#accepted(continued, program);
      waiting = [next, ...completion.carriedEvents, ...rest.filter(({ type: kind }) => kind === 'EventRaised')];
      if (executions++ < MOST_EXECUTIONS && program) continue; // of another version, its code may be elsewhere
      this.#executor = undefined;
      return waiting;
    }
    return [];
  }

  /** Why the code cannot take events now; undefined: it can. What does not fit will not fit later in this process. */
  #fault(): string | undefined {
    this.#knownFault ??= this.#executor ? undefined : this.#findFault();
    return this.#knownFault;
  }

  /** Makes the executor ready by replay, unless the next execution is among what is held back. */
  #findFault(): string | undefined {
    const started = currentExecution(this.#state);
    if (!started) throw new CorruptHistoryError(`Orchestration ${this.#instanceId} has no ExecutionStarted`);
    return faultIn(() => {
      checkBehaviour(started);
      if (started === this.#state.buffered[0]) return;
      const { orchestrators, core } = this.#host;
      const history = [...this.#earlier, ...this.#state.history].map((event) => this.#whole(event));
      this.#executor = rebuild(orchestrators.demand(started), core, { instanceId: this.#instanceId }, history);
      this.#replayedEvents += this.#executor.replayedEvents;
      this.#earlier = [];
    });
  }

  #newExecutor(started: ExecutionStarted): TaskOrchestrationExecutor {
    const { orchestrators, core } = this.#host;
    return new TaskOrchestrationExecutor(orchestrators.demand(started), core, { instanceId: this.#instanceId });
  }

  apply(entry: StepEntry): void {
    if (entry.events?.some(({ type }) => type === 'ExecutionStarted')) this.#earlier = none;
    this.#state.apply(entry);
    if (!this.#state.isEnded) return;
    this.#executor = undefined;
    this.#watchers.clear();
  }

  takeDropped(): readonly string[] {
    return this.#state.takeDropped();
  }

  holds(key: string): boolean {
    return this.#state.holds(key);
  }

  /** Events of a capture are stored as segments: those of the history need not stay in memory. */
  cut(cut: Cut): void {
    const stored = this.#state.cut(cut);
    if (!this.#executor && !this.#state.isEnded) this.#earlier = [...this.#earlier, ...stored];
  }

  capture(): Captured | undefined {
    const { started, dueAt } = this.#state;
    if (!started) return undefined; // all that it took was refused
    const load = this.holdsBack || this.#state.hasLocalActivities;
    return {
      wake:
        load || dueAt !== undefined
          ? {
              executionId: started.executionId,
              ...(dueAt !== undefined && { at: dueAt }),
              ...(load && { load }),
            }
          : undefined,
      head: this.#state.head(this.#instanceId),
    };
  }

  pendingActivities(place: ActivityPlace): readonly PendingActivity[] {
    return this.#state.pendingActivities(place);
  }

  /** Suspended, it is told nothing: its timers are due when it goes on. */
  get dueAt(): number | undefined {
    return this.#state.status === 'Suspended' ? undefined : this.#state.dueAt;
  }

  get hasEnded(): boolean {
    return this.#state.isEnded;
  }

  get holdsBack(): boolean {
    return this.#state.status === 'Suspended' || this.#state.buffered.length > 0;
  }
}

const none: readonly never[] = [];

/** What begins an execution. */
type Begun = Pick<ExecutionStarted, 'name' | 'input' | 'inputRef'>;
