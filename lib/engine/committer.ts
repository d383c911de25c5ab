import { ClosedError, OwnershipLostError, StorageRegressedError } from '../errors.js';
import {
  commitText,
  cutCommit,
  decodeRecord,
  encodeCommit,
  encodePart,
  type EncodedOutput,
} from '../wire/record-codec.js';
import { formatOf } from '../wire/entity-state.js';
import type { CommitRecord } from '../wire/record.js';
import { asError } from './as-error.js';
import { Group } from './group.js';
import type { Loop, Loops } from './loops.js';
import type { PartitionPorts } from './ports.js';
import type { PartitionTables } from './tables.js';

/** After an unclear append, look again after so many milliseconds. */
const RETRY = 20;
/** A deposed leader may not know the last record; after so many looks it is the stream that lost it. */
const LOOKS = 100;

/** What the committer tells and asks the owner. */
export interface CommitListener {
  /** What the record of this group must say of the mail. Called once, when it is sealed. */
  sealing(group: Group): Pick<CommitRecord, 'accepted' | 'open' | 'received' | 'partly' | 'sessions'>;
  /** The record is acknowledged and applied to the tables: its effects may leave (C1). `first`: of its parts (P7). */
  acknowledged(group: Group, first: number): void;
  /** The chain is broken: another owner's record follows ours (C2), or the connection is closed. */
  failed(error: Error): void;
}

/**
 * Commits groups one after another: while a record is under way the next group gathers, and it is sealed when the
 * acknowledgement arrives.
 *
 * C2. A record is published only as the successor of the last one that this owner knows.
 */
export class Committer {
  readonly #tables: PartitionTables;
  readonly #ports: PartitionPorts;
  readonly #partitions: number;
  readonly #listener: CommitListener;
  #open: Group;
  #inFlight: Group | undefined;
  #sealedAt = 0;
  #committedAt: number | undefined;
  readonly #loop: Loop;
  #isStopped = false;
  #isSealing = false;
  /** The next group is sealed even when it is empty. */
  #mustSeal = false;
  readonly #waiting = new Map<Group, { readonly resolve: () => void; readonly reject: (error: Error) => void }[]>();

  constructor(
    tables: PartitionTables,
    ports: PartitionPorts,
    partitions: number,
    listener: CommitListener,
    loops: Loops,
  ) {
    this.#loop = loops.add('the commit of a record');
    this.#tables = tables;
    this.#ports = ports;
    this.#partitions = partitions;
    this.#listener = listener;
    this.#open = this.#newGroup(tables.counter + 1);
  }

  /** The open group. */
  get group(): Group {
    return this.#open;
  }

  /** Nothing is open and nothing under way: memory is what the log says. */
  get isQuiet(): boolean {
    return this.#inFlight === undefined && this.#open.isEmpty;
  }

  /** When the last record was sealed that is acknowledged. */
  get committedAt(): number | undefined {
    return this.#committedAt;
  }

