import { partitionOf } from '../wire/addresses.js';
import type { Address } from '../wire/messages.js';
import { DueTimers } from './due-timers.js';
import type { Instance } from './instance.js';
import type { Clock } from './ports.js';

/** About when a look is repeated for the first time, in milliseconds; from then on ever later, up to the longest pause. */
const FIRST_PAUSE = 1_000;
const LONGEST_PAUSE = 8_000;
/** Of a pause so many parts may be added or missing, up to a half. */
const PARTS = 1_000;

/**
 * Repeats looks while inputs wait for an entity that may wait itself: one timer for a partition, and none while nothing waits. Pauses
 * differ from entity to entity, so that those of one circle seldom look at the same moment, and refuse one call alone.
 */
export class RepeatedLooks {
  readonly #clock: Clock;
  readonly #look: (instance: Instance) => void;
  readonly #timers: DueTimers;
  readonly #repeated = new Map<Address, { readonly instance: Instance; readonly pause: number }>();

  constructor(clock: Clock, look: (instance: Instance) => void) {
    this.#clock = clock;
    this.#look = look;
    this.#timers = new DueTimers(
      clock,
      (address) => this.#due(address),
      () => {},
    );
  }

  add(instance: Instance): void {
    if (!this.#repeated.has(instance.address)) this.#plan(instance, FIRST_PAUSE);
  }

  stop(): void {
    this.#timers.stop();
    this.#repeated.clear();
  }

  #plan(instance: Instance, pause: number): void {
    const { address } = instance;
    this.#repeated.set(address, { instance, pause });
    this.#timers.schedule(address, this.#clock.now() + pause * (0.5 + partitionOf(address, PARTS) / PARTS));
  }

  #due(address: Address): void {
    const { instance, pause } = this.#repeated.get(address)!;
    if (instance.waiting.length === 0) return void this.#repeated.delete(address);
    this.#plan(instance, Math.min(2 * pause, LONGEST_PAUSE));
    this.#look(instance);
  }
}
