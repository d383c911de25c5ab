/** What an orchestrator's generator is: it yields tasks and returns the output. */
export type Orchestration<T> = Generator<Task<unknown>, T, unknown>;

/**
 * What an orchestrator waits for, with `yield*`. A task is scheduled when it is created, so tasks created before the
 * first wait run side by side; waiting twice for the same task schedules nothing and gives the same result.
 *
 * @example
 * ```ts
 * import { OrchestrationContext, type Orchestration, type Task } from 'perdure';
 *
 * export function* greetAll(ctx: OrchestrationContext, names: string[]): Orchestration<string[]> {
 *   const greetings: Task<string>[] = names.map((name) => ctx.callActivity<string>('hello', name)); // all begin now
 *   return yield* ctx.all(greetings);
 * }
 * ```
 */
export abstract class Task<T> {
  /** Whether it has ended, well or not. */
  abstract readonly isCompleted: boolean;
  /** Whether it has failed. */
  abstract readonly isFaulted: boolean;
  /**
   * Its result, once it has ended. Throws its error when it failed.
   *
   * @throws {IllegalAwaitError} when it has not ended
   */
  abstract readonly result: T;
  /** Its error when it failed, else undefined. */
  abstract readonly error: unknown;

  /** What `yield*` uses: waits for the end of the task, then gives its result or throws its error. */
  *[Symbol.iterator](): Orchestration<T> {
    return (yield this) as T; // R1: the executor resumes with this task's result and no other
  }
}

/** A durable timer of an orchestration: it ends when it is due, and never fails. */
export interface TimerTask extends Task<void> {
  /** Whether `cancel` came before the due time. */
  readonly isCanceled: boolean;
  /**
   * Makes sure that it never fires. Of no effect on a timer that has fired or is cancelled. Waiting for it afterwards, or
   * cancelling it by an update while `run` waits for it alone, fails the orchestration with IllegalAwaitError, for it will
   * never end: wait for an event or a condition beside it.
   */
  cancel(): void;
}

/** The result of a task, as a type. */
export type TaskResult<T> = T extends Task<infer R> ? R : never;
