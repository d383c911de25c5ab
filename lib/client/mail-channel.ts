import type { Clock, Logger, MailSender } from '../engine/ports.js';
import { refusalFor, RefusalsInARow, type Refusal } from '../engine/refusals-in-a-row.js';
import { ClosedError, StorageFullError } from '../errors.js';
import type { Outcome } from '../wire/record.js';
import { encodeHello, unstampedText } from '../wire/session-codec.js';
import { sessionId } from '../wire/sessions.js';
import { OpenSession } from './open-session.js';
import { Outgoing, type Letter } from './outgoing.js';
import { lengthOfParcel, Parcel } from './parcel.js';

/** The waits before the same bytes are sent again, in milliseconds: each twice the one before. */
const FIRST_RETRY = 25;
const LONGEST_RETRY = 1_000;
/** Calls and starts whose outcomes may be outstanding at once; more wait until some have come. An owner keeps 1,024. */
const WINDOW = 1_000;
/** A session with open calls, or with outcomes received, is heard of at least so often, in milliseconds. */
const HEARTBEAT = 60_000;
/** After so many milliseconds without a message a new session is opened: its owner may forget the old one in an hour. */
const LONGEST_PAUSE = 300_000;
/** A message that is acknowledged so late may have come to an owner that knows its session no more. */
const DOUBTFUL = 1_800_000;
/** Of the messages that wait, so many that nobody waits for any more are kept until their turn, or as many as there are others. */
const GIVEN_UP = 1_000;

/** What a channel needs of the world. */
export interface ChannelPorts {
  readonly mail: MailSender;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Where the partition hears of sessions. */
  readonly subject: string;
  /** Where it takes several messages at once, */
  readonly envelopes: string;
  /** with so many bytes at most. */
  readonly envelopeBytes: number;
  /** The client's own id for this partition: no other channel has it. */
  readonly token: string;
  /** Tells each outcome of a message from now on; the result ends that. */
  readonly listen: (messageId: string, call: (outcome: Outcome) => void) => () => void;
  /** Resolves when an owner says that it has accepted the message; rejects with SessionExpiredError. */
  readonly confirm: (message: Outgoing) => Promise<void>;
}

/** A message by its place in a session. */
export interface MessagePlace {
  readonly session: OpenSession;
  readonly number: number;
}

/**
 * A client's messages to one partition, in order (P5): numbered in a session that a hello opens, at most one publish in
 * flight, and one whose outcome is unknown is sent again as the same bytes before anything newer. Only the number of a
 * message that the server refuses for good is given up, and not used again.
 */
export class MailChannel {
  readonly #ports: ChannelPorts;
  #queue: Outgoing[] = [];
  /** Calls that are sent and not settled. */
  readonly #open = new Set<Outgoing>();
  #session: OpenSession | undefined;
  #stored: MessagePlace | undefined;
  #hellos = 0;
  #whenRoom: (() => void) | undefined;
  #cancelHeartbeat: (() => void) | undefined;
  #closed: Error | undefined;
  #isSending = false;
  /** How many were given up in the queue since those were taken out of it. */
  #givenUp = 0;
  readonly #refusals = new RefusalsInARow();
  /** The sequence of the last parcel that is stored. */
  #sequence = 0;
  /** Those who wait until a message, and all before it, have left the queue. */
  #behind: (readonly [last: Outgoing, resolve: () => void])[] = [];

  constructor(ports: ChannelPorts) {
    this.#ports = ports;
  }

  /** The last message that is stored. */
  get stored(): MessagePlace | undefined {
    return this.#stored;
  }

