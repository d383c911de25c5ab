import { FailureError, type FailureDetails } from './failures.js';
import { PerdureError } from './perdure-error.js';

/** An orchestrator does in a critical section what must not be done there. Nothing of what it asked for was recorded. */
export class CriticalSectionError extends PerdureError {
  readonly code = 'PERDURE_CRITICAL_SECTION';
}

/**
 * A critical section has lost the lock of an entity: its lease has run out, or an operator has broken it. What the section
 * has done before stays done; the entity does nothing for it any more.
 */
export class LockLostError extends FailureError {
  readonly code = 'PERDURE_LOCK_LOST';
  constructor(details: FailureDetails) {
    super(details.message, details);
  }
}
