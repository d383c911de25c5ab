import { IllegalAwaitError } from '../errors.js';
import { disown, isThenable } from './illegal-await.js';
import { TaskNode, type Outcome, type TaskParent } from './task-node.js';
import type { DurableTimerTask } from './timer-task.js';

/** Runs code that only looks. */
type Look = <T>(code: () => T) => T;

/**
 * The conditions that an execution waits for. They are looked at when they are given, and after each event, once the code
 * has gone on: nothing of that is recorded, for the same events lead to the same state.
 *
 * W1. Conditions are looked at in the order in which they were given, until none holds any more.
 * W2. One that nobody waits for any more, after its race was lost, is not looked at before it is waited for again.
 */
export class Conditions {
  readonly #look: Look;
  /** Made with the first one: most code gives none. */
  #open: Set<ConditionTask> | undefined;

  constructor(look: Look) {
    this.#look = look;
  }

  /** A task that ends when the condition holds, perhaps at once; `isTimed`: its result says whether it does. */
  waitFor(condition: () => unknown, isTimed: boolean): ConditionTask {
    const task = new ConditionTask(this, () => this.#look(condition), isTimed);
    this.enter(task);
    return task;
  }

  /** Ends the tasks whose conditions hold; whether there was one. */
  check(): boolean {
    if (!this.#open) return false;
    let hasEnded = false;
    // Those that this ends, or takes out of a race, leave the set meanwhile; none enters it.
    for (const task of this.#open) if (task.check()) hasEnded = true;
    return hasEnded;
  }

  enter(task: ConditionTask): void {
    (this.#open ??= new Set()).add(task);
    task.check();
  }

  leave(task: ConditionTask): void {
    this.#open?.delete(task);
  }
}

/** One wait for a condition. */
export class ConditionTask extends TaskNode<boolean | void> implements TaskParent {
  readonly #conditions: Conditions;
  readonly #condition: () => unknown;
  readonly #isTimed: boolean;
  #timer: DurableTimerTask | undefined;
  #isWithdrawn = false;

  constructor(conditions: Conditions, condition: () => unknown, isTimed: boolean) {
    super();
    this.#conditions = conditions;
    this.#condition = condition;
    this.#isTimed = isTimed;
  }

  /** It ends with the timer at the latest. */
  endWith(timer: DurableTimerTask): void {
    this.#timer = timer;
    timer.attach(this);
  }

  /** Ends it if its condition holds or throws. */
  check(): boolean {
    const outcome = this.#evaluate();
    if (outcome && !this.isCompleted) this.#end(outcome);
    return this.isCompleted;
  }

  /** The timer has fired. */
  childCompleted(): void {
    if (!this.isCompleted) this.#end(this.#evaluate() ?? { value: false });
  }

  protected override awaited(): void {
    if (!this.#isWithdrawn) return;
    this.#isWithdrawn = false;
    this.#conditions.enter(this);
  }

  protected override abandoned(): void {
    if (this.isCompleted) return;
    this.#isWithdrawn = true;
    this.#conditions.leave(this);
  }

  #end(outcome: Outcome<boolean | void>): void {
    this.#conditions.leave(this);
    this.#timer?.cancel();
    this.settle(outcome);
  }

  /** Undefined: it does not hold. */
  #evaluate(): Outcome<boolean | void> | undefined {
    try {
      const holds = this.#condition();
      if (isThenable(holds)) {
        disown(holds);
        throw new IllegalAwaitError(
          'The condition of a waitUntil returned a promise: it looks at the fields of the orchestrator, and waits for nothing.',
        );
      }
      return holds ? { value: this.#isTimed ? true : undefined } : undefined;
    } catch (error) {
      return { error };
    }
  }
}
