import { ClosedError, StorageRegressedError } from '../errors.js';
import { decodeAdvert } from '../wire/advert-codec.js';
import type { PendingEntry } from '../wire/checkpoint.js';
import { encodeEnvelope, type EncodedEntry } from '../wire/message-codec.js';
import { utf8Length } from '../wire/text.js';
import type { Loop, Loops } from './loops.js';
import type { PartitionPorts } from './ports.js';
import type { PartitionTables } from './tables.js';

/** An envelope is cut at this many bytes of messages. */
const ENVELOPE_TARGET = 512 * 1024;
/** After an unknown outcome the same bytes are sent again after so many milliseconds, doubled each time up to the second. */
const FIRST_RETRY = 50;
const LAST_RETRY = 5_000;
/** A receiver that stands still for so many milliseconds has ignored something: it is sent again. */
const STANDSTILL = 3_000;

/** Hands entries to a partition that the same worker owns; false: they have to be sent. */
export type HandTo = (partition: number, entries: readonly EncodedEntry[]) => boolean;

/** Where envelopes of a partition go. */
export type EnvelopeSubject = (partition: number) => string;

/**
 * Sends the output of acknowledged records to other partitions.
 *
 * P2. One publish per channel is under way; the next envelope leaves after its acknowledgement. A send is forgotten only
 *     when the receiver's committed mark covers it, and sent again from there when the receiver stands still (C5).
 * P12. A receiver that has more than was ever sent from this log knows of records that the log has lost: what is recorded in
 *      their place would be taken for copies.
 */
export class Channels {
  readonly #tables: PartitionTables;
  readonly #ports: PartitionPorts;
  readonly #subject: EnvelopeSubject;
  readonly #failed: (error: unknown) => void;
  readonly #loops: Loops;
  readonly #handTo: HandTo;
  readonly #senders = new Map<number, Sender>();
  /** The end of the log before the takeover: what is behind it only this owner has sent. */
  readonly #end: number;
  #isClosed = false;

  constructor(
    tables: PartitionTables,
    ports: PartitionPorts,
    subject: EnvelopeSubject,
    failed: (error: unknown) => void,
    loops: Loops,
    handTo: HandTo = () => false,
  ) {
    this.#loops = loops;
    this.#handTo = handTo;
    this.#tables = tables;
    this.#end = tables.sequence - 1;
    this.#ports = ports;
    this.#subject = subject;
    this.#failed = failed;
  }

