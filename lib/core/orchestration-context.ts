import type {
  ActivityOptions,
  ContinueAsNewOptions,
  EventDefault,
  EventTimeout,
  NewOrchestrationOptions,
  SubOrchestrationOptions,
  WaitUntilOptions,
} from './call-options.js';
import type { CallHttpOptions, DurableHttpResponse } from './http-messages.js';
import { OrchestrationEntities } from './orchestration-entities.js';
import type { ActivityCalls, OrchestratorObject, OrchestratorOutput, StartArguments } from './proxies.js';
import type { OrchestrationLog } from './replay-safe-log.js';
import type { Task, TaskResult, TimerTask } from './task.js';
import type { Constructor } from './values.js';

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
export abstract class OrchestrationContext extends OrchestrationEntities {
  /** The id of this orchestration instance. */
  abstract readonly instanceId: string;
  /** The id of this execution: a new one after each `continueAsNew`. */
  abstract readonly executionId: string;
  /** The instance that waits for this one, when it is a sub-orchestration. */
  abstract readonly parentInstanceId: string | undefined;
  /**
   * The input of this execution as plain data, a new copy each time. `run` gets it as its first parameter, as an instance of
   * its class.
   */
  abstract readonly input: unknown;
  /** The version that the instance was started with, or its orchestrator's; undefined: none. */
  abstract readonly version: string | undefined;
  /** The tags that the instance was started with. */
  abstract readonly tags: Readonly<Record<string, string>>;
  /** The memo that the instance was started with, as a copy; undefined when there is none. */
  abstract readonly memo: unknown;
  /** Whether what happens now has happened before; true from the first line on. `log` looks at it by itself. */
  abstract readonly isReplaying: boolean;
  /**
   * Tells lines to the worker's logger, each with the instance's id, but none of what is replayed. A line is told before the
   * step that brings it is stored: when that is lost with its worker, the line comes again.
   */
  abstract readonly log: OrchestrationLog;
  /** The time of the event that resumed the code: the same on every replay, and never going back. */
  abstract readonly currentUtcDateTime: Date;
  /** What `setCustomStatus` set last in this execution, as a copy; null when there is none. */
  abstract readonly customStatus: unknown;

  /** A UUID (version 5) that is the same on every replay, and another at every call. */
  abstract newGuid(): string;

  /**
   * A number that looks random, 0 or more and below 1: the same on every replay, another at every call, and another series in
   * every execution. It can be foretold, so it is not for secrets.
   */
  abstract random(): number;

  /**
   * Compares the version of this instance with another one: negative when this instance is older, 0 when they are the same,
   * positive when it is newer. Parts between dots count as numbers (`1.10` is newer than `1.9`, and `1` the same as `1.0`), and as
   * texts where they are none. An instance without a version is older than any.
   */
  abstract compareVersion(version: string): number;

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
   * Sends an HTTP request: `ctx.callHttp({ url: 'https://example.com/orders', method: 'POST', body: order })`. The task's
   * result is the answer, whatever its status; a 202 that says where to look is polled over durable timers until there is
   * another answer. A worker sends it as the activity `perdure.http`, at least once: after a crash it may be sent again, so
   * hand a server that must act once an `idempotency-key` of `ctx.newGuid()`. Credentials, and any header that may hold
   * some, go to the origin of `url` alone, also when it redirects elsewhere. The task fails with TaskFailedError: caused by
   * HttpRequestFailedError when there is no answer, HttpResponseTooLargeError, ActivityTimedOutError or TokenSourceError.
   *
   * @throws {InvalidHttpRequestError} for a request that cannot be sent
   * @throws {UnserializableError} for a body that cannot be stored; TooDeepError and ForbiddenKeyError likewise
   * @throws {ConfigError} for retry options and a timeout that cannot work
   */
  abstract callHttp(options: CallHttpOptions): Task<DurableHttpResponse>;

