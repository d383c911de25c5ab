import { yes } from './history-shapes.js';
import type { EntityLocks, LockChange, LockedEntity, LockEnd, LockHeld } from './locks.js';
import { address, caller } from './message-codec.js';
import { count, finite, list, object, oneOf, optional, string, variant } from './shapes.js';
import type { Shape } from './shapes.js';

const held = {
  holder: caller,
  fence: count,
  since: finite,
  until: finite,
  others: optional(list(address)),
  transaction: optional(yes),
};

export const lockHeld = object<LockHeld>(held);

/** What a head says of an entity's locks. */
export const entityLocks = object<EntityLocks>({
  fence: count,
  held: optional(lockHeld),
  lost: optional(list(caller)),
  voided: optional(list(caller)),
});

const lockEnd: Shape<LockEnd> = oneOf('released', 'canceled', 'expired', 'broken', 'committed', 'unknown');

/** What a record says of them. */
export const lockChange = variant<LockChange, 'type'>('type', {
  acquired: held,
  ended: { why: lockEnd },
  asked: { until: finite },
  voided: { holder: caller },
  settled: { holder: caller },
});

/** What an owner tells of a locked entity. */
export const lockedEntity = object<LockedEntity>({
  address: string,
  lockedBy: string,
  since: finite,
  until: finite,
  prepared: optional(count),
  fencingNumber: count,
  waiting: count,
  waiters: list(string),
});
