import type { FailureDetails } from '../errors.js';
import type { LockedEntity } from './locks.js';

/** An entity's mailbox as the owner of its partition sees it. Times are in milliseconds since 1970. */
export interface EntityInspection {
  /** The worker that owns it. */
  readonly worker: string;
  /** The number of the takeover under which it does. */
  readonly epoch: number;
  /** Whether it exists. */
  readonly exists: boolean;
  /** Messages that wait, without the one that is being carried out. */
  readonly waiting: number;
  /** Since when the first of them has waited, at least; absent: none waits, or an owner of an older version does not say. */
  readonly waitingSince?: number;
  /** The operation that runs, which all others wait for. Only asynchronous ones are ever seen here. */
  readonly running?: RunningOperation;
  /** That it is locked, and who waits to lock it. */
  readonly locked?: LockedEntity;
  /** Operations that wait for their times, and the first of these. */
  readonly planned: number;
  readonly nextTime?: number;
  /** When its last operation was taken that was not readonly; absent: never. */
  readonly lastOperation?: number;
  /** The last operation that failed here, since the entity was loaded. */
  readonly lastFailure?: FailedOperation;
  /** Since when it is in quarantine, and takes nothing. */
  readonly quarantined?: number;
  /** The name of the entity, when it waits for a worker that has its code. */
  readonly waitsForCode?: string;
  /** When the last record of its partition was sealed that is known to be stored. */
  readonly committedAt?: number;
}

/** An operation that runs. */
export interface RunningOperation {
  /** Its name. */
  readonly operation: string;
  /** When it began; absent: another worker runs it. */
  readonly since?: number;
  /** The calls whose answers it waits for: the address of the entity, and the operation. */
  readonly calls: readonly string[];
}

/** An operation that failed. */
export interface FailedOperation {
  /** Its name. */
  readonly operation: string;
  /** When it was taken. */
  readonly at: number;
  /** What it threw. */
  readonly failure: FailureDetails;
}
