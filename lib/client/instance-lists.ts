import type { InstanceFilter } from './instance-filter.js';
import type { InstanceCounts, InstanceIdPage, InstancePage, InstanceSearch, ListOptions } from './instance-search.js';
import type { OrchestrationStatus } from './orchestration-status.js';
import type { PageOptions } from './view-lists.js';
import type { WaitOptions } from './waits.js';

/**
 * How a client finds orchestration instances: by their views, whether or not a worker is up. Views are up to some 100 ms
 * behind what is committed, and without a worker they stay as the last one left them; what was started and no worker has taken
 * yet has none. Perdure's own instances, such as those of schedules, are told only to who names their orchestrator.
 *
 * @example
 * ```ts
 * import type { TaskHubClient } from 'perdure';
 *
 * export async function report(client: TaskHubClient): Promise<void> {
 *   const { byRuntimeStatus } = await client.countInstances({ orchestrator: 'order' });
 *   console.log(byRuntimeStatus);
 *   for await (const { instanceId, failure } of client.allInstances({ runtimeStatus: 'Failed', tags: { customer: 'alice' } }))
 *     console.log(instanceId, failure?.message);
 * }
 * ```
 */
export abstract class InstanceLists {
  readonly #search: InstanceSearch;

  /** @internal */
  constructor(search: InstanceSearch) {
    this.#search = search;
  }

  /**
   * A page of the instances that fit a filter, in no order that means anything. Page by page, an instance that is there all
   * the time is told at least once, and once more when it changes meanwhile.
   *
   * @throws {ConfigError} for a field of the filter that there is not, and states, a page size or a timeout that are none
   * @throws {InvalidContinuationTokenError} for a token that no page of this filter has said
   * @throws {InvalidIdError} for a prefix that no id can have; InvalidNameError and DefinitionError for an orchestrator
   * @throws {InvalidTagsError} for tags, InvalidTimeError for times that are none
   * @throws {TimeoutError} when not all was looked at within `timeoutInMilliseconds`, or the client's
   * @throws {CorruptHistoryError} when a view cannot be read; VersionTooNewError when a newer version wrote it
   * @throws {ClosedError} when the client or the connection is closed; the reason of `signal` when it is aborted
   */
  listInstances(filter: InstanceFilter = {}, options: ListOptions & PageOptions = {}): Promise<InstancePage> {
    return this.#search.page(filter, options);
  }

  /** As `listInstances`, the ids only: no view is read as a whole, which is several times faster. */
  listInstanceIds(filter: InstanceFilter = {}, options: PageOptions = {}): Promise<InstanceIdPage> {
    return this.#search.idPage(filter, options);
  }

  /**
   * All instances that fit a filter, each once, read a hundred at a time while they are gone through: it may take as long as it
   * likes. The time limit is one for each hundred. Rejects as `listInstances`, when the first one is asked for.
   */
  allInstances(filter: InstanceFilter = {}, options: ListOptions = {}): AsyncIterableIterator<OrchestrationStatus> {
    return this.#search.all(filter, options);
  }

  /** How many instances fit a filter, in all and by their states. Rejects as `listInstances`. */
  countInstances(filter: InstanceFilter = {}, options: WaitOptions = {}): Promise<InstanceCounts> {
    return this.#search.count(filter, options);
  }
}
