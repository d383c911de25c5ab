import type { HistoryEvent } from '../core/history.js';
import type { Orchestrations } from './orchestrations.js';
import type { OrchestrationStatus } from './orchestration-status.js';
import type { StartedRun } from './started-run.js';
import type { WaitOptions } from './waits.js';

/**
 * One orchestration instance, seen from a client; `T` is what it returns.
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
export class OrchestrationHandle<T = unknown> {
  /** The instance's id. */
  readonly instanceId: string;
  readonly #orchestrations: Orchestrations;
  readonly #run: StartedRun | undefined;

  /** Internal: use `startNew` or `getHandle` of a client. */
  constructor(orchestrations: Orchestrations, instanceId: string, run?: StartedRun) {
    this.instanceId = instanceId;
    this.#orchestrations = orchestrations;
    this.#run = run;
  }

  /**
   * What the instance returns, once it has ended, as a copy; without a timeout it is waited for as long as it takes,
   * also while no worker is up. An instance that continues as new is waited for to its last execution. Rejects with the
   * reason of the signal when that is aborted.
   *
   * @throws {OrchestrationFailedError} when it ended without a result
   * @throws {NotFoundError} when there is no such instance
   * @throws {TimeoutError} when it has not ended in time; it goes on
   * @throws {ConfigError} for a timeout that is none
   * @throws {RemoteError} when its owner could not tell
   * @throws {ClosedError} when the client or the connection is closed
   */
  result(options: WaitOptions = {}): Promise<T> {
    return this.#orchestrations.result(this.instanceId, this.#run, options) as Promise<T>;
  }

  /**
   * How the instance stands: exact while a worker owns it, else as of its view (`source` says which).
   *
   * @throws {NotFoundError} when there is no such instance
   * @throws {TimeoutError} when nobody could tell of it within the client's `timeoutInMilliseconds`
   * @throws {RemoteError} when its owner could not tell, such as of an answer too large for one message
   * @throws {CorruptHistoryError} when the view cannot be read; VersionTooNewError when a newer version wrote it
   * @throws {ClosedError} when the client or the connection is closed
   */
  status(): Promise<OrchestrationStatus> {
    return this.#orchestrations.status(this.instanceId, this.#run);
  }

  /**
   * Everything the current execution has lived through, in order; empty while no worker has begun it. A history too
   * large for one message of the server cannot be read while a worker owns the instance. Rejects as `status` does.
   */
  history(): Promise<readonly HistoryEvent[]> {
    return this.#orchestrations.history(this.instanceId, this.#run);
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
   * @throws {TimeoutError} when nobody could tell of it, or it is not known to be stored, within the client's
   * `timeoutInMilliseconds`; its text says whether it was sent
   * @throws {ClosedError} when the client or the connection is closed
   */
  raiseEvent(name: string, data?: unknown): Promise<boolean> {
    return this.#orchestrations.raiseEvent(this.instanceId, name, data, this.#run);
  }
}
