import { partitionOf } from '../wire/addresses.js';
import type { Instance } from './instance.js';
import type { Clock } from './ports.js';

/** About when a look is repeated for the first time, in milliseconds; from then on ever later, up to the longest pause. */
const FIRST_PAUSE = 1_000;
const LONGEST_PAUSE = 8_000;
/** Of a pause a part in a thousand may be added or missing, up to a half. */
const PARTS = 1_000;

interface Repeated {
  at: number;
  pause: number;
}

/**
 * Repeats looks while inputs wait for an entity that may wait itself: one timer for a partition, and none while nothing waits. Pauses
 * differ from entity to entity, so that those of one circle seldom look at the same moment, and refuse one call alone.
 */
export class RepeatedLooks {
  readonly #clock: Pick<Clock, 'now' | 'after'>;
  readonly #look: (instance: Instance) => void;
  readonly #repeated = new Map<Instance, Repeated>();
  /** When the timer rings. */
  #at = Infinity;
  #cancel = (): void => {};

  constructor(clock: Pick<Clock, 'now' | 'after'>, look: (instance: Instance) => void) {
    this.#clock = clock;
    this.#look = look;
  }

  add(instance: Instance): void {
    if (this.#repeated.has(instance)) return;
    const repeated = { at: this.#clock.now() + jittered(instance, FIRST_PAUSE), pause: FIRST_PAUSE };
    this.#repeated.set(instance, repeated);
    this.#wakeAt(repeated.at);
  }

  stop(): void {
    this.#cancel();
    this.#repeated.clear();
  }

  #wakeAt(at: number): void {
    if (at >= this.#at) return;
    this.#cancel();
    this.#at = at;
    this.#cancel = this.#clock.after(at - this.#clock.now(), () => this.#ring());
  }

  #ring(): void {
    this.#at = Infinity;
    const now = this.#clock.now();
    let next = Infinity;
    for (const [instance, repeated] of this.#repeated) {
      if (instance.waiting.length === 0) this.#repeated.delete(instance);
      else {
        if (repeated.at <= now) this.#repeat(instance, repeated, now);
        next = Math.min(next, repeated.at);
      }
    }
    this.#wakeAt(next);
  }

  #repeat(instance: Instance, repeated: Repeated, now: number): void {
    repeated.pause = Math.min(2 * repeated.pause, LONGEST_PAUSE);
    repeated.at = now + jittered(instance, repeated.pause);
    this.#look(instance);
  }
}

function jittered({ address }: Instance, pause: number): number {
  return pause * (0.5 + partitionOf(address, PARTS) / PARTS);
}
