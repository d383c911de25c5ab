import type { EntityId } from '../core/history.js';
import { FIRST_VERSION } from '../core/state-migration.js';
import { patched } from '../core/state-patches.js';
import type { Json } from '../core/values.js';
import { HistoryNotKeptError } from '../errors.js';
import type { StateChangeNote, StateHistory } from '../wire/entity-history.js';

/** A change of an entity's state. */
export interface EntityChange {
  /** Its number: the first operation that ended well was 1. */
  readonly number: number;
  /** When the operation was taken that made it. */
  readonly time: Date;
  /** The operation. */
  readonly operation: string;
}

/** The state of an entity; undefined: it does not exist. */
export interface ReadState {
  readonly state: Json | undefined;
  /** The version of its schema. */
  readonly version: number;
}

/** The changes that are kept, the oldest first. */
export function changesOf({ last, kept }: StateHistory): readonly EntityChange[] {
  const first = last - kept.length + 1;
  return kept.map(({ at, by }, index) => ({ number: first + index, time: new Date(at), operation: by }));
}

/**
 * The state as it was at a time, or behind the change of a number: the present one with its changes taken back, the last one first. Throws
 * HistoryNotKeptError when that is not known.
 */
export function stateAsOf(
  present: ReadState,
  { last, kept }: StateHistory = { last: 0, kept: [] },
  asOf: Date | number,
  entity: EntityId,
): ReadState {
  const isBehind = (number: number, { at }: StateChangeNote): boolean =>
    typeof asOf === 'number' ? number <= asOf : at <= asOf.getTime();
  if (typeof asOf === 'number' && asOf > last) throw new HistoryNotKeptError(entity.name, entity.key);
  let found = present;
  for (let at = kept.length - 1; at >= 0; at--) {
    const [number, change] = [last - (kept.length - 1 - at), kept[at]!];
    if (isBehind(number, change)) return found;
    if (change.cut) break;
    found = before(change, found);
    if (typeof asOf === 'number' ? number - 1 <= asOf : found.state === undefined) return found;
  }
  throw new HistoryNotKeptError(entity.name, entity.key);
}

/** The state before a change. */
function before({ undo, former, formerVersion = FIRST_VERSION }: StateChangeNote, { state }: ReadState): ReadState {
  if (!undo) return { state: former, version: formerVersion };
  return { state: state === undefined ? undefined : patched(state, undo), version: formerVersion };
}