  /**
   * Starts a child orchestration; the task ends with the child, also over its `continueAsNew`. It fails with
   * TaskFailedError when the child does, when its id is in use, and when no worker knows the orchestrator.
   *
   * @throws {DefinitionError} for a class without `@Orchestrator`
   * @throws {InvalidIdError} for an id that is none, or that of this instance or its parent
   * @throws {ConfigError} for retry options that cannot work
   * @throws {InvalidTagsError} for tags that are none, InvalidNameError for a version, PayloadTooLargeError for a memo
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
   * Starts an orchestration of its own, one-way: there is nothing to wait for, and this instance is not its parent. Gives the
   * new instance's id. When that is in use, or no worker knows the orchestrator yet, the worker logs it or the start waits;
   * this instance is told nothing.
   *
   * @throws {DefinitionError} for a class without `@Orchestrator`
   * @throws {InvalidIdError} for an id that is none
   * @throws {InvalidTagsError} for tags that are none, InvalidNameError for a version, PayloadTooLargeError for a memo
   * @throws {InvalidTimeError} for a `startAt` that is no time, negative, or more than 100 years away
   */
  abstract startNew<O extends OrchestratorObject>(
    type: Constructor<O>,
    ...start: StartArguments<O, NewOrchestrationOptions>
  ): string;
  /**
   * Starts an orchestration of its own by its registered name.
   *
   * @throws {InvalidNameError} for a name that is none, and what the form with a class throws
   */
  abstract startNew(name: string, input?: unknown, options?: NewOrchestrationOptions): string;

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
   * for again. With a DTO class, an input that does not fit fails the task with InvalidInputError. With a `timeout` the
   * task fails with TaskTimedOutError when the time is over, or gives the `default` when there is one; the timer is cancelled
   * once it is of no use.
   *
   * @throws {InvalidNameError} unless the name is 1 to 256 bytes of UTF-8 without control characters
   * @throws {InvalidTimeError} for a timeout that is none
   */
  abstract waitForExternalEvent<T extends object, D>(
    name: string,
    type: Constructor<T>,
    options: EventDefault<D>,
  ): Task<T | D>;
  /** Waits for the next external event of a name with data of a class, for as long as it takes or until the timeout. */
  abstract waitForExternalEvent<T extends object>(name: string, type: Constructor<T>, options?: EventTimeout): Task<T>;
  /** Waits until the timeout for the next external event of a name, whose data is taken as it is, unchecked. */
  abstract waitForExternalEvent<T = unknown, D = T>(name: string, options: EventDefault<D>): Task<T | D>;
  /** Waits for the next external event of a name, whose data is taken as it is, unchecked. */
  abstract waitForExternalEvent<T = unknown>(name: string, options?: EventTimeout): Task<T>;

  /**
   * Waits until a condition over the orchestrator's own fields holds: `yield* ctx.waitUntil(() => this.closed)`. It is
   * looked at now, and after each event of the instance (an update, an external event, the end of a task), once the code has
   * gone on as far as it can; nothing of that is recorded. The condition only looks, and asks the context for nothing; what
   * it throws fails the task. After a lost race it is looked at again when it is waited for again.
   */
  abstract waitUntil(condition: () => boolean): Task<void>;
  /**
   * The same with a time limit: whether the condition held, at the deadline at the latest.
   *
   * @throws {InvalidTimeError} for a time that is none, and for one of more than 100 years
   */
  abstract waitUntil(condition: () => boolean, options: WaitUntilOptions): Task<boolean>;

  /**
   * Raises an external event at another orchestration instance, one-way. Order to one instance is kept. An event for an
   * instance that does not exist yet waits for its start, with a hundred others at most; one for an instance that has ended
   * is dropped.
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
   * history. Return right after it. Events that were not seen are carried over, unless `keepEvents` is false; open timers and
   * tasks are dropped; the custom status is cleared; tags, memo and version stay. Called twice, the last call counts; a throw
   * after it fails the instance instead.
   *
   * @throws {InvalidNameError} for a version that is none
   */
  abstract continueAsNew(input?: unknown, options?: ContinueAsNewOptions): void;

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
   * A task that ends when all have, and never fails: with what became of each, in order, as `Promise.allSettled` tells it.
   *
   * @throws {IllegalAwaitError} for anything but tasks
   */
  abstract allSettled<const T extends readonly Task<unknown>[]>(
    tasks: T,
  ): Task<{ -readonly [K in keyof T]: PromiseSettledResult<TaskResult<T[K]>> }>;

  /**
   * As `all`, but it fails as soon as one of them does, with that one's error, as `Promise.all`. The others go on.
   *
   * @throws {IllegalAwaitError} for anything but tasks
   */
  abstract failFast<const T extends readonly Task<unknown>[]>(
    tasks: T,
  ): Task<{ -readonly [K in keyof T]: TaskResult<T[K]> }>;

  /**
   * A task that ends as the given one does, or fails with TaskTimedOutError after milliseconds or at a Date. What took too
   * long goes on, and may be waited for again; a wait for an event leaves its queue.
   *
   * @throws {InvalidTimeError} for what is no time
   * @throws {IllegalAwaitError} for anything but a task
   */
  abstract withTimeout<T>(task: Task<T>, timeout: number | Date): Task<T>;

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
