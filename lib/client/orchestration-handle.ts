import type { HistoryEvent } from '../core/history.js';
import type { HandlerCalls, OrchestratorObject, OrchestratorOutput } from '../core/proxies.js';
import type { ControlAction } from '../wire/messages.js';
import type { Target } from './instance-handlers.js';
import type { StatusWatchOptions } from './instance-watch.js';
import type { Orchestrations, RestartOptions, StatusOptions } from './orchestrations.js';
import type { OrchestrationStatus } from './orchestration-status.js';
import type { OtlpTrace } from './traces.js';
import type { CallOptions, WaitOptions } from './waits.js';

/** The handle of an instance of an orchestrator class. */
export type HandleOf<O extends OrchestratorObject> = OrchestrationHandle<OrchestratorOutput<O>, O>;

/** Which instance a handle is of. */
export interface HandleOptions {
  /**
   * The run of the instance, as `runId` of the handle that started it says, to keep to it: what is asked of the handle never
   * reaches another run under the same id. Default: whichever run there is.
   */
  readonly runId?: string | undefined;
}

/** How far a request reaches. */
export interface ScopeOptions extends CallOptions {
  /** Whether it is made to the sub-orchestrations too. The default is said where it is used. */
  readonly recursive?: boolean | undefined;
}

/** How an instance is terminated. */
export interface TerminateOptions extends CallOptions {
  /** Why, for whoever looks at its status. Default: nothing is said. */
  readonly reason?: string | undefined;
  /** Whether its sub-orchestrations are terminated with it. Default true. */
  readonly recursive?: boolean | undefined;
}

/**
 * One orchestration instance, seen from a client; `T` is what it returns, `O` its orchestrator's class, where that is known.
 *
 * @example
 * ```ts
 * import type { TaskHubClient } from 'perdure';
 *
 * export async function approve(client: TaskHubClient, instanceId: string): Promise<string> {
 *   const order = client.getHandle<string>(instanceId);
 *   await order.raiseEvent('Approved', true);
 *   const { runtimeStatus, lastUpdatedTime } = await order.status();
 *   console.log(`${order.instanceId}: ${runtimeStatus} since ${lastUpdatedTime.toISOString()}`);
 *   return order.result({ timeoutInMilliseconds: 60_000 });
 * }
 * ```
 */
export class OrchestrationHandle<T = unknown, O = object> {
  /** The instance's id. */
  readonly instanceId: string;
  /**
   * Which run of the instance the handle keeps to, from its start to its end, whether it continues as new or is rewound:
   * nothing that is asked of it reaches a run that has taken its place, be it by `restart`, `ifExists` or a start under the
   * same id. 1 to 64 letters, digits, `_` and `-`. Undefined: `getHandle` made it, and it is of whichever run there is.
   */
  readonly runId: string | undefined;
  readonly #orchestrations: Orchestrations;
  readonly #target: Target;

  /** Internal: use `startNew` or `getHandle` of a client. */
  constructor(orchestrations: Orchestrations, target: Target) {
    this.instanceId = target.instanceId;
    this.runId = target.run?.runId;
    this.#orchestrations = orchestrations;
    this.#target = target;
  }

  /**
   * What the instance returns, once it has ended, as a copy; without a timeout it is waited for as long as it takes,
   * also while no worker is up. An instance that continues as new is waited for to its last execution. Rejects with the
   * reason of the signal when that is aborted.
   *
   * @throws {OrchestrationFailedError} when it failed
   * @throws {OrchestrationTerminatedError} when it was terminated; OrchestrationCanceledError when it was canceled
   * @throws {NotFoundError} when there is no such instance
   * @throws {InstanceReplacedError} when another run has taken the place of the handle's
   * @throws {TimeoutError} when it has not ended in time; it goes on
   * @throws {ConfigError} for a timeout that is none
   * @throws {RemoteError} when its owner could not tell
   * @throws {ClosedError} when the client or the connection is closed
   */
  result(options: WaitOptions = {}): Promise<T> {
    return this.#orchestrations.result(this.instanceId, this.#target.run, options) as Promise<T>;
  }

