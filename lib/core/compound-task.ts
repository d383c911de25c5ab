import { IllegalAwaitError } from '../errors.js';
import { TaskNode, type TaskParent } from './task-node.js';

/** A task made of others. It waits for its children as long as somebody may wait for it. */
export abstract class CompoundTask<T> extends TaskNode<T> implements TaskParent {
  #isAbandoned = false;

  constructor(protected readonly children: readonly TaskNode<unknown>[]) {
    super();
  }

  abstract childCompleted(child: TaskNode<unknown>): void;

  /** Attaches to the children, also again after it was abandoned. */
  protected abstract watch(): void;

  protected override awaited(): void {
    if (!this.#isAbandoned) return;
    this.#isAbandoned = false;
    this.watch();
  }

  protected override abandoned(): void {
    if (this.isCompleted || this.#isAbandoned) return;
    this.#isAbandoned = true;
    for (const child of this.children) child.detach(this);
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
