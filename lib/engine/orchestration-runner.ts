import type { ExecutionStarted, HistoryEvent, InboundEvent } from '../core/history.js';
import { jsonEqual } from '../core/json-equal.js';
import type { Json } from '../core/values.js';
import type { OrchestratorReference } from '../core/orchestrator-catalog.js';
import type { OrchestratorProgram } from '../core/programs.js';
import { rebuild } from '../core/rebuild.js';
import { checkBehaviour } from '../core/replay-behaviour.js';
import { rewound, type Rewinding } from '../core/rewind.js';
import { TaskOrchestrationExecutor, type Surroundings } from '../core/task-orchestration-executor.js';
import type { HandlerOutcome } from '../core/turn.js';
import { CorruptHistoryError } from '../errors.js';
import { orchestrationAddress } from '../wire/addresses.js';
import type { SegmentReference } from '../wire/head.js';
import { countIn } from '../wire/history-length.js';
import { withValues } from '../wire/value-references.js';
import { nothingFetched, type FetchedValues } from './fetched-values.js';
import { outlivesExecution } from './held-back.js';
import type { Host } from './host.js';
import { currentExecution, faultIn } from './orchestration-code.js';
import type { OrchestrationState } from './orchestration-state.js';
import type { OrchestrationTurn } from './orchestration-turn.js';
import { acceptedUpdate } from './orchestration-updates.js';
import type { PartitionPorts } from './ports.js';
import type { StoredParts } from './stored-parts.js';
import { toleranceOf } from './tolerated-values.js';

/** Executions that may begin in one step. */
const MOST_EXECUTIONS = 100;

/** What begins an execution. */
type Begun = Pick<ExecutionStarted, 'name' | 'version' | 'input' | 'inputRef'>;

/** The world as an orchestration sees it. */
export type OrchestrationPorts = Pick<PartitionPorts, 'random' | 'logger'>;

/**
 * Runs the code of an orchestration instance. The executor with the user's generator is kept between steps, and rebuilt by
 * replay when the instance was loaded from a head.
 */
export class OrchestrationRunner {
  readonly #instanceId: string;
  readonly #host: Host;
  readonly #ports: OrchestrationPorts;
  readonly #state: OrchestrationState;
  /** The events before the state's own, as far as they are here: until the executor has replayed them. */
  #earlier: readonly HistoryEvent[];
  #executor: TaskOrchestrationExecutor | undefined;
  #knownFault: string | undefined;
  #replayedEvents = 0;
  /** What the step under way has of the object store. */
  #fetched: FetchedValues = nothingFetched;

  constructor(
    instanceId: string,
    host: Host,
    ports: OrchestrationPorts,
    state: OrchestrationState,
    earlier: readonly HistoryEvent[],
  ) {
    this.#instanceId = instanceId;
    this.#host = host;
    this.#ports = ports;
    this.#state = state;
    this.#earlier = earlier;
  }

  /** How many events were ever replayed; 0 for an instance that was resident from its start. */
  get replayedEvents(): number {
    return this.#replayedEvents;
  }

  /** Whether the code is where the history says. */
  get hasCode(): boolean {
    return this.#executor !== undefined;
  }

  /** Whether this worker has registered an orchestrator. */
  knows({ name, version }: OrchestratorReference): boolean {
    return this.#programOf(name, version) !== undefined;
  }

