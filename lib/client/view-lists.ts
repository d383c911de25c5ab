import type { HubPorts } from '../engine/ports.js';
import { ConfigError, TimeoutError } from '../errors.js';
import type { ClientSession } from './client-session.js';
import { decodeContinuation, encodeContinuation } from './continuation.js';
import { ScanReader, START, type Found, type Scan, type ScanPosition } from './view-scan.js';
import type { Wait, WaitOptions } from './waits.js';

/** Items on a page, unless it is said, and at most. */
export const PAGE = 100;
export const LARGEST_PAGE = 1_000;

/** So many views are read at the same time. */
const TOGETHER = 100;

/** Which part of a list is wanted. */
export interface PageOptions extends WaitOptions {
  /** So many instances or entities at most: 1 to 1,000. Default 100. */
  readonly pageSize?: number | undefined;
  /** Where to go on: what the page before has said. Default: at the beginning. */
  readonly continuationToken?: string | undefined;
}

/** A part of a list. */
interface Page<T> {
  readonly items: readonly T[];
  /** Where the list goes on; undefined: this was the end. A page behind a full one may be empty. */
  readonly continuationToken: string | undefined;
}

/** What is listed, by a filter `G` that is `C` once it was found to be one. */
export interface Listed<G, C, F extends Found> {
  /** How it is called. */
  readonly plural: string;
  check(filter: G): C;
  find(ports: HubPorts, filter: C, from?: ScanPosition): Scan<F>;
}

/** What is told of what was found; of some of it perhaps nothing. At most a hundred at a time. */
type ItemsOf<C, F, T> = (found: readonly F[], filter: C) => Promise<readonly T[]>;

/** Lists of what views tell (docs/adr/0042). */
export class ViewLists<G, C extends { readonly text: string }, F extends Found> {
  readonly #session: ClientSession;
  readonly #timeout: number;
  readonly #listed: Listed<G, C, F>;

  /** @param timeout how long to look for, unless a caller says it, in milliseconds. */
  constructor(session: ClientSession, timeout: number, listed: Listed<G, C, F>) {
    this.#session = session;
    this.#timeout = timeout;
    this.#listed = listed;
  }

  /** A page that is full unless it is the last one, also when of some that were found there is nothing to tell. */
  async page<T>(filter: G, options: PageOptions, itemsOf: ItemsOf<C, F, T>): Promise<Page<T>> {
    const checked = this.#listed.check(filter);
    const { pageSize = PAGE, continuationToken } = options;
    if (!Number.isInteger(pageSize) || pageSize < 1 || pageSize > LARGEST_PAGE)
      throw new ConfigError(`pageSize: must be a whole number from 1 to ${LARGEST_PAGE}, not ${String(pageSize)}`);
    const { ports } = this.#session;
    const scope = { hub: ports.name, partitions: ports.partitions, filter: checked };
    const from = continuationToken === undefined ? START : decodeContinuation(continuationToken, scope);
    const scan = new ScanReader(this.#listed.find(ports, checked, from));
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

  /** One after another, read as they are wanted. The limit of time is one for each look. */
  async *all<T>(filter: G, options: WaitOptions, itemsOf: ItemsOf<C, F, T>): AsyncGenerator<T, void> {
    const checked = this.#listed.check(filter);
    const scan = new ScanReader(this.#listed.find(this.#session.ports, checked));
    try {
      for (;;) {
        const items = await this.#within<readonly T[] | undefined>(options, async (wait) => {
          const found = await scan.take(TOGETHER, () => !wait.isOver);
          wait.succeed(found && (await itemsOf(found, checked)));
        });
        if (!items) return;
        yield* items;
      }
    } finally {
      scan.close();
    }
  }

  /** Goes through all that is found, within one limit of time. */
  async each(filter: G, options: WaitOptions, take: (found: readonly F[]) => void): Promise<void> {
    const scan = this.#listed.find(this.#session.ports, this.#listed.check(filter));
    return this.#within<void>(options, async (wait) => {
      for await (const found of scan) {
        if (wait.isOver) return;
        take(found);
      }
      wait.succeed();
    });
  }

  /** Within the caller's time, or the client's. */
  #within<T>(options: WaitOptions, run: (wait: Wait<T>) => Promise<void>): Promise<T> {
    const { timeoutInMilliseconds = this.#timeout, signal } = options;
    const late = () =>
      new TimeoutError(
        `The ${this.#listed.plural} of task hub ${this.#session.ports.name} were not all looked at within ` +
          `${timeoutInMilliseconds} ms. Allow more time, or look whether the server can be reached.`,
      );
    return this.#session.waits.within({ timeoutInMilliseconds, signal }, late, run);
  }
}
