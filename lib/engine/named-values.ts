import { referencesIn } from '../wire/value-references.js';

/** The keys of the large values that an instance names, and of those that it does not name any more (P15). */
export class NamedValues {
  /** Those that the history of the current execution names. */
  #recorded: Set<string> | undefined;
  /** Those that neither it nor what is held back names any more, until a head says so. */
  #dropped: string[] = [];

  /** The history names what an event names. */
  recordIn(event: object): void {
    for (const { key } of referencesIn(event)) (this.#recorded ??= new Set()).add(key);
  }

  record(keys: Iterable<string>): void {
    for (const key of keys) (this.#recorded ??= new Set()).add(key);
  }

  /** The history of the execution is of no interest any more. */
  begin(): void {
    this.#dropped.push(...(this.#recorded ?? none));
    this.#recorded = undefined;
  }

  /** What was held back before, and what is now: a key that nothing names any more is dropped. */
  settle(before: readonly string[], held: readonly object[]): void {
    this.#dropped.push(...before);
    if (this.#dropped.length === 0) return;
    const named = new Set(keysIn(held));
    this.#dropped = this.#dropped.filter((key) => !this.has(key) && !named.has(key));
  }

  has(key: string): boolean {
    return this.#recorded?.has(key) ?? false;
  }

  all(held: readonly string[]): readonly string[] {
    return [...new Set([...(this.#recorded ?? none), ...held])];
  }

  /** The keys that were dropped since the last call. */
  takeDropped(): readonly string[] {
    const dropped = this.#dropped;
    if (dropped.length === 0) return none; // not the list itself: it goes on growing
    this.#dropped = [];
    return dropped;
  }
}

/** The keys that something names. */
export function keysIn(items: readonly object[]): readonly string[] {
  return items.length === 0 ? none : items.flatMap((item) => referencesIn(item).map(({ key }) => key));
}

const none: readonly string[] = [];
