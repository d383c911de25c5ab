import type { CoreDependencies } from '../core/dependencies.js';
import { toFailureDetails } from '../core/failure.js';
import { acceptedUpdate, recordedEvent } from '../core/handlers.js';
import type {
  ClosingEvent,
  EntityId,
  HistoryEvent,
  InboundEvent,
  ParentInstance,
  UpdateRequested,
} from '../core/history.js';
import { jsonEqual } from '../core/json-equal.js';
import { labelsFrom, type LabelOptions } from '../core/labels.js';
import { lockLost, transactionLost } from '../core/lock-failure.js';
import type { OrchestratorProgram } from '../core/programs.js';
import { recordedBehaviour } from '../core/replay-behaviour.js';
import { markOf } from '../core/replay-check.js';
import type { Log, LogLevel, OrchestrationLogFields } from '../core/replay-safe-log.js';
import { TaskOrchestrationExecutor } from '../core/task-orchestration-executor.js';
import type { Completion, HandlerOutcome, Turn } from '../core/turn.js';
import type { Constructor, Json } from '../core/values.js';
import { names } from '../definitions/names.js';
import { orchestratorProgram } from '../definitions/programs.js';
import { NonDeterminismError } from '../errors.js';
import { isDto } from '../validation/dto-plan.js';
import { isDateField } from '../validation/field-type.js';
import { revive } from '../validation/revive.js';
import * as ids from '../wire/checks.js';
import { createValueCodec } from '../wire/value-codec.js';

/** Where and when a scenario takes place. */
export interface ScenarioOptions extends LabelOptions {
  /** The instance's id. Default `instance`. */
  readonly instanceId?: string | undefined;
  /** The id of the execution. Default `execution`. */
  readonly executionId?: string | undefined;
  /** The instance that waits for this one. Default: none. */
  readonly parent?: ParentInstance | undefined;
  /** When it starts, in milliseconds since 1970. Default 2025-01-01T00:00:00Z. */
  readonly startAt?: number | undefined;
}

/** A line that the orchestrator wrote to `ctx.log`. */
export interface ScenarioLogLine {
  /** How much it matters. */
  readonly level: LogLevel;
  /** Its text. */
  readonly message: string;
  /** What it says beside. */
  readonly fields: OrchestrationLogFields;
}

/**
 * One execution of an orchestrator, played by hand: "these events in, these actions out", without server, time or
 * waiting. Every method hands in one event and gives the turn that follows. At every step the whole history is also
 * replayed from the first event by an executor of its own, which must do the same: otherwise NonDeterminismError.
 *
 * Tasks are named by the ids of their actions, which count from 0 in order of creation.
 *
 * @example
 * ```ts
 * import assert from 'node:assert/strict';
 * import { OrchestrationContext, type Orchestration } from 'perdure';
 * import { Orchestrator, Run } from 'perdure/decorators';
 * import { scenario } from 'perdure/testing';
 *
 * @Orchestrator('greeting')
 * class Greeting {
 *   @Run() *run(name: string, ctx: OrchestrationContext): Orchestration<string> {
 *     return yield* ctx.callActivity<string>('hello', name);
 *   }
 * }
 *
 * const play = scenario(Greeting);
 * assert.deepEqual(play.start('Ada').actions, [{ type: 'TaskScheduled', id: 0, name: 'hello', input: 'Ada' }]);
 * assert.deepEqual(play.completeTask(0, 'Hello, Ada!').completion, { type: 'Completed', output: 'Hello, Ada!' });
 * ```
 *
 * @throws {DefinitionError} when the class is no orchestrator
 */
export function scenario(orchestrator: Constructor, options: ScenarioOptions = {}): Scenario {
  const values = createValueCodec({ revive, isDto, isDateField });
  const program = orchestratorProgram(names.orchestrator(orchestrator), values);
  return new Scenario(program, { values, names, ids }, options);
}

/**
 * A scenario being played. What user code throws ends the execution and is in the turn's completion. An id or event
 * that the code does not wait for gives an empty turn, as does everything after the end. A result or input that cannot
 * be stored throws UnserializableError, TooDeepError or ForbiddenKeyError.
 *
 * @example
 * ```ts
 * import assert from 'node:assert/strict';
 * import type { Scenario } from 'perdure/testing';
 *
 * export function timesOut(play: Scenario): void {
 *   const [timer] = play.start().actions;
 *   assert.equal(timer?.type, 'TimerCreated');
 *   assert.equal(play.fireTimer(0).completion?.type, 'Failed');
 *   assert.deepEqual(play.raiseEvent('Approved'), { actions: [] }); // too late
 * }
 * ```
 */
