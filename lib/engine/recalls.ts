import type { Input, Instance } from './instance.js';
import type { InstancesListener } from './instances-listener.js';
import type { Loops } from './loops.js';
import type { Run } from './waiting.js';

/** What brings parked messages back, and where they go. */
export interface RecallsListener extends Pick<InstancesListener, 'recall' | 'unloadable'> {
  /** The messages that come next for an instance are here. */
  recalled(instance: Instance, run: Run, inputs: readonly Input[]): void;
}

/** The reading of the parked messages that come next for instances: of each at most one page at a time. */
export class Recalls {
  readonly #loops: Loops;
  readonly #listener: RecallsListener;
  readonly #under = new Set<Instance>();

  constructor(loops: Loops, listener: RecallsListener) {
    this.#loops = loops;
    this.#listener = listener;
  }

  /** Whether messages of an instance are being read. */
  has(instance: Instance): boolean {
    return this.#under.has(instance);
  }

  /** Has them read, if any are missing. */
  want(instance: Instance): void {
    const run = instance.waiting.missing;
    if (!run || this.#under.has(instance)) return;
    this.#under.add(instance);
    this.#loops
      .watch('the reading of parked messages', this.#listener.recall(instance, run), instance.address)
      .then((inputs) => {
        this.#under.delete(instance);
        this.#listener.recalled(instance, run, inputs);
      })
      .catch((error: unknown) => {
        this.#under.delete(instance);
        this.#listener.unloadable(instance, error);
      });
  }
}
