import { partitionOf, parseAddress } from '../wire/addresses.js';
import { decodeEnvelope, decodeMessage } from '../wire/message-codec.js';
import type { Addressed, Message } from '../wire/messages.js';
import type { CommitRecord, DroppedInput } from '../wire/record.js';
import { parseMessageId } from '../wire/sessions.js';
import type { PartitionSubjects } from '../wire/subjects.js';
import { ChannelMarks, type ChannelMark } from './channel-marks.js';
import { ClientSessions, type SessionFields, type SessionNews } from './client-sessions.js';
import type { Told } from './dead-letters.js';
import type { Group } from './group.js';
import type { Input } from './instance.js';
import type { StoredMessage } from './ports.js';
import { ofSession, SessionMail, type MailStamp } from './session-mail.js';
import type { PartitionTables } from './tables.js';

/** Where delivered mail goes. */
export interface InboxListener {
  deliver(address: string, input: Input): void;
  /** Mail that no instance can take; it is consumed once its letter is stored, and who waits is told after that. */
  drop(dropped: DroppedInput, message: StoredMessage, told?: Told): void;
  /** A copy of a message whose client may still wait for the answer. */
  answerCopy(message: Message, session: string, number: number): void;
  /** There is something to record although no step follows from it. */
  note(): void;
}

/** Mail that nothing follows from may wait to be recorded, up to so much of it. */
const MOST_SILENT = 1_000;

/** What the record that accepts mail says of it. */
type Acceptance = Pick<CommitRecord, 'accepted' | 'acceptedAt' | 'open' | 'received' | 'partly'> & SessionFields;

interface Delivered {
  /** When the stream stored it. */
  readonly time: number;
  readonly pending: Set<number>;
  readonly channel: ChannelMark | undefined;
  readonly sessions: readonly SessionNews[];
}

