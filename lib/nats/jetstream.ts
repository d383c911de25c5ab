import { PayloadTooLargeError, StorageFullError } from '../errors.js';
import type { OnRefused, StoredMessage, StreamBounds } from '../engine/ports.js';
import { refuseTooLarge } from '../wire/body-limit.js';
import { checkMessageId } from '../wire/checks.js';
import { encodeText } from '../wire/text-encoding.js';
import { decodeBase64 } from './base64.js';
import type { Session } from './session.js';

/** The wait before a question is asked again that the server could not answer now, in milliseconds. */
const RETRY = 250;

/** After so many tries without an answer, of some 10 s together, people are told. */
const TOLD = 7;

/** A refusal that comes again and again is logged once in so many milliseconds. */
const LOG_INTERVAL = 5_000;

/** The header that has the note of a message. */
export const NOTE_HEADER = 'Pd-Note';

/** So many subjects of a page are asked for again with the next one. */
const OVERLAP = 1_000;

/** The server's codes for an outcome that callers decide on. */
export const ErrorCode = {
  noMessage: 10037,
  streamStoreFailed: 10049,
  messageTooLarge: 10054,
  streamNotFound: 10059,
  streamNameInUse: 10058,
  wrongLastSequence: 10071,
  consumerExists: 10148,
  wrongLastSequenceConstant: 10164,
} as const;

/**
 * The server's codes for want of room: a limit of the account, of the server (two) or of the stream, which is also said when
 * a write to the disk fails.
 */
const FULL = new Set([10002, 10023, 10047, 10077]);

/** Why the server refused a request. */
export interface ApiError {
  readonly code: number;
  readonly err_code: number;
  readonly description: string;
}

/** An answer of the JetStream API: what was asked for, or why not. */
export type ApiAnswer<T> = { readonly value: T; readonly error?: undefined } | { readonly error: ApiError };

/** How a message is to be stored. */
export interface StoreOptions {
  /** CAS: the sequence of the subject's last message, 0 for none. */
  readonly after?: number | undefined;
  /** A second message with the id within the server's window is not stored again. */
  readonly messageId?: string | undefined;
  /** What is told of the message to those who read notes. */
  readonly note?: string | undefined;
  /** It takes the place of all earlier messages of its subject. */
  readonly replaces?: boolean | undefined;
  /** The server forgets the message after so many whole seconds. */
  readonly ttlInSeconds?: number | undefined;
  /** Told why this try was refused, if it was and another one may not be. */
  readonly onRefused?: OnRefused | undefined;
}

/** What the server keeps of a stream, as far as Perdure looks at it. */
export interface StreamInfo {
  readonly created: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly state: {
    readonly messages: number;
    readonly bytes: number;
    readonly first_seq: number;
    readonly last_seq: number;
    readonly subjects?: Readonly<Record<string, number>>;
  };
}

/**
 * The first and the last sequence of a stream; of an empty one the first is behind the last. The server's own first sequence
 * may then be an earlier one: of a stream whose last messages were deleted before its first ones were purged.
 */
export function boundsOf({ state }: StreamInfo): StreamBounds {
  const { messages, first_seq, last_seq } = state;
  return { first: messages === 0 ? last_seq + 1 : first_seq, last: last_seq };
}

/** The JetStream API of a session, spoken directly: every call has a short deadline, every read goes to the leader. */
export class JetStream {
  readonly session: Session;
  readonly #loggedAt = new Map<number, number>();
  /** Whether this connection may make consumers: tried once, and shared by all that ask meanwhile. */
  #consumerTrial: Promise<boolean | undefined> | undefined;

