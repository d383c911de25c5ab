import { CompoundTask, type Glance } from './compound-task.js';
import type { Outcome, TaskNode } from './task-node.js';
import type { DurableTimerTask } from './timer-task.js';

/** How a task that has to end in time goes on when it does not. */
export interface TimeLimit<T> {
  /** The timer, asked for when it is needed first. */
  start(): DurableTimerTask;
  /** How it ends when the time is over. */
  late(): Outcome<T>;
}

/**
 * Ends as its task does, or in another way when the time is over first; of both at once, as the task. The timer is cancelled
 * when code learns of the task's end, and not before: an event that no code has seen may yet be given back (E3), and then
 * the time goes on.
 */
export class TimeoutTask<T> extends CompoundTask<T> {
  readonly #task: TaskNode<T>;
  readonly #limit: TimeLimit<T>;
  #timer: DurableTimerTask | undefined;
  #isLate = false;

  constructor(task: TaskNode<T>, limit: TimeLimit<T>, glance: Glance) {
    super([task], glance);
    this.#task = task;
    this.#limit = limit;
    this.watch();
  }

  override childCompleted(): void {
    if (this.isCompleted) return;
    const { outcome } = this.#task;
    this.#isLate = outcome === undefined;
    if (this.#isLate) this.#task.detach(this); // an event waiter leaves its queue
    this.settle(outcome ?? this.#limit.late());
  }

  override seen(): void {
    super.seen();
    if (this.isSeen && this.isCompleted && !this.#isLate) this.#timer?.cancel();
  }

  protected override watch(): void {
    this.#task.attach(this);
    if (this.isCompleted) return;
    this.#timer ??= this.#limit.start();
    this.#timer.attach(this);
  }

  protected override deciding(): readonly TaskNode<unknown>[] {
    return this.#isLate ? [] : this.children;
  }

  protected override abandoned(): void {
    super.abandoned();
    if (!this.isCompleted) this.#timer?.detach(this);
  }
}
