import { decodeHead, decodeWake, encodeHead, encodeWake } from '../wire/head-codec.js';
import type { Head, OrchestrationHead, SegmentReference, Tombstone, Wake } from '../wire/head.js';
import { entityNoteOf } from '../wire/entity-note.js';
import { noteOf } from '../wire/head-summary.js';
import type { Address } from '../wire/messages.js';
import { CorruptHistoryError, OwnershipLostError, StorageRegressedError } from '../errors.js';
import type { HistoryEvent } from '../core/history.js';
import { utf8Length } from '../wire/text.js';
import type { Captured, Stamp } from './activation.js';
import { isDamage } from './damage.js';
import type { Instance } from './instance.js';
import { HeadChanges } from './head-changes.js';
import { KnownHeads } from './known-heads.js';
import type { PartitionPorts, StoredMessage } from './ports.js';
import { RecentMap } from './recent-map.js';
import { lookFor, RETRY } from './looks.js';
import { Segments } from './segments.js';
import type { SpentValues } from './spent-values.js';

/** A head larger than this, in bytes, keeps its history in segments, */
const HEAD_TARGET = 64 * 1024;
/** if that is larger than this: a large input alone makes no segments. */
const HISTORY_TARGET = 32 * 1024;
/** A deposed leader may not know my last write; after so many looks it is the stream that lost it. */
const LOOKS = 100;
/** So many of the heads written last are remembered with their sequences, with several replicas and with one (P11). */
const REMEMBERED = 20_000;
const REMEMBERED_OF_ONE = 2_000;

/** What tells whose a stored head is (P13). */
export interface HeadFence {
  /** My epoch. */
  readonly epoch: number;
  /** Below it every head was stored when I took over. */
  readonly low: number;
  /** For each epoch, the sequence of its first checkpoint. */
  readonly firstCheckpoints: readonly (readonly [epoch: number, sequence: number])[];
  /** The records that purged instances, the last ones. */
  readonly purged: { get(address: Address): number | undefined };
}

/** What a head that was stored keeps in segments now, and the events of the capture that they took up. */
export interface Cut {
  readonly executionId: string;
  readonly history: CutPart | undefined;
  readonly held: CutPart | undefined;
}

interface CutPart {
  readonly references: readonly SegmentReference[];
  readonly events: readonly HistoryEvent[];
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
  readonly #written: RecentMap<Address, number>;
  /** So does one of what I have removed; what was stored again since is a late copy of a write, and older than the purge. */
  readonly #removed: RecentMap<Address, Removed>;
  readonly #segments: Segments;
  readonly #known: KnownHeads;
  /** The wake records that were there when I took over, */
  readonly #wakes = new Map<Address, number>();
  /** and those that I have stored: a read below them comes from a deposed leader, too. */
  readonly #wakesWritten: RecentMap<Address, number>;
  readonly #spent: SpentValues;
  /** What it has written and removed, for those who make pages of notes. */
  readonly changes = new HeadChanges();
  #limitsRetention = false;

  constructor(ports: PartitionPorts, fence: HeadFence, spent: SpentValues) {
    this.#ports = ports;
    this.#fence = fence;
    this.#written = new RecentMap(ports.log.replicas > 1 ? REMEMBERED : REMEMBERED_OF_ONE);
    this.#removed = new RecentMap(this.#written.limit);
    this.#wakesWritten = new RecentMap(this.#written.limit);
    this.#spent = spent;
    this.#segments = new Segments(ports, fence.epoch);
    this.#known = new KnownHeads(ports);
  }

  /** Whether it has written a head of an instance that is not kept for ever. */
  get limitsRetention(): boolean {
    return this.#limitsRetention;
  }

  get epoch(): number {
    return this.#fence.epoch;
  }

  /** A takeover has found a wake record at this sequence. */
  foundWake(address: Address, sequence: number): void {
    this.#wakes.set(address, sequence);
  }

  /** Which instances may have a head. */
  get known(): KnownHeads {
    return this.#known;
  }

