import type { OrchestrationHead, SegmentReference } from './head.js';

/** How many events are in these segments: they begin with the first one of the history. */
export function countIn(segments: readonly SegmentReference[]): number {
  return (segments.at(-1)?.last ?? -1) + 1;
}

/** How many events the history of an execution has. */
export function historyLengthOf({ segments, history }: Pick<OrchestrationHead, 'segments' | 'history'>): number {
  return countIn(segments) + history.length;
}
