import type { HistoryEvent } from '../core/history.js';
import { CorruptHistoryError } from '../errors.js';
import { historyEvent } from './history-shapes.js';
import { list, ShapeError } from './shapes.js';

const events = list(historyEvent);

/** The history of an execution, as parsed from JSON. Throws CorruptHistoryError; `where` names it there. */
export function readHistory(parsed: unknown, where: string): readonly HistoryEvent[] {
  try {
    return events(parsed);
  } catch (error) {
    if (!(error instanceof ShapeError)) throw error;
    throw new CorruptHistoryError(`${where} cannot be read: ${error.message}`, { cause: error });
  }
}
