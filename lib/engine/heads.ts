import { decodeHead, decodeSegment, decodeWake, encodeHead, encodeSegment, encodeWake } from '../wire/head-codec.js';
import type { Head, OrchestrationHead, SegmentReference, Wake } from '../wire/head.js';
import type { Address } from '../wire/messages.js';
import { OwnershipLostError } from '../errors.js';
import type { HistoryEvent } from '../core/history.js';
import type { Captured, Stamp } from './activation.js';
import { cutSegments } from './segment-cuts.js';
import type { Instance } from './instance.js';
import type { PartitionPorts, StoredMessage } from './ports.js';
import { RecentMap } from './recent-map.js';

/** A head larger than this keeps its history in segments. */
const HEAD_TARGET = 64 * 1024;
/** So many of the heads written last are remembered with their sequences (P11). */
const REMEMBERED = 20_000;
/** After an unclear write, look again after so many milliseconds. */
const RETRY = 20;

/** What tells whose a stored head is (P13). */
export interface HeadFence {
  /** My epoch. */
  readonly epoch: number;
  /** Below it every head was stored when I took over. */
  readonly low: number;
  /** For each epoch, the sequence of its first checkpoint. */
  readonly firstCheckpoints: readonly (readonly [epoch: number, sequence: number])[];
}

/** What was written of an instance. */
export interface WrittenHead {
  /** The segments of the history as the head refers to them, and how many events of the capture they took up. */
  readonly cut?: {
    readonly executionId: string;
    readonly segments: readonly SegmentReference[];
    readonly events: number;
  };
}

/**
 * Heads, segments and wake records of a partition's instances.
 *
 * C7. A head carries the log sequence that it reflects and is written by CAS; the log decides who owns, so a refused
 *     write is looked at and overwritten, unless a later owner wrote (P13).
 * P14. A head refers to segments that are stored: create-only, before it.
 */
export class Heads {
  readonly #ports: PartitionPorts;
  readonly #fence: HeadFence;
  /** A read below what I have written comes from a deposed leader. */
  readonly #written = new RecentMap<Address, number>(REMEMBERED);
  #segments = 0;

  constructor(ports: PartitionPorts, fence: HeadFence) {
    this.#ports = ports;
    this.#fence = fence;
  }

  get epoch(): number {
    return this.#fence.epoch;
  }

  /** The stored head, from the leader (P11). Tells the instance the sequence. A zombie's head is removed (P13). */
  async read(instance: Instance): Promise<Head | undefined> {
    const { views, subjects, logger } = this.#ports;
    const subject = subjects.head(instance.address);
    const stored = await this.#readCurrent(subject, this.#written.get(instance.address) ?? 0);
    instance.headSequence = stored?.sequence ?? 0;
    if (!stored) {
      instance.wakeSequence ??= 0;
      return undefined;
    }
    const head = decodeHead(stored.body, `Head ${subject}`);
    if (head.type === 'entity') instance.wakeSequence = 0; // entities have no wake records
    if (!this.#isZombie(head, stored.sequence)) return head;
    logger.warn('A former owner wrote this head after it was replaced: ignored and removed', {
      instance: instance.address,
      epoch: head.epoch,
      logSeq: head.logSeq,
    });
    await views.remove(stored.sequence);
    instance.headSequence = 0;
    return undefined;
  }

  async #readCurrent(subject: string, least: number): Promise<StoredMessage | undefined> {
    const { views, clock } = this.#ports;
    for (;;) {
      const stored = await views.read(subject);
      if ((stored?.sequence ?? 0) >= least) return stored;
      await new Promise<void>((resolve) => clock.after(RETRY, resolve));
    }
  }

  /** A former epoch's head that was stored after a later epoch began, and that is older than what was stored by then. */
  #isZombie({ epoch, logSeq }: Head, sequence: number): boolean {
    if (epoch >= this.#fence.epoch || logSeq >= this.#fence.low) return false;
    return this.#fence.firstCheckpoints.some(([later, first]) => later > epoch && sequence > first);
  }

