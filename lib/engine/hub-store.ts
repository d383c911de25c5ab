/**
 * What a task hub keeps for all its workers and clients: a few small values, each with a revision. Keys are tokens of
 * `[A-Za-z0-9_-]` with dots between; values are never empty.
 */
export interface HubStore {
  /** The value under a key, from the leader; undefined: none. Rejects only with ClosedError. */
  get(key: string): Promise<HubEntry | undefined>;
  /**
   * The values whose keys begin with these tokens (`workers` for `workers.a`), from the leader. One that is replaced
   * meanwhile comes as it was before or after. Rejects only with ClosedError.
   */
  list(prefix: string): Promise<readonly ListedEntry[]>;
  /**
   * Stores a value over the revision seen (0: none yet); the new revision, or undefined: refused or unknown. Look before
   * going on, as with every write of a port. With `ttlInSeconds` (whole, from 1) the server forgets the value by itself.
   * Rejects with PayloadTooLargeError for a value above the limit of all messages, and with ClosedError.
   */
  put(
    key: string,
    value: Uint8Array,
    expected: number,
    options?: { readonly ttlInSeconds: number },
  ): Promise<number | undefined>;
  /** Forgets the value under a key unless a later revision has replaced it. Rejects only with ClosedError. */
  remove(key: string, revision: number): Promise<void>;
}

/** A stored value. */
export interface HubEntry {
  readonly value: Uint8Array;
  readonly revision: number;
  /** When the server stored it, in milliseconds since 1970. */
  readonly time: number;
}

/** A stored value with its key. */
export interface ListedEntry extends HubEntry {
  readonly key: string;
}