  /**
   * How the instance stands: exact while a worker owns it, else as of its view (`source` says which).
   *
   * @throws {NotFoundError} when there is no such instance
   * @throws {InstanceReplacedError} when another run has taken the place of the handle's
   * @throws {TimeoutError} when nobody could tell of it in time
   * @throws {ConfigError} for a timeout that is none
   * @throws {RemoteError} when its owner could not tell, such as of an answer too large for one message
   * @throws {CorruptHistoryError} when the view cannot be read; VersionTooNewError when a newer version wrote it
   * @throws {ClosedError} when the client or the connection is closed
   */
  status(options: StatusOptions = {}): Promise<OrchestrationStatus> {
    return this.#orchestrations.status(this.#target, options);
  }

  /**
   * How the instance stands, and then each status that differs, until it has ended: in its state, its execution, its custom
   * status, the reason or `nameWithoutWorker`, or in where it was read (`source`). Its owner tells that something is new; how
   * it stands is read, exactly. Of statuses that follow each other faster than they are taken, only the last is told, and an
   * end never is missed. It goes on over changes of the owner, and while there is none, as of the view; nothing that was told is
   * told again as it was before. What nobody can tell of is waited for.
   *
   * @example
   * ```ts
   * import type { OrchestrationHandle } from 'perdure';
   *
   * export async function follow(order: OrchestrationHandle, signal: AbortSignal): Promise<void> {
   *   for await (const { runtimeStatus, customStatus, source } of order.watch({ signal }))
   *     console.log(runtimeStatus, customStatus, source === 'view' ? '(no worker is up)' : '');
   * }
   * ```
   *
   * @throws {NotFoundError} when there is no such instance, or no more
   * @throws {InstanceReplacedError} when another run has taken the place of the handle's
   * @throws {TimeoutError} when it has not ended in `timeoutInMilliseconds`, by default never; the reason of `signal` when it is aborted
   * @throws {ConfigError} for a timeout that is none
   * @throws {RemoteError} when its owner could not tell
   * @throws {CorruptHistoryError} when the view cannot be read; VersionTooNewError when a newer version wrote it
   * @throws {ClosedError} when the client or the connection is closed
   */
  watch(options: StatusWatchOptions = {}): AsyncGenerator<OrchestrationStatus, void> {
    return this.#orchestrations.watch(this.#target, options);
  }

  /**
   * Everything the current execution has lived through, in order; empty while no worker has begun it. A history too
   * large for one message of the server cannot be read while a worker owns the instance. Rejects as `status` does.
   */
  history(options: CallOptions = {}): Promise<readonly HistoryEvent[]> {
    return this.#orchestrations.history(this.#target, options);
  }

  /**
   * The current execution as a trace of OpenTelemetry: a span for the instance and one for each activity, call, timer and
   * sub-orchestration that has ended, with those of the sub-orchestrations within, of up to 1,000 instances. It is made of what is
   * stored, so it is whole after any crash, and has the same ids however often it is asked for. Inputs and results are not in it.
   * Rejects as `status` does.
   *
   * @example
   * ```ts
   * import type { OrchestrationHandle } from 'perdure';
   *
   * export async function report(order: OrchestrationHandle): Promise<void> {
   *   const body = JSON.stringify(await order.trace());
   *   await fetch('http://localhost:4318/v1/traces', { method: 'POST', headers: { 'content-type': 'application/json' }, body });
   * }
   * ```
   */
  trace(options: CallOptions = {}): Promise<OtlpTrace> {
    return this.#orchestrations.trace(this.#target, options);
  }

  /**
   * Raises an external event; resolves with true when it is stored, and with false when the instance has ended: the event
   * is ignored then. One that is stored just as the instance ends is dropped without a word. Events of one client keep their
   * order.
   *
   * @throws {InvalidNameError} unless the name is 1 to 256 bytes of UTF-8 without control characters
   * @throws {UnserializableError} for data that cannot be stored; TooDeepError and ForbiddenKeyError likewise
   * @throws {PayloadTooLargeError} for data of more than the hub's `maxValueBytes`, 16 MiB by default
   * @throws {NotFoundError} when there is no such instance
   * @throws {InstanceReplacedError} when another run has taken the place of the handle's; an event that is stored just then is
   * dropped without a word
   * @throws {TimeoutError} when nobody could tell of it, or it is not known to be stored, in time; its text says whether it was sent
   * @throws {ClosedError} when the client or the connection is closed
   */
  raiseEvent(name: string, data?: unknown, options: CallOptions = {}): Promise<boolean> {
    return this.#orchestrations.raiseEvent(this.#target, name, data, options);
  }

