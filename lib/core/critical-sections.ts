import {
  ConfigError,
  CriticalSectionError,
  EntityOperationFailedError,
  LockLostError,
  TaskFailedError,
  type FailureDetails,
} from '../errors.js';
import { AtomicTask } from './atomic-task.js';
import type { CoreDependencies } from './dependencies.js';
import type { EntityId, InboundEvent } from './history.js';
import type { EntityReference, Lock, LockOptions, LockState, LockTask } from './lock.js';
import type { TaskNode } from './task-node.js';
import type { TaskScheduler } from './task-scheduler.js';
import type { Json } from './values.js';

/** How long an entity is locked unless somebody says otherwise, and the longest that can be said, in milliseconds. */
const DEFAULT_LEASE = 300_000;
const LONGEST_LEASE = 86_400_000;

/** What an operation is called with. */
interface Called {
  readonly operation: string;
  readonly input?: Json;
}

/**
 * The critical sections of an execution, one at a time, and what is not to be done in them. The rules and their texts are
 * the original's.
 *
 * L1. Entities are locked in one order everywhere, by name, then by key, in UTF-16 code units; a section begins no other,
 *     so no two wait for each other.
 */
export class CriticalSections {
  readonly #scheduler: TaskScheduler;
  readonly #dependencies: CoreDependencies;
  /** The section that was asked for, until it is released. */
  #current: Section | undefined;

  constructor(scheduler: TaskScheduler, dependencies: CoreDependencies) {
    this.#scheduler = scheduler;
    this.#dependencies = dependencies;
  }

  get state(): LockState {
    const owned = this.#current?.owned ?? [];
    return { isLocked: this.#current !== undefined, ownedLocks: owned.map((entity) => ({ ...entity })) };
  }

  /** Asks for a critical section; `given`: entities, and options behind them. */
  request(given: readonly (EntityReference | LockOptions)[]): LockTask {
    this.#scheduler.assertInTurn();
    const entities = this.#sorted(given.filter((item): item is EntityReference => Array.isArray(item)));
    const lease = leaseOf(given.filter((item): item is LockOptions => !Array.isArray(item)));
    if (entities.length === 0) throw new CriticalSectionError('The list of entities to lock must not be empty.');
    if (this.#current)
      throw new CriticalSectionError('Must not enter another critical section from within a critical section.');
    const section = new Section(entities, () => this.#release(section));
    const task = new SectionTask(section);
    this.#current = section;
    return this.#scheduler.schedule((id) => {
      section.id = id;
      return { type: 'LockRequested', id, entities, lease };
    }, task);
  }

  /** Calls an entity, under the lock when there is one. */
  call(entity: EntityId, { operation, ...given }: Called): TaskNode<unknown> {
    const section = this.#current;
    if (section) checkCall(section, entity);
    if (section?.failure) return lostCall(section.failure);
    const lock = section?.enter(entity);
    const toError = (failure: FailureDetails): Error =>
      failure.code === 'PERDURE_LOCK_LOST'
        ? new LockLostError(failure)
        : new EntityOperationFailedError(entity.name, operation, failure);
    return this.#scheduler.schedule(
      (id) => ({ type: 'EntityOperationCalled', id, entity, operation, ...given, ...(lock && { lock }) }),
      lock ? new LockedCall(toError, () => section?.leave(entity)) : new AtomicTask<unknown>(toError),
    );
  }

