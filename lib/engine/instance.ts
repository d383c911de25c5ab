import type { Activation, InputBody, StepOutput } from './activation.js';
import type { SegmentReference } from '../wire/head.js';
import type { Address } from '../wire/messages.js';
import type { Group } from './group.js';
import { Waiting, type Mark } from './waiting.js';

/** Something for an instance to take, and where it comes from. */
export interface Input {
  readonly body: InputBody;
  /** Mail: the sequence and the index in the envelope (P1). */
  readonly mail?: readonly [sequence: number, index: number];
  /** A local message: the counter of its record and its index there. */
  readonly local?: readonly [counter: number, index: number];
  /** A parked message: its page, and its index in the instance's box there (P4). */
  readonly parked?: readonly [page: string, index: number];
  /** The group that made a local message, until it is acknowledged (P17). */
  readonly from?: Group;
  /** About how many bytes its message has; 0: it came in no message. */
  readonly bytes: number;
}

/** An instance as its partition's owner sees it: a mailbox, and an activation while it is loaded. */
export class Instance {
  readonly waiting = new Waiting();
  activation: Activation | undefined;
  /** An asynchronous step is running: nothing else runs until it has ended (C6). */
  isBusy = false;
  /** The input of that step. */
  running: Input | undefined;
  /** Whether its inputs have to wait for something else than their turn. */
  isOccupied = false;
  /** The step that has ended and is not yet in a group. */
  finished: { input: Input; readonly output: StepOutput } | undefined;
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

  /** The inputs that may be parked, in order, that of the step that runs or has ended first (C6). */
  parkable(mark: Mark): Iterable<Input> {
    return this.waiting.parkable(mark, this.running ?? this.finished?.input);
  }

  /** An input was parked: the record of its step says so. */
  renamed(parked: ReadonlyMap<Input, Input>): void {
    if (this.running) this.running = parked.get(this.running) ?? this.running;
    if (this.finished) this.finished.input = parked.get(this.finished.input) ?? this.finished.input;
  }

  /** Whether nothing is lost when its activation is dropped. */
  get isIdle(): boolean {
    return (
      this.activation !== undefined &&
      !this.isBusy &&
      this.finished === undefined &&
      this.waiting.length === 0 &&
      this.dirtySince === undefined &&
      this.runningActivities === 0 &&
      (this.touchedBy === undefined || this.touchedBy.isAcknowledged)
    );
  }
}
