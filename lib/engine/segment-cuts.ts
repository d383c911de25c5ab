import { isInbound } from '../core/replay-check.js';
import type { HistoryEvent } from '../core/history.js';
import { utf8Length } from '../wire/text.js';

/** A segment holds about so many bytes of events. */
const SEGMENT_TARGET = 512 * 1024;

/** Cuts a history into parts that fit a message each; cuts fall between turns, so each part can be replayed by itself. */
export function cutSegments(history: readonly HistoryEvent[]): readonly (readonly HistoryEvent[])[] {
  const parts: HistoryEvent[][] = [];
  let [part, size]: [HistoryEvent[], number] = [[], 0];
  for (const turn of turnsOf(history)) {
    const length = utf8Length(JSON.stringify(turn));
    if (part.length > 0 && size + length > SEGMENT_TARGET) {
      parts.push(part);
      [part, size] = [[], 0];
    }
    part.push(...turn);
    size += length;
  }
  if (part.length > 0) parts.push(part);
  return parts;
}

function turnsOf(history: readonly HistoryEvent[]): HistoryEvent[][] {
  const turns: HistoryEvent[][] = [];
  for (const event of history) {
    if (isInbound(event) || turns.length === 0) turns.push([event]);
    else turns.at(-1)!.push(event);
  }
  return turns;
}
