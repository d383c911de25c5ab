import type { Lock } from '../../core/lock.js';
import { EntityId, entityName } from './entity-id.js';
import { DurableLock, lockingRules, LockingRulesViolationError, LockState } from './locks.js';
import { CallTask, type Task } from './tasks.js';

/** The critical section of an orchestration, under the rules that the original checks at each call. */
export class CriticalSection {
  #owned: readonly EntityId[] | undefined;
  readonly #calls = new Map<string, CallTask>();

  get state(): LockState {
    return new LockState(this.#owned !== undefined, [...(this.#owned ?? [])]);
  }

  /** Throws RangeError for no entities, TypeError for what are none, LockingRulesViolationError within a section. */
  request(entities: readonly unknown[]): Task {
    if (entities.length === 0) throw new RangeError('lock requires at least one EntityId');
    if (!entities.every((one): one is EntityId => one instanceof EntityId))
      throw new TypeError('lock expected EntityId[]');
    if (this.#owned) throw new LockingRulesViolationError(lockingRules.nested);
    const owned = [...new Map(entities.map((one) => [String(one), one])).entries()]
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([, one]) => one);
    this.#owned = owned;
    return new CallTask({
      start: (context) => context.lock(...owned.map(({ name, key }) => [entityName(name), key] as const)),
      showResult: (lock) => new DurableLock(owned, () => this.#release(lock as Lock, owned)),
    });
  }

  /** Throws LockingRulesViolationError when the entity cannot be called now. */
  calls(entity: EntityId, task: CallTask): void {
    if (!this.#owned) return;
    const id = String(entity);
    if (!this.#has(id)) throw new LockingRulesViolationError(lockingRules.unlocked);
    const before = this.#calls.get(id);
    if (before && !before.hasEnded) throw new LockingRulesViolationError(lockingRules.parallel);
    this.#calls.set(id, task);
  }

  /** Throws LockingRulesViolationError when the entity cannot be signaled now. */
  checkSignal(entity: EntityId): void {
    if (this.#has(String(entity))) throw new LockingRulesViolationError(lockingRules.signal);
  }

  /** Throws LockingRulesViolationError when no sub-orchestration can begin now. */
  checkSubOrchestration(): void {
    if (this.#owned) throw new LockingRulesViolationError(lockingRules.subOrchestration);
  }

  #has(id: string): boolean {
    return this.#owned?.some((one) => String(one) === id) ?? false;
  }

  #release(lock: Lock, owned: readonly EntityId[]): void {
    lock.release();
    if (this.#owned === owned) this.#owned = undefined;
    this.#calls.clear();
  }
}
