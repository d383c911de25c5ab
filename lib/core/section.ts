import { CriticalSectionError, LockLostError, TaskFailedError, TransactionAbortedError } from '../errors.js';
import type { FailureDetails } from '../errors.js';
import { AtomicTask } from './atomic-task.js';
import type { EntityId } from './history.js';
import { keyOf } from './lock-failure.js';
import type { Lock, LockTask } from './lock.js';
import type { TaskNode } from './task-node.js';

/** A critical section, or the one of a transaction, from its request to its release. */
export class Section implements Lock {
  id = -1;
  /** Of its entities, once all are locked. */
  fences: readonly number[] | undefined;
  #failure: FailureDetails | undefined;
  readonly #lost = new Set<unknown>();
  #isReleased = false;
  readonly #places: ReadonlyMap<string, number>;
  readonly #called = new Map<string, TaskNode<unknown>>();

  constructor(
    readonly entities: readonly EntityId[],
    /** Whether what is done under its lock is prepared, until it is decided (P23). */
    readonly isTransaction: boolean,
    readonly onRelease: () => void,
  ) {
    this.#places = new Map(entities.map((entity, place) => [keyOf(entity), place]));
  }

  has(entity: EntityId): boolean {
    return this.#places.has(keyOf(entity));
  }

  /** The lock under which an entity is called. */
  lockOf(entity: EntityId): { readonly id: number; readonly fence: number } {
    return { id: this.id, fence: this.fences![this.#places.get(keyOf(entity))!]! };
  }

  /** A call under the lock has been made. */
  enter(entity: EntityId, call: TaskNode<unknown>): void {
    this.#called.set(keyOf(entity), call);
  }

  /** It has ended. */
  leave(entity: EntityId): void {
    this.#called.delete(keyOf(entity));
  }

  /** The calls that have not ended. */
  get calls(): readonly TaskNode<unknown>[] {
    return [...this.#called.values()];
  }

  lose(failure: FailureDetails): void {
    this.#failure ??= failure;
    this.#lost.add(failure.fields?.['entity']);
  }

  /** Why it has lost a lock, or is aborted. */
  get failure(): FailureDetails | undefined {
    return this.#failure;
  }

  get owned(): readonly EntityId[] {
    return this.fences && !this.#isReleased ? this.entities.filter((entity) => !this.#lost.has(keyOf(entity))) : [];
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

  /** Throws CriticalSectionError when an entity cannot be called now. */
  checkCall(entity: EntityId): void {
    if (!this.fences)
      throw new CriticalSectionError('Must await the completion of the lock request prior to calling any entity.');
    if (!this.has(entity))
      throw new CriticalSectionError(
        'Must not call an entity from a critical section if it is not one of the locked entities.',
      );
    if (this.#called.has(keyOf(entity)))
      throw new CriticalSectionError(
        'Must not call an entity from a critical section while a prior call to the same entity is still pending.',
      );
  }

  /** The error of a call that finds the lock lost, or the transaction aborted. */
  toError(failure: FailureDetails): Error {
    return this.isTransaction ? new TransactionAbortedError(failure) : new LockLostError(failure);
  }

  /** A call to an entity that is locked no more: nothing is sent. */
  lostCall(failure: FailureDetails): TaskNode<unknown> {
    const task = new AtomicTask<unknown>((details) => this.toError(details));
    task.completeWithFailure(failure);
    return task;
  }
}

/** Ends with the lock. */
export class SectionTask extends AtomicTask<Lock> implements LockTask {
  readonly #section: Section;
  #isCanceled = false;

  constructor(section: Section) {
    super((failure) => (isLoss(failure) ? section.toError(failure) : new TaskFailedError('The lock request', failure)));
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
export class LockedCall extends AtomicTask<unknown> {
  readonly #ended: (failure?: FailureDetails) => void;

  constructor(toError: (failure: FailureDetails) => Error, ended: (failure?: FailureDetails) => void) {
    super(toError);
    this.#ended = ended;
  }

  override complete(value: unknown): void {
    this.#ended();
    super.complete(value);
  }

  override completeWithFailure(failure: FailureDetails): void {
    this.#ended(failure);
    super.completeWithFailure(failure);
  }
}

/** Whether a failure says that a lock is lost, or its transaction aborted. */
export function isLoss({ code }: FailureDetails): boolean {
  return code === 'PERDURE_LOCK_LOST' || code === 'PERDURE_TRANSACTION_ABORTED';
}
