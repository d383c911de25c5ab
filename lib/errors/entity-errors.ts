import { PerdureError } from './perdure-error.js';

/** A readonly operation changed the state of its entity. */
export class ReadonlyOperationError extends PerdureError {
  readonly code = 'PERDURE_READONLY_OPERATION';
  constructor(
    /** The entity's registered name. */ readonly entity: string,
    /** The operation's name. */ readonly operation: string,
  ) {
    super(
      `${entity}.${operation} is readonly, but changed the state: nothing of that is kept. Leave the state alone, or take ` +
        'readonly away from its @Operation.',
    );
  }
}

/** A stored state could not be migrated to the version that the entity's code has: nothing of it was changed. */
export class StateMigrationError extends PerdureError {
  readonly code = 'PERDURE_STATE_MIGRATION';
  constructor(
    /** The entity's registered name. */ readonly entity: string,
    /** Its key. */ readonly key: string,
    /** The version of the stored state. */ readonly fromVersion: number,
    /** The version that the code has. */ readonly toVersion: number,
    /** What `migrate` threw, or what is wrong with what it made. */ reason: string,
    options?: ErrorOptions,
  ) {
    super(
      `The state of ${entity} "${key}" cannot be migrated from version ${fromVersion} to ${toVersion}: ${reason}. It stays as it is; ` +
        'mend migrate and deploy it.',
      options,
    );
  }
}

/** What an entity was then is not kept: its class keeps no history, or not so long a one, or it had no such change. */
export class HistoryNotKeptError extends PerdureError {
  readonly code = 'PERDURE_HISTORY_NOT_KEPT';
  constructor(
    /** The entity's registered name. */ readonly entity: string,
    /** Its key. */ readonly key: string,
  ) {
    super(
      `What ${entity} "${key}" was then is not kept. Its class says how many changes are, @Entity(name, { keepHistory: ... }); ` +
        'client.entities.history tells which.',
    );
  }
}

/** A stored state has a newer version than the class at hand: nothing was done with it. */
export class StateTooNewError extends PerdureError {
  readonly code = 'PERDURE_STATE_TOO_NEW';
  constructor(
    /** The entity's registered name. */ readonly entity: string,
    /** Its key. */ readonly key: string,
    /** The version of the stored state. */ readonly found: number,
    /** The version of the states that the class makes. */ readonly supported: number,
  ) {
    super(
      `The state of ${entity} "${key}" has version ${found}, the class here has ${supported}. Use the newer class, or read it by name.`,
    );
  }
}
