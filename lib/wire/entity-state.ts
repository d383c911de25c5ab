import { patched, type StatePatch } from '../core/state-patches.js';
import type { Json, ValueReference } from '../core/values.js';
import { formatVersion, stateFormat } from './body.js';
import { json } from './history-shapes.js';
import { count, list, object, oneOf, optional, ShapeError, string, type OptionalShape, type Shape } from './shapes.js';
import { valueReference } from './value-references.js';

/** The state of an entity, or where it is; neither: it does not exist. */
export interface StoredState {
  readonly state?: Json;
  readonly stateRef?: ValueReference;
  /** What has changed since the state was stored under `stateRef`, in order. */
  readonly patches?: readonly StatePatch[];
  /** The version of the state's schema, above 1. */
  readonly stateVersion?: number;
}

/** The same with a state as it is now, in place of one as it was stored and what has changed since. Throws CorruptHistoryError. */
export function withChanges<T extends object>(item: T): T {
  const { state, patches, ...rest } = item as T & StoredState;
  return state === undefined || !patches ? item : ({ ...rest, state: patched(state, patches) } as T);
}

/** What says something that format 1 has no words for. */
interface Stated extends Pick<StoredState, 'patches' | 'stateVersion'> {
  /** A change is noted, or such are kept. */
  readonly change?: object;
  readonly changes?: object;
  /** The same of what a transaction has prepared. */
  readonly prepared?: Stated | undefined;
}

/** The format that something has to have because of the states in it. */
export function formatOf(stated: readonly Stated[]): 1 | 2 {
  return stated.some(isNewer) ? stateFormat : formatVersion;
}

function isNewer({ patches, stateVersion, change, changes, prepared }: Stated): boolean {
  const isItself = patches !== undefined || stateVersion !== undefined || change !== undefined || changes !== undefined;
  return isItself || (prepared !== undefined && isNewer(prepared));
}

/** The format of what may have states in it. */
export const eitherFormat = oneOf(formatVersion, stateFormat);

/** One step of a path: a key of an object, or a place in an array. */
const step: Shape<string | number> = (value) => (typeof value === 'string' ? string(value) : count(value));

const path: Shape<StatePatch['path']> = (value) => {
  const found = list(step)(value);
  if (found.length === 0) throw new ShapeError('must lead to something');
  return found;
};

export const statePatches: Shape<readonly StatePatch[]> = list(
  object<StatePatch>({ op: oneOf('add', 'remove', 'replace'), path, value: optional(json) }),
);

/** The fields of a state in a record, a head, or an answer. */
export const stateFields: { readonly [K in keyof Required<StoredState>]: OptionalShape<Required<StoredState>[K]> } = {
  state: optional(json),
  stateRef: optional(valueReference),
  patches: optional(statePatches),
  stateVersion: optional(count),
};
