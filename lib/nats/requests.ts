import type { Msg, MsgHdrs, NatsConnection } from 'nats';
import type { Subscription } from '../engine/ports.js';
import { ClosedError, PayloadTooLargeError } from '../errors.js';
import { isNatsError } from './nats-error.js';
import type { Outbox } from './outbox.js';
import { platformRandom } from './random.js';
import { subscribeForGood } from './subscribe-for-good.js';

/** A request without an answer after this time counts as unknown, in milliseconds. */
const DEADLINE = 1500;

/** How often deadlines are looked at, in milliseconds. */
const SWEEP = 100;

/** The wait before a request is made again that nobody was there to take, in milliseconds. */
const RETRY = 25;

interface Pending {
  readonly subject: string;
  readonly body: Uint8Array;
  readonly headers: MsgHdrs | undefined;
  readonly deadline: number;
  readonly resolve: (reply: Msg | undefined) => void;
  readonly reject: (error: Error) => void;
  /** Not sent while disconnected: it is published as soon as the connection is back. */
  isSent: boolean;
}

/**
 * Requests over one subscription, each with a deadline, none sent while disconnected: the client library would drop
 * them silently. A request that nobody was there to take (503) was not carried out and is made again at once; one that
 * was under way at a disconnect is unknown at once.
 */
export class Requests {
  readonly #connection: NatsConnection;
  readonly #outbox: Outbox;
  readonly #inbox: string;
  readonly #replies: Subscription;
  readonly #pending = new Map<string, Pending>();
  #sent = 0;
  #isConnected = true;
  #isClosed = false;
  /** Why it is closed, when somebody else closed the connection. */
  #end: ClosedError | undefined;
  #sweeper: ReturnType<typeof setInterval> | undefined;
  #sweptAt = 0;

  constructor(connection: NatsConnection, outbox: Outbox, inboxPrefix: string) {
    this.#connection = connection;
    this.#outbox = outbox;
    this.#inbox = `${inboxPrefix}.${platformRandom.id()}.`;
    this.#replies = subscribeForGood(connection, `${this.#inbox}*`, (message) => this.#onReply(message));
  }

  /**
   * The reply, or undefined when it is not known what came of the request. Rejects with ClosedError once closed, and
   * with PayloadTooLargeError when the server takes no message of this size.
   */
  send(subject: string, body: Uint8Array, headers?: Uint8Array): Promise<Msg | undefined> {
    return new Promise((resolve, reject) => {
      if (this.#isClosed || this.#connection.isClosed())
        return reject(this.#end ?? new ClosedError(`The connection is closed: nothing was sent to ${subject}`));
      const token = (this.#sent++).toString(36);
      const deadline = performance.now() + DEADLINE;
      const pending = { subject, body, headers: headers && encoded(headers), deadline, resolve, reject, isSent: false };
      this.#pending.set(token, pending);
      if (this.#isConnected) this.#publish(token, pending);
      this.#watch();
    });
  }

  onDisconnect(): void {
    this.#isConnected = false;
    for (const [token, pending] of this.#pending) if (pending.isSent) this.#settle(token, undefined);
  }

  onReconnect(): void {
    this.#isConnected = true;
    for (const [token, pending] of this.#pending) if (!pending.isSent) this.#publish(token, pending);
  }

  /** Everything under way becomes unknown; everything later is refused. */
  close(end?: ClosedError): void {
    this.#isClosed = true;
    this.#end = end;
    for (const token of this.#pending.keys()) this.#settle(token, undefined);
    this.#replies.close();
  }

  #publish(token: string, pending: Pending): void {
    pending.isSent = true;
    const { headers, subject, body } = pending;
    const onRefused = (error: unknown): void => {
      this.#pending.delete(token);
      pending.reject(refusalOf(error, subject, body, this.#connection.info?.max_payload));
    };
    this.#outbox.publish({ subject, body, headers, reply: this.#inbox + token, onRefused });
  }

  #onReply(message: Msg): void {
    const token = message.subject.slice(this.#inbox.length);
    const pending = this.#pending.get(token);
    if (!pending) return;
    if (message.data.length > 0 || message.headers?.code !== 503) return this.#settle(token, message);
    pending.isSent = false;
    setTimeout(() => {
      const isWaiting = this.#pending.has(token) && !pending.isSent;
      if (isWaiting && this.#isConnected && !this.#connection.isClosed()) this.#publish(token, pending);
    }, RETRY);
  }

  #settle(token: string, reply: Msg | undefined): void {
    const pending = this.#pending.get(token);
    this.#pending.delete(token);
    pending?.resolve(reply);
    if (this.#pending.size > 0) return;
    clearInterval(this.#sweeper);
    this.#sweeper = undefined;
  }

  #watch(): void {
    if (this.#sweeper) return;
    this.#sweptAt = performance.now();
    this.#sweeper = setInterval(() => this.#sweep(), SWEEP);
  }

  #sweep(): void {
    const now = performance.now();
    const isLate = now - this.#sweptAt > 3 * SWEEP;
    this.#sweptAt = now;
    // After a pause of this process the replies wait in the socket: they are read before the next sweep.
    if (isLate) return;
    for (const [token, pending] of this.#pending) {
      // All deadlines are equally long, so they pass in order of sending.
      if (pending.deadline > now) return;
      this.#settle(token, undefined);
    }
  }
}

/** What the client library refuses to send: too large for a server that came back with another limit, or after its end. */
function refusalOf(error: unknown, subject: string, body: Uint8Array, limit: number | undefined): Error {
  if (isNatsError(error) && error.code === 'MAX_PAYLOAD_EXCEEDED')
    return new PayloadTooLargeError(`A message on ${subject}`, body.length, limit);
  return new ClosedError(`Nothing was sent to ${subject}: ${String(error)}`, { cause: error });
}

/** The client library asks of headers only their bytes: they are made once, without its header object. */
function encoded(bytes: Uint8Array): MsgHdrs {
  return { encode: () => bytes } as unknown as MsgHdrs;
}
