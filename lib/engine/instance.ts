import type { Activation, CodeName, InputBody, StepOutput } from './activation.js';
import { overtakes } from './entity-locks.js';
import type { RemoteCopy } from './remote-copy.js';
import type { HandlerOutcome } from '../core/turn.js';
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
  /** A local message: when this owner had it, in milliseconds since 1970. */
  readonly at?: number;
  /** A parked message: its page, and its index in the instance's box there (P4). */
  readonly parked?: readonly [page: string, index: number];
  /** The group that made a local message, until it is acknowledged (P17). */
  readonly from?: Group;
  /** About how many bytes its message has; 0: it came in no message. */
  readonly bytes: number;
  /** Tells whoever asks what the step of an input came to that changes nothing. */
  readonly told?: (answer: HandlerOutcome | undefined) => void;
}

/** Whether an input is in no stream: the owner told it the instance, and would tell it again. */
export function isHint({ mail, local, parked }: Input): boolean {
  return !mail && !local && !parked;
}

/** What an instance takes beside its state, in bytes, rather more than was measured, and its state for each byte of its head. */
const OVERHEAD = 2_048;
const STATE_FACTOR = 4;
/** What an event of a history takes that is in segments, in bytes. */
const EVENT_BYTES = 512;

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
  /** The code that its step waits for: no worker that lives has registered it. */
  waitsFor: CodeName | undefined;
  /** The copy of it that a worker has which runs its steps. */
  copy: RemoteCopy | undefined;
  /** The step that has ended and is not yet in a group. */
  finished: { input: Input; readonly output: StepOutput } | undefined;
  /** Whether it stands in the queue of those that can run. */
  isQueued = false;
  /** The group that touched it last, until that is acknowledged: an instance at rest keeps no group in memory. */
  touchedBy: Group | undefined;
  /** The first acknowledged record that its stored head does not show; undefined: the head is up to date. */
  dirtySince: number | undefined;
  /** When that was acknowledged, or what came behind it was written, in milliseconds since 1970. */
  dirtyAt = 0;
  /** The same for records behind a capture that is being written. */
  dirtyBehind: number | undefined;
  /** The sequences of its head and wake record in the state stream; 0: none, undefined: not known. */
  headSequence: number | undefined;
  wakeSequence: number | undefined;
  /** It was not loaded: there was surely nothing of it. Until its first head is stored. */
  isNew = false;
  /** The segments that its stored head names. */
  segments: readonly SegmentReference[] = noSegments;
  /** The bytes of its stored head, about what its state takes. */
  headBytes = 0;
  /** Whether it is idle, and in the cache of those that may be unloaded. */
  isResting = false;
  /** Those who look at it between two steps, and wait for the end of the one under way. */
  looks: (() => void)[] | undefined;
  /** Activities that run now. */
  runningActivities = 0;

  constructor(
    readonly address: Address,
    /** The most messages that may wait for it. */
    readonly mailboxLimit = Infinity,
  ) {}

  /** What of the user's runs for it. */
  get code(): string {
    return 'A step';
  }

  /** About how much memory it takes while it is idle, in bytes. */
  get bytes(): number {
    const events = this.segments.reduce((sum, { first, last }) => sum + last - first + 1, 0);
    return OVERHEAD + STATE_FACTOR * this.headBytes + EVENT_BYTES * events;
  }

  /** The inputs that may be parked, in order, that of the step that runs or has ended first (C6). */
  *parkable(mark: Mark): Iterable<Input> {
    for (const input of this.waiting.parkable(mark, this.running ?? this.finished?.input))
      if (!this.#isOfHolder(input)) yield input;
  }

  /** What is of the holder of a lock is never parked: behind what waits for the end of the lock it would wait in vain. */
  #isOfHolder({ body }: Input): boolean {
    return overtakes(body) && (this.activation?.isOfHolder?.(body) ?? true);
  }

  /** Whether it is locked, and nothing has come of the holder: others' inputs wait. */
  get isShut(): boolean {
    if (!this.activation?.lockHeld) return false;
    const next = this.waiting.peek();
    return next === undefined || this.activation.shutsOut!(next.body);
  }

  /** Whether it has not gone through all that came for it, or is locked. */
  get isWaiting(): boolean {
    return this.waiting.length > 0 || this.isBusy || !!this.finished || !!this.activation?.lockHeld;
  }

  /** Those who wait for that look at it. */
  letLook(looks: readonly (() => void)[]): void {
    this.looks = undefined; // a look may ask for another
    for (const look of looks) look();
  }

  /** An input was parked: the record of its step says so. */
  renamed(parked: ReadonlyMap<Input, Input>): void {
    if (this.running) this.running = parked.get(this.running) ?? this.running;
    if (this.finished) this.finished.input = parked.get(this.finished.input) ?? this.finished.input;
  }

  /**
   * Whether nothing of it goes on by itself. What waits for a worker that has its code, or for the answer of an entity, or
   * in quarantine, is as quiet as what waits in the stream.
   */
  isQuiet(quarantine: { holds(address: Address): boolean }): boolean {
    const { activation, isBusy, finished, waiting, waitsFor, isShut } = this;
    if (waitsFor || (isBusy && activation?.awaitsAnswer)) return true;
    return !isBusy && !finished && (waiting.length === 0 || isShut || quarantine.holds(this.address));
  }

  /** Whether no step of it runs here: what waits for a worker that has its code is as quiet as what waits in a stream. */
  get isStill(): boolean {
    return this.waitsFor !== undefined || (!this.isBusy && this.finished === undefined);
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
      this.activation.lockHeld === undefined &&
      this.touchedBy === undefined
    );
  }

  /** A group is acknowledged. */
  settled(group: Group): void {
    if (this.touchedBy === group) this.touchedBy = undefined;
  }
}

/** One for all: most instances have none, and each of those that rest in memory would keep its own list. */
const noSegments: readonly SegmentReference[] = [];