  #programOf(name: string, version: string | undefined): OrchestratorProgram | undefined {
    return this.#host.orchestrators.get(name, version);
  }

  /** Whether nothing has to be replayed for the next event. */
  get isResident(): boolean {
    return this.#executor !== undefined || this.#knownFault !== undefined;
  }

  /** Whether all events of the history are here. */
  get isWhole(): boolean {
    return this.#earlier.length === countIn(this.#state.segments);
  }

  /** The history, as far as it is here. */
  get history(): readonly HistoryEvent[] {
    return this.#earlier.length === 0 ? this.#state.history : [...this.#earlier, ...this.#state.history];
  }

  /** Reads the events that are in segments only; what cannot be read stays away. */
  async recall(parts: Pick<StoredParts, 'segments'>): Promise<void> {
    for (let stored: readonly SegmentReference[] = []; !this.isWhole;) {
      if (stored === this.#state.segments) return; // more may be stored meanwhile, but it was not that
      stored = this.#state.segments;
      try {
        this.#earlier = await parts.segments(stored);
      } catch (error) {
        if (error instanceof CorruptHistoryError) return;
        throw error;
      }
    }
    this.#state.recall(this.history);
  }

  /** For the step that begins. */
  begin(fetched: FetchedValues): void {
    this.#fetched = fetched;
  }

  end(): void {
    this.#fetched = nothingFetched;
  }

  get fetched(): FetchedValues {
    return this.#fetched;
  }

  /** The code is not where the history says, or will not be needed. */
  drop(): void {
    this.#executor = undefined;
    this.#knownFault = undefined;
  }

  /** A new execution is in the history: there is nothing before it. */
  beginHistory(): void {
    this.#earlier = none;
  }

  /** What does not fit is tried again: the history may have been mended. */
  forgetFault(): void {
    this.#knownFault = undefined;
  }

  /** The state has let go of these, which are stored; `wasWhole`: all before them were here. */
  cut(stored: readonly HistoryEvent[], wasWhole: boolean): void {
    if (!this.#executor && wasWhole) this.#earlier = [...this.#earlier, ...stored];
  }

  /** With the input as its program records it. */
  accepted<T extends Begun>(begun: T, program = this.#programOf(begun.name, begun.version)): T {
    if (!program) return begun;
    const { input: sent, inputRef: _, ...rest } = this.whole<Begun>(begun);
    const input = program.accept(sent);
    if (input === sent || (begun.inputRef && jsonEqual(input, sent))) return begun;
    return { ...rest, ...(input !== undefined && { input }) } as T;
  }

  /** The first execution of a run as it begins: of the version of its code, with the input as that records it. */
  begun(event: ExecutionStarted): ExecutionStarted {
    const program = this.#host.orchestrators.toStart(event.name, event.version);
    const { version = program?.version } = event;
    return this.accepted(version === undefined ? event : { version, ...event }, program);
  }

  /** How long an instance of this orchestrator is kept once it has ended, in milliseconds. */
  retentionOf({ name, version }: OrchestratorReference): { readonly retention?: number } {
    const retention = this.#programOf(name, version)?.retentionInMilliseconds;
    return retention === undefined ? {} : { retention };
  }

  /** With the value that its reference names. Throws CorruptHistoryError. */
  whole<T extends object>(item: T): T {
    return withValues(item, (reference) => this.#fetched.of(reference));
  }

  /**
   * Runs events through the executor, and the next executions that begin in the same step, up to a number: code that
   * continues as new without ever waiting must not keep the partition from its other instances. Returns what is left.
   */
  run(turn: OrchestrationTurn, events: readonly InboundEvent[]): readonly InboundEvent[] {
    let waiting = events;
    for (let executions = 1; waiting.length > 0;) {
      const rest = waiting.slice(1);
      const event = this.#ready(turn, turn.timed(waiting[0]!));
      waiting = rest;
      if (!event) continue;
      if (event.type === 'ExecutionStarted') this.#executor = this.#newExecutor(event);
      const { completion } = turn.take(event, this.#executor!.advance(this.whole(event)));
      if (!completion) continue;
      if (completion.type !== 'ContinuedAsNew') {
        turn.leave(rest);
        return [];
      }
      // What followed in this step is unseen too, so it goes on behind what the code had not seen.
      const next = turn.continued(completion, this.#ports.random.id());
      waiting = [next, ...completion.carriedEvents, ...rest.filter(({ type }) => outlivesExecution(type))];
      if (executions++ < MOST_EXECUTIONS && this.knows(next)) continue; // of another version, its code may be elsewhere
      this.#executor = undefined;
      return waiting;
    }
    return [];
  }

  /**
   * The event as it is to be taken; undefined: it is an update that is refused. What continues as new may come to where
   * its code is only now.
   */
  #ready(turn: OrchestrationTurn, event: InboundEvent): InboundEvent | undefined {
    if (event.type === 'ExecutionStarted') return event.run === undefined ? event : this.accepted(event);
    if (event.type !== 'UpdateRequested') return event;
    const accepted = acceptedUpdate(
      event,
      (update) => this.whole(update),
      (update) => this.#executor!.accept(update),
    );
    if ('type' in accepted) return accepted;
    turn.answer(event, accepted);
    return undefined;
  }

  /** Asks the code as it is now, once it is ready; undefined: it is not. */
  query(name: string, input: Json | undefined): HandlerOutcome | undefined {
    return this.#executor?.query(name, input);
  }

  /** Repeats the execution that has failed, as another one that begins so, without these failures. */
  rewind(started: ExecutionStarted, voided: readonly number[]): Rewinding {
    const executor = this.#newExecutor(started);
    executor.remember(this.history);
    const rewinding = rewound([started, ...this.history.slice(1)], new Set(voided), {
      advance: (event) => executor.repeat(event),
      nextId: () => executor.nextId,
      leaveGap: (from, to) => executor.leaveGap(from, to),
      whole: (item) => this.whole(item),
    });
    this.#knownFault = undefined;
    this.#executor = rewinding.completion ? undefined : executor;
    return rewinding;
  }

  /** Why the code cannot take events now; undefined: it can. What does not fit will not fit later in this process. */
  fault(): string | undefined {
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
      const { orchestrators, core, valueDifferences } = this.#host;
      const tolerate =
        valueDifferences === 'warn' &&
        toleranceOf(this.#ports.logger, orchestrationAddress(this.#instanceId), this.#instanceId);
      const history = this.history.map((event) => this.whole(event));
      this.#executor = rebuild(
        orchestrators.demand(started),
        core,
        { ...this.#surroundings, ...(tolerate && { tolerate }) },
        history,
      );
      this.#replayedEvents += this.#executor.replayedEvents;
      this.#earlier = none;
    });
  }

  get #surroundings(): Surroundings {
    const instanceId = this.#instanceId;
    const instance = orchestrationAddress(instanceId);
    return {
      instanceId,
      log: (level, message, fields) => this.#ports.logger[level](message, { ...fields, instance, instanceId }),
    };
  }

  #newExecutor(started: ExecutionStarted): TaskOrchestrationExecutor {
    const { orchestrators, core } = this.#host;
    return new TaskOrchestrationExecutor(orchestrators.demand(started), core, this.#surroundings);
  }
}

const none: readonly never[] = [];
