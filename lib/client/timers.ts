import type { Clock } from '../engine/ports.js';

interface Timer {
  readonly at: number;
  readonly call: () => void;
}

/**
 * Timers by the thousand, nearly all of which are cancelled: those of one length end in the order in which they were set,
 * so one timer of the clock is enough for them.
 */
export class Timers {
  readonly #clock: Clock;
  readonly #byLength = new Map<number, Set<Timer>>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** As the clock's own `after`. */
  after(milliseconds: number, call: () => void): () => void {
    const timer = { at: this.#clock.now() + milliseconds, call };
    let timers = this.#byLength.get(milliseconds);
    if (!timers) {
      this.#byLength.set(milliseconds, (timers = new Set()));
      this.#arm(milliseconds, timers, milliseconds);
    }
    timers.add(timer);
    return () => timers.delete(timer);
  }

  #arm(length: number, timers: Set<Timer>, wait: number): void {
    this.#clock.after(wait, () => {
      const now = this.#clock.now();
      for (const timer of timers) {
        if (timer.at > now) return this.#arm(length, timers, timer.at - now);
        timers.delete(timer);
        timer.call();
      }
      this.#byLength.delete(length);
    });
  }
}
