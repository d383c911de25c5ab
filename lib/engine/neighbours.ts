import type { EncodedEntry } from '../wire/message-codec.js';

/** A partition as the others see it that the same worker owns. */
export interface Neighbour {
  /** Takes what records of another partition have for this one, without mail; false: it has to come as mail. */
  take(from: number, entries: readonly EncodedEntry[]): boolean;
  /** The owner of a partition is gone: what was handed to it, it may not have recorded. */
  gone(partition: number): void;
}

/** The partitions of one worker that run, by their numbers. */
export class Neighbours {
  readonly #all = new Map<number, Neighbour>();

  at(partition: number): Neighbour | undefined {
    return this.#all.get(partition);
  }

  join(partition: number, neighbour: Neighbour): void {
    this.#all.set(partition, neighbour);
  }

  /** Nothing is handed to it any more; another owner of the partition may have come since. */
  leave(partition: number, neighbour: Neighbour): void {
    if (this.#all.get(partition) === neighbour) this.#all.delete(partition);
  }

  /** All others are told that it may not have recorded what it had. */
  end(partition: number, neighbour: Neighbour): void {
    this.leave(partition, neighbour);
    for (const other of this.#all.values()) if (other !== neighbour) other.gone(partition);
  }
}
