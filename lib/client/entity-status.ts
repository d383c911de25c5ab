import { RemoteError } from '../errors.js';
import type { EntityInspection } from '../wire/entity-inspection.js';
import { lockedBy, type LockedBy } from './locked-by.js';

/** An entity as whoever operates a hub sees it: what its owner says, or that its partition has none. */
export type EntityStatus = OwnedEntityStatus | { readonly worker: undefined };

/** What the owner of an entity's partition knows of it. */
export interface OwnedEntityStatus {
  /** The worker that owns it. */
  readonly worker: string;
  /** The number of the takeover under which it does. */
  readonly epoch: number;
  /** Whether the entity exists. */
  readonly exists: boolean;
  /** Messages that wait, without the one that is being carried out. */
  readonly waiting: number;
  /**
   * Since when the first of them has waited: when it was stored, or set aside (P4), which comes after it has waited for a second. Undefined:
   * none waits.
   */
  readonly waitingSince: Date | undefined;
  /**
   * The asynchronous operation that runs, which all that wait wait for; since when, unless another worker runs it and that is not
   * known; and the calls whose answers it waits for, each as the address of the called entity and the operation.
   */
  readonly running:
    { readonly operation: string; readonly since: Date | undefined; readonly calls: readonly string[] } | undefined;
  /** The critical section, or transaction, that has locked it, and that others wait for. */
  readonly lockedBy: LockedBy | undefined;
  /** How many operations of that transaction have prepared changes; undefined: there is none. */
  readonly prepared: number | undefined;
  /** The orchestration instances that wait to lock it, in their order, the first 100; of parked messages they are not told. */
  readonly lockWaiters: readonly string[];
  /** Scheduled signals and reminders that wait for their times. */
  readonly planned: number;
  /** When the first of those is due. */
  readonly nextTime: Date | undefined;
  /** When its last operation was taken that was not readonly. */
  readonly lastOperationTime: Date | undefined;
  /** The last operation that failed, since the owner loaded the entity. */
  readonly lastFailure: { readonly operation: string; readonly at: Date; readonly error: RemoteError } | undefined;
  /** Since when it is in quarantine, and takes nothing until it is released. */
  readonly quarantinedSince: Date | undefined;
  /** Whether it waits for a worker that has its class. */
  readonly waitsForWorker: boolean;
  /** When the last record of its partition was sealed that is known to be stored. */
  readonly committedAt: Date | undefined;
}

/** What is told to users. */
export function statusOf(told: EntityInspection): OwnedEntityStatus {
  const { worker, epoch, exists, waiting, running, locked, planned, lastFailure } = told;
  return {
    worker,
    epoch,
    exists,
    waiting,
    waitingSince: dateOf(told.waitingSince),
    running: running && { operation: running.operation, since: dateOf(running.since), calls: running.calls },
    lockedBy: locked && lockedBy(locked.lockedBy, { ...locked, transaction: locked.prepared !== undefined }),
    prepared: locked?.prepared,
    lockWaiters: locked?.waiters ?? [],
    planned,
    nextTime: dateOf(told.nextTime),
    lastOperationTime: dateOf(told.lastOperation),
    lastFailure: lastFailure && {
      operation: lastFailure.operation,
      at: new Date(lastFailure.at),
      error: new RemoteError(lastFailure.failure),
    },
    quarantinedSince: dateOf(told.quarantined),
    waitsForWorker: told.waitsForCode !== undefined,
    committedAt: dateOf(told.committedAt),
  };
}

function dateOf(time: number | undefined): Date | undefined {
  return time === undefined ? undefined : new Date(time);
}
