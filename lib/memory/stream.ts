import type { Note, StoredMessage } from '../engine/ports.js';

/** How long the server knows a message id, in milliseconds. */
const DUPLICATE_WINDOW = 120_000;

/** How one message is to be stored. */
export interface StoreOptions {
  /** CAS: the sequence of the subject's last message, 0 for none. */
  readonly after?: number | undefined;
  /** A second message with the id within the window is not stored again. */
  readonly messageId?: string | undefined;
  /** What is told of it to those who read notes. */
  readonly note?: string | undefined;
}

/** What was stored before is not remembered any more, in milliseconds; it is looked at when so many changes are. */
const MEMORY = 4_000;
const MOST_CHANGES = 500;

/** A message was stored, or removed. */
interface Change {
  readonly at: number;
  readonly message: NotedMessage;
  readonly isStored: boolean;
}

/** A message with what is noted of it. */
type NotedMessage = StoredMessage & Note;

/** A JetStream stream as a pure model: what the server does with it between two instants. */
export class MemoryStream {
  #first = 1;
  #last = 0;
  /** By sequence, in order: a Map keeps insertion order and sequences only rise. */
  readonly #messages = new Map<number, NotedMessage>();
  readonly #latest = new Map<string, number>();
  readonly #ids = new Map<string, StoredMessage>();
  #arrivals: (() => void)[] = [];
  readonly #observers: ((message: StoredMessage) => void)[] = [];
  #isAnother = false;
  readonly #now: (() => number) | undefined;
  /** What was stored and removed of late, in order. */
  #changes: Change[] = [];

  /** `now`: it remembers what it was a moment ago, by this time in milliseconds. */
  constructor(
    readonly isOnePerSubject: boolean,
    now?: () => number,
  ) {
    this.#now = now;
  }

  /** Whether somebody deleted the stream and created another one of its name. */
  get isAnother(): boolean {
    return this.#isAnother;
  }

  get first(): number {
    return this.#first;
  }

  get last(): number {
    return this.#last;
  }

  /** Stores a message; its sequence or that of its copy, or undefined when the CAS is refused. */
  store(
    subject: string,
    body: Uint8Array,
    time: number,
    { after, messageId, note }: StoreOptions = {},
  ): number | undefined {
    const copy = messageId === undefined ? undefined : this.#ids.get(messageId);
    if (copy && time - copy.time < DUPLICATE_WINDOW) return copy.sequence;
    const latest = this.#latest.get(subject) ?? 0;
    if (after !== undefined && after !== latest) return undefined;
    const message = { sequence: ++this.#last, subject, body, time, ...(note !== undefined && { note }) };
    this.#messages.set(message.sequence, message);
    if (this.#now) this.#remember({ at: this.#now(), message, isStored: true });
    this.#latest.set(subject, message.sequence);
    if (messageId !== undefined) this.#ids.set(messageId, message);
    if (this.isOnePerSubject && latest > 0) this.remove(latest);
    for (const observe of this.#observers) observe(message);
    const arrivals = this.#arrivals.splice(0);
    for (const arrival of arrivals) arrival();
    return message.sequence;
  }

  get(sequence: number): StoredMessage | undefined {
    return this.#messages.get(sequence);
  }

  latest(subject: string): StoredMessage | undefined {
    return this.#messages.get(this.#latest.get(subject) ?? 0);
  }

  /** All stored messages, in order. */
  all(): Iterable<StoredMessage> {
    return this.#messages.values();
  }

  /** The subjects that have a message. */
  subjects(): Iterable<string> {
    return this.#latest.keys();
  }

  /** The stored messages from a sequence on, in order. */
  *from(sequence: number): Generator<NotedMessage> {
    for (let at = Math.max(sequence, this.#first); at <= this.#last; at++) {
      const message = this.#messages.get(at);
      if (message) yield message;
    }
  }

  remove(sequence: number): void {
    const message = this.#messages.get(sequence);
    if (!message) return;
    this.#messages.delete(sequence);
    if (this.#now) this.#remember({ at: this.#now(), message, isStored: false });
    if (this.#latest.get(message.subject) === sequence) this.#forgetLatest(message.subject, sequence);
    while (this.#first <= this.#last && !this.#messages.has(this.#first)) this.#first++;
  }

  /** As it was at a time, of which it has to remember all that came after it; its messages are in no order. */
  asOf(time: number): { readonly last: number; readonly messages: readonly StoredMessage[] } {
    const messages = new Map(this.#messages);
    let last = this.#last;
    for (const { at, message, isStored } of this.#changes.toReversed()) {
      if (at <= time) break;
      if (isStored) messages.delete(message.sequence);
      else messages.set(message.sequence, message);
      if (isStored) last = message.sequence - 1;
    }
    return { last, messages: [...messages.values()] };
  }

  #remember(change: Change): void {
    this.#changes.push(change);
    if (this.#changes.length > MOST_CHANGES) this.#changes = this.#changes.filter(({ at }) => at > change.at - MEMORY);
  }

  /** Removes all below a sequence, at most everything. */
  purgeBelow(sequence: number): void {
    const end = Math.min(sequence, this.#last + 1);
    for (let at = this.#first; at < end; at++) this.remove(at);
  }

  /** Removes all below a sequence, and says how much; the next message has this one at the least. */
  restartAt(sequence: number): number {
    const { size } = this.#messages;
    this.purgeBelow(sequence);
    this.#last = Math.max(this.#last, sequence - 1);
    this.#first = Math.max(this.#first, sequence);
    return size - this.#messages.size;
  }

  /** Goes back in time, as after a power loss: what is behind a sequence was never stored. */
  rewind(last: number): void {
    for (let at = this.#last; at > last; at--) this.remove(at);
    this.#last = Math.min(this.#last, last);
    this.#first = Math.min(this.#first, this.#last + 1);
  }

  /** Somebody deletes the stream and creates another one of its name, in which as many messages are stored by now. */
  replace(): void {
    this.#isAnother = true;
  }

  /** Calls once, when the next message is stored. */
  onArrival(call: () => void): void {
    this.#arrivals.push(call);
  }

  /** Calls with every message from now on, at the instant at which it is stored. */
  observe(call: (message: StoredMessage) => void): void {
    this.#observers.push(call);
  }

  /** Forgets message ids: a second message with one of them is stored again. */
  forgetIds(isForgotten: () => boolean): void {
    for (const id of this.#ids.keys()) if (isForgotten()) this.#ids.delete(id);
  }

  #forgetLatest(subject: string, removed: number): void {
    this.#latest.delete(subject);
    if (this.isOnePerSubject) return;
    for (let at = removed - 1; at >= this.#first; at--) {
      if (this.#messages.get(at)?.subject === subject) return void this.#latest.set(subject, at);
    }
  }
}