  /** The events of a head's segments, in order. */
  async segments({ segments, instanceId }: OrchestrationHead): Promise<HistoryEvent[]> {
    const parts = await Promise.all(
      segments.map(async ({ subject, sequence }) => {
        const stored = await this.#ports.views.read(subject);
        const where = `Segment ${subject} (${sequence}) of ${instanceId}`;
        return decodeSegment(stored?.body ?? new Uint8Array(), where);
      }),
    );
    return parts.flat();
  }

  /** Stores what was captured: segments, then the wake record, then the head (P8, P14). */
  async write(instance: Instance, captured: Captured, stamp: Stamp): Promise<WrittenHead> {
    let head = captured.head(stamp);
    let written: WrittenHead = {};
    let body = encodeHead(head);
    if (head.type === 'orchestration' && body.length > HEAD_TARGET && head.history.length > 0) {
      const segments = await this.#writeSegments(instance.address, head);
      written = { cut: { executionId: head.executionId, segments, events: head.history.length } };
      head = { ...head, segments, history: [] };
      body = encodeHead(head);
    }
    if (captured.wake) await this.#writeWake(instance, captured.wake);
    const subject = this.#ports.subjects.head(instance.address);
    instance.headSequence = await this.#put(subject, body, instance.headSequence, epochOfHead);
    this.#written.set(instance.address, instance.headSequence);
    if (!captured.wake) await this.#removeWake(instance);
    return written;
  }

  async #writeSegments(address: Address, head: OrchestrationHead): Promise<readonly SegmentReference[]> {
    const { subjects } = this.#ports;
    const references = [...head.segments];
    let first = (references.at(-1)?.last ?? -1) + 1;
    for (const events of cutSegments(head.history)) {
      const subject = subjects.segment(address, head.executionId, this.#fence.epoch, this.#segments++);
      const sequence = await this.#put(subject, encodeSegment(events), 0, () => this.#fence.epoch);
      references.push({ subject, sequence, first, last: first + events.length - 1 });
      first += events.length;
    }
    return references;
  }

  async #writeWake(instance: Instance, wake: NonNullable<Captured['wake']>): Promise<void> {
    const subject = this.#ports.subjects.wake(instance.address);
    const body = encodeWake({ v: 1, epoch: this.#fence.epoch, ...wake });
    instance.wakeSequence = await this.#put(subject, body, instance.wakeSequence, epochOfWake);
  }

  async #removeWake(instance: Instance): Promise<void> {
    const { views, subjects } = this.#ports;
    instance.wakeSequence ??= this.#sequenceOfMine(await views.read(subjects.wake(instance.address)), epochOfWake);
    if (instance.wakeSequence === 0) return;
    await views.remove(instance.wakeSequence);
    instance.wakeSequence = 0;
  }

  /** Writes over what is there; `epochOf` says whose it is. Returns the sequence. Throws OwnershipLostError. */
  async #put(subject: string, body: Uint8Array, expected: number | undefined, epochOf: EpochOf): Promise<number> {
    const { views, clock } = this.#ports;
    let after = expected ?? this.#sequenceOfMine(await views.read(subject), epochOf);
    for (;;) {
      const sequence = await views.write(subject, body, after);
      if (sequence !== undefined) return sequence;
      const stored = await views.read(subject);
      if (stored && equal(stored.body, body)) return stored.sequence;
      after = this.#sequenceOfMine(stored, epochOf);
      await new Promise<void>((resolve) => clock.after(RETRY, resolve));
    }
  }

  /** The sequence of what is stored, by me or a former owner; 0: nothing. Throws OwnershipLostError. */
  #sequenceOfMine(stored: StoredMessage | undefined, epochOf: EpochOf): number {
    if (!stored) return 0;
    if (epochOf(stored) <= this.#fence.epoch) return stored.sequence;
    throw new OwnershipLostError(`${stored.subject} was written by a later owner than epoch ${this.#fence.epoch}.`);
  }
}

/** The epoch of the owner who stored something. */
type EpochOf = (stored: StoredMessage) => number;

function epochOfHead({ body, subject }: StoredMessage): number {
  return decodeHead(body, `Head ${subject}`).epoch;
}

function epochOfWake({ body, subject }: StoredMessage): number {
  return readWake(body, subject).epoch;
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, at) => byte === b[at]);
}

/** The stored wake record of an instance. */
export function readWake(body: Uint8Array, subject: string): Wake {
  return decodeWake(body, `Wake record ${subject}`);
}
