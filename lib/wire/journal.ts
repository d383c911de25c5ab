import type { Json, ValueReference } from '../core/values.js';
import type { FailureDetails } from '../errors.js';
import type { Address } from './messages.js';

/** The calls that an entity's operation has made, until it has ended (P18). */
export interface Journal {
  /** Tells the answers to its calls from those to others'. */
  readonly id: string;
  /** A digest of the operation's message: a new owner may come to another one first. */
  readonly of: string;
  readonly calls: readonly (JournaledCall & { readonly answer?: Omit<JournaledAnswer, 'number'> })[];
}

/** A call as it is committed: the first one begins the journal. */
export interface StartedCall extends JournaledCall {
  readonly journal: string;
  readonly of: string;
}

/** A call: from 1, in the order in which the operation makes them. */
export interface JournaledCall {
  readonly number: number;
  readonly to: Address;
  readonly operation: string;
  /** A digest of its input, for a look whether it is the same again. */
  readonly input: string;
}

/** What was answered to a call. */
export interface JournaledAnswer {
  readonly number: number;
  readonly result?: Json;
  readonly resultRef?: ValueReference;
  readonly failure?: FailureDetails;
}
