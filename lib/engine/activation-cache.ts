import { LRUCache } from 'lru-cache';
import type { Instance } from './instance.js';

/** What a worker keeps of idle instances by default, in bytes. */
const DEFAULT_BYTES = 32 * 1024 * 1024;
/** After so many milliseconds at rest an instance is unloaded, whatever room there is. */
const LONGEST_REST = 600_000;

interface Resting {
  /** When it came to rest. */
  readonly since: number;
  readonly unload: (instance: Instance) => void;
}

/** What one partition of a worker has in memory that cannot be unloaded. */
export interface PartitionLoad {
  /** Inputs of instances that can go on by themselves. */
  readonly ready: number;
  /** Instances whose heads are not stored yet. */
  readonly unwritten: number;
}

/**
 * The instances of all partitions of a worker that are loaded and idle, within a bound in bytes: beyond it those that
 * rest longest are unloaded. Instances that are in use are not here, so nothing that would be lost is ever unloaded.
 */
export class ActivationCache {
  readonly #bound: number;
  readonly #partitions = new Set<PartitionLoad>();
  readonly #resting: LRUCache<Instance, Resting> | undefined;

  /** `bytes`: about how many idle instances may take, 0: none is kept. */
  constructor(bytes = DEFAULT_BYTES) {
    this.#bound = bytes;
    if (bytes < 1) return; // to the cache, 0 means that there is no bound
    this.#resting = new LRUCache({
      maxSize: Math.ceil(bytes),
      dispose: ({ unload }, instance, reason) => {
        if (reason === 'evict') unload(instance);
      },
    });
  }

  join(partition: PartitionLoad): void {
    this.#partitions.add(partition);
  }

  leave(partition: PartitionLoad): void {
    this.#partitions.delete(partition);
  }

  /** What all partitions have together. */
  get load(): PartitionLoad {
    let [ready, unwritten] = [0, 0];
    for (const partition of this.#partitions) {
      ready += partition.ready;
      unwritten += partition.unwritten;
    }
    return { ready, unwritten };
  }

  /** An instance has come to rest: it is kept as long as there is room. */
  rest(instance: Instance, since: number, unload: (instance: Instance) => void): void {
    const size = instance.bytes;
    if (size > this.#bound) unload(instance);
    else this.#resting?.set(instance, { since, unload }, { size });
  }

  /** The instance is in use again, or belongs to another owner now. */
  remove(instance: Instance): void {
    this.#resting?.delete(instance);
  }

  /** Unloads what has rested for too long. */
  age(now: number): void {
    const resting = this.#resting;
    for (const instance of resting?.rkeys() ?? []) {
      const { since, unload } = resting!.peek(instance)!;
      if (now - since < LONGEST_REST) return;
      resting!.delete(instance);
      unload(instance);
    }
  }
}
