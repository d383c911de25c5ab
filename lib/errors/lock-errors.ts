import { FailureError, type FailureDetails } from './failures.js';
import { PerdureError } from './perdure-error.js';

/** An orchestrator does in a critical section, or in a transaction, what must not be done there. Nothing of what it asked for was recorded. */
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

/**
 * A transaction was aborted, and nothing of it was carried out: one of its operations failed, it took longer than it may, or
 * an operator ended it. The cause is the failure of the operation, if there is one.
 */
export class TransactionAbortedError extends FailureError {
  readonly code = 'PERDURE_TRANSACTION_ABORTED';
  constructor(details: FailureDetails) {
    super(details.message, details);
  }
}
