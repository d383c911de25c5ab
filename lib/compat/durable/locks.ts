import type { EntityId } from './entity-id.js';

/** The locked entities of a critical section, until it is released. */
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

/** Whether an orchestration is in a critical section, and over which entities. */
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

/** What cannot be asked for in a critical section was. */
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
