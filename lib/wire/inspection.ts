import type { Address } from './messages.js';

/** A partition as its owner sees it, for people who look. */
export interface PartitionInspection {
  readonly partition: number;
  /** The worker that owns it, and under which takeover. */
  readonly worker: string;
  readonly epoch: number;
  /** The last record of its log. */
  readonly record: number;
  /** Mail is taken up to here, in order, and all that is up to `cursor` is carried out. */
  readonly accepted: number;
  readonly cursor: number;
  /** Instances in memory. */
  readonly instances: number;
  /** Messages that no instance could take, ever. */
  readonly deadLetters: number;
  readonly quarantined: readonly QuarantinedInstance[];
  /** Instances whose asynchronous operation runs. */
  readonly busy: readonly Address[];
}

/** An instance that takes nothing until it is released. */
export interface QuarantinedInstance {
  readonly address: Address;
  /** Since when, in milliseconds since 1970. */
  readonly since: number;
  /** Messages that wait for it. */
  readonly waiting: number;
}
