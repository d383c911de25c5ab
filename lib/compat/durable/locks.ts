import type { EntityId } from './entity-id.js';

/**
 * The locked entities of a critical section, until it is released.
 *
 * @example
 * ```ts
 * import * as df from 'perdure/durable-functions';
 *
 * df.app.orchestration('transfer', function* (context) {
 *   const [from, to] = ['alice', 'bob'].map((key) => new df.EntityId('account', key));
 *   const lock: df.DurableLock = yield context.df.lock(from!, to!);
 *   try {
 *     yield context.df.callEntity(from!, 'withdraw', 100);
 *     yield context.df.callEntity(to!, 'deposit', 100);
 *   } finally {
 *     lock.release();
 *   }
 * });
 * ```
 */
export class DurableLock {
  /** The entities, in order. */
  readonly ownedLocks: ReadonlyArray<EntityId>;
  readonly #release: () => void;
  #isReleased = false;

  /** Internal: yield `context.df.lock(...)`. */
  constructor(ownedLocks: readonly EntityId[], release: () => void) {
    this.ownedLocks = Object.freeze([...ownedLocks]);
    this.#release = release;
  }

  /** Ends the critical section. Calling it again is of no effect. */
  release(): void {
    if (this.#isReleased) return;
    this.#isReleased = true;
    this.#release();
  }

  /** As `release`, at the end of the block of a `using`. */
  [Symbol.dispose](): void {
    this.release();
  }
}

/**
 * Whether an orchestration is in a critical section, and over which entities.
 *
 * @example
 * ```ts
 * import * as df from 'perdure/durable-functions';
 *
 * export function shown({ isLocked, ownedLocks }: df.LockState): string {
 *   return isLocked ? ownedLocks.join(', ') : 'nothing is locked';
 * }
 * ```
 */
export class LockState {
  /** Whether it is. */
  readonly isLocked: boolean;
  /** The entities that are locked for it. */
  readonly ownedLocks: EntityId[];

  /** Made by `context.df.isLocked()`. */
  constructor(isLocked: boolean, ownedLocks: EntityId[]) {
    this.isLocked = isLocked;
    this.ownedLocks = ownedLocks;
  }
}

/**
 * What cannot be asked for in a critical section was.
 *
 * @example
 * ```ts
 * import * as df from 'perdure/durable-functions';
 *
 * export const isRule = (error: unknown): boolean => error instanceof df.LockingRulesViolationError;
 * ```
 */
export class LockingRulesViolationError extends Error {
  /** What to tell it by. */
  static readonly code = 'LOCKING_RULES_VIOLATION' as const;

  /** Made by the orchestration's context. */
  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'LockingRulesViolationError';
  }
}

/** The rules of critical sections, as the original puts them. */
export const lockingRules = {
  nested: 'Cannot acquire more locks when already holding some locks.',
  subOrchestration: 'Cannot invoke sub-orchestrations from within a critical section.',
  unlocked: 'Cannot call an entity from within a critical section unless it is one of the locked entities.',
  parallel: 'Cannot call the same entity multiple times in parallel within a critical section.',
  signal: 'Cannot signal an entity from within a critical section if the entity is one of the locked entities.',
} as const;
