import type { Activation, InputBody, StepOutput } from './activation.js';
import type { SegmentReference } from '../wire/head.js';
import type { Address } from '../wire/messages.js';
import { Fifo } from './fifo.js';
import type { Group } from './group.js';

/** Something for an instance to take, and where it comes from. */
export interface Input {
  readonly body: InputBody;
  /** Mail: the sequence and the index in the envelope (P1). */
  readonly mail?: readonly [sequence: number, index: number];
  /** A local message: the counter of its record and its index there. */
  readonly local?: readonly [counter: number, index: number];
  /** The group that made a local message, until it is acknowledged (P17). */
  readonly from?: Group;
}

/** An instance as its partition's owner sees it: a mailbox, and an activation while it is loaded. */
export class Instance {
  readonly queue = new Fifo<Input>();
  activation: Activation | undefined;
  /** An asynchronous step is running: nothing else runs until it has ended (C6). */
  isBusy = false;
  /** The step that has ended and is not yet in a group. */
  finished: { readonly input: Input; readonly output: StepOutput } | undefined;
  /** Whether it stands in the queue of those that can run. */
  isQueued = false;
  /** The group that touched it last. */
  touchedBy: Group | undefined;
  /** The first acknowledged record that its stored head does not show; undefined: the head is up to date. */
  dirtySince: number | undefined;
  /** The same for records behind a capture that is being written. */
  dirtyBehind: number | undefined;
  /** The sequences of its head and wake record in the state stream; 0: none, undefined: not known. */
  headSequence: number | undefined;
  wakeSequence: number | undefined;
  /** The segments that its stored head names. */
  segments: readonly SegmentReference[] = [];
  /** Activities that run now. */
  runningActivities = 0;

  constructor(readonly address: Address) {}

  /** Whether nothing is lost when its activation is dropped. */
  get isIdle(): boolean {
    return (
      this.activation !== undefined &&
      !this.isBusy &&
      this.finished === undefined &&
      this.queue.length === 0 &&
      this.dirtySince === undefined &&
      this.runningActivities === 0 &&
      (this.touchedBy === undefined || this.touchedBy.isAcknowledged)
    );
  }
}
