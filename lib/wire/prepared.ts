import type { NotedChange } from './entity-history.js';
import type { StoredState } from './entity-state.js';
import type { Addressed } from './messages.js';
import type { PlannedOperation } from './planned.js';

/** What an operation of a transaction prepares in its entity: nobody sees it before that is committed (P23). */
export interface PreparedChange extends Omit<StoredState, 'patches'> {
  /** What is noted of the change from the committed state, where a history is kept. */
  readonly change?: NotedChange;
  /** The state is gone. */
  readonly deleted?: true;
  /** What becomes of the operations that the entity is to carry out at times. */
  readonly planned?: readonly PlannedOperation[];
  readonly unplanned?: readonly string[];
  /** What it has sent, in order. */
  readonly messages?: readonly Addressed[];
}

/** What all operations of a transaction so far have prepared in an entity. */
export interface Prepared extends PreparedChange {
  /** So many of them have changed something. */
  readonly operations: number;
}