  /** Whether the instance has neither a head nor a wake record: then there is nothing to read. Tells it so. */
  isNew(instance: Instance): boolean {
    if (this.#known.mayHave(instance.address) || this.#wakes.has(instance.address)) return false;
    instance.headSequence = 0;
    instance.wakeSequence = 0;
    instance.isNew = true;
    return true;
  }

  /** The stored head, from the leader (P11). Tells the instance the sequence. A zombie's head is removed (P13), with its wake record. */
  async read(instance: Instance): Promise<Head | undefined> {
    const { views, subjects, logger } = this.#ports;
    const subject = subjects.head(instance.address);
    const stored = await this.#readCurrent(subject, instance.address);
    instance.headSequence = stored?.sequence ?? 0;
    instance.headBytes = stored?.body.length ?? 0;
    if (!stored) {
      instance.wakeSequence ??= this.#wakes.get(instance.address) ?? 0; // a wake record is stored before its head
      return undefined;
    }
    const head = decodeHead(stored.body, `Head ${subject}`);
    instance.headBytes += referredBytes(head);
    // An entity that waits for no time has no wake record, unless its owner died before it had removed it.
    if (head.type === 'entity' && !head.locks?.held && !head.planned)
      instance.wakeSequence ??= this.#wakes.get(instance.address) ?? 0;
    if (!this.#isZombie(head, stored.sequence) && !this.#isOver(instance.address, head)) {
      instance.segments = segmentsOf(head);
      return head;
    }
    logger.warn('This head was stored after its owner was replaced, or its instance purged: ignored and removed', {
      instance: instance.address,
      epoch: head.epoch,
      logSeq: head.logSeq,
    });
    // Its owner stored a wake record before it (P8). That of a later life would be here too, but then the log has that life.
    instance.wakeSequence = undefined;
    await this.#removeWake(instance);
    await views.remove(stored.subject, stored.sequence);
    instance.headSequence = 0;
    return undefined;
  }

  async #readCurrent(subject: string, address: Address): Promise<StoredMessage | undefined> {
    const { views, clock } = this.#ports;
    const [least, removed] = [this.#written.get(address) ?? 0, this.#removed.get(address)?.sequence ?? 0];
    const isCurrent = (stored: StoredMessage | undefined): boolean =>
      stored ? stored.sequence >= least && stored.sequence > removed : least === 0;
    const stored = await lookFor(clock, LOOKS, () => views.read(subject), isCurrent);
    if (isCurrent(stored)) return stored;
    throw new StorageRegressedError(
      `${subject} was stored at sequence ${Math.max(least, removed)}, but the state stream has it at ${stored?.sequence ?? 'none'}: the ` +
        'state stream lost acknowledged messages.',
    );
  }

  /** A former epoch's head that was stored after a later epoch began, and that is older than what was stored by then. */
  #isZombie({ epoch, logSeq }: Head, sequence: number): boolean {
    if (epoch >= this.#fence.epoch || logSeq >= this.#fence.low) return false;
    return this.#fence.firstCheckpoints.some(([later, first]) => later > epoch && sequence > first);
  }

  /** A late copy of a head whose instance I have purged, or a former owner has, and of which no head was left then. */
  #isOver(address: Address, { logSeq }: Head): boolean {
    const { purged, low } = this.#fence;
    const record = purged.get(address) ?? 0;
    return logSeq < (this.#removed.get(address)?.logSeq ?? 0) || (logSeq < record && record < low);
  }

  /** Nothing is to be stored of an instance: neither is the wake record that a former owner has left of it. */
  async forget(instance: Instance): Promise<void> {
    if (instance.wakeSequence !== undefined) await this.#removeWake(instance);
  }

  /** The parts of long heads. */
  get segments(): Segments {
    return this.#segments;
  }

  /** Stores what was captured: segments, then the wake record, then the head (P8, P14). */
  async write(instance: Instance, captured: Captured, stamp: Stamp): Promise<Cut | undefined> {
    const whole = captured.head(stamp);
    if (whole.type === 'tombstone') return this.#bury(instance, captured, whole);
    if (whole.type === 'early' || (whole.type === 'orchestration' && whole.retention !== undefined))
      this.#limitsRetention = true;
    const wholeBody = encodeHead(whole);
    const isLarge = whole.type === 'orchestration' && wholeBody.length > HEAD_TARGET;
    const cut = isLarge ? await this.#cut(instance.address, whole) : undefined;
    const head = cut ? { ...(whole as OrchestrationHead), ...fieldsOf(cut) } : whole;
    if (captured.wake) await this.#writeWake(instance, captured.wake);
    const subject = this.#ports.subjects.head(instance.address);
    const body = cut ? encodeHead(head) : wholeBody;
    this.#known.add(instance.address);
    const epochOf = instance.isNew ? this.#epochOfNew : epochOfHead;
    const note = head.type === 'orchestration' ? noteOf(head) : head.type === 'entity' ? entityNoteOf(head) : undefined;
    const former = instance.headSequence ?? 0;
    instance.headSequence = await this.#put(subject, body, instance.headSequence, epochOf, note);
    this.changes.written(former);
    instance.isNew = false;
    instance.headBytes = body.length + referredBytes(head);
    this.#written.set(instance.address, instance.headSequence);
    if (!captured.wake && instance.wakeSequence !== 0) await this.#removeWake(instance);
    const named = segmentsOf(head);
    if (instance.segments.length > 0 || named.length > 0) await this.#forgetSegments(instance, named);
    this.#spent.add(captured.dropped ?? []);
    return cut;
  }

  /**
   * Removes all that is stored of an instance that was purged (P13): while its tombstone is there, whoever takes the
   * partition over knows what is left to do.
   */
  async #bury(instance: Instance, captured: Captured, tombstone: Tombstone): Promise<undefined> {
    const { address, segments } = instance;
    const subject = this.#ports.subjects.head(address);
    this.changes.removed(instance.headSequence ?? 0);
    if (instance.headSequence !== 0) {
      const head = segments.length > 0 ? { ...tombstone, segments } : tombstone;
      instance.headSequence = await this.#put(subject, encodeHead(head), instance.headSequence, epochOfHead);
      this.#written.set(address, instance.headSequence);
    }
    await this.#segments.remove(segments);
    instance.segments = [];
    if (instance.wakeSequence !== 0) await this.#removeWake(instance);
    if (instance.headSequence !== 0) await this.#ports.views.remove(subject, instance.headSequence);
    this.#removed.set(address, { sequence: instance.headSequence, logSeq: tombstone.logSeq });
    this.#written.delete(address);
    instance.headSequence = 0;
    instance.headBytes = 0;
    instance.isNew = false;
    this.#spent.add(captured.dropped ?? []);
  }