  checkSignal(entity: EntityId): void {
    if (this.#current?.has(entity))
      throw new CriticalSectionError('Must not signal a locked entity from a critical section.');
  }

  checkSubOrchestration(): void {
    if (this.#current) throw new CriticalSectionError('While holding locks, cannot call suborchestrators.');
  }

  granted(event: Extract<InboundEvent, { type: 'LockGranted' }>): void {
    if (this.#current?.id !== event.id) return;
    this.#current.fences = event.fences;
    this.#scheduler.settle(event);
  }

  /** Before the grant, the request has failed: what it has locked elsewhere is given up. */
  lost(event: Extract<InboundEvent, { type: 'LockLost' }>): void {
    const section = this.#current;
    if (section?.id !== event.id) return;
    section.lose(event.failure);
    if (section.fences) return;
    this.#scheduler.settle(event);
    this.#release(section);
  }

  /** The execution is canceled: a request that waits fails with this, and is given up. */
  giveUp(failure: FailureDetails): void {
    const section = this.#current;
    if (!section || section.fences) return;
    this.#scheduler.settle({ type: 'LockLost', at: 0, id: section.id, failure });
    this.#release(section);
  }

  #release(section: Section): void {
    if (this.#current !== section) return;
    const { id: lockId, entities, fences } = section;
    this.#scheduler.release({ lockId, entities, ...(fences && { fences }) });
    this.#current = undefined;
  }

  #sorted(given: readonly EntityReference[]): readonly EntityId[] {
    const { names, ids } = this.#dependencies;
    const entities = new Map<string, EntityId>();
    for (const [target, key] of given) {
      const name = typeof target === 'string' ? ids.checkName(target, 'entity') : names.entity(target).name;
      const entity = { name, key: ids.checkEntityKey(key) };
      entities.set(keyOf(entity), entity);
    }
    return [...entities.values()].sort((a, b) => compare(a.name, b.name) || compare(a.key, b.key));
  }
}

/** A critical section from its request to its release. */
class Section implements Lock {
  id = -1;
  /** Of its entities, once all are locked. */
  fences: readonly number[] | undefined;
  #failure: FailureDetails | undefined;
  readonly #lost = new Set<unknown>();
  #isReleased = false;
  readonly #places: ReadonlyMap<string, number>;
  readonly #called = new Set<string>();

  constructor(
    readonly entities: readonly EntityId[],
    readonly onRelease: () => void,
  ) {
    this.#places = new Map(entities.map((entity, place) => [keyOf(entity), place]));
  }

  has(entity: EntityId): boolean {
    return this.#places.has(keyOf(entity));
  }

  isCalling(entity: EntityId): boolean {
    return this.#called.has(keyOf(entity));
  }

  enter(entity: EntityId): { readonly id: number; readonly fence: number } {
    this.#called.add(keyOf(entity));
    return { id: this.id, fence: this.fences![this.#places.get(keyOf(entity))!]! };
  }

  leave(entity: EntityId): void {
    this.#called.delete(keyOf(entity));
  }

  lose(failure: FailureDetails): void {
    this.#failure ??= failure;
    this.#lost.add(failure.fields?.['entity']);
  }

  /** Why it has lost a lock. */
  get failure(): FailureDetails | undefined {
    return this.#failure;
  }

  get owned(): readonly EntityId[] {
    return this.fences ? this.entities.filter((entity) => !this.#lost.has(keyOf(entity))) : [];
  }

  get fencingNumbers(): readonly number[] {
    return this.fences ?? [];
  }

  get isReleased(): boolean {
    return this.#isReleased;
  }

  get isLost(): boolean {
    return this.#failure !== undefined;
  }

  release(): void {
    if (this.#isReleased) return;
    this.onRelease();
    this.#isReleased = true;
  }

  [Symbol.dispose](): void {
    this.release();
  }
}

/** Ends with the lock. */
class SectionTask extends AtomicTask<Lock> implements LockTask {
  readonly #section: Section;
  #isCanceled = false;

  constructor(section: Section) {
    super((failure) =>
      failure.code === 'PERDURE_LOCK_LOST'
        ? new LockLostError(failure)
        : new TaskFailedError('The lock request', failure),
    );
    this.#section = section;
  }

  override complete(): void {
    super.complete(this.#section);
  }

  override get isDead(): boolean {
    return this.#isCanceled;
  }

  cancel(): void {
    if (this.isCompleted || this.#isCanceled) return;
    this.#section.release();
    this.#isCanceled = true;
  }
}

/** A call under a lock: until it has ended, the entity is not called again. */
class LockedCall extends AtomicTask<unknown> {
  readonly #ended: () => void;

  constructor(toError: (failure: FailureDetails) => Error, ended: () => void) {
    super(toError);
    this.#ended = ended;
  }

  override complete(value: unknown): void {
    this.#ended();
    super.complete(value);
  }

  override completeWithFailure(failure: FailureDetails): void {
    this.#ended();
    super.completeWithFailure(failure);
  }
}

function checkCall(section: Section, entity: EntityId): void {
  if (!section.fences)
    throw new CriticalSectionError('Must await the completion of the lock request prior to calling any entity.');
  if (!section.has(entity))
    throw new CriticalSectionError(
      'Must not call an entity from a critical section if it is not one of the locked entities.',
    );
  if (section.isCalling(entity))
    throw new CriticalSectionError(
      'Must not call an entity from a critical section while a prior call to the same entity is still pending.',
    );
}

/** The call of an entity under a lock that is lost: nothing is sent. */
function lostCall(failure: FailureDetails): TaskNode<unknown> {
  const task = new AtomicTask<unknown>((details) => new LockLostError(details));
  task.completeWithFailure(failure);
  return task;
}

function leaseOf([options, ...more]: readonly LockOptions[]): number {
  const lease = options?.leaseInMilliseconds ?? DEFAULT_LEASE;
  if (more.length > 0)
    throw new ConfigError('lock: takes entities, each as [class or name, key], then one set of options.');
  if (!Number.isInteger(lease) || lease < 1 || lease > LONGEST_LEASE)
    throw new ConfigError(
      `leaseInMilliseconds: must be a whole number from 1 to ${LONGEST_LEASE}, is ${String(lease)}.`,
    );
  return lease;
}

/** As a LockLostError names it, too; a name has no slash. */
function keyOf({ name, key }: EntityId): string {
  return `${name}/${key}`;
}

/** In UTF-16 code units: the same on every machine. */
function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
