import { StateMigrationError, StateTooNewError } from '../errors.js';
import { toFailureDetails } from './failure.js';
import type { EntityId } from './history.js';
import { disown, isThenable } from './illegal-await.js';
import type { Json, ValueCodec } from './values.js';

/** The version of states that say none. */
export const FIRST_VERSION = 1;

/** What a class says of the versions of its states. */
export interface VersionedState {
  /** The version of the states that its code makes, from 1. */
  readonly stateVersion: number;
  /** Makes a state of that version of an older one, of which it gets a copy. Absent: there are no older ones. */
  readonly migrate?: ((old: unknown, fromVersion: number) => unknown) | undefined;
}

/**
 * A stored state as the code of a class has it: one of an older version is migrated. Throws StateTooNewError for one of a newer
 * version, StateMigrationError when the migration throws or makes what cannot be stored.
 */
export function migrated(
  state: Json,
  version: number,
  { stateVersion, migrate }: VersionedState,
  entity: EntityId,
  values: ValueCodec,
): Json {
  if (version === stateVersion) return state;
  if (version > stateVersion || !migrate) throw new StateTooNewError(entity.name, entity.key, version, stateVersion);
  try {
    const made = migrate(values.decode(state), version);
    if (isThenable(made)) {
      disown(made);
      throw new TypeError('migrate returned a promise, and cannot be asynchronous');
    }
    const stored = values.encode(made);
    if (stored === undefined) throw new TypeError('migrate returned no state');
    return stored;
  } catch (cause) {
    const { message } = toFailureDetails(cause);
    throw new StateMigrationError(entity.name, entity.key, version, stateVersion, message, { cause });
  }
}
