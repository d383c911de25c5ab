import type { HistoryEvent } from '../core/history.js';
import type { ParentRun } from '../wire/head-summary.js';
import type { SegmentReference } from '../wire/head.js';
import type { Address } from '../wire/messages.js';
import type { ChildrenSearch, FoundChild } from './children-search.js';
import type { Segments } from './segments.js';

/** What an orchestration instance reads beside its head. */
export interface StoredParts {
  /** Stored parts of its history. */
  readonly segments: (references: readonly SegmentReference[]) => Promise<readonly HistoryEvent[]>;
  /** The children of one of its runs. */
  readonly childrenOf: (parent: ParentRun) => Promise<readonly FoundChild[]>;
}

/** Without a search for children there is nothing to purge. */
export function storedPartsOf(address: Address, segments: Segments, children?: ChildrenSearch): StoredParts {
  return {
    segments: (references) => segments.read(references, address),
    childrenOf: async (parent) => (await children?.find(parent)) ?? [],
  };
}
