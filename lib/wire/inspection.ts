import type { LockedEntity } from './locks.js';
import type { Address } from './messages.js';

/** A partition as its owner sees it, for people who look. */
export interface PartitionInspection {
  /** Its number, from 0. */
  readonly partition: number;
  /** The worker that owns it. */
  readonly worker: string;
  /** The number of the takeover under which it does. */
  readonly epoch: number;
  /** The last record of its log. */
  readonly record: number;
  /** Mail is taken up to this sequence of the mail stream, in order. */
  readonly accepted: number;
  /** All mail up to this sequence is carried out, or set aside. */
  readonly cursor: number;
  /** Instances in memory. */
  readonly instances: number;
  /** Messages that no instance could take, ever. */
  readonly deadLetters: number;
  /** Instances that take nothing until they are released. */
  readonly quarantined: readonly QuarantinedInstance[];
  /** Locked entities, at most 100. An owner of an older version does not say. */
  readonly locked?: readonly LockedEntity[];
  /** Instances whose asynchronous operation runs. */
  readonly busy: readonly Address[];
  /** When the last record was sealed that this owner knows to be stored, in milliseconds since 1970; absent: none was. */
  readonly committedAt?: number;
  /** What waits now of all that goes on by itself, what has waited for longest first. An owner of an older version does not say. */
  readonly waits?: readonly LoopWait[];
}

/** Something that goes on by itself and waits, such as for an answer of the server. More than 10 s are told in the log. */
export interface LoopWait {
  /** What it is, such as `the commit of a record`. */
  readonly name: string;
  /** Since when it has waited for the same thing, in milliseconds since 1970. */
  readonly since: number;
  /** The instance, partition or value that it is about; absent: the whole partition. */
  readonly instance?: string;
}

/** An instance that takes nothing until it is released. */
export interface QuarantinedInstance {
  /** How the log and `release` name it: `o.<instance id>` or `e.<entity name>.<entity key>`, encoded. */
  readonly address: Address;
  /** Since when, in milliseconds since 1970. */
  readonly since: number;
  /** Messages that wait for it. */
  readonly waiting: number;
}
