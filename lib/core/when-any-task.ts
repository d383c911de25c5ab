import { IllegalAwaitError } from '../errors.js';
import { CompoundTask, type Glance } from './compound-task.js';
import type { Outcome, TaskNode } from './task-node.js';

/** Ends with the first of its children; of several that have ended already, with the first in order. */
abstract class FirstTask<T> extends CompoundTask<T> {
  #winner: TaskNode<unknown> | undefined;

  constructor(children: readonly TaskNode<unknown>[], method: string, glance: Glance) {
    super(children, glance);
    if (children.length === 0) throw new IllegalAwaitError(`ctx.${method} of no tasks would never end.`);
    this.watch();
  }

  override get isDead(): boolean {
    return !this.isCompleted && this.children.every((child) => child.isDead);
  }

  override childCompleted(child: TaskNode<unknown>): void {
    if (child.outcome === undefined || this.isCompleted) return;
    this.#winner = child;
    // Losers that nobody else waits for are abandoned: an event waiter leaves its queue.
    for (const loser of this.children) if (loser !== child) loser.detach(this);
    this.settle(this.outcomeOf(child, child.outcome));
  }

  protected override deciding(): readonly TaskNode<unknown>[] {
    return this.#winner ? [this.#winner] : [];
  }

  protected abstract outcomeOf(winner: TaskNode<unknown>, outcome: Outcome<unknown>): Outcome<T>;

  protected override watch(): void {
    for (const child of this.children) {
      if (this.isCompleted) return;
      child.attach(this);
    }
  }
}

/** Its result is the winning task itself, also when that one failed. */
export class WhenAnyTask extends FirstTask<TaskNode<unknown>> {
  constructor(children: readonly TaskNode<unknown>[], glance: Glance) {
    super(children, 'any', glance);
  }

  protected override outcomeOf(winner: TaskNode<unknown>): Outcome<TaskNode<unknown>> {
    return { value: winner };
  }
}

/** Its result is the winner's result; it fails when the winner failed. */
export class RaceTask extends FirstTask<unknown> {
  constructor(children: readonly TaskNode<unknown>[], glance: Glance) {
    super(children, 'race', glance);
  }

  protected override outcomeOf(_winner: TaskNode<unknown>, outcome: Outcome<unknown>): Outcome<unknown> {
    return outcome;
  }
}
