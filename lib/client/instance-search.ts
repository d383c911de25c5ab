import { ConfigError, TimeoutError } from '../errors.js';
import type { RuntimeStatus } from '../wire/head.js';
import type { ClientSession } from './client-session.js';
import { decodeContinuation, encodeContinuation } from './continuation.js';
import { checkFilter, type CheckedFilter, type InstanceFilter } from './instance-filter.js';
import type { InstanceReads } from './instance-reads.js';
import { findInstances, type FoundInstance } from './instance-scan.js';
import { statusFor, type OrchestrationStatus } from './orchestration-status.js';
import { ScanReader, START, type ScanPosition } from './view-scan.js';
import type { Wait, WaitOptions } from './waits.js';

/** Instances on a page, unless it is said, and at most. */
const PAGE = 100;
const LARGEST_PAGE = 1_000;

/** So many views are read at the same time. */
const TOGETHER = 100;

/** How instances are listed. */
export interface ListOptions extends WaitOptions {
  /**
   * Whether inputs and outputs are told, which may be large and are fetched one by one then. Default false: `input` and
   * `output` are undefined.
   */
  readonly fetchInputsAndOutputs?: boolean | undefined;
}

/** Which part of a list is wanted. */
export interface PageOptions extends WaitOptions {
  /** So many instances at most: 1 to 1,000. Default 100. */
  readonly pageSize?: number | undefined;
  /** Where to go on: what the page before has said. Default: at the beginning. */
  readonly continuationToken?: string | undefined;
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
  readonly #timeout: number;

  /** @param timeout how long to look for, unless a caller says it, in milliseconds. */
  constructor(session: ClientSession, reads: InstanceReads, timeout: number) {
    this.#session = session;
    this.#reads = reads;
    this.#timeout = timeout;
  }

  async page(filter: InstanceFilter, options: ListOptions & PageOptions): Promise<InstancePage> {
    const { fetchInputsAndOutputs = false } = options;
    const { items, continuationToken } = await this.#page(filter, options, (found, checked) =>
      this.#statuses(found, checked, fetchInputsAndOutputs),
    );
    return { instances: items, continuationToken };
  }

  async idPage(filter: InstanceFilter, options: PageOptions): Promise<InstanceIdPage> {
    const { items, continuationToken } = await this.#page(filter, options, (found) =>
      Promise.resolve(found.map(({ instanceId }) => instanceId)),
    );
    return { instanceIds: items, continuationToken };
  }

  async count(filter: InstanceFilter, options: WaitOptions): Promise<InstanceCounts> {
    const scan = findInstances(this.#session.ports, checkFilter(filter));
    const counts: Partial<Record<RuntimeStatus, number>> = {};
    let total = 0;
    return this.#within<InstanceCounts>(options, async (wait) => {
      for await (const found of scan) {
        if (wait.isOver) return;
        total += found.length;
        for (const { summary } of found) counts[summary.status] = (counts[summary.status] ?? 0) + 1;
      }
      wait.succeed({ total, byRuntimeStatus: counts });
    });
  }

  /** One after another, read as they are wanted. The limit of time is one for each look. */
  async *all(filter: InstanceFilter, options: ListOptions): AsyncGenerator<OrchestrationStatus, void> {
    const { fetchInputsAndOutputs = false } = options;
    const checked = checkFilter(filter);
    const scan = new ScanReader(findInstances(this.#session.ports, checked));
    try {
      for (;;) {
        const statuses = await this.#within<readonly OrchestrationStatus[] | undefined>(options, async (wait) => {
          const found = await scan.take(TOGETHER, () => !wait.isOver);
          wait.succeed(found && (await this.#statuses(found, checked, fetchInputsAndOutputs)));
        });
        if (!statuses) return;
        yield* statuses;
      }
    } finally {
      scan.close();
    }
  }

  async #page<T>(
    filter: InstanceFilter,
    options: PageOptions,
    itemsOf: (found: readonly FoundInstance[], filter: CheckedFilter) => Promise<readonly T[]>,
  ): Promise<{ readonly items: readonly T[]; readonly continuationToken: string | undefined }> {
    const checked = checkFilter(filter);
    const { pageSize = PAGE, continuationToken } = options;
    if (!Number.isInteger(pageSize) || pageSize < 1 || pageSize > LARGEST_PAGE)
      throw new ConfigError(`pageSize: must be a whole number from 1 to ${LARGEST_PAGE}, not ${String(pageSize)}`);
    const { ports } = this.#session;
    const scope = { hub: ports.name, partitions: ports.partitions, filter: checked };
    const from = continuationToken === undefined ? START : decodeContinuation(continuationToken, scope);
    const scan = new ScanReader(findInstances(ports, checked, from));
    const items: T[] = [];
    let next: ScanPosition | undefined = from;
    const read = this.#within<void>(options, async (wait) => {
      while (items.length < pageSize && next && !wait.isOver) {
        const found = await scan.take(Math.min(TOGETHER, pageSize - items.length), () => !wait.isOver);
        items.push(...(await itemsOf(found ?? [], checked)));
        next = found?.at(-1)?.next;
      }
      wait.succeed();
    });
    await read.finally(() => scan.close());
    return { items, continuationToken: next && encodeContinuation(next, scope) };
  }

  /** What the views say now of those that were found, unless they are gone or do not fit any more. */
  async #statuses(
    found: readonly FoundInstance[],
    filter: CheckedFilter,
    fetchInputsAndOutputs: boolean,
  ): Promise<readonly OrchestrationStatus[]> {
    const statuses = await Promise.all(
      found.map(({ instanceId }) => this.#reads.viewed(instanceId, filter, fetchInputsAndOutputs)),
    );
    return statuses
      .filter((status) => status !== undefined)
      .map((status) => statusFor(status, 'view', this.#session.values));
  }

  /** Within the caller's time, or the client's. */
  #within<T>(options: WaitOptions, run: (wait: Wait<T>) => Promise<void>): Promise<T> {
    const { timeoutInMilliseconds = this.#timeout, signal } = options;
    const late = () =>
      new TimeoutError(
        `The instances of task hub ${this.#session.ports.name} were not all looked at within ${timeoutInMilliseconds} ms. ` +
          'Allow more time, or look whether the server can be reached.',
      );
    return this.#session.waits.within({ timeoutInMilliseconds, signal }, late, run);
  }
}
