import { IllegalAwaitError } from '../errors.js';
import { traceWait } from './call-trace.js';
import { Task, type Orchestration } from './task.js';

/** Whoever waits for a task: a compound task, or the executor. */
export interface TaskParent {
  /** Called once for each `attach`, when the child has ended. */
  childCompleted(child: TaskNode<unknown>): void;
}

/** How a task ended. */
export type Outcome<T> = { readonly value: T } | { readonly error: unknown };

/** The inner side of a task, which users do not see: it holds a state and tells its parents when it ends. */
export abstract class TaskNode<T> extends Task<T> {
  #outcome: Outcome<T> | undefined;
  #parents: TaskParent[] = [];

  get isCompleted(): boolean {
    return this.#outcome !== undefined;
  }

  get isFaulted(): boolean {
    return this.#outcome !== undefined && 'error' in this.#outcome;
  }

  get result(): T {
    if (this.#outcome === undefined)
      throw new IllegalAwaitError('The result of a task was read before the task ended. Wait for it: yield* task.');
    this.seen();
    if ('error' in this.#outcome) throw this.#outcome.error;
    return this.#outcome.value;
  }

  get error(): unknown {
    if (this.#outcome === undefined || !('error' in this.#outcome)) return undefined;
    this.seen();
    return this.#outcome.error;
  }

  override *[Symbol.iterator](): Orchestration<T> {
    traceWait(this);
    return (yield this) as T; // R1
  }

  /** How it ended, for parents: reading it here does not count as seen. */
  get outcome(): Outcome<T> | undefined {
    return this.#outcome;
  }

  /** Whether it will never end: a timer that was cancelled, and what waits for it alone. */
  get isDead(): boolean {
    return false;
  }

  /** User code learns the outcome. */
  seen(): void {}

  /** Adds a parent; one that comes after the end is told at once. It stays one, and holds the outcome, until `detach`. */
  attach(parent: TaskParent): void {
    if (this.#parents.length === 0)
      this.#parents = [parent]; // nearly always the only one: no room for more
    else this.#parents.push(parent);
    if (this.isCompleted) parent.childCompleted(this);
    else this.awaited();
  }

  /** Takes a parent away whose interest has ended. */
  detach(parent: TaskParent): void {
    const at = this.#parents.indexOf(parent);
    if (at >= 0) this.#parents.splice(at, 1);
    if (this.#parents.length === 0) this.abandoned();
  }

  /** Ends it and tells the parents. Of no effect on a task that has ended. */
  protected settle(outcome: Outcome<T>): void {
    if (this.#outcome !== undefined) return;
    this.#outcome = outcome;
    const parents = this.#parents.slice(); // a parent that ends takes itself away
    for (const parent of parents) parent.childCompleted(this);
  }

  /** Makes it running again: only for an outcome that no code has seen. */
  protected retract(): void {
    this.#outcome = undefined;
  }

  /** Somebody waits for it now. */
  protected awaited(): void {}

  /** The last one who waited for it has lost interest. */
  protected abandoned(): void {}
}