export class Scenario {
  readonly #program: OrchestratorProgram;
  readonly #dependencies: CoreDependencies;
  readonly #options: ScenarioOptions;
  readonly #resident: TaskOrchestrationExecutor;
  readonly #history: HistoryEvent[] = [];
  readonly #log: ScenarioLogLine[] = [];
  #now: number;

  /** @internal Use `scenario`. */
  constructor(program: OrchestratorProgram, dependencies: CoreDependencies, options: ScenarioOptions = {}) {
    this.#program = program;
    this.#dependencies = dependencies;
    this.#options = options;
    this.#now = options.startAt ?? Date.UTC(2025, 0, 1);
    this.#resident = this.#executor((level, message, fields) => this.#log.push({ level, message, fields }));
  }

  /** Everything recorded so far, in order. */
  get history(): readonly HistoryEvent[] {
    return this.#history;
  }

  /** What the orchestrator wrote to `ctx.log` so far, in order. */
  get log(): readonly ScenarioLogLine[] {
    return this.#log;
  }

  /** The time of the next event, in milliseconds since 1970. */
  get now(): number {
    return this.#now;
  }

  /** Lets time pass before the next event, in milliseconds. Timers that are due by then do not fire by themselves. */
  elapse(milliseconds: number): this {
    this.#now += milliseconds;
    return this;
  }

