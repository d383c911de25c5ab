import { PerdureError } from './perdure-error.js';

/** Some of the compensations of a saga failed, and all have been tried; the cause is the first error of them. */
export class CompensationFailedError extends PerdureError {
  readonly code = 'PERDURE_COMPENSATION_FAILED';
  constructor(
    /** What those that failed failed with, in the order in which they ran. */ readonly errors: readonly unknown[],
    /** How many compensations there were. */ readonly total: number,
  ) {
    const texts = errors.map((error) => (error instanceof Error ? error.message : String(error)));
    super(`${errors.length} of ${total} compensations failed: ${texts.join('; ')}`, { cause: errors[0] });
  }
}
