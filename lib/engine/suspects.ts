import type { Clock } from './ports.js';

/** So long a suspect is watched alone, in milliseconds: what ends a process mostly does it at once. */
const ALONE = 5_000;

/**
 * Activities that have ended with their process before, so often that the next time would be the last. They begin one
 * after the other: when the process ends again, it is known by which, and those that only ran beside it go on.
 */
export class Suspects {
  readonly #clock: Clock;
  #present: object | undefined;
  readonly #waiting: (() => void)[] = [];
  /** Told when one begins, and when the next may. */
  onChange = (): void => {};

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get isAlone(): boolean {
    return this.#present !== undefined;
  }

  /** Begins one if none is watched; the result says that it has ended. Undefined: one is. */
  enter(): (() => void) | undefined {
    if (this.#present) return undefined;
    const present = {};
    this.#present = present;
    const leave = (): void => {
      if (this.#present !== present) return;
      cancel();
      this.#present = undefined;
      while (!this.#present && this.#waiting.length > 0) this.#waiting.shift()!();
      if (!this.#present) this.onChange();
    };
    const cancel = this.#clock.after(ALONE, leave);
    this.onChange();
    return leave;
  }

  /** Calls when none is watched; it is to enter then. */
  whenFree(call: () => void): void {
    if (this.#present) this.#waiting.push(call);
    else call();
  }
}
