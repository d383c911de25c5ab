import type { Json, ValueReference } from '../core/values.js';
import { ClosedError, CorruptHistoryError, PayloadTooLargeError } from '../errors.js';
import { withChanges } from '../wire/entity-state.js';
import type { Address } from '../wire/messages.js';
import { utf8Length } from '../wire/text.js';
import { isLonger, type ValueLimits } from '../wire/value-limits.js';
import {
  decodeStoredValue,
  encodeStoredValue,
  holderOf,
  referencesIn,
  valueIn,
  valueKey,
  withReferences,
  withValues,
} from '../wire/value-references.js';
import { FetchedValues } from './fetched-values.js';
import type { Loops } from './loops.js';
import type { Clock, ObjectStore, Random } from './ports.js';
import { lookFor } from './looks.js';
import { RefusalsInARow, type Refusal } from './refusals-in-a-row.js';

/** After an unclear put, the wait before the next try, in milliseconds, doubled up to the second. */
const FIRST_RETRY = 20;
const LAST_RETRY = 2_000;
/** What is missing is looked for so often: a deposed leader has heard of it by then (P11). */
const LOOKS = 150;
/** Values that one call fetches or stores at the same time. */
const WIDTH = 4;

/** What large values need of the world. */
export interface ValuePorts {
  readonly objects: ObjectStore;
  readonly clock: Clock;
  readonly random: Random;
  readonly valueLimits: ValueLimits;
}

/**
 * Values too large for messages, in the hub's object store.
 *
 * P15. A value is put before anything that names it is sent or committed, under a key that is used once and belongs to the
 *      instance that will hold it; one that goes to another instance is put again.
 */
export class LargeValues {
  readonly #ports: ValuePorts;
  readonly #loops: Loops | undefined;
  readonly #patience: number;
  #isStopped = false;

  /**
   * Without `loops` nobody watches how long it takes. `patience`: a put that is refused for so many milliseconds is given up,
   * by default never.
   */
  constructor(ports: ValuePorts, loops?: Loops, patience = Infinity) {
    this.#ports = ports;
    this.#loops = loops;
    this.#patience = patience;
  }

  get limits(): ValueLimits {
    return this.#ports.valueLimits;
  }

  /** The JSON text of a value that has to go by reference; undefined: it is small. Throws PayloadTooLargeError. */
  textOf(value: Json, what: () => string): string | undefined {
    const { inline, largest } = this.limits;
    if (isSurelyShort(value, inline)) return undefined;
    const text = JSON.stringify(value);
    if (!isLonger(text, inline)) return undefined;
    if (isLonger(text, largest)) throw new PayloadTooLargeError(what(), utf8Length(text), largest);
    return text;
  }

  /** The JSON text of the value of a message or the like, as `textOf`. */
  textIn(item: object, what: () => string): string | undefined {
    const value = valueIn(item);
    return value === undefined ? undefined : this.textOf(value, what);
  }

  /** A message or the like whose value, of which this is the text, is named by reference. */
  async byReference<T extends object>(holder: Address, item: T, text: string, isWanted = always): Promise<T> {
    const reference = await this.put(holder, text, isWanted);
    return withReferences(item, () => reference);
  }

  /**
   * Puts a text into the object store, until it is known to be there. Throws ClosedError, also once it is not wanted, and
   * StorageFullError or PermissionDeniedError when it is given up.
   */
  put(holder: Address, text: string, isWanted = always): Promise<ValueReference> {
    const put = this.#put(holder, text, isWanted);
    return this.#loops?.watch('the storing of a large value', put, holder) ?? put;
  }

  async #put(holder: Address, text: string, isWanted: () => boolean): Promise<ValueReference> {
    const { objects, clock, random } = this.#ports;
    const [key, body] = [valueKey(holder, random.id()), encodeStoredValue(text)];
    const refusals = new RefusalsInARow(this.#patience);
    for (let wait = FIRST_RETRY; ; wait = Math.min(2 * wait, LAST_RETRY)) {
      const began = clock.now();
      let refusal: Refusal | undefined;
      const reference = await objects.put(key, body, (why) => (refusal = why));
      if (reference) return reference;
      if (refusal && refusals.isEnough(began, clock.now())) throw refusal;
      if (this.#isStopped || !isWanted())
        throw new ClosedError(`A value of ${holder} was not stored: nobody wants it any more.`);
      await new Promise<void>((resolve) => clock.after(wait, resolve));
    }
  }

  /** Looks for values. One that `holder` does not hold, or that is not as its reference says, is found to be corrupt. */
  find(references: readonly ValueReference[], holder: Address): Promise<FetchedValues> {
    const found = this.#find(references, holder);
    return this.#loops?.watch('the reading of large values', found, holder) ?? found;
  }

  async #find(references: readonly ValueReference[], holder: Address): Promise<FetchedValues> {
    const fetched = new FetchedValues();
    await inParallel(references, async (reference) => {
      fetched.keep(reference, await this.#findOne(reference, holder));
    });
    return fetched;
  }

  /**
   * One value. Throws CorruptHistoryError when it is not there as its reference says: of several replicas only once all that may
   * answer must know it, unless the reference may be out of date.
   */
  async get(reference: ValueReference, mayBeOld = false): Promise<Json> {
    const { objects, clock } = this.#ports;
    const body = await lookFor(
      clock,
      LOOKS,
      () => objects.get(reference),
      (found) => found !== undefined || mayBeOld || objects.replicas === 1 || this.#isStopped,
    );
    if (body) return decodeStoredValue(body, reference);
    throw new CorruptHistoryError(`The stored value ${reference.key} is gone, or is not what was stored`);
  }

  /**
   * The same with the values that its references name, and with a state as it is now; `mayBeOld`: it may have been replaced
   * meanwhile. Throws CorruptHistoryError.
   */
  async whole<T extends object>(item: T, mayBeOld = false): Promise<T> {
    const references = referencesIn(item);
    if (references.length === 0) return item;
    const values = new Map<ValueReference, Json>();
    for (const reference of references) values.set(reference, await this.get(reference, mayBeOld));
    return withChanges(withValues(item, (reference) => values.get(reference)!));
  }

  /** Nothing is put any more, nor looked for again. */
  stop(): void {
    this.#isStopped = true;
  }

  async #findOne(reference: ValueReference, holder: Address): Promise<Json | CorruptHistoryError> {
    if (holderOf(reference.key) !== holder)
      return new CorruptHistoryError(`The stored value ${reference.key} is not one of ${holder}`);
    try {
      return await this.get(reference);
    } catch (error) {
      if (error instanceof CorruptHistoryError) return error;
      throw error;
    }
  }
}

/** Does something with each item, a few at a time. */
export async function inParallel<T>(
  items: readonly T[],
  run: (item: T) => Promise<void>,
  width = WIDTH,
): Promise<void> {
  const waiting = items[Symbol.iterator]();
  const worker = async (): Promise<void> => {
    for (const item of waiting) await run(item);
  };
  await Promise.all(Array.from({ length: Math.min(width, items.length) }, worker));
}

const always = (): boolean => true;

/** Of many a value that is known without its text: one character of a string takes six bytes there at most. */
function isSurelyShort(value: Json, limit: number): boolean {
  return typeof value === 'string' ? 6 * value.length + 2 <= limit : typeof value === 'boolean' || value === null;
}
