import type { ChannelState, Checkpoint, PendingEntry, PendingLocal } from '../wire/checkpoint.js';
import { encodeAddressed } from '../wire/message-codec.js';
import type { Address } from '../wire/messages.js';
import type { Parking } from '../wire/parked.js';
import type { CommitRecord, LogRecord, Outcome, PartlyReceived, StepEntry } from '../wire/record.js';
import { parseMessageId } from '../wire/sessions.js';
import { ParkedMessages } from './parked-messages.js';
import { OutcomeValues } from './outcome-values.js';
import { PoisonTable } from './poison-table.js';
import { RecentMap } from './recent-map.js';
import { RecentOutcomes } from './recent-outcomes.js';
import { SessionTable } from './session-table.js';
import { Undispatched } from './undispatched.js';

/** So many purged instances are remembered. */
const PURGED = 100;

/** What was sent to another partition and may not have been received there. */
export interface Channel {
  /** The last record that had output for the partition; 0: none. */
  last: number;
  readonly pending: PendingEntry[];
}

/**
 * What a partition durably knows beside its instances. It changes only by `apply`, which the owner calls for each
 * acknowledged record and recovery for each record read: live and replayed state are made by the same code.
 */
export class PartitionTables {
  epoch = 0;
  /** The last record applied, and its commit id. */
  sequence = 0;
  commit = '0';
  counter = 0;
  /** Mail is accepted up to here, in order (P1). */
  accepted = 0;
  /** When the stream stored the last one; undefined: not known. */
  acceptedAt: number | undefined;
  /** Of accepted mail, the inputs not yet consumed. */
  readonly open = new Map<number, Set<number>>();
  readonly received = new Map<number, number>();
  /** Of the entry of a channel that follows the mark: its number and how many of its messages are accepted (P7). */
  readonly partly = new Map<number, PartlyReceived>();
  /** Large values of outcomes that are not kept any more. */
  readonly outcomeValues = new OutcomeValues();
  readonly sessions = new SessionTable(this.outcomeValues);
  /** Local messages not yet consumed, by name, in the order in which they were sent. */
  readonly locals = new Map<string, PendingLocal>();
  /** Messages that have waited long, in pages of the state stream (P4). */
  readonly parked = new ParkedMessages();
  readonly channels = new Map<number, Channel>();
  /** What is known of inputs that kill whoever takes them. */
  readonly poison = new PoisonTable();
  /** How many messages no instance could take. */
  deadLetters = 0;
  /** Activities of work queues whose requests are not known to be there (P20). */
  readonly undispatched = new Undispatched();
  /**
   * The records that purged instances, the last ones: a copy of a write that arrives behind a tombstone's removal would bring its
   * instance back (P13, docs/adr/0049).
   */
  readonly purged = new RecentMap<Address, number>(PURGED);
  /** The highest fencing number of entities of which nothing is stored any more: what such a one gives next is above it (P22). */
  lastFence = 0;
  /** Of messages without a session. */
  readonly outcomes = new RecentOutcomes(this.outcomeValues);

  /** All mail up to here is consumed. */
  get cursor(): number {
    let cursor = this.accepted;
    for (const sequence of this.open.keys()) cursor = Math.min(cursor, sequence - 1);
    return cursor;
  }

  channel(partition: number): Channel {
    let channel = this.channels.get(partition);
    if (!channel) this.channels.set(partition, (channel = { last: 0, pending: [] }));
    return channel;
  }

  /** `outputs`: the record's output as texts, when they are at hand. */
  apply(
    record: LogRecord,
    sequence: number,
    outputs: ReadonlyMap<number, readonly string[]> = outputsOf(record),
  ): void {
    this.sequence = sequence;
    this.commit = record.commit;
    this.epoch = record.epoch;
    this.poison.apply(record, this.counter);
    if (record.type !== 'commit') return;
    this.counter = record.counter;
    this.#accept(record);
    let index = 0;
    for (const step of record.steps) {
      for (const message of step.messages ?? []) {
        const local = { counter: record.counter, index: index++, message, behind: this.accepted };
        this.locals.set(localName(local.counter, local.index), local);
      }
    }
    for (const parking of record.parked ?? []) this.#park(parking);
    for (const step of record.steps) {
      this.#consume(step);
      if (step.purged) this.#purge(step, sequence);
    }
    this.undispatched.apply(record);
    for (const { sequence: mail, index: at } of record.dropped ?? []) this.#close(mail, at);
    this.deadLetters += record.dropped?.length ?? 0;
    for (const [partition, messages] of outputs) {
      const channel = this.channel(partition);
      channel.pending.push({ n: sequence, prev: channel.last, messages });
      channel.last = sequence;
    }
  }

