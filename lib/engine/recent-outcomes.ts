import type { Outcome } from '../wire/record.js';
import { OutcomeValues } from './outcome-values.js';

/** So many outcomes of messages without a session are kept, and so many characters of them. */
const MOST = 1_000;
const MOST_CHARACTERS = 2 * 1024 * 1024;

/** The latest outcomes of calls and starts that came without a session: a best effort, for publishers in other languages. */
export class RecentOutcomes {
  readonly #texts = new Map<string, string>();
  #characters = 0;
  readonly #values: OutcomeValues;

  constructor(values = new OutcomeValues()) {
    this.#values = values;
  }

  get(id: string): Outcome | undefined {
    const text = this.#texts.get(id);
    return text === undefined ? undefined : (JSON.parse(text) as Outcome);
  }

  keep(outcome: Outcome): void {
    const text = JSON.stringify(outcome);
    this.#forget(outcome.id);
    this.#texts.set(outcome.id, text);
    this.#characters += text.length;
    for (const id of this.#texts.keys()) {
      if (this.#texts.size <= MOST && this.#characters <= MOST_CHARACTERS) return;
      this.#forget(id);
    }
  }

  all(): readonly Outcome[] {
    return Array.from(this.#texts.values(), (text) => JSON.parse(text) as Outcome);
  }

  #forget(id: string): void {
    const text = this.#texts.get(id);
    this.#characters -= text?.length ?? 0;
    this.#values.forget(text);
    this.#texts.delete(id);
  }
}
