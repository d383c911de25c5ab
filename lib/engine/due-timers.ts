import type { InstanceTimer } from './activation.js';
import type { Clock } from './ports.js';
import { TimerQueue } from './timer-queue.js';

/** The longest single wait, in milliseconds: longer ones are looked at again (P19). */
const LONGEST = 3_600_000;

/** A wake-up of an instance that is not loaded. */
export interface WakeUp {
  readonly kind: 'wake';
  readonly address: string;
  readonly at: number;
}

/** Waits for the timers of a partition's instances; each is told once, never early. */
export class DueTimers {
  readonly #clock: Clock;
  readonly #due: (timer: InstanceTimer | WakeUp) => void;
  readonly #done: () => void;
  readonly #queue = new TimerQueue<InstanceTimer | WakeUp>();
  #cancel: (() => void) | undefined;
  #armedFor = Infinity;
  #isStopped = false;

  /** `due` is told each timer that is due, `done` after the last of those due together. */
  constructor(clock: Clock, due: (timer: InstanceTimer | WakeUp) => void, done: () => void) {
    this.#clock = clock;
    this.#due = due;
    this.#done = done;
  }

  add(timer: InstanceTimer | WakeUp): void {
    this.#queue.push(timer);
    this.#arm();
  }

  stop(): void {
    this.#isStopped = true;
    this.#cancel?.();
  }

  #arm(): void {
    const next = this.#queue.peek();
    if (!next || next.at >= this.#armedFor || this.#isStopped) return;
    this.#cancel?.();
    this.#armedFor = next.at;
    const wait = Math.min(Math.max(0, next.at - this.#clock.now()), LONGEST);
    this.#cancel = this.#clock.after(wait, () => this.#fire());
  }

  #fire(): void {
    this.#armedFor = Infinity;
    const now = this.#clock.now();
    for (let next = this.#queue.peek(); next && next.at <= now; next = this.#queue.peek()) {
      this.#queue.pop();
      this.#due(next);
    }
    this.#done();
    this.#arm();
  }
}
