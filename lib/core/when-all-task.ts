import { AggregateTaskError } from '../errors.js';
import { CompoundTask, type Glance } from './compound-task.js';
import type { Outcome, TaskNode } from './task-node.js';

/** Ends when all its children have. */
abstract class AllTask<T> extends CompoundTask<T> {
  #running = 0;

  constructor(children: readonly TaskNode<unknown>[], glance: Glance) {
    super(children, glance);
    this.watch();
  }

  override get isDead(): boolean {
    return !this.isCompleted && this.children.some((child) => child.isDead);
  }

  override childCompleted(_child: TaskNode<unknown>): void {
    if (this.isCompleted) return;
    this.#running -= 1;
    if (this.#running === 0) this.#end();
  }

  protected override watch(): void {
    this.#running = this.children.length;
    if (this.#running === 0) this.#end();
    for (const child of this.children) {
      if (this.isCompleted) return;
      child.attach(this);
    }
  }

  protected override deciding(): readonly TaskNode<unknown>[] {
    return this.children;
  }

  /** How it ends, given the ends of all, in order. */
  protected abstract outcomeOf(outcomes: readonly Outcome<unknown>[]): Outcome<T>;

  #end(): void {
    this.settle(this.outcomeOf(this.children.flatMap(({ outcome }) => outcome ?? [])));
  }
}

/** Ends with the results in order, or with an AggregateTaskError when some failed. */
export class WhenAllTask extends AllTask<readonly unknown[]> {
  protected override outcomeOf(outcomes: readonly Outcome<unknown>[]): Outcome<readonly unknown[]> {
    const errors = outcomes.flatMap((outcome) => ('error' in outcome ? [outcome.error] : []));
    if (errors.length > 0) return { error: new AggregateTaskError(errors, outcomes.length) };
    return { value: outcomes.map((outcome) => ('error' in outcome ? undefined : outcome.value)) };
  }
}

/** Ends with what became of each, in order, and never fails. */
export class AllSettledTask extends AllTask<readonly PromiseSettledResult<unknown>[]> {
  protected override outcomeOf(
    outcomes: readonly Outcome<unknown>[],
  ): Outcome<readonly PromiseSettledResult<unknown>[]> {
    return { value: outcomes.map(settledResult) };
  }
}

/** Ends with the results in order, or as soon as a child fails, with its error. */
export class FailFastTask extends AllTask<readonly unknown[]> {
  /** What can still fail may end it. */
  override get isDead(): boolean {
    return super.isDead && this.children.every((child) => child.isCompleted || child.isDead);
  }

  override childCompleted(child: TaskNode<unknown>): void {
    if (this.isCompleted) return;
    if (!child.isFaulted) return super.childCompleted(child);
    for (const other of this.children) if (other !== child) other.detach(this);
    this.settle(child.outcome as Outcome<never>);
  }

  protected override deciding(): readonly TaskNode<unknown>[] {
    const failed = this.children.find(({ outcome }) => outcome !== undefined && outcome === this.outcome);
    return failed ? [failed] : super.deciding();
  }

  protected override outcomeOf(outcomes: readonly Outcome<unknown>[]): Outcome<readonly unknown[]> {
    return { value: outcomes.map((outcome) => ('error' in outcome ? undefined : outcome.value)) };
  }
}

function settledResult(outcome: Outcome<unknown>): PromiseSettledResult<unknown> {
  if ('error' in outcome) return { status: 'rejected', reason: outcome.error };
  return { status: 'fulfilled', value: outcome.value };
}
