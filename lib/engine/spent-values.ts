import { ClosedError } from '../errors.js';
import type { Address } from '../wire/messages.js';
import { holderOf, referencesIn } from '../wire/value-references.js';
import type { Activation, InputBody } from './activation.js';
import { inParallel } from './large-values.js';
import type { Loops } from './loops.js';
import type { Logger, ObjectStore } from './ports.js';

/**
 * Removes values that nothing names any more, behind everything else: what is not removed when this owner ends is found
 * by a sweep (P15).
 */
export class SpentValues {
  readonly #objects: ObjectStore;
  readonly #logger: Logger;
  readonly #loops: Loops;
  #waiting: string[] = [];
  #removing: Promise<void> | undefined;
  #isStopped = false;

  constructor({ objects, logger }: { readonly objects: ObjectStore; readonly logger: Logger }, loops: Loops) {
    this.#loops = loops;
    this.#objects = objects;
    this.#logger = logger;
  }

  /** No stored record that is still needed, and no stored head, names these keys. */
  add(keys: readonly string[]): void {
    if (keys.length === 0 || this.#isStopped) return;
    this.#waiting.push(...keys);
    this.#start();
  }

  /** Resolves when all are removed. */
  async drain(): Promise<void> {
    while (this.#removing) await this.#removing;
  }

  stop(): void {
    this.#isStopped = true;
    this.#waiting = [];
  }

  #start(): void {
    if (this.#removing || this.#waiting.length === 0) return;
    this.#removing = this.#removeAll(this.#waiting.splice(0)).then(() => {
      this.#removing = undefined;
      this.#start();
    });
  }

  #removeAll(keys: readonly string[]): Promise<void> {
    return inParallel(keys, async (key) => {
      if (!this.#isStopped) await this.#remove(key);
    });
  }

  async #remove(key: string): Promise<void> {
    try {
      await this.#loops.watch('the removal of a stored value', this.#objects.remove(key), key);
    } catch (error) {
      if (error instanceof ClosedError) return;
      this.#logger.error('A stored value could not be removed; a sweep will find it', {
        instance: key,
        error: String(error),
      });
    }
  }
}

/** The keys of the values of a message that its receiver has not made its own: they are done with. */
export function spentBy(activation: Activation, address: Address, body: InputBody): readonly string[] {
  const references = referencesIn(body);
  if (references.length === 0) return none;
  return references.flatMap(({ key }) => (holderOf(key) === address && !activation.holds(key) ? [key] : []));
}

const none: readonly string[] = [];