  /**
   * Asks a query of the instance: `await order.query().count()` resolves with what the method with `@Query()` returns, as a
   * copy. It sees what is stored, all updates that were answered among it, and works on an instance that has ended, too. It
   * needs a worker that has the orchestrator; input and answer travel in one message each. On a handle without the class,
   * use the form with a name.
   *
   * @throws {UnknownQueryError} for a method without `@Query()`
   * @throws {InvalidInputError} when the input does not fit its DTO class
   * @throws {UnserializableError} for an input that cannot be sent; TooDeepError and ForbiddenKeyError likewise
   * @throws {PayloadTooLargeError} for an input larger than a message of the server
   * @throws {QueryFailedError} when the method threw, or could not be asked: `isCausedBy` tells, such as NonDeterminismError
   * of an instance that is suspended
   * @throws {NoWorkerError} when no worker that lives has registered the orchestrator
   * @throws {NotFoundError} when there is no such instance
   * @throws {InstanceReplacedError} when another run has taken the place of the handle's
   * @throws {TimeoutError} when nobody answered in time
   * @throws {ClosedError} when the client or the connection is closed
   */
  query(options?: CallOptions): HandlerCalls<O>;
  /**
   * The same by name, for callers that do not have the class; the input is validated where it arrives.
   *
   * @throws {InvalidNameError} for a name that is none, and what the form with a class throws
   */
  query<R = unknown>(name: string, input?: unknown, options?: CallOptions): Promise<R>;
  query(first: string | CallOptions = {}, input?: unknown, options: CallOptions = {}): unknown {
    const { handlers } = this.#orchestrations;
    if (typeof first === 'object') return handlers.queries(this.#target, first);
    return handlers.query(this.#target, first, input, options);
  }

  /**
   * Sends an update to the instance: `await order.update().add(line)` resolves with what the method with `@Update()`
   * returns, as a copy, once the update and all that followed from it are stored. It is carried out exactly once, in the
   * order of this client's messages to the instance; while no worker has the orchestrator, or the instance is suspended, it
   * waits. A method that is a generator is answered when it has ended, be it after hours: give the client a
   * `timeoutInMilliseconds` of that length. On a handle without the class, use the form with a name.
   *
   * @throws {UnknownUpdateError} for a method without `@Update()`
   * @throws {InvalidInputError} when the input does not fit its DTO class
   * @throws {UnserializableError} for an input that cannot be stored; TooDeepError and ForbiddenKeyError likewise
   * @throws {PayloadTooLargeError} for an input of more than the hub's `maxValueBytes`, 16 MiB by default
   * @throws {UpdateFailedError} when the method threw, or refused its input; `isCausedBy('UpdateCutOffError')`: the instance
   * continued as new before the method had ended
   * @throws {InstanceEndedError} when the instance had ended before the update came to its turn, or before the method had
   * ended
   * @throws {InstanceReplacedError} when another run has taken the place of the handle's
   * @throws {NotFoundError} when there is no such instance
   * @throws {TimeoutError} when there was no answer in time; its text says whether the
   * update is stored
   * @throws {SessionExpiredError} when its process slept with the update on its way, or there are too many clients
   * @throws {ClosedError} when the client or the connection is closed
   */
  update(options?: CallOptions): HandlerCalls<O>;
  /**
   * The same by name, for callers that do not have the class; the input is validated where it arrives.
   *
   * @throws {InvalidNameError} for a name that is none, and what the form with a class throws
   */
  update<R = unknown>(name: string, input?: unknown, options?: CallOptions): Promise<R>;
  update(first: string | CallOptions = {}, input?: unknown, options: CallOptions = {}): unknown {
    const { handlers } = this.#orchestrations;
    if (typeof first === 'object') return handlers.updates(this.#target, first);
    return handlers.update(this.#target, first, input, options);
  }

  /**
   * Suspends the instance: its code does not run, and what comes for it meanwhile, timers too, is kept in order until it is
   * resumed. What it has called goes on. Resolves when that is committed; of no effect on one that is suspended.
   *
   * @throws {NotFoundError} when there is no such instance
   * @throws {InstanceEndedError} when it has ended
   * @throws {InstanceReplacedError} when another run has taken the place of the handle's
   * @throws {TimeoutError} when there was no answer in time; its text says whether the request is stored
   * @throws {SessionExpiredError} when its process slept with the request on its way, or there are too many clients
   * @throws {ClosedError} when the client or the connection is closed
   */
  async suspend(reason?: string, options: ScopeOptions = {}): Promise<void> {
    await this.#ask('suspend', reason, options, options.recursive ?? false);
  }

  /**
   * Lets a suspended instance go on with what has come. One that was suspended because its code does not fit its history is
   * tried again. Of no effect on one that is not suspended. Rejects as `suspend`.
   */
  async resume(reason?: string, options: ScopeOptions = {}): Promise<void> {
    await this.#ask('resume', reason, options, options.recursive ?? false);
  }

  /**
   * Asks the instance to clean up and end: CancelledError is thrown where its code waits, its running activities are told
   * by their `signal`, and its sub-orchestrations are canceled likewise unless `recursive` is false. It is `Canceled` once
   * that error leaves the code; code that returns instead completes it, and code that continues as new goes on. Resolves when the request is committed; of no
   * effect on one that is canceled already. One that is suspended is told when it is resumed; its children that
   * were suspended with it need not be. Rejects as `suspend`.
   */
  async cancel(reason?: string, options: ScopeOptions = {}): Promise<void> {
    await this.#ask('cancel', reason, options, options.recursive ?? true);
  }

  /**
   * Ends the instance at once, also one that is suspended: nothing of its code runs any more. Its sub-orchestrations are
   * terminated with it unless `recursive` is false; its running activities are told by their `signal`. Resolves when that is
   * committed. Rejects as `suspend`, and further:
   *
   * @throws {UnserializableError} for an output that cannot be stored; TooDeepError and ForbiddenKeyError likewise
   * @throws {PayloadTooLargeError} for an output of more than the hub's `maxValueBytes`, 16 MiB by default
   */
  async terminate(output?: unknown, options: TerminateOptions = {}): Promise<void> {
    const { commands } = this.#orchestrations;
    const { reason, recursive = true } = options;
    const said = reason === undefined ? {} : { reason };
    const command = { action: 'terminate' as const, ...commands.output(output), ...said, recursive };
    await commands.ask(this.instanceId, command, this.#target.run, options);
  }

  /**
   * Lets a failed instance go on as if what ended it had not failed: the activities, sub-orchestrations and entity
   * operations whose failures it failed of are run again, with all that succeeded kept. Activities that had not ended are run
   * again, too; operations that had not answered are waited for, and not carried out twice. Resolves when that is committed;
   * wait for the result again. Rejects as `suspend`, and further:
   *
   * @throws {NotRewindableError} when it has not failed, or would fail again at once
   * @throws {NoWorkerError} when no worker has its code, and something else was asked of it meanwhile
   */
  async rewind(reason?: string, options: CallOptions = {}): Promise<void> {
    const { commands } = this.#orchestrations;
    commands.forgetEnd(this.instanceId, this.#target.run);
    await this.#ask('rewind', reason, options);
    commands.forgetEnd(this.instanceId, this.#target.run); // that may have been told meanwhile
  }

  /**
   * Starts the instance's orchestrator again with the input of its last execution, as the same instance or as another one.
   * Resolves with the handle of the new run. Rejects as `suspend` and `startNew`, and further:
   *
   * @throws {InstanceNotEndedError} when it has not ended and is to be the same instance
   */
  async restart(options: RestartOptions = {}): Promise<OrchestrationHandle<T, O>> {
    return new OrchestrationHandle<T, O>(
      this.#orchestrations,
      await this.#orchestrations.restart(this.#target, options),
    );
  }

  /**
   * Removes all that is stored of the instance once it has ended: it is as if it had never been. Its sub-orchestrations that
   * have ended are removed with it, and theirs, unless `recursive` is false: also those of executions before it continued as
   * new, as far as their views, which are up to some 100 ms behind, show them. Resolves when that is committed. Rejects as
   * `suspend`, and further:
   *
   * @throws {InstanceNotEndedError} when it has not ended
   */
  async purge(options: ScopeOptions = {}): Promise<void> {
    await this.#ask('purge', undefined, options, options.recursive ?? true);
  }

  async #ask(
    action: ControlAction,
    reason: string | undefined,
    options: CallOptions,
    recursive?: boolean,
  ): Promise<void> {
    const command = { action, ...(reason !== undefined && { reason }), ...(recursive !== undefined && { recursive }) };
    await this.#orchestrations.commands.ask(this.instanceId, command, this.#target.run, options);
  }
}
