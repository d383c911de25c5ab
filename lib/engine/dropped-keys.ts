/** The keys of values that an entity has named and names no more, until its head is written. */
export class DroppedKeys {
  #keys = none;

  add(keys: readonly string[]): void {
    if (keys.length > 0) this.#keys = [...this.#keys, ...keys];
  }

  /** Those since the last call. */
  take(): readonly string[] {
    const keys = this.#keys;
    this.#keys = none;
    return keys;
  }
}

const none: readonly string[] = [];
