import type { Outcome } from '../wire/record.js';
import { referencesIn } from '../wire/value-references.js';

/** The keys of the large values that outcomes named which nobody may ask for any more (P15). */
export class OutcomeValues {
  #keys: string[] = [];

  /** An outcome, as its JSON text, is forgotten. */
  forget(text: string | undefined): void {
    if (!text?.includes('"resultRef":')) return; // seldom; a user's own text is told apart below
    for (const { key } of referencesIn(JSON.parse(text) as Outcome)) this.#keys.push(key);
  }

  /** Those that were forgotten since the last call. */
  take(): readonly string[] {
    if (this.#keys.length === 0) return none;
    const keys = this.#keys;
    this.#keys = [];
    return keys;
  }
}

const none: readonly string[] = [];
