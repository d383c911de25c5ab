import type { Address } from '../wire/messages.js';
import type { Clock } from './ports.js';
import { TimerQueue, type Timed } from './timer-queue.js';

/** The longest single wait, in milliseconds: longer ones are looked at again (P19). */
const LONGEST = 3_600_000;
/** So many items of instances that have changed their minds are kept before the queue is built anew. */
const STALE = 1_000;

interface Item extends Timed {
  readonly address: Address;
}

/** Waits for the next due time of each instance of a partition; never early. */
export class DueTimers {
  readonly #clock: Clock;
  readonly #due: (address: Address) => void;
  readonly #done: () => void;
  readonly #next = new Map<Address, Item>();
  #queue = new TimerQueue<Item>();
  #cancel: (() => void) | undefined;
  #armedFor = Infinity;
  #isStopped = false;

  /** `due` is told each instance whose time has come, `done` after the last of those due together. */
  constructor(clock: Clock, due: (address: Address) => void, done: () => void) {
    this.#clock = clock;
    this.#due = due;
    this.#done = done;
  }

  /** The instance is to be told at this time, and at no other; undefined: at none. */
  schedule(address: Address, at: number | undefined): void {
    const item = this.#next.get(address);
    if (item?.at === at) return;
    if (at === undefined) this.#next.delete(address);
    else this.#add({ address, at });
    if (this.#queue.length > 2 * this.#next.size + STALE) this.#rebuild();
    this.#arm();
  }

  stop(): void {
    this.#isStopped = true;
    this.#cancel?.();
  }

  #add(item: Item): void {
    this.#next.set(item.address, item);
    this.#queue.push(item);
  }

  #rebuild(): void {
    this.#queue = new TimerQueue();
    for (const item of this.#next.values()) this.#queue.push(item);
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
      if (this.#next.get(next.address) !== next) continue;
      this.#next.delete(next.address);
      this.#due(next.address);
    }
    this.#done();
    this.#arm();
  }
}
