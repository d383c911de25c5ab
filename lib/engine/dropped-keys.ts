/** The keys of values that an entity has named and names no more, until its head is written. */
export class DroppedKeys {
  #keys: string[] = none;

  add(keys: readonly string[]): void {
    if (keys.length === 0) return;
    if (this.#keys === none) this.#keys = [...keys];
    else this.#keys.push(...keys);
  }

  /** Those since the last call. */
  take(): readonly string[] {
    const keys = this.#keys;
    this.#keys = none;
    return keys;
  }
}

/** Of entities that have dropped nothing: nothing is put here. */
const none: never[] = [];
