import type { Json, ValueReference } from '../core/values.js';
import type { FailureDetails } from '../errors.js';
import type { Address } from './messages.js';

/** The calls that an entity's running operation has made, for as long as it runs (P18). */
export interface Journal {
  /** Tells the answers to this run's calls from those to an earlier operation's. */
  readonly id: string;
  readonly calls: readonly (JournaledCall & { readonly answer?: Omit<JournaledAnswer, 'number'> })[];
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
