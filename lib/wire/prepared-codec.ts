import { notedChange } from './entity-history.js';
import { stateFields } from './entity-state.js';
import { yes } from './history-shapes.js';
import { addressed } from './message-codec.js';
import { plannedOperation } from './planned-codec.js';
import type { Prepared, PreparedChange } from './prepared.js';
import { count, list, object, optional, string } from './shapes.js';

/** What is prepared is told as a whole. */
const { patches: _, ...state } = stateFields;

const change = {
  ...state,
  change: optional(notedChange),
  deleted: optional(yes),
  planned: optional(list(plannedOperation)),
  unplanned: optional(list(string)),
  messages: optional(list(addressed)),
};

/** What a record says of an operation of a transaction. */
export const preparedChange = object<PreparedChange>(change);

/** What a head says of a transaction that is not decided. */
export const prepared = object<Prepared>({ operations: count, ...change });
