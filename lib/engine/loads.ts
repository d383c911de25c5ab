import type { Activation } from './activation.js';
import { Fifo } from './fifo.js';
import type { Instance } from './instance.js';
import type { Loop, Loops } from './loops.js';

/** So many instances of a partition are read at a time: more would only wait in memory, each half loaded. */
const AT_A_TIME = 32;

/** Who loads, and who is told. */
export interface LoadsListener {
  load(instance: Instance): Promise<Activation>;
  /** It has its activation now. */
  loaded(instance: Instance): void;
  /** An instance cannot be loaded. */
  failed(instance: Instance, error: unknown): void;
}

interface Waiter {
  readonly resolve: (activation: Activation) => void;
  readonly reject: (error: unknown) => void;
}

/** Loads a partition's instances in the order in which they are wanted, a bounded number at a time. */
export class Loads {
  readonly #loop: Loop;
  readonly #listener: LoadsListener;
  /** Those that are wanted and not loaded yet. */
  readonly #wanted = new Set<Instance>();
  readonly #queue = new Fifo<Instance>();
  readonly #waiters = new Map<Instance, Waiter[]>();
  #underWay = 0;

  constructor(loops: Loops, listener: LoadsListener) {
    this.#loop = loops.add('the loading of an instance', () => this.#first);
    this.#listener = listener;
  }

  get size(): number {
    return this.#wanted.size;
  }

  has(instance: Instance): boolean {
    return this.#wanted.has(instance);
  }

  get #first(): string | undefined {
    const [first] = this.#wanted;
    return first?.address;
  }

  want(instance: Instance): void {
    if (this.#wanted.has(instance)) return;
    if (this.#wanted.size === 0) this.#loop.begin();
    this.#wanted.add(instance);
    this.#queue.push(instance);
    this.#next();
  }

  /** The activation, once it is loaded. Rejects when it cannot be. */
  whenLoaded(instance: Instance): Promise<Activation> {
    const loaded = new Promise<Activation>((resolve, reject) => {
      const waiters = this.#waiters.get(instance);
      if (waiters) waiters.push({ resolve, reject });
      else this.#waiters.set(instance, [{ resolve, reject }]);
    });
    this.want(instance);
    return loaded;
  }

  #next(): void {
    while (this.#underWay < AT_A_TIME) {
      const instance = this.#queue.shift();
      if (!instance) return;
      this.#underWay++;
      this.#listener
        .load(instance)
        .then(
          (activation) => this.#loaded(instance, activation),
          (error: unknown) => this.#failed(instance, error),
        )
        .catch((error: unknown) => this.#listener.failed(instance, error));
    }
  }

  #loaded(instance: Instance, activation: Activation): void {
    instance.activation = activation;
    this.#ended(instance);
    for (const { resolve } of this.#takeWaiters(instance)) resolve(activation);
    this.#listener.loaded(instance);
  }

  #failed(instance: Instance, error: unknown): void {
    this.#ended(instance);
    for (const { reject } of this.#takeWaiters(instance)) reject(error);
    this.#listener.failed(instance, error);
  }

  #ended(instance: Instance): void {
    this.#underWay--;
    this.#wanted.delete(instance);
    if (this.#wanted.size > 0) this.#loop.moved();
    else this.#loop.end();
    this.#next();
  }

  #takeWaiters(instance: Instance): readonly Waiter[] {
    const waiters = this.#waiters.get(instance);
    if (!waiters) return [];
    this.#waiters.delete(instance);
    return waiters;
  }
}