  /** Sends a message behind those before it. */
  send(letter: Letter): Outgoing {
    if (this.#closed) throw this.#closed;
    const message = new Outgoing(letter);
    this.#push(message);
    return message;
  }

  /** Resolves when all that was sent before is stored or given up, with the sequence of the last that was stored. */
  async whenStored(): Promise<number> {
    const last = this.#queue.at(-1);
    if (last) await new Promise<void>((resolve) => this.#behind.push([last, resolve]));
    return this.#sequence;
  }

  #tellBehind(): void {
    const left = new Set(this.#queue);
    const waiting = this.#behind;
    this.#behind = waiting.filter(([last]) => left.has(last));
    for (const [last, resolve] of waiting) if (!left.has(last)) resolve();
  }

  #push(message: Outgoing): void {
    this.#queue.push(message);
    if (this.#isSending) return;
    this.#isSending = true;
    // What is sent in one turn travels together, and so does what comes while something is on its way.
    this.#ports.clock.soon(() => void this.#sendAll());
  }

  /** A message about the session itself. */
  #about(kind: 'done' | 'bye'): Outgoing {
    const text = unstampedText({ kind });
    return new Outgoing({ subject: this.#ports.subject, text, bytes: text.length });
  }

  /** The outcome of a call is received, or nobody waits for it any more: one that was not sent is not sent then. */
  settle(message: Outgoing): void {
    message.isSettled = true;
    if (this.#open.delete(message)) this.#settled(message);
    else if (!message.session && ++this.#givenUp > GIVEN_UP && 2 * this.#givenUp > this.#queue.length) this.#forget();
  }

  /**
   * What was never sent leaves the queue before its turn, which may not come for hours. What is under way stays in its place: it
   * has a session; and so does what marks how much somebody waits for.
   */
  #forget(): void {
    const marks = new Set(this.#behind.map(([last]) => last));
    this.#queue = this.#queue.filter((message) => !message.isSettled || message.session || marks.has(message));
    this.#givenUp = 0;
  }

  /** The owner says that it does not know a session; whether it was this channel's. */
  expire(id: string): boolean {
    if (this.#session?.id !== id) return false;
    this.#session.isOver = true;
    return true;
  }

  /** Fails everything that is not known to be stored, and ends the session if nothing is under way. */
  close(error: Error): void {
    if (this.#closed) return;
    this.#closed = error;
    this.#cancelHeartbeat?.();
    this.#whenRoom?.();
    const waiting = this.#queue.splice(0);
    for (const message of waiting) message.fail(error);
    this.#tellBehind();
    const session = this.#session;
    if (!session || session.isOver || waiting.length > 0) return;
    const { body, messageId } = new Parcel([this.#about('bye')], session, this.#ports.envelopes);
    // Once: a session that did not hear of its end is ended by its owner.
    this.#ports.mail.send(this.#ports.subject, body, messageId).catch((reason: unknown) => {
      if (!(reason instanceof ClosedError))
        this.#ports.logger.warn(`A session could not be ended: ${String(reason)}`, { instance: session.id });
    });
  }

  async #sendAll(): Promise<void> {
    for (let next = this.#queue[0]; next && !this.#closed; next = this.#queue[0]) {
      if (next.isSettled)
        this.#queue.shift(); // nobody waits for it any more
      else if (next.isCall && this.#open.size >= WINDOW)
        await new Promise<void>((resolve) => (this.#whenRoom = resolve));
      else await this.#sendNext();
      if (this.#behind.length > 0) this.#tellBehind();
    }
    this.#isSending = false;
  }

  async #sendNext(): Promise<void> {
    const session = this.#current() ?? (await this.#opened());
    if (this.#closed || !session) return;
    if (session instanceof Error) return this.#queue.shift()?.fail(session);
    const { envelopes, envelopeBytes } = this.#ports;
    const length = lengthOfParcel(this.#queue, envelopeBytes, WINDOW - this.#open.size);
    if (this.#queue[0]?.isSettled ?? true) return; // given up meanwhile
    const parcel = new Parcel(this.#queue.slice(0, length), session, envelopes);
    for (const message of parcel.messages) this.#follow(message);
    const isSplit = await this.#sendParcel(parcel);
    if (this.#closed) return;
    if (!isSplit) this.#queue.splice(0, length);
    else for (const message of parcel.messages) this.#open.delete(message);
  }

  /** Whether its messages have to be sent again, each alone. */
  async #sendParcel(parcel: Parcel): Promise<boolean> {
    const { subject, body, messageId, session, messages } = parcel;
    const result = await this.#store(subject, body, messageId, () => parcel.sent());
    if (!result) return false;
    if (result instanceof Error) return parcel.refused(result);
    this.#sequence = result.sequence;
    this.#watch();
    const isDoubtful = session.isOver || this.#ports.clock.now() - session.usedAt > DOUBTFUL;
    session.usedAt = Math.max(session.usedAt, result.began);
    this.#stored = { session, number: messages.at(-1)!.number };
    for (const message of messages) {
      if (isDoubtful) this.#confirm(message);
      else message.succeed();
    }
    return false;
  }

  #confirm(message: Outgoing): void {
    this.#ports.confirm(message).then(
      () => message.succeed(),
      (error: unknown) => message.fail(error),
    );
  }

  #follow(message: Outgoing): void {
    const { onOutcome } = message.letter;
    if (!onOutcome) return;
    message.onSettled?.();
    this.#open.add(message);
    message.onSettled = this.#ports.listen(message.messageId!, onOutcome);
  }

  #settled(message: Outgoing): void {
    message.onSettled?.();
    if (!message.session!.isOver) message.session!.done([message.number]);
    this.#whenRoom?.();
  }

  /** The session for the next message; undefined: there is none that its owner surely knows. */
  #current(): OpenSession | undefined {
    const session = this.#session;
    const isUsable = session && !session.isOver && this.#ports.clock.now() - session.usedAt <= LONGEST_PAUSE;
    return isUsable ? session : undefined;
  }

  /** A new session for it. */
  async #opened(): Promise<OpenSession | Error | undefined> {
    const { token } = this.#ports;
    const former = this.#session;
    const isEnded = former && !former.isOver && ![...this.#open].some(({ session }) => session === former);
    const hello = encodeHello({ token, ...(isEnded && { ends: former.id }) });
    const result = await this.#store(this.#ports.subject, hello, `${token}.hello.${++this.#hellos}`);
    if (result instanceof Error) return result;
    if (result) this.#session = new OpenSession(sessionId(result.sequence, token), result.began);
    return this.#closed ? undefined : this.#session;
  }

  /** Sends until it is stored; an error: it never will be, or was refused for long; undefined: the channel is closed. */
  async #store(
    subject: string,
    body: Uint8Array,
    messageId: string,
    onAttempt?: () => void,
  ): Promise<{ readonly sequence: number; readonly began: number } | Error | undefined> {
    const { mail, clock } = this.#ports;
    let isKnown = true;
    for (let wait = FIRST_RETRY; !this.#closed; wait = Math.min(2 * wait, LONGEST_RETRY)) {
      const began = clock.now();
      let refusal: Refusal | undefined;
      onAttempt?.();
      try {
        const sequence = await mail.send(subject, body, messageId, (why) => (refusal = why));
        if (sequence !== undefined) {
          this.#refusals.end();
          return { sequence, began };
        }
      } catch (error) {
        if (error instanceof ClosedError) this.close(error);
        return error as Error;
      }
      isKnown &&= refusal instanceof StorageFullError;
      if (refusal && this.#refusals.isEnough(began, clock.now())) return refusalFor(refusal, isKnown);
      await new Promise<void>((resolve) => {
        clock.after(wait, resolve);
      });
    }
    return undefined;
  }

  /** Sees to it that the owner hears of the session while something in it is open. */
  #watch(): void {
    this.#cancelHeartbeat ??= this.#ports.clock.after(HEARTBEAT, () => {
      this.#cancelHeartbeat = undefined;
      const session = this.#session;
      if (!session || session.isOver || (this.#open.size === 0 && !session.hasNews)) return;
      const isIdle = this.#queue.length === 0 && this.#ports.clock.now() - session.usedAt >= HEARTBEAT;
      if (isIdle) this.#push(this.#about('done'));
      else this.#watch();
    });
  }
}
