import type { RuntimeStatus } from '../wire/head.js';
import type { ClientSession } from './client-session.js';
import { checkFilter, type CheckedFilter, type InstanceFilter } from './instance-filter.js';
import type { InstanceReads } from './instance-reads.js';
import { findInstances, type FoundInstance } from './instance-scan.js';
import { statusFor, type OrchestrationStatus } from './orchestration-status.js';
import { ViewLists, type PageOptions } from './view-lists.js';
import type { WaitOptions } from './waits.js';

/** How instances are listed. */
export interface ListOptions extends WaitOptions {
  /**
   * Whether inputs and outputs are told, which may be large and are fetched one by one then. Default false: `input` and
   * `output` are undefined.
   */
  readonly fetchInputsAndOutputs?: boolean | undefined;
}

/** A part of a list of instances. */
export interface InstancePage {
  /** What the views tell of each: `source` is `view`. */
  readonly instances: readonly OrchestrationStatus[];
  /** Where the list goes on; undefined: this was the end. A page behind a full one may be empty. */
  readonly continuationToken: string | undefined;
}

/** A part of a list of instances' ids. */
export interface InstanceIdPage {
  /** The ids. */
  readonly instanceIds: readonly string[];
  /** Where the list goes on; undefined: this was the end. A page behind a full one may be empty. */
  readonly continuationToken: string | undefined;
}

/** How many instances there are. */
export interface InstanceCounts {
  /** All that fit. */
  readonly total: number;
  /** Of these, by the state that they are in; states that none is in are left away. */
  readonly byRuntimeStatus: Readonly<Partial<Record<RuntimeStatus, number>>>;
}

/** Finds instances by what their views say of them (docs/adr/0042). */
export class InstanceSearch {
  readonly #session: ClientSession;
  readonly #reads: InstanceReads;
  readonly #lists: ViewLists<InstanceFilter, CheckedFilter, FoundInstance>;

  /** @param timeout how long to look for, unless a caller says it, in milliseconds. */
  constructor(session: ClientSession, reads: InstanceReads, timeout: number) {
    this.#session = session;
    this.#reads = reads;
    this.#lists = new ViewLists(session, timeout, { plural: 'instances', check: checkFilter, find: findInstances });
  }

  async page(filter: InstanceFilter, options: ListOptions & PageOptions): Promise<InstancePage> {
    const { items, continuationToken } = await this.#lists.page(filter, options, this.#statuses(options));
    return { instances: items, continuationToken };
  }

  async idPage(filter: InstanceFilter, options: PageOptions): Promise<InstanceIdPage> {
    const { items, continuationToken } = await this.#lists.page(filter, options, (found) =>
      Promise.resolve(found.map(({ instanceId }) => instanceId)),
    );
    return { instanceIds: items, continuationToken };
  }

  async count(filter: InstanceFilter, options: WaitOptions): Promise<InstanceCounts> {
    const counts: Partial<Record<RuntimeStatus, number>> = {};
    let total = 0;
    await this.#lists.each(filter, options, (found) => {
      total += found.length;
      for (const { summary } of found) counts[summary.status] = (counts[summary.status] ?? 0) + 1;
    });
    return { total, byRuntimeStatus: counts };
  }

  all(filter: InstanceFilter, options: ListOptions): AsyncGenerator<OrchestrationStatus, void> {
    return this.#lists.all(filter, options, this.#statuses(options));
  }

  /** What the views say now of those that were found, unless they are gone or do not fit any more. */
  #statuses({ fetchInputsAndOutputs = false }: ListOptions) {
    return async (found: readonly FoundInstance[], filter: CheckedFilter): Promise<readonly OrchestrationStatus[]> => {
      const statuses = await Promise.all(
        found.map(({ instanceId }) => this.#reads.viewed(instanceId, filter, fetchInputsAndOutputs)),
      );
      return statuses
        .filter((status) => status !== undefined)
        .map((status) => statusFor(status, 'view', this.#session.values));
    };
  }
}
