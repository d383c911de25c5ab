import type { Clock } from './ports.js';

/** So long nothing is taken from queues beside a suspect, in milliseconds: what ends a process mostly does it at once. */
const ALONE = 5_000;

/**
 * Activities that have ended with their process before, so often that the next time would be the last. Such last runs are
 * done one after the other, each to its end: when the process ends again, it is known by which, and those that only ran
 * beside it before have their own turn.
 */
export class Suspects {
  readonly #clock: Clock;
  #present: object | undefined;
  #isAlone = false;
  readonly #waiting: (() => void)[] = [];
  /** Told when one begins, and when the next may. */
  onChange = (): void => {};

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whether one has just begun. */
  get isAlone(): boolean {
    return this.#isAlone;
  }

  get isFree(): boolean {
    return this.#present === undefined;
  }

  /** Begins a last run if there is none; the result says that it has ended. Undefined: there is one. */
  enter(): (() => void) | undefined {
    if (this.#present) return undefined;
    const present = {};
    this.#present = present;
    this.#isAlone = true;
    const cancel = this.#clock.after(ALONE, () => this.#notAlone());
    this.onChange();
    return () => {
      if (this.#present !== present) return;
      cancel();
      this.#present = undefined;
      while (!this.#present && this.#waiting.length > 0) this.#waiting.shift()!();
      if (!this.#present) this.#notAlone();
    };
  }

  #notAlone(): void {
    this.#isAlone = false;
    this.onChange();
  }

  /** Calls when there is none; it is to enter then. */
  whenFree(call: () => void): void {
    if (this.#present) this.#waiting.push(call);
    else call();
  }
}
