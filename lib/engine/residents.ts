import type { Address } from '../wire/messages.js';
import type { Activation } from './activation.js';
import type { ActivationCache } from './activation-cache.js';
import { Instance } from './instance.js';
import { OrchestrationActivation } from './orchestration-activation.js';

/** The instances of a partition that are in memory: those awake, and those at rest, which may be unloaded. */
export class Residents {
  readonly #activations: ActivationCache;
  readonly #limitOf: (address: Address) => number;
  readonly #all = new Map<Address, Instance>();
  readonly #awake = new Set<Instance>();
  #replayedByUnloaded = 0;

  /** `limitOf`: the most messages that may wait for an instance. */
  constructor(activations: ActivationCache, limitOf: (address: Address) => number) {
    this.#activations = activations;
    this.#limitOf = limitOf;
  }

  get size(): number {
    return this.#all.size;
  }

  /** Those that are not at rest. */
  get awake(): Iterable<Instance> {
    return this.#awake;
  }

  /** How many history events were replayed, by instances that are loaded and by those that were unloaded since. */
  get replayedEvents(): number {
    let events = this.#replayedByUnloaded;
    for (const { activation } of this.#all.values()) events += replayedBy(activation);
    return events;
  }

  find(address: Address): Instance | undefined {
    return this.#all.get(address);
  }

  /** The instance of an address, awake from now on. */
  wake(address: Address): Instance {
    let instance = this.#all.get(address);
    if (!instance) {
      instance = new Instance(address, this.#limitOf(address));
      this.#all.set(address, instance);
      this.#awake.add(instance);
    } else if (instance.isResting) {
      instance.isResting = false;
      this.#activations.remove(instance);
      this.#awake.add(instance);
    }
    return instance;
  }

  /** Those that have become idle come to rest. */
  rest(now: number): void {
    for (const instance of this.#awake) {
      if (!instance.isIdle) continue;
      this.#awake.delete(instance);
      instance.isResting = true;
      this.#activations.rest(instance, now, this.#unload);
    }
    this.#activations.age(now);
  }

  /** The head of an instance was stored: what has ended by that is not kept, for hardly anybody asks for it. */
  stored(instance: Instance): void {
    if (!instance.activation?.hasEnded || !instance.isIdle) return;
    this.#awake.delete(instance);
    this.#unload(instance);
  }

  /** They belong to another owner now. */
  clear(): void {
    for (const instance of this.#all.values()) if (instance.isResting) this.#activations.remove(instance);
  }

  readonly #unload = ({ address, activation }: Instance): void => {
    this.#all.delete(address);
    this.#replayedByUnloaded += replayedBy(activation);
  };
}

function replayedBy(activation: Activation | undefined): number {
  return activation instanceof OrchestrationActivation ? activation.replayedEvents : 0;
}
