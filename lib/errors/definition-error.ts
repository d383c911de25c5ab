import { PerdureError } from './perdure-error.js';

/** A decorated class or a definition cannot work as written; the text names the fix. */
export class DefinitionError extends PerdureError {
  readonly code = 'PERDURE_DEFINITION';
}
