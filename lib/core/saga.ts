import { CompensationFailedError } from '../errors.js';
import type { Orchestration, Task } from './task.js';

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
   * from running. They are used up: called again, it runs those that were added since.
   *
   * @throws {CompensationFailedError} once all have run, when some of them failed
   */
  *compensate(): Orchestration<void> {
    const total = this.#compensations.length;
    const errors: unknown[] = [];
    for (let undo = this.#compensations.pop(); undo; undo = this.#compensations.pop()) {
      try {
        const undone = undo();
        if (undone) yield* undone;
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length > 0) throw new CompensationFailedError(errors, total);
  }
}
