import { parseAddress } from './addresses.js';
import type { Address, Caller } from './messages.js';

/** That an entity is locked: for a critical section, under a number of its own, from `since` until `until` at most (P22). */
export interface LockHeld {
  /** The orchestration instance, its execution, and the number of its request there. */
  readonly holder: Caller;
  /** Rises with each critical section that locks the entity. */
  readonly fence: number;
  /** In milliseconds since 1970. */
  readonly since: number;
  readonly until: number;
  /** What its critical section locks beside it; absent: nothing, or an owner of an older version has not noted it. */
  readonly others?: readonly Address[];
  /** For a transaction: it ends when that is decided, and `until` is when the entity asks for it (P23). */
  readonly transaction?: true;
}

/** What an entity knows of locks, beside its state. */
export interface EntityLocks {
  /** The last fencing number that it has given. */
  readonly fence: number;
  /** Absent: it is not locked. */
  readonly held?: LockHeld;
  /** Critical sections that have lost their locks, and have not said that they end. */
  readonly lost?: readonly Caller[];
  /** Critical sections that were given up while their requests waited here. */
  readonly voided?: readonly Caller[];
}

/**
 * How a lock ended: the holder released it, or gave its request up; its lease ran out; an operator broke it. That of a
 * transaction: it was committed, or else aborted by one of the first two; nothing was known of it where the entity asked.
 */
export type LockEnd = 'released' | 'canceled' | 'expired' | 'broken' | 'committed' | 'unknown';

/** What a step changes of an entity's locks. */
export type LockChange =
  | ({ readonly type: 'acquired' } & LockHeld)
  | { readonly type: 'ended'; readonly why: LockEnd }
  /** A transaction was asked how it ends, and will be again (P23). */
  | { readonly type: 'asked'; readonly until: number }
  /** A critical section was given up whose request waits: it will be passed over. */
  | { readonly type: 'voided'; readonly holder: Caller }
  /** A request was passed over, or a critical section has ended that had lost its lock. */
  | { readonly type: 'settled'; readonly holder: Caller };

/** A locked entity, for people who look. */
export interface LockedEntity {
  /** How the log and `breakLock` name it: `e.<entity name>.<entity key>`, encoded. */
  readonly address: Address;
  /** The orchestration instance that has locked it. */
  readonly lockedBy: string;
  /** Since when, in milliseconds since 1970. */
  readonly since: number;
  /** When its lease runs out; of a transaction: when the entity asks how it ends. */
  readonly until: number;
  /** For a transaction: so many of its operations have prepared changes here. Absent: for a critical section. */
  readonly prepared?: number;
  /** Rises with each critical section that locks it. */
  readonly fencingNumber: number;
  /** Messages that wait for it. */
  readonly waiting: number;
  /** The orchestration instances among those that wait to lock it, in their order; of parked messages they are not told. */
  readonly waiters: readonly string[];
}

/** The instance that has a lock, or asks for one, as people know it. */
export function holderName({ address }: Caller): string {
  const holder = parseAddress(address);
  return holder.kind === 'orchestration' ? holder.instanceId : address;
}
