import { partitionOf, parseAddress } from '../wire/addresses.js';
import { decodeEnvelope, decodeMessage } from '../wire/message-codec.js';
import type { Addressed, Message } from '../wire/messages.js';
import type { CommitRecord, DroppedInput } from '../wire/record.js';
import type { PartitionSubjects } from '../wire/subjects.js';
import { ChannelMarks, type ChannelMark } from './channel-marks.js';
import type { Group } from './group.js';
import type { Input } from './instance.js';
import type { StoredMessage } from './ports.js';
import type { PartitionTables } from './tables.js';

/** Where delivered mail goes. */
export interface InboxListener {
  deliver(address: string, input: Input): void;
  /** Mail that no instance can take. */
  drop(dropped: DroppedInput): void;
  /** A copy of a message whose client may still wait for the answer. */
  answerCopy(message: Message): void;
}

/** What the record that accepts mail says of it. */
type Acceptance = Pick<CommitRecord, 'accepted' | 'acceptedAt' | 'open' | 'received' | 'partly' | 'sessions'>;

interface Delivered {
  /** When the stream stored it. */
  readonly time: number;
  readonly pending: Set<number>;
  readonly channel: ChannelMark | undefined;
  readonly session: readonly [id: string, number: number] | undefined;
}

/**
 * Takes mail in order, recognises copies, and knows what the next record must say of it.
 *
 * P1. An input is named (sequence, index). What a record accepts but no step has consumed yet is `open`, so a re-read of
 *     its sequence delivers exactly that; every other copy takes the tests of its channel or session (C4).
 */
export class Inbox {
  readonly #tables: PartitionTables;
  readonly #subjects: PartitionSubjects;
  readonly #partitions: number;
  readonly #listener: InboxListener;
  /** Mail delivered and not yet accepted by a sealed record, and accepted mail with inputs not yet consumed. */
  readonly #delivered = new Map<number, Delivered>();
  readonly #channels: ChannelMarks;
  /** Marks as of the last delivery, ahead of the tables. */
  readonly #sessions = new Map<string, number>();
  /** Sessions whose marks are in a sealed record: once it is acknowledged the tables know them. */
  #sealed: string[] = [];
  #accepted: number;
  #last: number;

  constructor(tables: PartitionTables, subjects: PartitionSubjects, partitions: number, listener: InboxListener) {
    this.#tables = tables;
    this.#subjects = subjects;
    this.#partitions = partitions;
    this.#listener = listener;
    this.#channels = new ChannelMarks(tables);
    this.#accepted = tables.accepted;
    this.#last = tables.accepted;
  }

  take(message: StoredMessage): void {
    const { sequence } = message;
    if (sequence <= this.#accepted) return this.#reread(message, this.#tables.open.get(sequence));
    this.#last = sequence;
    if (message.subject === this.#subjects.envelopes) this.#envelope(message);
    else this.#single(message);
  }

  /** Mail accepted by an earlier record: only what is open, without any test. */
  #reread(message: StoredMessage, open: ReadonlySet<number> | undefined): void {
    if (!open) return;
    const { sequence, time } = message;
    this.#delivered.set(sequence, { time, pending: new Set(open), channel: undefined, session: undefined });
    const messages = message.subject === this.#subjects.envelopes ? messagesOf(message) : [this.#read(message)];
    this.#deliver(
      sequence,
      messages.flatMap((item, index) => (item && open.has(index) ? [[index, item] as const] : [])),
    );
  }

  #envelope(message: StoredMessage): void {
    const { sequence, time } = message;
    const decoded = decodeEnvelope(message.body);
    if ('refused' in decoded) return this.#refuse(message, decoded.refused);
    const { from, entries } = decoded.value;
    if (from >= this.#partitions) return this.#refuse(message, `There is no partition ${from}`);
    const { messages, mark } = this.#channels.take(from, entries);
    const pending = new Set(messages.map(([at]) => at));
    this.#delivered.set(sequence, { time, pending, channel: mark, session: undefined });
    this.#deliver(sequence, messages);
  }