  constructor(session: Session) {
    this.session = session;
    session.listen({ onReconnect: () => (this.#consumerTrial = undefined) });
  }

  /**
   * Whether this connection may create consumers of a stream: those who may could let the server write wherever it can
   * (docs/adr/0063). A request that asks for nothing is tried once. Rejects with ClosedError.
   */
  async mayCreateConsumers(stream: string): Promise<boolean> {
    const request = `$JS.API.CONSUMER.CREATE.${stream}.none`;
    const trial = (this.#consumerTrial ??= this.session.isAllowed(request, encoder.encode('{}')));
    const isAllowed = await trial;
    if (isAllowed === undefined && this.#consumerTrial === trial) this.#consumerTrial = undefined;
    return isAllowed ?? false;
  }

  /**
   * Publishes into a stream; the sequence, or undefined: refused or unknown. Rejects with PayloadTooLargeError when the
   * server or the stream takes no message of this size, and with ClosedError.
   */
  async store(subject: string, body: Uint8Array, options: StoreOptions): Promise<number | undefined> {
    refuseTooLarge(body, this.session.maxBodyBytes);
    const began = performance.now();
    const reply = await this.session.requests.send(subject, body, storeHeaders(options));
    if (!reply) {
      const denial = this.session.denialOf(subject, began);
      if (denial) options.onRefused?.(denial);
      return undefined;
    }
    const { seq, error, stream = subject } = JSON.parse(decoder.decode(reply.data)) as StoreAnswer;
    if (!error) return seq;
    if (!isConflict(error)) this.#logRefusal(`The server refused to store a message on ${subject}`, error);
    if (FULL.has(error.err_code)) options.onRefused?.(new StorageFullError(stream, error.description));
    if (error.err_code === ErrorCode.messageTooLarge)
      throw new PayloadTooLargeError(
        `A message on ${subject}, whose stream has a limit of its own,`,
        body.length,
        undefined,
      );
    return undefined;
  }

  #logRefusal(what: string, { description, err_code: code }: ApiError): void {
    const now = performance.now();
    if (now - (this.#loggedAt.get(code) ?? -Infinity) < LOG_INTERVAL) return;
    this.#loggedAt.set(code, now);
    this.session.logger.error(`${what}: ${description}`, { instance: this.session.where, code });
  }

  /** Asks until the server answers: whoever waits long is told once. Rejects with ClosedError only. */
  async ask<T>(request: string, body: object = {}): Promise<ApiAnswer<T>> {
    for (let tries = 1; ; tries++) {
      const answer = await this.#askOnce<T>(request, body);
      if (answer) return answer;
      if (tries === TOLD) this.#warn(`Stuck: ${request} has not been answered in ${tries} tries`);
    }
  }

  #warn(message: string): void {
    this.session.logger.warn(message, { instance: this.session.where });
  }

  /** Undefined: there was no answer in time, or the server cannot answer now. */
  async #askOnce<T>(request: string, body: object): Promise<ApiAnswer<T> | undefined> {
    const asked = performance.now();
    const reply = await this.session.requests.send(`$JS.API.${request}`, encoder.encode(JSON.stringify(body)));
    if (!reply) return undefined;
    const answer = JSON.parse(decoder.decode(reply.data)) as T & { error?: ApiError; ts?: string };
    if (answer.ts !== undefined) this.session.clock.synchronize(Date.parse(answer.ts), asked);
    if (!answer.error) return { value: answer };
    if (answer.error.code !== 503) return { error: answer.error };
    this.#logRefusal(`${request} cannot be answered now`, answer.error);
    await delay(RETRY);
    return undefined;
  }

  /** A message from the leader, chosen by sequence or subject; undefined: there is none. */
  async get(stream: string, by: MessageQuery): Promise<StoredMessage | undefined> {
    // The server takes 0 for no sequence at all, and refuses.
    if ('seq' in by && by.seq < 1 && !('next_by_subj' in by)) return this.session.whenConnected().then(() => undefined);
    const { message } = (await this.demand<{ message: RawMessage }>(`STREAM.MSG.GET.${stream}`, by, [
      ErrorCode.noMessage,
    ])) ?? { message: undefined };
    return message && readMessage(message);
  }

  /** A stream's settings and state, from its leader. */
  info(stream: string): Promise<StreamInfo> {
    return this.demand<StreamInfo>(`STREAM.INFO.${stream}`);
  }

  /**
   * Forgets the messages of a stream, or those of one literal subject in it, below a sequence; how many. Without a subject, the
   * next message has this sequence at the least.
   */
  async purgeBelow(stream: string, sequence: number, subject?: string): Promise<number> {
    const seq = Math.max(sequence, 1); // without a sequence, or with 0, the server forgets all
    const filter = subject !== undefined && { filter: subject };
    return (await this.demand<{ readonly purged: number }>(`STREAM.PURGE.${stream}`, { seq, ...filter })).purged;
  }

  /** Removes all messages of one subject. */
  async purgeSubject(stream: string, subject: string): Promise<void> {
    await this.demand(`STREAM.PURGE.${stream}`, { filter: subject });
  }

  /** The subjects of a stream that match a pattern and have a message, in the order of their bytes. */
  async *subjects(stream: string, pattern: string, known?: number): AsyncIterable<string> {
    for await (const [subject] of this.subjectSizes(stream, pattern, known)) yield subject;
  }

  /**
   * The same with how many messages each has. The server tells some 100,000 at a time, counted from the first: pages
   * overlap, for what is removed meanwhile moves the others up. Who does not know of the message `known` is a deposed leader,
   * and is asked again.
   */
  async *subjectSizes(
    stream: string,
    pattern: string,
    known = 0,
  ): AsyncIterable<readonly [subject: string, messages: number]> {
    for (let [offset, last] = [0, '']; ;) {
      const { state, total } = await this.demand<StreamInfo & { readonly total: number }>(`STREAM.INFO.${stream}`, {
        subjects_filter: pattern,
        offset,
      });
      if (state.last_seq < known) {
        await delay(RETRY);
        continue;
      }
      const page = Object.entries(state.subjects ?? {});
      for (const [subject, messages] of page) {
        if (subject <= last) continue;
        last = subject;
        yield [subject, messages];
      }
      if (offset + page.length >= total || page.length === 0) return;
      offset += Math.max(1, page.length - OVERLAP);
    }
  }

  demand<T>(request: string, body?: object): Promise<T>;
  demand<T>(request: string, body: object, absent: readonly number[]): Promise<T | undefined>;
  /** Asks until the answer is neither an error nor, by its code, absence: an engine cannot go on without it. */
  async demand<T>(request: string, body: object = {}, absent: readonly number[] = []): Promise<T | undefined> {
    for (;;) {
      const { error, ...answer } = await this.ask<T>(request, body);
      if (!error) return (answer as { value: T }).value;
      if (absent.includes(error.err_code)) return undefined;
      await this.#refused(request, error);
    }
  }

  /** Asks so many times at most until there is an answer that is no error; undefined: there was none, which is told. */
  async demandIn<T>(tries: number, request: string, body: object): Promise<T | undefined> {
    for (let left = tries; left > 0; left--) {
      const { error, ...answer } = (await this.#askOnce<T>(request, body)) ?? {};
      if ('value' in answer) return answer.value;
      if (error) await this.#refused(request, error);
    }
    this.#warn(`${request} came to nothing in ${tries} tries`);
    return undefined;
  }

  /** Until it is to be asked again. */
  #refused(request: string, error: ApiError): Promise<void> {
    this.#logRefusal(`${request} is refused, trying again`, error);
    return delay(RETRY);
  }
}

/** The message at a sequence, the last one of a subject, or the next one that matches a pattern. */
export type MessageQuery =
  | { readonly seq: number }
  | { readonly last_by_subj: string }
  | { readonly seq: number; readonly next_by_subj: string };

interface StoreAnswer {
  readonly stream?: string;
  readonly seq?: number;
  readonly error?: ApiError;
}

interface RawMessage {
  readonly subject: string;
  readonly seq: number;
  readonly data?: string;
  readonly time: string;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

function readMessage({ seq, subject, data, time }: RawMessage): StoredMessage {
  return { sequence: seq, subject, body: decodeBase64(data ?? ''), time: Date.parse(time) };
}

/** A refused CAS; with replicas also one that met another write of the subject under way. */
function isConflict({ err_code }: ApiError): boolean {
  return err_code === ErrorCode.wrongLastSequence || err_code === ErrorCode.wrongLastSequenceConstant;
}

function storeHeaders({ after, messageId, note, replaces, ttlInSeconds }: StoreOptions): Uint8Array | undefined {
  if (messageId !== undefined) checkMessageId(messageId);
  const expected = after === undefined ? '' : `Nats-Expected-Last-Subject-Sequence: ${after}\r\n`;
  const id = messageId === undefined ? '' : `Nats-Msg-Id: ${messageId}\r\n`;
  const rollup = replaces ? 'Nats-Rollup: sub\r\n' : '';
  const ttl = ttlInSeconds === undefined ? '' : `Nats-TTL: ${ttlInSeconds}s\r\n`;
  const noted = note === undefined ? '' : `${NOTE_HEADER}: ${note}\r\n`;
  const headers = expected + id + rollup + ttl + noted;
  return headers === '' ? undefined : encodeText(`NATS/1.0\r\n${headers}\r\n`);
}

function delay(milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
  });
}
