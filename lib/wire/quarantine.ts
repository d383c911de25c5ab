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

/** An instance that was about to take a suspect input each time when so many owners in a row died. */
export interface Blame {
  readonly to: Address;
  readonly deaths: number;
}

/** The beginning of an epoch. */
export interface EpochBeginning extends Beginning {
  /** When, the server's time in milliseconds since 1970. */
  readonly at: number;
  /** So many owners in a row died before, each within a minute of its beginning but for the first. */
  readonly deaths: number;
}
