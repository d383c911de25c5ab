import { ActivationCache } from '../../lib/engine/activation-cache.js';
import type { Instance } from '../../lib/engine/instance.js';

/** A worker's cache of idle instances that can be asked what it holds. */
export class WatchedActivations extends ActivationCache {
  readonly #kept = new Map<Instance, number>();

  /** How many bytes of idle instances it keeps. */
  get bytes(): number {
    return Array.from(this.#kept.values()).reduce((sum, bytes) => sum + bytes, 0);
  }

  override rest(instance: Instance, since: number, unload: (instance: Instance) => void): void {
    this.#kept.set(instance, instance.bytes);
    super.rest(instance, since, (one) => {
      this.#kept.delete(one);
      unload(one);
    });
  }

  override remove(instance: Instance): void {
    this.#kept.delete(instance);
    super.remove(instance);
  }
}
