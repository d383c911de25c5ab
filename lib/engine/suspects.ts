import type { Clock } from './ports.js';

/** So long nothing is taken from queues beside a suspect, in milliseconds: what ends a process mostly does it at once. */
const ALONE = 5_000;
/** None begins in a worker's first milliseconds: workers that die of other causes mostly die while they are busy. */
const CALM = 5_000;

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
    const calm = {};
    this.#present = calm;
    clock.after(CALM, () => this.#ended(calm));
  }

  /** Whether one has just begun. */
  get isAlone(): boolean {
    return this.#isAlone;
  }

  /** Whether one may begin. */
  get isFree(): boolean {
    return this.#present === undefined;
  }

  /** Begins a last run if that may be now; the result says that it has ended. Undefined: it may not. */
  enter(): (() => void) | undefined {
    if (this.#present) return undefined;
    const present = {};
    this.#present = present;
    this.#isAlone = true;
    const cancel = this.#clock.after(ALONE, () => this.#notAlone());
    this.onChange();
    return () => {
      cancel();
      this.#ended(present);
    };
  }

  #ended(present: object): void {
    if (this.#present !== present) return;
    this.#present = undefined;
    while (!this.#present && this.#waiting.length > 0) this.#waiting.shift()!();
    if (!this.#present) this.#notAlone();
  }

  #notAlone(): void {
    this.#isAlone = false;
    this.onChange();
  }

  /** Calls when one may begin; it is to enter then. */
  whenFree(call: () => void): void {
    if (this.#present) this.#waiting.push(call);
    else call();
  }
}
