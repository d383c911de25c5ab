import type { RetryOptions } from './names.js';
import type {
  ActivityCalls,
  OperationCalls,
  OrchestratorObject,
  OrchestratorOutput,
  StartArguments,
} from './proxies.js';
import type { Task, TaskResult, TimerTask } from './task.js';
import type { Constructor } from './values.js';

/** How an activity is called. */
export interface ActivityOptions {
  /** Tries again after failures, over durable timers. Default: as `@Activity({ retry })` says, else a single attempt. */
  readonly retry?: RetryOptions | undefined;
}

/** How a sub-orchestration is started. */
export interface SubOrchestrationOptions {
  /** The child's instance id, used again by every attempt. Default: derived from this execution, new per attempt. */
  readonly instanceId?: string | undefined;
  /** Tries again after failures, over durable timers. Default: a single attempt. */
  readonly retry?: RetryOptions | undefined;
}

/**
 * An orchestrator's door to everything outside it. Every method works at the call: what it asks for is recorded in
 * order, before anything is waited for. Inputs are copied at the call; one that cannot be stored throws
 * UnserializableError, TooDeepError or ForbiddenKeyError there, and nothing is recorded.
 */
export abstract class OrchestrationContext {
  /** The id of this orchestration instance. */
  abstract readonly instanceId: string;
  /** The id of this execution: a new one after each `continueAsNew`. */
  abstract readonly executionId: string;
  /** The instance that waits for this one, when it is a sub-orchestration. */
  abstract readonly parentInstanceId: string | undefined;
  /** Whether what happens now has happened before: log only when it is false. */
  abstract readonly isReplaying: boolean;
  /** The time of the event that resumed the code: the same on every replay, and never going back. */
  abstract readonly currentUtcDateTime: Date;
  /** What `setCustomStatus` set last in this execution, as a copy. */
  abstract readonly customStatus: unknown;

  /** A UUID (version 5) that is the same on every replay, and another at every call. */
  abstract newGuid(): string;

  /**
   * Shows a value to those who query the instance; the last one of a turn counts, `undefined` or `null` clears it. It is
   * stored with the step that sets it and does not outlive `continueAsNew`. Throws PayloadTooLargeError beyond 16 Ki characters of JSON, and the
   * errors of values that cannot be stored.
   */
  abstract setCustomStatus(status: unknown): void;

  /**
   * Calls an activity. The task fails with TaskFailedError when the activity does.
   * Throws ConfigError for retry options that cannot work.
   */
  abstract callActivity<A extends object>(type: Constructor<A>, options?: ActivityOptions): ActivityCalls<A>;
  /** Calls an activity that another service hosts, by a type-only import: its name is the method's. */
  abstract callActivity<A extends object>(options?: ActivityOptions): ActivityCalls<A>;
  /** Calls an activity by name. */
  abstract callActivity<T = unknown>(name: string, input?: unknown, options?: ActivityOptions): Task<T>;

  /**
   * Starts a child orchestration and waits for its end, also over its `continueAsNew`. The task fails with
   * TaskFailedError when the child does.
   */
  abstract callSubOrchestrator<O extends OrchestratorObject>(
    type: Constructor<O>,
    ...start: StartArguments<O, SubOrchestrationOptions>
  ): Task<OrchestratorOutput<O>>;
  /** Starts a child orchestration by name. */
  abstract callSubOrchestrator<T = unknown>(name: string, input?: unknown, options?: SubOrchestrationOptions): Task<T>;

  /** Calls an entity's operation. The task fails with EntityOperationFailedError when the operation throws. */
  abstract callEntity<E extends object>(type: Constructor<E>, key: string): OperationCalls<E, 'task'>;
  /** Calls an entity's operation by names. */
  abstract callEntity<T = unknown>(name: string, key: string, operation: string, input?: unknown): Task<T>;

  /** Sends an operation to an entity, one-way: there is nothing to wait for. Order to one entity is kept. */
  abstract signalEntity<E extends object>(type: Constructor<E>, key: string): OperationCalls<E, 'signal'>;
  /** Sends an operation to an entity by names. */
  abstract signalEntity(name: string, key: string, operation: string, input?: unknown): void;

  /**
   * A durable timer over milliseconds (0 to 100 years) or until a Date; one in the past fires at once. It fires once,
   * never early. A timer that nobody waits for does not keep the instance from ending. Throws InvalidTimeError.
   */
  abstract createTimer(due: number | Date): TimerTask;

  /**
   * Waits for the next external event of a name, without regard to case. Events that came early are kept in order;
   * several waiters are served first come, first served. A waiter that lost its race takes no event until it is waited
   * for again. With a DTO class, an input that does not fit fails the task with InvalidInputError.
   */
  abstract waitForExternalEvent<T extends object>(name: string, type: Constructor<T>): Task<T>;
  abstract waitForExternalEvent<T = unknown>(name: string): Task<T>;

  /** Raises an external event at another orchestration instance, one-way. */
  abstract sendEvent(instanceId: string, name: string, data?: unknown): void;

  /**
   * Ends this execution when `run` returns, and starts the next one of the same instance with a new input and an empty
   * history. Return right after it. Events that were not seen are carried over; open timers and tasks are dropped; the
   * custom status is cleared. Called twice, the last input counts; a throw after it fails the instance instead.
   */
  abstract continueAsNew(input?: unknown): void;

  /**
   * A task that ends when all have: with the results in order, or with AggregateTaskError when some failed.
   * Of no tasks: `[]`. Throws IllegalAwaitError for anything but tasks.
   */
  abstract all<const T extends readonly Task<unknown>[]>(
    tasks: T,
  ): Task<{ -readonly [K in keyof T]: TaskResult<T[K]> }>;

  /**
   * A task that ends with the first of them; its result is the winning task itself, failed or not. Losers go on and may
   * be waited for again. Throws IllegalAwaitError for no tasks, and for anything but tasks.
   */
  abstract any<T extends Task<unknown>>(tasks: readonly T[]): Task<T>;

  /** As `any`, but its result is the winner's result, and it fails when the winner failed. */
  abstract race<T extends Task<unknown>>(tasks: readonly T[]): Task<TaskResult<T>>;
}