  #accept(record: CommitRecord): void {
    if (record.accepted !== undefined) {
      this.accepted = record.accepted;
      this.acceptedAt = record.acceptedAt;
    }
    for (const [sequence, indexes] of record.open ?? []) this.open.set(sequence, new Set(indexes));
    for (const [from, n] of Object.entries(record.received ?? {})) {
      this.received.set(Number(from), n);
      this.partly.delete(Number(from));
    }
    for (const [from, part] of Object.entries(record.partly ?? {})) this.partly.set(Number(from), part);
    this.sessions.apply(record);
  }

  #keep(outcome: Outcome): void {
    const of = parseMessageId(outcome.id);
    if (!of) this.outcomes.keep(outcome);
    else this.sessions.keep(of.session, of.number, outcome);
  }

  /** The inputs are consumed where they came from: from now on they wait in the page. */
  #park(parking: Parking): void {
    for (const { mail, local } of parking.boxes) this.#take(mail, local);
    this.parked.park(parking);
  }

  #consume({ to, mail, local, parked, outcome, outcomes = [] }: StepEntry): void {
    this.#take(mail, local);
    if (parked) this.parked.consume(to, ...parked);
    if (outcome) this.#keep(outcome);
    for (const each of outcomes) this.#keep(each);
  }

  #purge({ to, lastFence = 0 }: StepEntry, sequence: number): void {
    this.purged.set(to, sequence);
    this.lastFence = Math.max(this.lastFence, lastFence);
  }

  #take(mail: readonly number[] = [], local: readonly number[] = []): void {
    for (let at = 0; at < mail.length; at += 2) this.#close(mail[at]!, mail[at + 1]!);
    for (let at = 0; at < local.length; at += 2) this.locals.delete(localName(local[at]!, local[at + 1]!));
  }

  #close(sequence: number, index: number): void {
    const indexes = this.open.get(sequence);
    if (indexes?.delete(index) && indexes.size === 0) this.open.delete(sequence);
  }

  /** What of these tables a checkpoint holds. */
  snapshot(): Omit<Checkpoint, 'v' | 'low'> {
    const channels: Record<string, ChannelState> = {};
    for (const [partition, { last, pending }] of this.channels) channels[partition] = { last, pending: [...pending] };
    const purged = [...this.purged.entries()];
    return {
      epoch: this.epoch,
      logSeq: this.sequence,
      commit: this.commit,
      counter: this.counter,
      accepted: this.accepted,
      ...(this.acceptedAt !== undefined && { acceptedAt: this.acceptedAt }),
      open: Array.from(this.open, ([sequence, indexes]) => [sequence, [...indexes]] as const),
      received: Object.fromEntries(this.received),
      ...this.poison.snapshot(),
      ...(this.deadLetters > 0 && { deadLetters: this.deadLetters }),
      ...(this.partly.size > 0 && { partly: Object.fromEntries(this.partly) }),
      sessions: {},
      locals: [...this.locals.values()],
      parked: this.parked.snapshot(),
      channels,
      undispatched: this.undispatched.all(),
      ...(purged.length > 0 && { purged }),
      ...(this.lastFence > 0 && { lastFence: this.lastFence }),
      outcomes: this.outcomes.all(),
    };
  }

  restore(checkpoint: Checkpoint): void {
    this.epoch = checkpoint.epoch;
    this.sequence = checkpoint.logSeq;
    this.commit = checkpoint.commit;
    this.counter = checkpoint.counter;
    this.accepted = checkpoint.accepted;
    this.acceptedAt = checkpoint.acceptedAt;
    for (const [sequence, indexes] of checkpoint.open) this.open.set(sequence, new Set(indexes));
    for (const [from, n] of Object.entries(checkpoint.received)) this.received.set(Number(from), n);
    for (const [from, part] of Object.entries(checkpoint.partly ?? {})) this.partly.set(Number(from), part);
    this.sessions.restore(checkpoint.clients ?? []);
    this.deadLetters = checkpoint.deadLetters ?? 0;
    this.poison.restore(checkpoint);
    for (const local of checkpoint.locals) this.locals.set(localName(local.counter, local.index), local);
    for (const parking of checkpoint.parked ?? []) this.parked.park(parking);
    for (const [partition, { last, pending }] of Object.entries(checkpoint.channels))
      this.channels.set(Number(partition), { last, pending: [...pending] });
    this.undispatched.restore(checkpoint.undispatched ?? []);
    for (const [address, sequence] of checkpoint.purged ?? []) this.purged.set(address, sequence);
    this.lastFence = checkpoint.lastFence ?? 0;
    for (const outcome of checkpoint.outcomes) this.outcomes.keep(outcome);
  }
}

function localName(counter: number, index: number): string {
  return `${counter}.${index}`;
}

function outputsOf(record: LogRecord): ReadonlyMap<number, readonly string[]> {
  if (record.type !== 'commit' || !record.out) return new Map();
  return new Map(
    Object.entries(record.out).map(([partition, { messages }]) => [Number(partition), messages.map(encodeAddressed)]),
  );
}