const noNews: readonly SessionNews[] = [];

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
  readonly #sessions: ClientSessions;
  readonly #sessionMail: SessionMail;
  /** The last mail of each channel that brought something new. */
  readonly #marked = new Map<number, number>();
  /** How much mail was taken since the last record that nothing follows from. */
  #silent = 0;
  #accepted: number;
  #last: number;

  constructor(tables: PartitionTables, subjects: PartitionSubjects, partitions: number, listener: InboxListener) {
    this.#tables = tables;
    this.#subjects = subjects;
    this.#partitions = partitions;
    this.#listener = listener;
    this.#channels = new ChannelMarks(tables);
    this.#sessions = new ClientSessions(tables.sessions);
    this.#sessionMail = new SessionMail(this.#sessions, subjects);
    this.#accepted = tables.accepted;
    this.#last = tables.accepted;
  }

  /** The last mail taken. */
  get last(): number {
    return this.#last;
  }

  /** The first mail with an input that no group has consumed yet; Infinity: none. */
  get oldest(): number {
    for (const [sequence, { pending }] of this.#delivered) if (pending.size > 0) return sequence;
    return Infinity;
  }

  take(message: StoredMessage): void {
    const { sequence } = message;
    if (sequence <= this.#accepted) return this.#reread(message, this.#tables.open.get(sequence));
    this.#last = sequence;
    if (message.subject === this.#subjects.envelopes) this.#envelope(message);
    else if (message.subject === this.#subjects.sessions) this.#hear(message);
    else this.#single(message);
    if (this.#delivered.get(sequence)?.pending.size === 0 && ++this.#silent % MOST_SILENT === 0) this.#listener.note();
  }

  /** Mail accepted by an earlier record: only what is open, without any test. */
  #reread(message: StoredMessage, open: ReadonlySet<number> | undefined): void {
    if (!open) return;
    const { sequence, time } = message;
    this.#delivered.set(sequence, { time, pending: new Set(open), channel: undefined, sessions: noNews });
    const messages = message.subject === this.#subjects.envelopes ? messagesOf(message) : [this.#readAgain(message)];
    // A former owner died before it had dropped it.
    if (messages.every((item) => item === undefined)) return this.#refuse(message, this.#fault(message));
    const fresh = messages.flatMap((item, index) => (item && open.has(index) ? [[index, item] as const] : []));
    const refused = fresh.filter(([, [, body]]) => this.#wasRefused(body));
    for (const [index] of refused)
      this.#listener.drop({ sequence, index, reason: 'Refused by a former owner of the partition' }, message);
    this.#deliver(
      message,
      fresh.filter((item) => !refused.includes(item)),
      Math.ceil(message.body.length / messages.length),
    );
  }

  /** Of an envelope some messages may be accepted as open while the letters of refused ones were still to be stored. */
  #wasRefused(body: Message): boolean {
    const place = body.kind === 'result' || body.id === undefined ? undefined : parseMessageId(body.id);
    if (!place) return false;
    const { sessions, accepted } = this.#tables;
    return sessions.answer(place.session, place.number, accepted).outcome?.refused === 'notAccepted';
  }

  #envelope(message: StoredMessage): void {
    const { sequence, time } = message;
    const decoded = decodeEnvelope(message.body);
    if ('refused' in decoded) return this.#refuse(message, decoded.refused);
    if ('session' in decoded.value) return this.#ofSession(message, decoded.value, decoded.value.messages);
    const { from, entries } = decoded.value;
    if (from >= this.#partitions) return this.#refuse(message, `There is no partition ${from}`);
    const { messages, mark } = this.#channels.take(from, entries);
    const pending = new Set(messages.map(([at]) => at));
    if (mark && pending.size === 0) this.#listener.note(); // a channel that begins anew: its sender waits for that alone
    if (mark) this.#marked.set(from, sequence);
    this.#delivered.set(sequence, { time, pending, channel: mark, sessions: noNews });
    const count = entries.reduce((sum, entry) => sum + entry.messages.length, 0);
    this.#deliver(message, messages, Math.ceil(message.body.length / Math.max(1, count)));
  }

  /**
   * Whether entries of another partition may come without mail, for the open group: not if they do not follow what is
   * received, nor as long as no record accepts the last mail of their channel, which would be a copy behind their mark (P1).
   */
  mayBeHanded(from: number, prev: number): boolean {
    return (this.#marked.get(from) ?? 0) <= this.#accepted && this.#channels.precedes(from, prev);
  }

  /** They have come, up to one. */
  handed(from: number, n: number): void {
    this.#channels.passed(from, n);
  }

  #single(message: StoredMessage): void {
    const { sequence, time } = message;
    const addressed = this.#read(message);
    if (!addressed) return this.#refuse(message, this.#fault(message));
    const stamp = stampOf(addressed[1]);
    if (stamp) return this.#ofSession(message, stamp, [addressed]);
    if (hasForeignId(addressed[1]))
      return this.#refuse(message, 'The id is that of a message of a session, which it does not name');
    this.#delivered.set(sequence, { time, pending: new Set([0]), channel: undefined, sessions: noNews });
    this.#deliver(message, [[0, addressed]], message.body.length);
  }

  #ofSession(message: StoredMessage, stamp: MailStamp, messages: readonly Addressed[]): void {
    const { sequence, time } = message;
    const { fresh, copies, refused, news } = this.#sessionMail.sort(stamp, messages);
    const pending = new Set([...fresh.map(([index]) => index), ...refused.map(({ dropped }) => dropped.index)]);
    this.#delivered.set(sequence, { time, pending, channel: undefined, sessions: news ? [news] : noNews });
    for (const [number, body] of copies) this.#listener.answerCopy(body, stamp.session, number);
    for (const { dropped, told } of refused) this.#listener.drop({ sequence, ...dropped }, message, told);
    this.#deliver(message, fresh, Math.ceil(message.body.length / Math.max(1, messages.length)));
  }

  #hear(message: StoredMessage): void {
    const heard = this.#sessionMail.hear(message);
    if ('fault' in heard) return this.#refuse(message, heard.fault);
    const { sequence, time } = message;
    this.#delivered.set(sequence, { time, pending: new Set(), channel: undefined, sessions: heard.news });
    if (heard.isUrgent) this.#listener.note();
  }

  /** Messages for other partitions are dropped, all of a sequence under one reason: a record must stay small. */
  #deliver(
    stored: StoredMessage,
    messages: readonly (readonly [index: number, message: Addressed])[],
    bytes: number,
  ): void {
    const { sequence } = stored;
    const wrong: number[] = [];
    let first = '';
    for (const [index, [to, body]] of messages) {
      if (partitionOf(to, this.#partitions) === this.#subjects.partition)
        this.#listener.deliver(to, { body, mail: [sequence, index], bytes });
      else if (wrong.push(index) === 1) first = to;
    }
    if (wrong.length === 0) return;
    const more = wrong.length > 1 ? ` (nor are ${wrong.length - 1} more of this envelope)` : '';
    const reason = `WrongPartition: ${first} is not an instance of this partition${more}`;
    this.#listener.drop({ sequence, index: wrong[0]!, reason }, stored);
    for (const index of wrong.slice(1)) this.consumed([sequence, index]);
  }

  #refuse(message: StoredMessage, reason: string): void {
    const { sequence, time } = message;
    this.#delivered.set(sequence, { time, pending: new Set([0]), channel: undefined, sessions: noNews });
    this.#listener.drop({ sequence, index: 0, reason }, message);
  }

  #read(message: StoredMessage): Addressed | undefined {
    const address = this.#subjects.addressOf(message.subject);
    if (address === undefined || !isAddress(address)) return undefined;
    const decoded = decodeMessage(message.body);
    return 'value' in decoded ? [address, decoded.value] : undefined;
  }

  /** As it was delivered before. */
  #readAgain(message: StoredMessage): Addressed | undefined {
    const addressed = this.#read(message);
    const stamp = addressed && stampOf(addressed[1]);
    return stamp ? [addressed[0], ofSession(addressed[1], stamp.session, stamp.first)] : addressed;
  }

  #fault(message: StoredMessage): string {
    const address = this.#subjects.addressOf(message.subject);
    if (address === undefined || !isAddress(address)) return `Not the mailbox of an instance: ${message.subject}`;
    const decoded = decodeMessage(message.body);
    return 'refused' in decoded ? decoded.refused : 'Not readable';
  }

  /** An input is part of the open group now. */
  consumed([sequence, index]: readonly [number, number]): void {
    const delivered = this.#delivered.get(sequence);
    delivered?.pending.delete(index);
    if (delivered?.pending.size === 0 && sequence <= this.#accepted) this.#delivered.delete(sequence);
  }

  /** What the record of a group must say of the mail that it accepts, in mail order. */
  accept({ mailUpTo, received }: Group): Acceptance {
    const from = this.#accepted;
    let accepted = Math.max(from, mailUpTo);
    let acceptedAt: number | undefined;
    const open: (readonly [number, readonly number[]])[] = [];
    const channels = new Map<number, ChannelMark>(received);
    const news: SessionNews[] = [];
    for (let sequence = from + 1; sequence <= this.#last; sequence++) {
      const delivered = this.#delivered.get(sequence);
      const isDone = !delivered || delivered.pending.size === 0;
      if (sequence > accepted && !isDone) break;
      accepted = Math.max(accepted, sequence); // copies behind the last consumed input are done with, too
      acceptedAt = delivered?.time;
      if (delivered?.channel) channels.set(delivered.channel.from, delivered.channel);
      if (delivered) news.push(...delivered.sessions);
      if (isDone) this.#delivered.delete(sequence);
      else open.push([sequence, [...delivered.pending]]);
    }
    this.#accepted = accepted;
    this.#silent = 0;
    return {
      ...(open.length > 0 && { open }),
      ...(accepted > from && { accepted }),
      ...(accepted > from && acceptedAt !== undefined && { acceptedAt }),
      ...channelFields(channels),
      ...this.#sessions.accept(news, acceptedAt),
    };
  }

  /** The record of the last `accept` is acknowledged and applied to the tables. */
  acknowledged(): void {
    this.#sessions.acknowledged();
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

/** The messages of an envelope as they were delivered before. */
function messagesOf(message: StoredMessage): readonly Addressed[] {
  const decoded = decodeEnvelope(message.body);
  if ('refused' in decoded) return [];
  if ('entries' in decoded.value) return decoded.value.entries.flatMap(({ messages }) => messages);
  const { session, first, messages } = decoded.value;
  return messages.map(([to, body], index) => [to, ofSession(body, session, first + index)]);
}

function stampOf(message: Message): MailStamp | undefined {
  if (message.kind === 'result') return undefined;
  const { session, number, done } = message;
  return session === undefined || number === undefined ? undefined : { session, first: number, done };
}

/** Whether a message without a session has the id of one that has. */
function hasForeignId(message: Message): boolean {
  return message.kind !== 'result' && message.id !== undefined && parseMessageId(message.id) !== undefined;
}

function isAddress(text: string): boolean {
  try {
    parseAddress(text);
    return true;
  } catch {
    return false;
  }
}
