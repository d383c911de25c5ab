import type { EntityId } from './history.js';
import type { Task } from './task.js';
import type { Constructor } from './values.js';

/** An entity by its class or its registered name, and its key. */
export type EntityReference = readonly [entity: Constructor | string, key: string];

/** How entities are locked. */
export interface LockOptions {
  /**
   * How long each of the entities is locked at most, from the moment when that entity is, in milliseconds: 1 to 86,400,000
   * (a day). So the wait for the other entities counts. An entity that is locked for longer goes on with its other
   * messages, and the critical section has lost its lock. Default 300,000 (5 minutes).
   */
  readonly leaseInMilliseconds?: number | undefined;
}

/**
 * The locked entities of a critical section. Until it is released nobody else's operation runs on them. It ends with its
 * execution at the latest, however that ends.
 *
 * @example
 * ```ts
 * import { OrchestrationContext, type Orchestration } from 'perdure';
 *
 * export function* transfer(ctx: OrchestrationContext, from: string, to: string): Orchestration<void> {
 *   using lock = yield* ctx.lock(['account', from], ['account', to]); // released at the end of the block
 *   if ((yield* ctx.callEntity<number>('account', from, 'balance')) < 100) return;
 *   yield* ctx.callEntity('account', from, 'withdraw', 100);
 *   yield* ctx.callEntity('account', to, 'deposit', 100);
 *   ctx.log.info(`moved under the lock of ${lock.entities.length} accounts`);
 * }
 * ```
 */
export interface Lock extends Disposable {
  /** The entities, in the order in which they were locked. */
  readonly entities: readonly EntityId[];
  /**
   * The number that each of these entities has given: it rises with each critical section that locks the entity, so whatever
   * the section writes elsewhere can be told from what a later one writes.
   */
  readonly fencingNumbers: readonly number[];
  /** Whether `release` was called. */
  readonly isReleased: boolean;
  /** Whether an entity is locked for this section no more: its lease has run out, or an operator has broken its lock. */
  readonly isLost: boolean;
  /** Ends the critical section. Of no effect when it was called before. Calls made before it are carried out under the lock. */
  release(): void;
}

/** The request of a critical section: it ends with the lock, once all entities are locked. */
export interface LockTask extends Task<Lock> {
  /**
   * Gives the request up, and whatever it has locked. Of no effect once it has ended. Waiting for it afterwards fails the
   * orchestration with IllegalAwaitError, for it will never end.
   */
  cancel(): void;
}

/** What an execution has locked. */
export interface LockState {
  /** Whether it is in a critical section, or has asked for one. */
  readonly isLocked: boolean;
  /** The entities that are locked for it: none before the lock is granted, none of those whose lock is known to be lost. */
  readonly ownedLocks: readonly EntityId[];
}
