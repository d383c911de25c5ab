import type { Json, ValueReference } from '../core/values.js';
import { CorruptHistoryError } from '../errors.js';

/** Values that were named by reference, as they were found. */
export class FetchedValues {
  readonly #found = new Map<string, Json | CorruptHistoryError>();

  keep({ key }: ValueReference, found: Json | CorruptHistoryError): void {
    this.#found.set(key, found);
  }

  /** The value. Throws CorruptHistoryError when it is gone or damaged. */
  of({ key }: ValueReference): Json {
    const found = this.#found.get(key);
    if (found === undefined) throw new CorruptHistoryError(`The stored value ${key} was not looked for`);
    if (found instanceof CorruptHistoryError) throw found;
    return found;
  }

  /** Whether the value was looked for, and can be had. */
  has({ key }: ValueReference): boolean {
    const found = this.#found.get(key);
    return found !== undefined && !(found instanceof CorruptHistoryError);
  }

  /** Why one of these values cannot be had; undefined: all can. */
  faultAmong(references: readonly ValueReference[]): CorruptHistoryError | undefined {
    return references.flatMap((reference) => this.faultOf(reference) ?? [])[0];
  }

  /** Why a value cannot be had; undefined: it can. */
  faultOf({ key }: ValueReference): CorruptHistoryError | undefined {
    const found = this.#found.get(key);
    return found instanceof CorruptHistoryError ? found : undefined;
  }
}

export const nothingFetched = new FetchedValues();
