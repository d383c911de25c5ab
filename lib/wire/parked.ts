import type { Address, Message } from './messages.js';

/**
 * Messages that have waited long, set aside together in one message of the state stream, so that neither the mail stream
 * nor memory has to keep them (P4). Written once, before the record that names it. Format version 1.
 */
export interface ParkedPage {
  readonly v: 1;
  /** The messages of each instance, in their order. */
  readonly boxes: readonly (readonly [to: Address, messages: readonly Message[]])[];
}

/** What a record says of a page: the inputs in it are consumed where they came from, and wait there instead. */
export interface Parking {
  /** The page's name: its epoch and its number there, `3.17`. */
  readonly page: string;
  /** Its sequence in the state stream. */
  readonly sequence: number;
  readonly boxes: readonly ParkedBox[];
}

/** The messages of one instance in a page that wait there. */
export interface ParkedBox {
  readonly to: Address;
  /** The first one that waits; those before it were consumed while the page was being stored. */
  readonly from: number;
  /** The messages in the box. */
  readonly end: number;
  /** About how many bytes they have. */
  readonly bytes: number;
  /** The last one that is a start, or asks something of the instance as a whole; absent: none does. */
  readonly control?: number;
  /** Those that came as mail, flat: sequence, index, sequence, index. In a checkpoint there are none. */
  readonly mail?: readonly number[];
  /** Those that were local messages, flat: counter, index, counter, index. */
  readonly local?: readonly number[];
}