  #single(message: StoredMessage): void {
    const { sequence, time } = message;
    const addressed = this.#read(message);
    if (!addressed) return this.#refuse(message, this.#fault(message));
    const { session, number } = withSession(addressed[1]);
    const isCounted = session !== undefined && number !== undefined;
    if (isCounted && number <= this.#sessionMark(session)) {
      this.#delivered.set(sequence, { time, pending: new Set(), channel: undefined, session: undefined });
      return this.#listener.answerCopy(addressed[1]);
    }
    this.#delivered.set(sequence, {
      time,
      pending: new Set([0]),
      channel: undefined,
      session: isCounted ? [session, number] : undefined,
    });
    if (isCounted) this.#sessions.set(session, number);
    this.#deliver(sequence, [[0, addressed]]);
  }

  #sessionMark(session: string): number {
    return this.#sessions.get(session) ?? this.#tables.sessions.get(session) ?? 0;
  }

  /** Messages for other partitions are dropped, all of a sequence under one reason: a record must stay small. */
  #deliver(sequence: number, messages: readonly (readonly [index: number, message: Addressed])[]): void {
    const wrong: number[] = [];
    let first = '';
    for (const [index, [to, body]] of messages) {
      if (partitionOf(to, this.#partitions) === this.#subjects.partition)
        this.#listener.deliver(to, { body, mail: [sequence, index] });
      else if (wrong.push(index) === 1) first = to;
    }
    if (wrong.length === 0) return;
    const more = wrong.length > 1 ? ` (nor are ${wrong.length - 1} more of this envelope)` : '';
    const reason = `WrongPartition: ${first} is not an instance of this partition${more}`;
    this.#listener.drop({ sequence, index: wrong[0]!, reason });
    for (const index of wrong) this.consumed([sequence, index]);
  }

  #refuse({ sequence, time }: StoredMessage, reason: string): void {
    this.#delivered.set(sequence, { time, pending: new Set([0]), channel: undefined, session: undefined });
    this.#listener.drop({ sequence, index: 0, reason });
  }

  #read(message: StoredMessage): Addressed | undefined {
    const address = this.#subjects.addressOf(message.subject);
    if (address === undefined || !isAddress(address)) return undefined;
    const decoded = decodeMessage(message.body);
    return 'value' in decoded ? [address, decoded.value] : undefined;
  }

  #fault(message: StoredMessage): string {
    const address = this.#subjects.addressOf(message.subject);
    if (address === undefined || !isAddress(address)) return `Not the mailbox of an instance: ${message.subject}`;
    const decoded = decodeMessage(message.body);
    return 'refused' in decoded ? decoded.refused : 'Not readable';
  }

  /** An input is part of the open group now. */
  consumed([sequence, index]: readonly [number, number]): void {
    this.#delivered.get(sequence)?.pending.delete(index);
  }

  /** What the record of a group must say of the mail that it accepts, in mail order. */
  accept({ mailUpTo }: Group): Acceptance {
    const from = this.#accepted;
    let accepted = Math.max(from, mailUpTo);
    let acceptedAt: number | undefined;
    const open: (readonly [number, readonly number[]])[] = [];
    const channels = new Map<number, ChannelMark>();
    const sessions = new Map<string, number>();
    for (let sequence = from + 1; sequence <= this.#last; sequence++) {
      const delivered = this.#delivered.get(sequence);
      const isDone = !delivered || delivered.pending.size === 0;
      if (sequence > accepted && !isDone) break;
      accepted = Math.max(accepted, sequence); // copies behind the last consumed input are done with, too
      acceptedAt = delivered?.time;
      if (delivered?.channel) channels.set(delivered.channel.from, delivered.channel);
      if (delivered?.session) sessions.set(...(delivered.session as [string, number]));
      if (isDone) this.#delivered.delete(sequence);
      else open.push([sequence, [...delivered.pending]]);
    }
    this.#accepted = accepted;
    for (const [session, number] of sessions) if (this.#sessions.get(session) === number) this.#sealed.push(session);
    return {
      ...(accepted > from && { accepted }),
      ...(accepted > from && acceptedAt !== undefined && { acceptedAt }),
      ...(open.length > 0 && { open }),
      ...channelFields(channels),
      ...(sessions.size > 0 && { sessions: Object.fromEntries(sessions) }),
    };
  }

  /** The record of the last `accept` is acknowledged and applied to the tables. */
  acknowledged(): void {
    for (const session of this.#sealed)
      if (this.#sessions.get(session) === this.#tables.sessions.get(session)) this.#sessions.delete(session);
    this.#sealed = [];
    for (const [sequence, { pending }] of this.#delivered) {
      if (sequence > this.#accepted) return; // in mail order
      if (pending.size === 0) this.#delivered.delete(sequence);
    }
  }
}

function channelFields(marks: ReadonlyMap<number, ChannelMark>): Pick<CommitRecord, 'received' | 'partly'> {
  if (marks.size === 0) return {};
  const partly = [...marks.values()].flatMap(({ from, partly: part }) => (part ? [[from, part] as const] : []));
  return {
    received: Object.fromEntries(Array.from(marks.values(), ({ from, n }) => [from, n])),
    ...(partly.length > 0 && { partly: Object.fromEntries(partly) }),
  };
}

function messagesOf(message: StoredMessage): readonly (Addressed | undefined)[] {
  const decoded = decodeEnvelope(message.body);
  return 'value' in decoded ? decoded.value.entries.flatMap(({ messages }) => messages) : [];
}

function withSession(message: Message): { readonly session?: string; readonly number?: number } {
  return message.kind === 'result' ? {} : message;
}

function isAddress(text: string): boolean {
  try {
    parseAddress(text);
    return true;
  } catch {
    return false;
  }
}
