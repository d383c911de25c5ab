import type { ActivityTimeouts } from './activity-timeouts.js';
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
export interface ActivityOptions extends ActivityTimeouts {
  /**
   * Tries again after failures, over durable timers. Default: as `@Activity({ retry })` says when the activity is
   * called by its class, else a single attempt.
   */
  readonly retry?: RetryOptions | undefined;
  /**
   * The work queue it waits in, as its worker's `@Activity({ queue })` names it. Default: as `@Activity()` says when the
   * activity is called by its class or the worker that runs this orchestration has it, else the activity's own name.
   */
  readonly queue?: string | undefined;
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
 * order, before anything is waited for, and leaves the worker once the step of the orchestrator is stored. Inputs are
 * validated where they arrive, and copied at the call: one that cannot be stored throws UnserializableError,
 * TooDeepError or ForbiddenKeyError there, and nothing is recorded. Outside the turn of its orchestrator, such as in
 * the callback of a promise, what asks for something throws IllegalAwaitError.
 *
 * @example
 * ```ts
 * import { OrchestrationContext, type Orchestration } from 'perdure';
 * import { Orchestrator, Run } from 'perdure/decorators';
 *
 * @Orchestrator('approval')
 * export class Approval {
 *   @Run() *run(request: string, ctx: OrchestrationContext): Orchestration<boolean> {
 *     const answer = ctx.waitForExternalEvent<boolean>('Answer');
 *     const deadline = ctx.createTimer(24 * 3_600_000);
 *     if ((yield* ctx.any([answer, deadline])) === deadline) return false;
 *     deadline.cancel();
 *     ctx.signalEntity('audit', request, 'answered', answer.result);
 *     return answer.result;
 *   }
 * }
 * ```
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
  /** What `setCustomStatus` set last in this execution, as a copy; null when there is none. */
  abstract readonly customStatus: unknown;

  /** A UUID (version 5) that is the same on every replay, and another at every call. */
  abstract newGuid(): string;

  /**
   * Shows a value to those who query the instance; the last one of a turn counts, `undefined` or `null` clears it. It
   * is stored with the step that sets it and does not outlive `continueAsNew`.
   *
   * @throws {PayloadTooLargeError} beyond 16,384 characters of JSON
   */
  abstract setCustomStatus(status: unknown): void;

  /**
   * Calls an activity: `ctx.callActivity(Mails).send(mail)`. It runs at least once, after this step is stored, on this
   * worker or another; while no worker has registered it, it waits. The task fails with TaskFailedError when the last
   * attempt does.
   *
   * @throws {DefinitionError} for a class without activities
   * @throws {UnknownActivityError} for a method without `@Activity()`
   * @throws {ConfigError} for retry options and timeouts that cannot work
   */
  abstract callActivity<A extends object>(type: Constructor<A>, options?: ActivityOptions): ActivityCalls<A>;
  /**
   * Calls an activity that another service hosts, by a type-only import: its name is the method's.
   *
   * @throws {InvalidNameError} for a name that is none
   * @throws {ConfigError} for retry options and timeouts that cannot work
   */
  abstract callActivity<A extends object>(options?: ActivityOptions): ActivityCalls<A>;
  /**
   * Calls an activity by its registered name: a letter, then up to 127 letters, digits, `_`, `-` or `.`.
   *
   * @throws {InvalidNameError} for a name that is none
   * @throws {ConfigError} for retry options and timeouts that cannot work
   */
  abstract callActivity<T = unknown>(name: string, input?: unknown, options?: ActivityOptions): Task<T>;

  /**
   * Starts a child orchestration; the task ends with the child, also over its `continueAsNew`. It fails with
   * TaskFailedError when the child does, when its id is in use, and when no worker knows the orchestrator.
   *
   * @throws {DefinitionError} for a class without `@Orchestrator`
   * @throws {InvalidIdError} for an id that is none, or that of this instance or its parent
   * @throws {ConfigError} for retry options that cannot work
   */
  abstract callSubOrchestrator<O extends OrchestratorObject>(
    type: Constructor<O>,
    ...start: StartArguments<O, SubOrchestrationOptions>
  ): Task<OrchestratorOutput<O>>;
  /**
   * Starts a child orchestration by its registered name.
   *
   * @throws {InvalidNameError} for a name that is none, and what the form with a class throws
   */
  abstract callSubOrchestrator<T = unknown>(name: string, input?: unknown, options?: SubOrchestrationOptions): Task<T>;

