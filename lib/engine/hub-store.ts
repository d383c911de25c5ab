/** What a task hub keeps for all its workers and clients: a few small values, each with a revision. */
export interface HubStore {
  /** The value under a key, from the leader; undefined: none. Rejects only with ClosedError. */
  get(key: string): Promise<HubEntry | undefined>;
  /**
   * Stores a value over the revision seen (0: none yet); the new revision, or undefined: refused or unknown. Look before
   * going on, as with every write of a port.
   */
  put(key: string, value: Uint8Array, expected: number): Promise<number | undefined>;
}

/** A stored value. */
export interface HubEntry {
  readonly value: Uint8Array;
  readonly revision: number;
  /** When the server stored it, in milliseconds since 1970. */
  readonly time: number;
}
