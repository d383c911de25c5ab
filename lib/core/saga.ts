import { CompensationFailedError } from '../errors.js';
import { isInterruption } from './interruptions.js';
import type { Orchestration, Task } from './task.js';
import type { Outcome } from './task-node.js';

/** Undoes one step of a saga: what it gives is waited for. A one-way message gives nothing. */
export type Compensation = () => Task<unknown> | Orchestration<unknown> | void;

/**
 * Steps that belong together and are undone together. Add what undoes a step before the step is asked for: a step that
 * failed may have had its effect all the same, so a compensation must be able to undo what was not done. A saga is plain
 * data of the orchestrator's code: what makes it durable is the history.
 *
 * @example
 * ```ts
 * import { OrchestrationContext, Saga, type Orchestration } from 'perdure';
 * import { Orchestrator, Run } from 'perdure/decorators';
 *
 * @Orchestrator('trip')
 * export class Trip {
 *   @Run() *run(traveller: string, ctx: OrchestrationContext): Orchestration<string> {
 *     const saga = new Saga();
 *     try {
 *       saga.add(() => ctx.callActivity('cancelHotel', traveller));
 *       const room = yield* ctx.callActivity<string>('bookHotel', traveller);
 *       saga.add(() => ctx.callActivity('cancelFlight', traveller));
 *       const seat = yield* ctx.callActivity<string>('bookFlight', traveller);
 *       return `${room}, ${seat}`;
 *     } catch (error) {
 *       yield* saga.compensate(); // the flight, then the hotel
 *       throw error;
 *     }
 *   }
 * }
 * ```
 */
export class Saga {
  readonly #compensations: Compensation[] = [];

  /** Adds what undoes the step that follows. */
  add(compensation: Compensation): void {
    this.#compensations.push(compensation);
  }

  /**
   * Runs the compensations, the last one first, each when the one before has ended. One that fails does not keep the others
   * from running. They are used up: called again, it runs those that were added since. A cancellation of the instance
   * interrupts none of them, and goes on behind them; but one that fails with it, as that of an activity in flight does, is
   * run again from its beginning.
   *
   * @throws {CompensationFailedError} once all have run, when some of them failed
   * @throws {CancelledError} once all have run, when the instance was canceled meanwhile
   */
  *compensate(): Orchestration<void> {
    const total = this.#compensations.length;
    const errors: unknown[] = [];
    let cancellation: unknown;
    for (let undo = this.#compensations.pop(); undo; undo = this.#compensations.pop()) {
      const before = cancellation;
      try {
        const undone = undo();
        if (undone) yield* uninterrupted(undone, (error) => (cancellation = error));
      } catch (error) {
        if (cancellation === before) errors.push(error);
        else this.#compensations.push(undo); // an execution is canceled once, so this is, too
      }
    }
    if (errors.length > 0) throw new CompensationFailedError(errors, total);
    if (cancellation !== undefined) throw cancellation;
  }
}

/** Waits for all that the steps wait for; what interrupts a wait is noted, and the wait begins again. */
function* uninterrupted(
  undone: Task<unknown> | Orchestration<unknown>,
  note: (interruption: unknown) => void,
): Orchestration<void> {
  const steps = undone[Symbol.iterator]();
  for (let step = steps.next(); !step.done;) {
    let outcome: Outcome<unknown>;
    try {
      outcome = { value: yield step.value };
    } catch (error) {
      if (isInterruption(error)) {
        note(error);
        continue;
      }
      outcome = { error };
    }
    step = 'error' in outcome ? steps.throw(outcome.error) : steps.next(outcome.value);
  }
}
