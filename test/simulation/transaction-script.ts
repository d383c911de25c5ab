/**
 * The programs of the family of transactions: orchestrations that change several purses together, or none of them, end in every way
 * there is, and are ended; clients that look at purses meanwhile. Data, run by transaction-actors.ts and transaction-clients.ts, and
 * judged by transaction-watch.ts, transaction-outcome.ts and serializability.ts.
 */

/** What the orchestrator of a transaction does. */
export interface TradeScript {
  /** Begins with the instance's id and a slash; each purse that it changes notes it. */
  readonly token: string;
  readonly keys: readonly string[];
  /**
   * `transfer`: from the first purse to the second. `even`: looks at two, and then shares their sum out, and marks the first
   * one, too. `audit`: looks at all, and changes
   * nothing. `outlive`: transfers, and goes on looking until it is aborted.
   */
  readonly kind: 'transfer' | 'even' | 'audit' | 'outlive';
  readonly amount: number;
  /** How long it waits in between, in milliseconds. */
  readonly pause: number;
  readonly timeout: number;
  /** `throw`: the body does. `refuse`: an operation does, and the body catches that. */
  readonly end: 'return' | 'throw' | 'refuse';
  /** What the execution does behind it. */
  readonly after: 'done' | 'fail' | 'continue';
  /** Its operations wait for something outside. */
  readonly isSlow?: true;
}

/** What its orchestrator returns. */
export interface Traded {
  readonly token: string;
  readonly isCommitted: boolean;
  /** What it has seen: the purse, its version and its balance. */
  readonly seen: readonly Seen[];
}

export type Seen = readonly [key: string, version: number, balance: number];

/** A client starts a transaction, ends it after a while if it is to, and waits for its end. */
export interface TradeAction {
  readonly do: 'trade';
  readonly instanceId: string;
  readonly script: TradeScript;
  readonly by?: { readonly how: 'terminate' | 'cancel' | 'replace' | 'break'; readonly after: number };
  readonly await?: boolean;
}

/** A client looks at purses, one after the other, exactly. */
export interface PeekAction {
  readonly do: 'peek';
  readonly keys: readonly string[];
  readonly id: string;
  readonly await?: boolean;
}

/** A client signals a purse. */
export interface MarkAction {
  readonly do: 'mark';
  readonly key: string;
  readonly id: string;
  readonly await?: boolean;
}

export const PURSES = ['p0', 'p1', 'p2'];

/** What a purse has when it is new. */
export const FULL = 100;

/** All instances of this family are called so. */
export const TRADE = 'trade-';

/** Longer than a simulation takes: it is never over. */
export const LONG_TIMEOUT = 86_400_000;
