import { isEntityAddress } from '../wire/addresses.js';
import { holderName, type LockedEntity } from '../wire/locks.js';
import type { Address } from '../wire/messages.js';
import type { Instance } from './instance.js';
import type { Instances } from './instances.js';

/** So many locked entities are told, and so many of those that wait for each. */
const MOST_LOCKED = 100;
const MOST_WAITERS = 100;

/** The locked entities of a partition, as people see them. */
export function lockedOf(instances: Instances): readonly LockedEntity[] {
  const locked: LockedEntity[] = [];
  for (const instance of instances.waiting()) {
    const lock = lockOf(instance);
    if (lock && locked.push(lock) === MOST_LOCKED) break;
  }
  return locked;
}

/** The lock of an instance, if there is one. */
export function lockOf({ address, activation, waiting }: Instance): LockedEntity | undefined {
  if (!activation?.lockHeld) return undefined;
  const { holder, since, until, fence: fencingNumber, transaction } = activation.lockHeld;
  const prepared = transaction && { prepared: activation.prepared?.operations ?? 0 };
  const waiters: string[] = [];
  for (const { body } of waiting.here)
    if (body.kind === 'lockRequest' && waiters.push(holderName(body.holder)) === MOST_WAITERS) break;
  const lockedBy = holderName(holder);
  return { address, lockedBy, since, until, ...prepared, fencingNumber, waiting: waiting.length, waiters };
}

/** The time that an instance waits for has come: of a locked entity, the end of the lease. */
export function timeHasCome(instances: Instances, address: Address): void {
  const isLocked = instances.instance(address).activation?.lockHeld !== undefined;
  instances.deliver(address, { body: { kind: isLocked ? 'expireLock' : 'due' }, bytes: 0 });
}

/**
 * Ends the lock of an entity, at an operator's wish, or asks for the end of a transaction; false: it is not locked under this
 * number.
 */
export async function breakLock(instances: Instances, address: Address, fence: number): Promise<boolean> {
  if (!isEntityAddress(address) || (await instances.loaded(address)).lockHeld?.fence !== fence) return false;
  instances.deliver(address, { body: { kind: 'breakLock', fence }, bytes: 0 });
  return true;
}
