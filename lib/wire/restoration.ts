import type { HistoryEvent } from '../core/history.js';
import { isClosing } from '../core/replay-check.js';
import type { Json } from '../core/values.js';
import { CorruptHistoryError } from '../errors.js';
import { historyEvent, json } from './history-shapes.js';
import { count, list, object, optional, ShapeError, type Shape } from './shapes.js';
import { referencesIn } from './value-references.js';

/** An orchestration instance that had ended, as it is brought back: the output of a control message `restore`. */
export interface RestoredInstance {
  /** Its last execution, from its start to its end, with all values. */
  readonly history: readonly HistoryEvent[];
  readonly customStatus?: Json;
}

/** An entity as it is brought back: the input of an operation message `#restore`. */
export interface RestoredEntity {
  readonly state: Json;
  /** The version of its schema. Absent: the first. */
  readonly stateVersion?: number;
}

const instance = object<RestoredInstance>({ history: list(historyEvent), customStatus: optional(json) });
const entity = object<RestoredEntity>({ state: json, stateVersion: optional(count) });

/** Reads an instance as parsed from JSON. Throws CorruptHistoryError. */
export function readRestoredInstance(parsed: unknown): RestoredInstance {
  const restored = read(instance, parsed);
  const fault = faultOf(restored.history);
  if (fault !== undefined) throw unreadable(fault);
  return restored;
}

/** Reads an entity as parsed from JSON. Throws CorruptHistoryError. */
export function readRestoredEntity(parsed: unknown): RestoredEntity {
  return read(entity, parsed);
}

function read<T>(shape: Shape<T>, parsed: unknown): T {
  try {
    return shape(parsed);
  } catch (error) {
    if (error instanceof ShapeError) throw unreadable(error.message, error);
    throw error;
  }
}

function unreadable(fault: string, cause?: Error): CorruptHistoryError {
  return new CorruptHistoryError(`What is to be brought back cannot be read: ${fault}`, { cause });
}

/** Why it is not what one execution has lived through to its end; undefined: it is. */
function faultOf(history: readonly HistoryEvent[]): string | undefined {
  if (history[0]?.type !== 'ExecutionStarted') return 'its history does not begin with ExecutionStarted';
  if (history.findLastIndex(({ type }) => type === 'ExecutionStarted') > 0) return 'its history has several executions';
  const ends = history.filter(isClosing);
  if (ends.length !== 1 || ends[0]!.type === 'ContinuedAsNew') return 'its history does not end';
  const behind = history.slice(history.indexOf(ends[0]!) + 1);
  if (!behind.every(({ type }) => mayFollow.has(type))) return 'its history goes on behind its end';
  if (history.some((event) => referencesIn(event).length > 0))
    return 'its history names values that are stored elsewhere';
  return undefined;
}

/** Answers of operations that had been called: a rewind goes on with them. */
const mayFollow: ReadonlySet<HistoryEvent['type']> = new Set(['EntityOperationCompleted', 'EntityOperationFailed']);