  /**
   * Seals the open group if there is something in it and nothing is under way: once all that comes of what has come in is
   * in it, too, unless it is full before.
   */
  seal(): void {
    if (this.#inFlight || this.#open.isEmpty || this.#isStopped) return;
    if (this.#open.isFull) return this.#sealNow();
    if (this.#isSealing) return;
    this.#isSealing = true;
    this.#ports.clock.soon(() => {
      this.#isSealing = false;
      if (!this.#inFlight && !this.#open.isEmpty) this.#sealNow();
    });
  }

  /** Resolves when all that is in memory now is acknowledged; rejects with ClosedError when that does not come to pass. */
  whenAcknowledged(): Promise<void> {
    const group = this.#open.isEmpty ? this.#inFlight : this.#open;
    return group ? this.#whenDone(group) : Promise.resolve();
  }

  /** Commits a record, an empty one if nothing is open, that is published after this call (P16). Rejects as above. */
  barrier(): Promise<void> {
    const done = this.#whenDone(this.#open);
    if (!this.#inFlight) this.#sealNow();
    else this.#mustSeal = true;
    return done;
  }

  stop(): void {
    this.#isStopped = true;
    for (const waiting of this.#waiting.values()) for (const { reject } of waiting) reject(this.#closed());
    this.#waiting.clear();
  }

  #whenDone(group: Group): Promise<void> {
    if (this.#isStopped) return Promise.reject(this.#closed());
    return new Promise((resolve, reject) => {
      const waiting = this.#waiting.get(group);
      if (waiting) waiting.push({ resolve, reject });
      else this.#waiting.set(group, [{ resolve, reject }]);
    });
  }

  #closed(): ClosedError {
    return new ClosedError(`Partition ${this.#ports.subjects.partition} is not owned here any more.`);
  }

  #newGroup(counter: number): Group {
    return new Group(counter, this.#ports.subjects.partition, this.#partitions);
  }

  #sealNow(): void {
    if (this.#isStopped) return;
    const group = this.#open;
    this.#mustSeal = false;
    this.#inFlight = group;
    this.#sealedAt = this.#ports.clock.now();
    this.#loop.begin(this.#sealedAt);
    this.#open = this.#newGroup(group.counter + 1);
    this.#commit(group).catch((error: unknown) => this.#fail(error));
  }

  async #commit(group: Group): Promise<void> {
    const record = this.#record(group);
    const outputs = new Map<number, EncodedOutput>();
    for (const [partition, messages] of group.outputs)
      outputs.set(partition, { prev: this.#tables.channels.get(partition)?.last ?? 0, messages });
    const { steps, type: _type, ...fields } = record;
    const [first, sequence] = await this.#store(commitText(fields, group.texts, outputs), record);
    if (this.#isStopped) return;
    this.#tables.apply({ ...record, steps }, sequence, group.outputs);
    this.#inFlight = undefined;
    this.#loop.end();
    this.#committedAt = this.#sealedAt;
    group.isAcknowledged = true;
    this.#listener.acknowledged(group, first);
    for (const { resolve } of this.#waiting.get(group) ?? []) resolve();
    this.#waiting.delete(group);
    if (this.#mustSeal && !this.#inFlight) this.#sealNow();
    else this.seal();
  }

  #record(group: Group): CommitRecord {
    return {
      v: formatOf(group.entries),
      type: 'commit',
      epoch: this.#tables.epoch,
      commit: this.#ports.random.id(),
      prev: this.#tables.sequence,
      at: this.#sealedAt,
      counter: group.counter,
      ...this.#listener.sealing(group),
      ...(group.dispatched.size > 0 && { dispatched: [...group.dispatched] }),
      ...(group.dropped.length > 0 && { dropped: group.dropped }),
      ...(group.trial !== undefined && { trial: group.trial }),
      ...(group.survived && { survived: true as const }),
      ...(group.quarantined.length > 0 && { quarantined: group.quarantined }),
      ...(group.released.length > 0 && { released: group.released }),
      ...(group.parked.length > 0 && { parked: group.parked }),
      steps: group.entries,
    };
  }

  /** Stores a record, in parts when it is too large for one message (P7); the sequences of the first and the last one. */
  async #store(text: string, record: CommitRecord): Promise<readonly [first: number, last: number]> {
    const { maxBodyBytes } = this.#ports;
    const body = encodeCommit(text);
    if (body.length <= maxBodyBytes) {
      const sequence = await this.#append(body, record);
      return [sequence, sequence];
    }
    const { epoch, commit, at } = record;
    const pieces = cutCommit(text, maxBodyBytes);
    let [first, prev] = [0, record.prev];
    for (const [index, piece] of pieces.entries()) {
      const part = [index + 1, pieces.length] as const;
      const stored = await this.#append(encodePart({ epoch, commit, prev, at, part, text: piece }), {
        ...record,
        prev,
      });
      if (index === 0) first = stored;
      prev = stored;
    }
    return [first, prev];
  }

  /** Appends until it is known what became of it: never fenced by a timeout, never stored without a look (C10). */
  async #append(body: Uint8Array, { commit, prev, epoch }: CommitRecord): Promise<number> {
    const { log, clock, subjects } = this.#ports;
    for (let behind = 0; ;) {
      const sequence = await log.append(body, prev);
      if (sequence !== undefined) return sequence;
      if (this.#isStopped) throw this.#closed();
      const last = await log.last();
      const end = last?.sequence ?? 0;
      if (last && end > prev) {
        const record = decodeRecord(last.body, `Record ${end} of ${subjects.log}`);
        if (record.commit === commit) return end;
        throw new OwnershipLostError(
          `Partition ${subjects.partition} has a new owner: its log ends with a record of epoch ${record.epoch}, mine is ${epoch}.`,
        );
      }
      behind = end < prev ? behind + 1 : 0;
      if (behind === LOOKS)
        throw new StorageRegressedError(
          `Stream ${subjects.streamName('log')} ends at ${end}, but record ${prev} was acknowledged: the stream lost ` +
            'acknowledged records.',
        );
      await new Promise<void>((resolve) => clock.after(RETRY, resolve));
    }
  }

  #fail(error: unknown): void {
    if (this.#isStopped) return;
    this.#isStopped = true;
    this.#listener.failed(asError(error));
  }
}
