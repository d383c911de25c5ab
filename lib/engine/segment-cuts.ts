import type { HistoryEvent } from '../core/history.js';
import { utf8Length } from '../wire/text.js';

/** A segment holds about so many bytes of events. */
const SEGMENT_TARGET = 512 * 1024;

/** Cuts a history into parts that fit a message each, anywhere: one turn may bring more than that. */
export function cutSegments(history: readonly HistoryEvent[]): readonly (readonly HistoryEvent[])[] {
  const parts: HistoryEvent[][] = [];
  let [part, size]: [HistoryEvent[], number] = [[], 0];
  for (const event of history) {
    const length = utf8Length(JSON.stringify(event));
    if (part.length > 0 && size + length > SEGMENT_TARGET) {
      parts.push(part);
      [part, size] = [[], 0];
    }
    part.push(event);
    size += length;
  }
  if (part.length > 0) parts.push(part);
  return parts;
}
