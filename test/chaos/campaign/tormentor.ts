import { setTimeout as delay } from 'node:timers/promises';
import type { SeededRandom } from '../../../lib/memory/random.js';
import { nemeses, type Fault, type FaultKind, type Surroundings } from './nemeses.js';

/** The pause between the beginnings of two faults, in milliseconds: this, and up to as much again. */
const PAUSE = 1_500;

/** So many faults at a time: one that has to wait for its turn would come when the run should be over. */
const AT_ONCE = 3;

/** Does one fault after the other, several at a time, never two to the same process. */
export class Tormentor {
  readonly faults: Fault[] = [];
  readonly #surroundings: Surroundings;
  readonly #random: SeededRandom;
  readonly #held = new Set<object>();
  readonly #running = new Set<Promise<void>>();

  constructor(surroundings: Omit<Surroundings, 'take'>, random: SeededRandom) {
    this.#random = random;
    this.#surroundings = { ...surroundings, take: (all, isGood) => this.#take(all, isGood) };
  }

  /** Begins faults for a time; resolves when the last of them is healed. */
  async run(kinds: Iterator<FaultKind, never>, milliseconds: number, pause = PAUSE): Promise<void> {
    const deadline = performance.now() + milliseconds;
    while (performance.now() < deadline) {
      if (this.#running.size >= AT_ONCE) {
        await delay(50);
        continue;
      }
      const run = this.#do(kinds.next().value, this.#random.fork()).finally(() => this.#running.delete(run));
      this.#running.add(run);
      await delay(pause + this.#random.below(pause));
    }
    await Promise.all(this.#running);
  }

  async #do(kind: FaultKind, random: SeededRandom): Promise<void> {
    const from = Date.now();
    try {
      const { release, ...done } = await nemeses[kind](this.#surroundings, random);
      for (const one of release) this.#held.delete(one);
      this.faults.push({ kind, from, to: Date.now(), ...done });
    } catch (error) {
      this.faults.push({ kind, from, to: Date.now(), target: String(error), proof: undefined });
    }
  }

  async #take<T extends object>(all: readonly T[], isGood: (one: T) => boolean): Promise<T> {
    for (;;) {
      const free = all.filter((one) => !this.#held.has(one) && isGood(one));
      const one = free[this.#random.below(free.length)];
      if (one) {
        this.#held.add(one);
        return one;
      }
      await delay(50);
    }
  }
}