  /** Hands over or sends what the channel to a partition holds and has not sent. */
  flush(partition: number): void {
    const sender = this.#sender(partition);
    if (sender.isSending || this.#isClosed || this.#handOver(partition, sender)) return;
    sender.isSending = true;
    this.#sendAll(partition, sender).catch((error: unknown) => this.#failed(error));
  }

  flushAll(): void {
    for (const partition of this.#tables.channels.keys()) this.flush(partition);
  }

  /**
   * Whether all that is unsent was handed over: then it is as if it had been sent. What a former owner recorded is sent: whatever
   * takes it may have ended that owner's process, and is found only once it waits in a stream.
   */
  #handOver(partition: number, sender: Sender): boolean {
    for (;;) {
      const entries = this.#next(partition, sender);
      const last = entries.at(-1);
      if (!last) return true;
      if (entries.some(({ n, part, reset }) => n <= this.#end || part || reset)) return false;
      if (!this.#handTo(partition, entries)) return false;
      sender.triedUpTo = Math.max(sender.triedUpTo, last.n);
      sender.sentUpTo = last.n;
      sender.progressAt = this.#ports.clock.now();
    }
  }

  /** What is not known to be received is sent again: the owner to which it was handed is gone. */
  resend(partition: number): void {
    const sender = this.#senders.get(partition);
    if (!sender || this.#isClosed) return;
    sender.sentUpTo = Math.min(sender.sentUpTo, sender.received);
    sender.sentOfNext = 0;
    this.flush(partition);
  }

  /** The advert of a receiver. */
  heard(advert: Uint8Array): void {
    const decoded = decodeAdvert(advert);
    if ('refused' in decoded) return;
    const { partition, epoch, received } = decoded.value;
    this.advertised(partition, epoch, received[this.#ports.subjects.partition] ?? 0);
  }

  /** A receiver, in its epoch, told how far its committed state has received this partition. */
  advertised(partition: number, epoch: number, received: number): void {
    if (this.#isClosed) return;
    if (!this.#isSent(partition, received)) return this.#failed(this.#regressed(partition, received));
    const channel = this.#tables.channels.get(partition);
    if (!channel) return;
    const sender = this.#sender(partition);
    if (epoch < sender.epoch) return; // a former owner of the receiver
    sender.epoch = epoch;
    const done = channel.pending.findIndex(({ n }) => n > received);
    channel.pending.splice(0, done < 0 ? channel.pending.length : done);
    const now = this.#ports.clock.now();
    if (received > sender.received || channel.pending.length === 0) {
      sender.received = Math.max(sender.received, received);
      sender.progressAt = now;
      sender.standstills = 0;
      return;
    }
    if (sender.isSending || now - sender.progressAt < STANDSTILL) return;
    // Once may be a former owner's word, before the new one's is heard.
    if (++sender.standstills > 1) this.#checkGap(partition, channel.pending[0]!, received);
    sender.sentUpTo = Math.min(sender.sentUpTo, received);
    sender.sentOfNext = 0;
    sender.progressAt = now;
    this.flush(partition);
  }

  close(): void {
    this.#isClosed = true;
  }

  async #sendAll(partition: number, sender: Sender): Promise<void> {
    for (;;) {
      const entries = this.#next(partition, sender);
      if (entries.length === 0 || this.#isClosed) break;
      const body = encodeEnvelope(this.#ports.subjects.partition, entries);
      sender.triedUpTo = Math.max(sender.triedUpTo, entries.at(-1)!.n);
      sender.loop.begin();
      const isStored = await this.#store(partition, body);
      sender.loop.end();
      if (!isStored) break;
      const { n, part, messages } = entries.at(-1)!;
      const isWhole = !part || part[0] + messages.length === part[1];
      sender.sentUpTo = isWhole ? n : sender.sentUpTo;
      sender.sentOfNext = isWhole ? 0 : part[0] + messages.length;
      sender.progressAt = this.#ports.clock.now();
    }
    // In the turn in which nothing was left: what comes right behind it is sent by the next flush.
    sender.isSending = false;
  }

  /** What is unsent and fits one envelope; an entry that is too large goes in parts (P7). */
  #next(partition: number, { sentUpTo, sentOfNext }: Sender): readonly EncodedEntry[] {
    const entries: EncodedEntry[] = [];
    let room = ENVELOPE_TARGET;
    const { pending } = this.#tables.channel(partition);
    // Most of it is sent, and only not known to be received: the receiver tells that once a second.
    const firstUnsent = pending.findLastIndex(({ n }) => n <= sentUpTo) + 1;
    for (let at = firstUnsent; at < pending.length; at++) {
      const entry = pending[at]!;
      const { messages } = entry;
      const first = entries.length === 0 ? sentOfNext : 0;
      let end = first;
      for (; end < messages.length; end++) {
        room -= utf8Length(messages[end]!);
        if (room < 0 && end + entries.length > first) break;
      }
      if (first === 0 && end === messages.length) entries.push(entry);
      else if (end > first)
        entries.push({ ...entry, part: [first, messages.length], messages: messages.slice(first, end) });
      if (end < messages.length) break;
    }
    return entries;
  }

  /** The same bytes until they are acknowledged: a copy is dropped by its number. False when closed meanwhile. */
  async #store(partition: number, body: Uint8Array): Promise<boolean> {
    const { clock } = this.#ports;
    for (let wait = FIRST_RETRY; !this.#isClosed; wait = Math.min(2 * wait, LAST_RETRY)) {
      if (await this.#isStored(partition, body)) return true;
      await new Promise<void>((resolve) => clock.after(wait, resolve));
    }
    return false;
  }

  /** A refusal is told and tried again: what is in a record has to arrive. */
  async #isStored(partition: number, body: Uint8Array): Promise<boolean> {
    const { subjects, logger } = this.#ports;
    try {
      return (await this.#ports.mailOf(partition).send(this.#subject(partition), body)) !== undefined;
    } catch (error) {
      if (!(error instanceof ClosedError))
        logger.error(`An envelope for partition ${partition} is refused, and sent again: ${String(error)}`, {
          instance: `partition ${subjects.partition}`,
        });
      return false;
    }
  }

  /** Whether a receiver's mark is that of an entry of a former owner, or of one that this owner has tried to send. */
  #isSent(partition: number, received: number): boolean {
    const { triedUpTo = 0, received: before = 0 } = this.#senders.get(partition) ?? {};
    if (received <= this.#end || received <= before) return true;
    const pending = this.#tables.channels.get(partition)?.pending ?? [];
    return received <= triedUpTo && pending.some(({ n }) => n === received);
  }

  #regressed(partition: number, received: number): StorageRegressedError {
    const { subjects } = this.#ports;
    return new StorageRegressedError(
      `Stream ${subjects.streamName('log')} ended at ${this.#end}, but partition ${partition} has received what record ${received} ` +
        'sent: the stream lost acknowledged records.',
    );
  }

  #checkGap(partition: number, first: PendingEntry, received: number): void {
    if (first.prev === received || first.reset) return;
    const { subjects, logger } = this.#ports;
    logger.error('A channel has a gap that its sender cannot fill: messages between two partitions are lost', {
      instance: `partition ${subjects.partition}`,
      receiver: `partition ${partition}`,
      received,
      firstKept: first.n,
      itsPredecessor: first.prev,
    });
  }

  #sender(partition: number): Sender {
    let sender = this.#senders.get(partition);
    if (!sender) {
      sender = {
        isSending: false,
        sentUpTo: 0,
        sentOfNext: 0,
        triedUpTo: 0,
        received: 0,
        epoch: 0,
        standstills: 0,
        progressAt: this.#ports.clock.now(),
        loop: this.#loops.add('the sending to another partition', () => `partition ${partition}`),
      };
      this.#senders.set(partition, sender);
    }
    return sender;
  }
}

/** What is known of one channel in this process. */
interface Sender {
  isSending: boolean;
  sentUpTo: number;
  /** So many messages of the entry behind it are sent, too. */
  sentOfNext: number;
  /** The last entry that may have arrived. */
  triedUpTo: number;
  received: number;
  /** The highest epoch in which the receiver has spoken. */
  epoch: number;
  /** How often in a row it stood still. */
  standstills: number;
  progressAt: number;
  readonly loop: Loop;
}