  /** Moves what is long in a large head to segments; undefined when nothing is. */
  async #cut(address: Address, head: OrchestrationHead): Promise<Cut | undefined> {
    const { executionId, history, segments, buffered = [], held = [] } = head;
    const store = async (references: readonly SegmentReference[], events: readonly HistoryEvent[]) =>
      isLong(events)
        ? { references: await this.#segments.append(address, executionId, references, events), events }
        : undefined;
    const cut = { executionId, history: await store(segments, history), held: await store(held, buffered) };
    return cut.history || cut.held ? cut : undefined;
  }

  /** Those that the former head named and this one does not: of former executions and runs, and of events that went on. */
  async #forgetSegments(instance: Instance, named: readonly SegmentReference[]): Promise<void> {
    const sequences = new Set(named.map(({ sequence }) => sequence));
    await this.#segments.remove(instance.segments.filter(({ sequence }) => !sequences.has(sequence)));
    instance.segments = named;
  }

  async #writeWake(instance: Instance, wake: NonNullable<Captured['wake']>): Promise<void> {
    const subject = this.#ports.subjects.wake(instance.address);
    const body = encodeWake({ v: 1, epoch: this.#fence.epoch, ...wake });
    instance.wakeSequence = await this.#put(subject, body, instance.wakeSequence, epochOfWake);
    this.#wakesWritten.set(instance.address, instance.wakeSequence);
  }

  async #removeWake(instance: Instance): Promise<void> {
    const { views, subjects } = this.#ports;
    instance.wakeSequence ??= await this.#findWake(instance.address);
    this.#wakesWritten.delete(instance.address);
    if (instance.wakeSequence === 0) return;
    await views.remove(subjects.wake(instance.address), instance.wakeSequence);
    instance.wakeSequence = 0;
  }

  /** The sequence of the stored wake record, 0 for none, as a leader tells it who knows the last one that I know of (P11). */
  async #findWake(address: Address): Promise<number> {
    const { views, subjects, clock } = this.#ports;
    const least = this.#wakesWritten.get(address) ?? 0;
    const isCurrent = (stored: StoredMessage | undefined): boolean => (stored?.sequence ?? 0) >= least;
    const stored = await lookFor(clock, LOOKS, () => views.read(subjects.wake(address)), isCurrent);
    return this.#sequenceOfMine(stored, epochOfWake);
  }

  /** Writes over what is there; `epochOf` says whose it is. Returns the sequence. Throws OwnershipLostError. */
  async #put(
    subject: string,
    body: Uint8Array,
    expected: number | undefined,
    epochOf: EpochOf,
    note?: string,
  ): Promise<number> {
    const { views, clock } = this.#ports;
    let after = expected ?? this.#sequenceOfMine(await views.read(subject), epochOf);
    for (;;) {
      const sequence = await views.write(subject, body, after, note);
      if (sequence !== undefined) return sequence;
      const stored = await views.read(subject);
      if (stored && equal(stored.body, body)) return stored.sequence;
      after = this.#sequenceOfMine(stored, epochOf);
      await new Promise<void>((resolve) => clock.after(RETRY, resolve));
    }
  }

  /**
   * What is stored of an instance that was taken for new is my own, or a zombie's that came after my first checkpoint, behind
   * which the heads were listed (P13): anything else would be written over unseen.
   */
  readonly #epochOfNew = (stored: StoredMessage): number => {
    const epoch = epochOfHead(stored);
    if (epoch >= this.#fence.epoch || stored.sequence > this.#claimedAt) return epoch;
    throw new CorruptHistoryError(
      `${stored.subject} was written in epoch ${epoch}, but was not among the heads that the server listed.`,
    );
  };

  /** The sequence of my first checkpoint. */
  get #claimedAt(): number {
    const [, sequence = Infinity] = this.#fence.firstCheckpoints.find(([epoch]) => epoch === this.#fence.epoch) ?? [];
    return sequence;
  }

  /** The sequence of what is stored, by me or a former owner; 0: nothing. Throws OwnershipLostError. */
  #sequenceOfMine(stored: StoredMessage | undefined, epochOf: EpochOf): number {
    if (!stored) return 0;
    if (epochOf(stored) <= this.#fence.epoch) return stored.sequence;
    throw new OwnershipLostError(`${stored.subject} was written by a later owner than epoch ${this.#fence.epoch}.`);
  }
}

