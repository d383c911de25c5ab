import type { StatePatch } from '../core/state-patches.js';
import type { Json } from '../core/values.js';
import { statePatches } from './entity-state.js';
import { json, yes } from './history-shapes.js';
import { count, finite, list, object, optional, string, type Shape } from './shapes.js';

/**
 * One change of an entity's state, and the way back: `undo`, or the state before it, `former`. With neither, the entity did not exist before; or
 * that state is not kept, if the history is `cut` there.
 */
export interface StateChangeNote {
  /** When the operation was taken that made it, in milliseconds since 1970. */
  readonly at: number;
  /** That operation. */
  readonly by: string;
  readonly undo?: readonly StatePatch[];
  readonly former?: Json;
  /** The version of the former state's schema, above 1. */
  readonly formerVersion?: number;
  readonly cut?: true;
}

/** As a step says it, with how many changes are kept then. */
export interface NotedChange extends StateChangeNote {
  readonly keep: number;
}

/** The last changes of an entity, the oldest first. */
export interface StateHistory {
  /** How many there were since the entity began to exist: the number of the last one. */
  readonly last: number;
  readonly kept: readonly StateChangeNote[];
}

const note = {
  at: finite,
  by: string,
  undo: optional(statePatches),
  former: optional(json),
  formerVersion: optional(count),
  cut: optional(yes),
};

export const notedChange: Shape<NotedChange> = object<NotedChange>({ ...note, keep: count });

export const stateHistory: Shape<StateHistory> = object<StateHistory>({
  last: count,
  kept: list(object<StateChangeNote>(note)),
});
