/**
 * The programs of the family of locks: orchestrations that lock vaults, end in every way there is, and are ended. Data, run by
 * lock-actors.ts and lock-clients.ts, and judged by lock-watch.ts and lock-outcome.ts.
 */

/** What the orchestrator of a critical section does. All that it notes begins with its token. */
export interface SectionScript {
  /** Begins with the instance's id and a slash. */
  readonly token: string;
  readonly keys: readonly string[];
  /**
   * `transfer`: reads two vaults, waits, and writes both. `visit`: notes that it comes and goes, and waits. `outlive`: waits until
   * it has lost its lock.
   */
  readonly kind: 'transfer' | 'visit' | 'outlive';
  readonly amount: number;
  /** How long it waits, in milliseconds. */
  readonly pause: number;
  readonly lease: number;
  readonly end: 'release' | 'complete' | 'fail' | 'continue';
  /** An operation of it waits for something outside. */
  readonly isSlow?: true;
  /** It has one of its vaults, the first of these, call the others, one the next. */
  readonly relay?: readonly string[];
}

/** A client starts a critical section, ends it after a while if it is to, and waits for its end. */
export interface SectionAction {
  readonly do: 'section';
  readonly instanceId: string;
  readonly script: SectionScript;
  readonly by?: { readonly how: 'terminate' | 'cancel' | 'replace' | 'break'; readonly after: number };
  readonly await?: boolean;
}

/** A client signals a vault, whoever has locked it. */
export interface PokeAction {
  readonly do: 'poke';
  readonly key: string;
  readonly id: string;
  readonly await?: boolean;
}

/** A client has vaults call each other, one the next, whoever else does the same meanwhile. */
export interface RelayAction {
  readonly do: 'relay';
  readonly id: string;
  readonly path: readonly string[];
  readonly await?: boolean;
}

/** What a vault is told of a relay: the vaults that are still to come. */
export interface Relayed {
  readonly id: string;
  readonly path: readonly string[];
}

export const VAULTS = ['v0', 'v1', 'v2', 'v3'];

/** All instances of this family are called so. */
export const SECTION = 'section-';

/** Longer than a simulation takes: it never runs out. */
export const LONG_LEASE = 86_400_000;

/** The instance of a token. */
export const instanceOf = (token: string): string => token.split('/')[0]!;
