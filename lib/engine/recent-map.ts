/** A map that remembers the most recently set keys, up to a limit. */
export class RecentMap<K, V> {
  readonly #entries = new Map<K, V>();
  /** Leads from the oldest key on: to find it from the front anew would pass over all that were there before. */
  readonly #order = this.#entries.keys();

  constructor(readonly limit: number) {}

  get(key: K): V | undefined {
    return this.#entries.get(key);
  }

  set(key: K, value: V): void {
    this.#entries.delete(key);
    this.#entries.set(key, value);
    if (this.#entries.size <= this.limit) return;
    this.#entries.delete(this.#order.next().value as K);
  }

  delete(key: K): void {
    this.#entries.delete(key);
  }

  entries(): Iterable<readonly [K, V]> {
    return this.#entries;
  }
}
