import { decodeAddressed, type EncodedEntry } from '../wire/message-codec.js';
import type { Address, Addressed } from '../wire/messages.js';
import type { Channels } from './channels.js';
import type { Committer } from './committer.js';
import type { Group } from './group.js';
import type { Inbox } from './inbox.js';
import type { Instances } from './instances.js';
import type { Neighbour, Neighbours } from './neighbours.js';
import type { Clock } from './ports.js';

/** The parts of a partition that take what is handed over. */
export interface HandOverParts {
  readonly partition: number;
  readonly clock: Clock;
  readonly inbox: Inbox;
  readonly committer: Committer;
  readonly instances: Instances;
  readonly channels: Pick<Channels, 'resend'>;
  /** Whether an instance takes nothing. */
  readonly holds: (address: Address) => boolean;
}

/**
 * Hands what acknowledged records have for other partitions of the same worker to these without an envelope (docs/adr/0055).
 *
 * C4, C5. The record that says that a channel is received holds what was handed over as local messages. The sender keeps it
 * until it hears of that record, as it keeps what an envelope brings: so whatever is lost with memory is sent again.
 */
export class HandOver implements Neighbour {
  readonly #neighbours: Neighbours;
  readonly #parts: HandOverParts;
  /** The group that took what was handed over last. */
  #last: Group | undefined;
  #isPumping = false;

  constructor(neighbours: Neighbours, parts: HandOverParts) {
    this.#neighbours = neighbours;
    this.#parts = parts;
  }

  /** From here on others may hand over. */
  start(): void {
    this.#neighbours.join(this.#parts.partition, this);
  }

  /** No more is taken. */
  close(): void {
    this.#neighbours.leave(this.#parts.partition, this);
  }

  /** What was taken and is not known to be recorded is gone. */
  end(): void {
    const { partition } = this.#parts;
    if (!this.#last || this.#last.isAcknowledged) this.close();
    else this.#neighbours.end(partition, this);
  }

  /** Hands entries to another partition, if it is here and takes them. */
  hand(to: number, entries: readonly EncodedEntry[]): boolean {
    return this.#neighbours.at(to)?.take(this.#parts.partition, entries) ?? false;
  }

  take(from: number, entries: readonly EncodedEntry[]): boolean {
    const { committer, clock, inbox, instances } = this.#parts;
    const { group } = committer;
    if (instances.isHeld || !instances.hasRoom || group.isFull || !inbox.mayBeHanded(from, entries[0]!.prev))
      return false;
    const decoded = entries.map(({ n, messages }) => ({ n, messages: messages.map(decodeAddressed) }));
    const count = decoded.reduce((sum, { messages }) => sum + messages.length, 0);
    if (!decoded.every(({ messages }) => messages.every((message) => this.#takes(message, count)))) return false;
    inbox.handed(from, entries.at(-1)!.n);
    const at = clock.now();
    for (const { n, messages } of decoded)
      for (const { message, local, bytes } of group.receive(from, n, messages))
        instances.deliver(message[0], { body: message[1], local, at, from: group, bytes });
    this.#last = group;
    this.#pumpSoon();
    return true;
  }

  gone(partition: number): void {
    this.#parts.channels.resend(partition);
  }

  /** Signals that may be refused come as mail: then they are kept among the dead letters. */
  #takes([to, message]: Addressed, count: number): boolean {
    const { instances, holds } = this.#parts;
    if (message.kind === 'operation' && message.due !== undefined) return false;
    if (holds(to)) return false;
    const { waiting, mailboxLimit } = instances.instance(to);
    return waiting.length + count <= mailboxLimit;
  }

  /** Not at once: this is in the middle of what the sender's record brings about. */
  #pumpSoon(): void {
    if (this.#isPumping) return;
    this.#isPumping = true;
    this.#parts.clock.soon(() => {
      this.#isPumping = false;
      this.#parts.instances.pump();
    });
  }
}
