/** How much mail of a partition waits, and where (P4). Bytes are of encoded messages, about; in memory they take more. */
export interface MailLimits {
  /**
   * No more mail is taken while, in all partitions of the worker together, so many inputs wait for instances that can go on
   * by themselves (but for a twelfth of it, which each partition may have), until half are left,
   */
  readonly inputs: number;
  /** or while inputs of so many bytes are in memory. */
  readonly bytes: number;
  /** or while, counted in the same way, so many instances have changed behind their stored heads: they stay in memory. */
  readonly unwritten: number;
  /** An input is parked when its instance could not take it for so many milliseconds, */
  readonly age: number;
  /** or when so many later sequences of mail were taken, */
  readonly sequences: number;
  /** or so many bytes of later mail, */
  readonly laterBytes: number;
  /** or when its instance is occupied and has inputs of more than so many bytes. */
  readonly crowd: number;
  /** Of the parked inputs of an instance so many bytes stay in memory. */
  readonly kept: number;
  /** A page of parked messages holds so many bytes, but for the last message, */
  readonly pageBytes: number;
  /** and at most so many messages. */
  readonly pageMessages: number;
  /** The most messages that may wait for one instance. */
  readonly mailbox: number;
}

export const mailLimits: MailLimits = {
  inputs: 2_000,
  bytes: 8 * 1024 * 1024,
  unwritten: 2_000,
  age: 1_000,
  sequences: 10_000,
  laterBytes: 4 * 1024 * 1024,
  crowd: 256 * 1024,
  kept: 64 * 1024,
  pageBytes: 256 * 1024,
  pageMessages: 1_000,
  mailbox: 1_000_000,
};
