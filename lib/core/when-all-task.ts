import { AggregateTaskError } from '../errors.js';
import { CompoundTask } from './compound-task.js';
import type { TaskNode } from './task-node.js';

/** Ends when all its children have: with their results in order, or with an AggregateTaskError when some failed. */
export class WhenAllTask extends CompoundTask<readonly unknown[]> {
  #running = 0;

  constructor(children: readonly TaskNode<unknown>[]) {
    super(children);
    this.watch();
  }

  override get isDead(): boolean {
    return !this.isCompleted && this.children.some((child) => child.isDead);
  }

  override childCompleted(): void {
    this.#running -= 1;
    if (this.#running === 0) this.#end();
  }

  protected override watch(): void {
    this.#running = this.children.length;
    if (this.#running === 0) this.#end();
    for (const child of this.children) child.attach(this);
  }

  override seen(): void {
    for (const child of this.children) child.seen();
  }

  #end(): void {
    const values: unknown[] = [];
    const errors: unknown[] = [];
    for (const { outcome } of this.children) {
      if (outcome === undefined) continue;
      if ('error' in outcome) errors.push(outcome.error);
      else values.push(outcome.value);
    }
    if (errors.length === 0) this.settle({ value: values });
    else this.settle({ error: new AggregateTaskError(errors, this.children.length) });
  }
}