  /**
   * Calls an entity's operation: `ctx.callEntity(Account, 'alice').deposit(amount)`. Order to one entity is kept, with
   * signals too. The task fails with EntityOperationFailedError when the operation throws, or when no worker knows it.
   *
   * @throws {InvalidIdError} for a key that is none
   * @throws {DefinitionError} for a class without `@Entity`
   * @throws {UnknownOperationError} for a method without `@Operation()`
   */
  abstract callEntity<E extends object>(type: Constructor<E>, key: string): OperationCalls<E, 'task'>;
  /**
   * Calls an entity's operation by names.
   *
   * @throws {InvalidNameError} for a name that is none
   * @throws {InvalidIdError} for a key that is none
   */
  abstract callEntity<T = unknown>(name: string, key: string, operation: string, input?: unknown): Task<T>;

  /**
   * Sends an operation to an entity, one-way: there is nothing to wait for, and what it throws is told to nobody. Order
   * to one entity is kept. Throws as `callEntity`.
   */
  abstract signalEntity<E extends object>(type: Constructor<E>, key: string): OperationCalls<E, 'signal'>;
  /** Sends an operation to an entity by names. Throws as `callEntity` by names. */
  abstract signalEntity(name: string, key: string, operation: string, input?: unknown): void;

  /**
   * A durable timer over milliseconds (0 to 100 years) or until a Date; one in the past fires at once. It fires once,
   * never early. A timer that nobody waits for does not keep the instance from ending.
   *
   * @throws {InvalidTimeError} for what is no time, a negative duration, and what is more than 100 years away
   */
  abstract createTimer(due: number | Date): TimerTask;

  /**
   * Waits for the next external event of a name, without regard to case. Events that came early are kept in order;
   * several waiters are served first come, first served. A waiter that lost its race takes no event until it is waited
   * for again. With a DTO class, an input that does not fit fails the task with InvalidInputError.
   *
   * @throws {InvalidNameError} unless the name is 1 to 256 bytes of UTF-8 without control characters
   */
  abstract waitForExternalEvent<T extends object>(name: string, type: Constructor<T>): Task<T>;
  /** Waits for the next external event of a name, whose data is taken as it is, unchecked. */
  abstract waitForExternalEvent<T = unknown>(name: string): Task<T>;

  /**
   * Raises an external event at another orchestration instance, one-way. Order to one instance is kept. An event for an
   * instance that does not exist, or has ended, is dropped.
   *
   * @throws {InvalidIdError} for an id that is none
   * @throws {InvalidNameError} for a name that is none
   */
  abstract sendEvent(instanceId: string, name: string, data?: unknown): void;

  /**
   * Whether a change of the code applies to this execution, so that those that were begun before it go on with the code
   * that they began with: true where the call is new for the execution, and the history then keeps a mark; false on the
   * replay of a history that passed here without the mark. One id has one answer in an execution, wherever it is asked
   * for; after `continueAsNew` it is asked anew. When no execution without the mark is left, drop the call together with
   * the old branch.
   *
   * @example
   * ```ts
   * import { OrchestrationContext, type Orchestration } from 'perdure';
   *
   * export function* charge(ctx: OrchestrationContext, amount: number): Orchestration<void> {
   *   if (ctx.patched('check-fraud-first')) yield* ctx.callActivity('checkFraud', amount);
   *   yield* ctx.callActivity('charge', amount);
   * }
   * ```
   *
   * @throws {InvalidNameError} unless the id is 1 to 256 bytes of UTF-8 without control characters
   */
  abstract patched(id: string): boolean;

  /**
   * Ends this execution when `run` returns, and starts the next one of the same instance with a new input and an empty
   * history. Return right after it. Events that were not seen are carried over; open timers and tasks are dropped; the
   * custom status is cleared. Called twice, the last input counts; a throw after it fails the instance instead.
   */
  abstract continueAsNew(input?: unknown): void;

  /**
   * A task that ends when all have: with the results in order, or with AggregateTaskError when some failed.
   * Of no tasks: `[]`.
   *
   * @throws {IllegalAwaitError} for anything but tasks
   */
  abstract all<const T extends readonly Task<unknown>[]>(
    tasks: T,
  ): Task<{ -readonly [K in keyof T]: TaskResult<T[K]> }>;

  /**
   * A task that ends with the first of them; its result is the winning task itself, failed or not. Of several that have
   * ended already, the first in the array wins. Losers go on and may be waited for again.
   *
   * @throws {IllegalAwaitError} for no tasks, and for anything but tasks
   */
  abstract any<T extends Task<unknown>>(tasks: readonly T[]): Task<T>;

  /**
   * As `any`, but its result is the winner's result, and it fails with the winner's error when the winner failed.
   *
   * @throws {IllegalAwaitError} for no tasks, and for anything but tasks
   */
  abstract race<T extends Task<unknown>>(tasks: readonly T[]): Task<TaskResult<T>>;
}
