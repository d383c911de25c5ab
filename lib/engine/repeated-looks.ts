import { partitionOf } from '../wire/addresses.js';
import type { Instance } from './instance.js';
import type { Clock } from './ports.js';

/** So often it counts down, in milliseconds: clocks leap, what is counted does not. */
const TICK = 200;
/** After about so many ticks a look is repeated for the first time; from then on ever later, up to the longest pause. */
const FIRST_PAUSE = 5;
const LONGEST_PAUSE = 40;
/** Of a pause so many parts may be added or missing, up to a half. */
const PARTS = 1_000;

/**
 * Repeats looks while inputs wait for an entity that may wait itself: one timer for a partition, and none while nothing waits. Pauses
 * differ from entity to entity, so that those of one circle seldom look at the same moment, and refuse one call alone.
 */
export class RepeatedLooks {
  readonly #clock: Pick<Clock, 'after'>;
  readonly #look: (instance: Instance) => void;
  readonly #repeated = new Map<Instance, { left: number; pause: number }>();
  #cancel: (() => void) | undefined;

  constructor(clock: Pick<Clock, 'after'>, look: (instance: Instance) => void) {
    this.#clock = clock;
    this.#look = look;
  }

  add(instance: Instance): void {
    if (this.#repeated.has(instance)) return;
    this.#repeated.set(instance, { left: jittered(instance, FIRST_PAUSE), pause: FIRST_PAUSE });
    this.#cancel ??= this.#clock.after(TICK, () => this.#tick());
  }

  stop(): void {
    this.#cancel?.();
    this.#repeated.clear();
  }

  #tick(): void {
    for (const [instance, repeated] of this.#repeated) {
      if (instance.waiting.length === 0) this.#repeated.delete(instance);
      else if (--repeated.left <= 0) {
        repeated.pause = Math.min(2 * repeated.pause, LONGEST_PAUSE);
        repeated.left = jittered(instance, repeated.pause);
        this.#look(instance);
      }
    }
    this.#cancel = this.#repeated.size > 0 ? this.#clock.after(TICK, () => this.#tick()) : undefined;
  }
}

function jittered({ address }: Instance, pause: number): number {
  return Math.round(pause * (0.5 + partitionOf(address, PARTS) / PARTS));
}
