import type { HistoryEvent } from '../core/history.js';
import type { ParentRun } from '../wire/head-summary.js';
import type { SegmentReference } from '../wire/head.js';
import type { Address } from '../wire/messages.js';
import type { ChildrenSearch, FoundChild } from './children-search.js';
import type { Segments } from './segments.js';

/** What an orchestration instance reads beside its head. */
export interface StoredParts {
  /** Stored parts of its history. */
  segments(references: readonly SegmentReference[]): Promise<readonly HistoryEvent[]>;
  /** The children of one of its runs. */
  childrenOf(parent: ParentRun): Promise<readonly FoundChild[]>;
}

/** Those of the instance at an address. */
export class PartsOfInstance implements StoredParts {
  readonly #address: Address;
  readonly #segments: Segments;
  readonly #children: ChildrenSearch | undefined;

  /** Without a search for children there is nothing to purge. */
  constructor(address: Address, segments: Segments, children?: ChildrenSearch) {
    this.#address = address;
    this.#segments = segments;
    this.#children = children;
  }

  segments(references: readonly SegmentReference[]): Promise<readonly HistoryEvent[]> {
    return this.#segments.read(references, this.#address);
  }

  async childrenOf(parent: ParentRun): Promise<readonly FoundChild[]> {
    return (await this.#children?.find(parent)) ?? [];
  }
}
