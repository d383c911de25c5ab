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
