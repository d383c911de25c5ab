import type { Address } from './messages.js';

/**
 * An instance that takes nothing any more: whoever took its next input died, again and again. Others go on, and so does
 * it once somebody has released it.
 */
export interface Quarantine {
  readonly to: Address;
  /** Since when, the server's time in milliseconds since 1970. */
  readonly since: number;
}

/** What was waiting when an epoch began: mail up to a sequence, local messages up to the record of a counter. */
export interface Beginning {
  readonly mail: number;
  readonly counter: number;
}

/** An instance that was about to take a suspect input when an owner died, and how many died so. */
export interface Blame {
  readonly to: Address;
  readonly deaths: number;
}
