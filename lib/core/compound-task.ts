import { IllegalAwaitError } from '../errors.js';
import { TaskNode, type TaskParent } from './task-node.js';

/** Tells whether code only looks: what it reads then does not count as seen. */
export interface Glance {
  readonly isLooking: boolean;
}

/**
 * A task made of others. It waits for its children as long as somebody may wait for it.
 *
 * E3. When nobody does any more, it gives back the events that its children have and no code has seen, also when it has
 *     ended by them: then it has not ended any more.
 */
export abstract class CompoundTask<T> extends TaskNode<T> implements TaskParent {
  #isAbandoned = false;
  #isSeen = false;
  readonly #glance: Glance;

  constructor(
    protected readonly children: readonly TaskNode<unknown>[],
    glance: Glance,
  ) {
    super();
    this.#glance = glance;
  }

  /** Of no effect once it has ended. */
  abstract childCompleted(child: TaskNode<unknown>): void;

  /** Whether code has learnt the outcome, and not only looked at it. */
  protected get isSeen(): boolean {
    return this.#isSeen;
  }

  override seen(): void {
    if (this.#glance.isLooking) return;
    this.#isSeen = true;
    for (const child of this.deciding()) child.seen();
  }

  /** Attaches to the children, also again after it was abandoned. */
  protected abstract watch(): void;

  /** Once it has ended: the children that made it end as it did. */
  protected abstract deciding(): readonly TaskNode<unknown>[];

  protected override awaited(): void {
    if (!this.#isAbandoned) return;
    this.#isAbandoned = false;
    this.watch();
  }

  protected override abandoned(): void {
    if (this.#isAbandoned || (this.isCompleted && !this.#givesBack())) return;
    this.#isAbandoned = true;
    for (const child of this.children) child.detach(this);
  }

  /** Whether what made it end was given back. */
  #givesBack(): boolean {
    if (this.#isSeen) return false;
    const deciding = this.deciding();
    for (const child of deciding) child.detach(this);
    if (deciding.every((child) => child.isCompleted)) {
      for (const child of deciding) child.attach(this); // it goes on to hold what they have
      return false;
    }
    this.retract();
    return true;
  }
}

/** The tasks a user gave to `all`, `any` or `race`. Throws IllegalAwaitError for anything else among them. */
export function asChildren(tasks: readonly unknown[], method: string): readonly TaskNode<unknown>[] {
  if (!Array.isArray(tasks)) throw new IllegalAwaitError(`ctx.${method} takes an array of tasks.`);
  return tasks.map((task: unknown, index) => {
    if (task instanceof TaskNode) return task;
    throw new IllegalAwaitError(
      `ctx.${method} takes tasks only, and the element at ${index} is none. ` +
        `Make it a task: ctx.callActivity for IO, ctx.callSubOrchestrator for a generator.`,
    );
  });
}