  /**
   * Begins the execution; an input that does not fit its class fails it.
   *
   * @throws {InvalidTagsError} for tags that are none, InvalidNameError for a version, PayloadTooLargeError for a memo
   */
  start(input?: unknown): Turn {
    const json = this.#program.accept(this.#encoded('input', input).input);
    const { executionId = 'execution', parent } = this.#options;
    const { name, version } = this.#program;
    const started = {
      type: 'ExecutionStarted',
      at: this.#now,
      name,
      executionId,
      ...recordedBehaviour(),
      ...(json !== undefined && { input: json }),
      ...(version !== undefined && { version }),
      ...labelsFrom(this.#options, this.#dependencies.values),
    } as const;
    return this.play(parent === undefined ? started : { ...started, parent });
  }

  /** An activity ends with a result. */
  completeTask(id: number, result?: unknown): Turn {
    return this.play({ type: 'TaskCompleted', at: this.#now, id, ...this.#encoded('result', result) });
  }

  /** An activity fails: its task with TaskFailedError, which has the error as data. */
  failTask(id: number, error: unknown): Turn {
    return this.play({ type: 'TaskFailed', at: this.#now, id, failure: toFailureDetails(error) });
  }

  /** A sub-orchestration ends with a result. */
  completeSubOrchestration(id: number, result?: unknown): Turn {
    return this.play({
      type: 'SubOrchestrationInstanceCompleted',
      at: this.#now,
      id,
      ...this.#encoded('result', result),
    });
  }

  /** A sub-orchestration fails: its task with TaskFailedError, which has the error as data. */
  failSubOrchestration(id: number, error: unknown): Turn {
    return this.play({ type: 'SubOrchestrationInstanceFailed', at: this.#now, id, failure: toFailureDetails(error) });
  }

  /** A called operation ends with a result. */
  completeOperation(id: number, result?: unknown): Turn {
    return this.play({ type: 'EntityOperationCompleted', at: this.#now, id, ...this.#encoded('result', result) });
  }

  /** A called operation fails: its task with EntityOperationFailedError, which has the error as data. */
  failOperation(id: number, error: unknown): Turn {
    return this.play({ type: 'EntityOperationFailed', at: this.#now, id, failure: toFailureDetails(error) });
  }

  /** The entities of a lock request are locked, with these fencing numbers; default 1 for each. */
  grantLock(id: number, fences?: readonly number[]): Turn {
    const { entities } = this.#lockRequest(id);
    return this.play({ type: 'LockGranted', at: this.#now, id, fences: fences ?? entities.map(() => 1) });
  }

  /**
   * The lock of an entity is lost, the first one of its request unless another is named: by its lease, or an operator. Of a
   * transaction: the entity asks, because it took too long, or for an operator, how it ends.
   */
  loseLock(id: number, reason: 'expired' | 'broken' = 'expired', entity?: EntityId): Turn {
    const { entities, transaction } = this.#lockRequest(id);
    const failure = (transaction ? transactionLost : lockLost)(entity ?? entities[0]!, reason);
    return this.play({ type: 'LockLost', at: this.#now, id, failure });
  }

  #lockRequest(id: number): Pick<Extract<HistoryEvent, { type: 'LockRequested' }>, 'entities' | 'transaction'> {
    const request = this.#history.find((event) => event.type === 'LockRequested' && event.id === id);
    return request?.type === 'LockRequested' ? request : { entities: [] };
  }

  /** Lets time pass until a timer is due, unless that time has passed, and fires it. */
  fireTimer(id: number): Turn {
    const timer = this.#history.find((event) => event.type === 'TimerCreated' && event.id === id);
    if (timer?.type === 'TimerCreated') this.#now = Math.max(this.#now, timer.fireAt);
    return this.play({ type: 'TimerFired', at: this.#now, id });
  }

  /** An external event arrives. */
  raiseEvent(name: string, input?: unknown): Turn {
    return this.play({ type: 'EventRaised', at: this.#now, name, ...this.#encoded('input', input) });
  }

  /** The instance is to clean up and end: CancelledError is thrown where its code waits. */
  cancel(reason?: string): Turn {
    return this.play({ type: 'CancellationRequested', at: this.#now, ...(reason !== undefined && { reason }) });
  }

  /**
   * A client's update arrives; the turn's `update` has what its handler returned or threw. If that waits, the turn has `waits`,
   * and `answers` of a later turn have what it came to. One that is refused, for its name or its input, is not recorded.
   */
  update(name: string, input?: unknown): Turn {
    const event = { type: 'UpdateRequested', at: this.#now, name, ...this.#encoded('input', input) } as const;
    let accepted: UpdateRequested;
    try {
      accepted = acceptedUpdate(this.#program, event);
    } catch (error) {
      return { actions: [], update: { failure: toFailureDetails(error) } };
    }
    return this.play(accepted);
  }

  /**
   * A client's query: what its handler returns or throws. Nothing of it is recorded, so one that changes something is found
   * out by the next event.
   */
  query(name: string, input?: unknown): HandlerOutcome {
    return this.#resident.query(name, this.#encoded('input', input).input);
  }

  /**
   * Hands in any event: what the other methods do with one of their own.
   *
   * @throws {NonDeterminismError} when a replay of the whole history does something else
   */
  play(event: InboundEvent): Turn {
    const rebuilt = this.#executor();
    rebuilt.replay(this.#history);
    const turn = this.#resident.advance(event);
    const replayed = rebuilt.advance(event);
    if (!jsonEqual(comparable(turn), comparable(replayed)))
      throw new NonDeterminismError(this.#history.length, JSON.stringify(turn), JSON.stringify(replayed));
    const marks = (turn.answers ?? []).flatMap(({ update, outcome }) => markOf(update, outcome) ?? []);
    this.#history.push(recordedEvent(event, turn), ...turn.actions, ...marks, ...this.#closing(turn.completion));
    return turn;
  }

  #executor(log?: Log): TaskOrchestrationExecutor {
    const { instanceId = 'instance' } = this.#options;
    return new TaskOrchestrationExecutor(this.#program, this.#dependencies, { instanceId, log });
  }

  #encoded<K extends string>(key: K, value: unknown): { readonly [P in K]?: Json } {
    const json = this.#dependencies.values.encode(value);
    return (json === undefined ? {} : { [key]: json }) as { readonly [P in K]?: Json };
  }

  #closing(completion: Completion | undefined): readonly ClosingEvent[] {
    const at = this.#now;
    switch (completion?.type) {
      case undefined:
        return [];
      case 'Completed':
        return [{ ...completion, type: 'ExecutionCompleted', at }];
      case 'Failed':
        return [{ ...completion, type: 'ExecutionFailed', at }];
      case 'Canceled':
        return [{ ...completion, type: 'ExecutionCanceled', at }];
      case 'ContinuedAsNew': {
        const { carriedEvents: _events, version: _version, ...ending } = completion;
        return [{ ...ending, at }];
      }
    }
  }
}

/** The turn without stacks, which name the caller. */
function comparable(turn: Turn): Json {
  return JSON.parse(JSON.stringify(turn, (key, value: unknown) => (key === 'stack' ? undefined : value))) as Json;
}
