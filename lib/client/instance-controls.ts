import { checkInstanceId } from '../wire/checks.js';
import { anyRunOf } from './instance-handlers.js';
import type { PurgeOptions } from './instance-commands.js';
import { InstanceLists } from './instance-lists.js';
import { OrchestrationHandle, type ScopeOptions, type TerminateOptions } from './orchestration-handle.js';
import type { Orchestrations, RestartOptions } from './orchestrations.js';
import type { PurgeFilter } from './purge-filter.js';
import type { EndedInstance } from './restoring.js';
import type { CallOptions } from './waits.js';

/**
 * What a client does with instances by their ids: as their handles do, whichever run of theirs there is.
 *
 * @example
 * ```ts
 * import type { TaskHubClient } from 'perdure';
 *
 * export async function close(client: TaskHubClient, instanceId: string): Promise<void> {
 *   await client.terminate(instanceId, undefined, { reason: 'the shop is closed' });
 *   await client.purge(instanceId);
 * }
 * ```
 */
export abstract class InstanceControls extends InstanceLists {
  readonly #orchestrations: Orchestrations;

  /** @internal */
  constructor(orchestrations: Orchestrations) {
    super(orchestrations.search);
    this.#orchestrations = orchestrations;
  }

  /**
   * Suspends an instance. As `OrchestrationHandle.suspend`.
   *
   * @throws {InvalidIdError} for an id that is none
   */
  async suspend(instanceId: string, reason?: string, options: ScopeOptions = {}): Promise<void> {
    return this.#handle(instanceId).suspend(reason, options);
  }

  /**
   * Lets a suspended instance go on. As `OrchestrationHandle.resume`.
   *
   * @throws {InvalidIdError} for an id that is none
   */
  async resume(instanceId: string, reason?: string, options: ScopeOptions = {}): Promise<void> {
    return this.#handle(instanceId).resume(reason, options);
  }

  /**
   * Asks an instance to clean up and end. As `OrchestrationHandle.cancel`.
   *
   * @throws {InvalidIdError} for an id that is none
   */
  async cancel(instanceId: string, reason?: string, options: ScopeOptions = {}): Promise<void> {
    return this.#handle(instanceId).cancel(reason, options);
  }

  /**
   * Ends an instance at once. As `OrchestrationHandle.terminate`.
   *
   * @throws {InvalidIdError} for an id that is none
   */
  async terminate(instanceId: string, output?: unknown, options: TerminateOptions = {}): Promise<void> {
    return this.#handle(instanceId).terminate(output, options);
  }

  /**
   * Lets a failed instance go on as if what ended it had not failed. As `OrchestrationHandle.rewind`.
   *
   * @throws {InvalidIdError} for an id that is none
   */
  async rewind(instanceId: string, reason?: string, options: CallOptions = {}): Promise<void> {
    return this.#handle(instanceId).rewind(reason, options);
  }

  /**
   * Starts an instance again with the same input. As `OrchestrationHandle.restart`.
   *
   * @throws {InvalidIdError} for an id that is none
   */
  async restart<T = unknown>(instanceId: string, options: RestartOptions = {}): Promise<OrchestrationHandle<T>> {
    return this.#handle<T>(instanceId).restart(options);
  }

  /**
   * Removes all that is stored of an instance that has ended. As `OrchestrationHandle.purge`.
   *
   * @throws {InvalidIdError} for an id that is none
   */
  async purge(instanceId: string, options: ScopeOptions = {}): Promise<void> {
    return this.#handle(instanceId).purge(options);
  }

  /**
   * Brings back an instance that had ended, of this hub or another one, by what was told of it: with its history, and so with its
   * orchestrator, input, output or failure, times, version, tags and memo. None of its code runs, and nobody is told of its end. It
   * is there from then on as if it had ended here: it can be looked at, found, rewound, started again and purged, and it is kept as long as its class says. Workers are to be updated before clients that use this.
   *
   * @example
   * ```ts
   * import type { TaskHubClient } from 'perdure';
   *
   * export async function move(from: TaskHubClient, to: TaskHubClient): Promise<void> {
   *   for await (const { instanceId, customStatus } of from.allInstances({ runtimeStatus: 'Completed' })) {
   *     const history = await from.getHandle(instanceId).history();
   *     await to.restoreInstance(instanceId, { history, customStatus });
   *   }
   * }
   * ```
   *
   * @throws {InvalidIdError} for an id that is none
   * @throws {ConfigError} for a history that is none, or does not end
   * @throws {InstanceExistsError} when there is an instance of this id, ended or not
   * @throws {PayloadTooLargeError} for more than the hub's `maxValueBytes`, 16 MiB by default
   * @throws {TimeoutError} when there was no answer in time; its text says whether the request is stored
   * @throws {ClosedError} when the client or the connection is closed
   */
  async restoreInstance(instanceId: string, ended: EndedInstance, options: CallOptions = {}): Promise<void> {
    await this.#orchestrations.commands.restore(checkInstanceId(instanceId), ended, options);
  }

  /**
   * Purges all instances that have ended and fit a filter; resolves with how many, not counting those that were purged with
   * their parents. They are found by their views, which are up to some 100 ms behind, and looked at again before they are
   * purged.
   *
   * @throws {ConfigError} for a field of the filter that there is not, and states that are none or no ends; what `listInstances`
   *   throws for the other fields
   * @throws {TimeoutError} when there was no answer for one of them in time, or not for all; it may be called again
   * @throws {CorruptHistoryError} when a view cannot be read; VersionTooNewError when a newer version wrote it
   * @throws {ClosedError} when the client or the connection is closed
   */
  async purgeInstances(filter: PurgeFilter = {}, options: PurgeOptions = {}): Promise<number> {
    return this.#orchestrations.commands.purgeAll(filter, options);
  }

  #handle<T = unknown>(instanceId: string): OrchestrationHandle<T> {
    return new OrchestrationHandle<T>(this.#orchestrations, anyRunOf(checkInstanceId(instanceId)));
  }
}
