import { cancellationOf, type Execution } from './execution.js';
import { randomSource, type RandomSource } from './random-source.js';
import type { RetryOptions } from './retry-options.js';
import { RetryableTask } from './retryable-task.js';
import type { TaskNode } from './task-node.js';
import type { TaskScheduler } from './task-scheduler.js';
import { DurableTimerTask } from './timer-task.js';

/** Durable timers, and the tasks of an execution that are attempts with timers between them. */
export class LongTasks {
  readonly #execution: Execution;
  readonly #scheduler: TaskScheduler;
  #retryCount = 0;

  constructor(execution: Execution, scheduler: TaskScheduler) {
    this.#execution = execution;
    this.#scheduler = scheduler;
  }

  /** A timer that is due at this time; `isPause`: between two attempts or polls. */
  timer(fireAt: number, isPause = false): DurableTimerTask {
    let timerId = -1;
    const timer = new DurableTimerTask(() => this.#scheduler.cancelTimer(timerId));
    const created = (id: number) => {
      timerId = id;
      return { type: 'TimerCreated', id, fireAt } as const;
    };
    return this.#scheduler.schedule(created, timer, isPause);
  }

  /** A timer between two attempts or two polls, over so many milliseconds: it ends when the execution is canceled. */
  pause(milliseconds: number): TaskNode<void> {
    return this.timer(this.#execution.now + milliseconds, true);
  }

  /** Tries as the options say; `atLeast`: the shortest wait before the next attempt, in milliseconds. */
  attempt(
    start: () => TaskNode<unknown>,
    retry: RetryOptions | undefined,
    atLeast: () => number = () => 0,
  ): TaskNode<unknown> {
    if (retry === undefined) return start();
    const execution = this.#execution;
    const number = this.#retryCount++;
    let random: RandomSource | undefined;
    const cancellation = cancellationOf(execution);
    return new RetryableTask(retry, {
      start,
      atLeast,
      isExact: execution.behaviour >= 1,
      now: () => execution.now,
      wait: (milliseconds) => this.pause(milliseconds),
      random: () => (random ??= randomSource(`retry ${number}`, execution)).next(),
      isGivenUp: () => cancellation() !== undefined,
    });
  }
}