/** A head that was removed: the sequence of its tombstone, and the record that this reflects. */
interface Removed {
  readonly sequence: number;
  readonly logSeq: number;
}

const noSegments: readonly SegmentReference[] = [];

/** What a state that is elsewhere takes in memory. */
function referredBytes(head: Head): number {
  return head.type === 'entity' ? (head.stateRef?.bytes ?? 0) : 0;
}

/** A head's fields in place of what was cut from it. */
function fieldsOf({ history, held }: Cut): Partial<OrchestrationHead> {
  return {
    ...(history && { segments: history.references, history: [] }),
    ...(held && { held: held.references, buffered: [] }),
  };
}

function isLong(events: readonly HistoryEvent[]): boolean {
  return events.length > 0 && utf8Length(JSON.stringify(events)) > HISTORY_TARGET;
}

function segmentsOf(head: Head): readonly SegmentReference[] {
  if (head.type === 'tombstone') return head.segments ?? [];
  if (head.type !== 'orchestration') return noSegments;
  return head.held ? [...head.segments, ...head.held] : head.segments;
}

/** The epoch of the owner who stored something. */
type EpochOf = (stored: StoredMessage) => number;

function epochOfHead({ body, subject }: StoredMessage): number {
  return decodeHead(body, `Head ${subject}`).epoch;
}

/** One that is damaged is nobody's. */
function epochOfWake({ body, subject }: StoredMessage): number {
  try {
    return readWake(body, subject).epoch;
  } catch (error) {
    if (isDamage(error)) return 0;
    throw error;
  }
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, at) => byte === b[at]);
}

/** The stored wake record of an instance. */
export function readWake(body: Uint8Array, subject: string): Wake {
  return decodeWake(body, `Wake record ${subject}`);
}
