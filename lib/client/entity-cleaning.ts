import { NotFoundError } from '../errors.js';
import { parseAddress } from '../wire/addresses.js';
import type { LockedEntity } from '../wire/locks.js';
import type { Administration } from './administration.js';
import { anyRunOf } from './instance-handlers.js';
import { hasEnded } from './orchestration-status.js';
import type { Orchestrations } from './orchestrations.js';
import type { CallOptions } from './waits.js';

/** What is cleaned. */
export interface CleanEntityStorageOptions extends CallOptions {
  /** Whether locks are ended whose orchestrations have ended or are gone. Default true. */
  readonly releaseOrphanedLocks?: boolean | undefined;
  /** Of the original, and of no effect: an entity that does not exist leaves nothing. Default true. */
  readonly removeEmptyEntities?: boolean | undefined;
}

/** What was cleaned. */
export interface CleanEntityStorageResult {
  /** Always 0: an entity that does not exist leaves nothing. */
  readonly emptyEntitiesRemoved: number;
  /** How many locks were ended. */
  readonly orphanedLocksReleased: number;
}

/** Ends the locks that nobody can release any more. Those of transactions end by themselves (P23). */
export async function cleanEntityStorage(
  administration: Administration,
  orchestrations: Orchestrations,
  { releaseOrphanedLocks = true, timeoutInMilliseconds, signal }: CleanEntityStorageOptions,
): Promise<CleanEntityStorageResult> {
  const options = { timeoutInMilliseconds, signal };
  let orphanedLocksReleased = 0;
  for (let released = releaseOrphanedLocks ? 1 : 0; released > 0;) {
    released = await releaseSome(administration, orchestrations, options); // a look shows some locks of each partition
    orphanedLocksReleased += released;
  }
  return { emptyEntitiesRemoved: 0, orphanedLocksReleased };
}

/** How many were ended of those that one look shows. */
async function releaseSome(
  administration: Administration,
  orchestrations: Orchestrations,
  options: CallOptions,
): Promise<number> {
  let released = 0;
  for (const status of await administration.inspect(options)) {
    if (status.worker === undefined) continue;
    for (const lock of status.locked ?? []) {
      if (lock.prepared !== undefined || !(await isOrphaned(orchestrations, lock, options))) continue;
      const addressee = parseAddress(lock.address);
      if (addressee.kind !== 'entity') continue;
      if (await administration.breakLock(addressee.entity, options, lock.fencingNumber)) released++;
    }
  }
  return released;
}

/** Only what an owner says of the holder counts: a view may be behind. */
async function isOrphaned(
  orchestrations: Orchestrations,
  { lockedBy }: LockedEntity,
  options: CallOptions,
): Promise<boolean> {
  try {
    const status = await orchestrations.status(anyRunOf(lockedBy), { ...options, fetchInputsAndOutputs: false });
    return status.source === 'owner' && hasEnded(status);
  } catch (error) {
    if (error instanceof NotFoundError) return true;
    throw error;
  }
}
