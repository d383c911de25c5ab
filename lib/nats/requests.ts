import type { Msg, NatsConnection } from 'nats';
import type { Subscription } from '../engine/ports.js';
import { ClosedError, PayloadTooLargeError } from '../errors.js';
import { isNatsError } from './nats-error.js';
import type { Departure, Outbox } from './outbox.js';
import { platformRandom } from './random.js';
import { subscribeForGood } from './subscribe-for-good.js';

/** A request without an answer after this time counts as unknown, in milliseconds. */
const DEADLINE = 1500;

/** How often deadlines are looked at, in milliseconds. */
const SWEEP = 100;

/** The wait before a request is made again that nobody was there to take, in milliseconds. */
const RETRY = 25;

interface Pending extends Departure {
  readonly deadline: number;
  readonly resolve: (reply: Msg | undefined) => void;
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
  /** By the subjects of their replies. */
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
      const reply = this.#inbox + (this.#sent++).toString(36);
      const pending: Pending = {
        subject,
        body,
        reply,
        headers,
        deadline: performance.now() + DEADLINE,
        resolve,
        isSent: false,
        onRefused: (error) => {
          this.#pending.delete(reply);
          reject(refusalOf(error, subject, body, this.#connection.info?.max_payload));
        },
      };
      this.#pending.set(reply, pending);
      if (this.#isConnected) this.#publish(pending);
      this.#watch();
    });
  }

  onDisconnect(): void {
    this.#isConnected = false;
    for (const [reply, pending] of this.#pending) if (pending.isSent) this.#settle(reply, undefined);
  }

  onReconnect(): void {
    this.#isConnected = true;
    for (const pending of this.#pending.values()) if (!pending.isSent) this.#publish(pending);
  }

  /** Everything under way becomes unknown; everything later is refused. */
  close(end?: ClosedError): void {
    this.#isClosed = true;
    this.#end = end;
    for (const reply of this.#pending.keys()) this.#settle(reply, undefined);
    this.#endWatch();
    this.#replies.close();
  }

  #publish(pending: Pending): void {
    pending.isSent = true;
    this.#outbox.publish(pending);
  }

  #onReply(message: Msg): void {
    const { subject: reply } = message;
    const pending = this.#pending.get(reply);
    if (!pending) return;
    if (message.data.length > 0 || message.headers?.code !== 503) return this.#settle(reply, message);
    pending.isSent = false;
    setTimeout(() => {
      const isWaiting = this.#pending.has(reply) && !pending.isSent;
      if (isWaiting && this.#isConnected && !this.#connection.isClosed()) this.#publish(pending);
    }, RETRY);
  }

  #settle(reply: string, message: Msg | undefined): void {
    const pending = this.#pending.get(reply);
    this.#pending.delete(reply);
    pending?.resolve(message);
  }

  #watch(): void {
    if (this.#sweeper) return;
    this.#sweptAt = performance.now();
    this.#sweeper = setInterval(() => this.#sweep(), SWEEP);
  }

  #endWatch(): void {
    clearInterval(this.#sweeper);
    this.#sweeper = undefined;
  }

  #sweep(): void {
    if (this.#pending.size === 0) return this.#endWatch();
    const now = performance.now();
    const isLate = now - this.#sweptAt > 3 * SWEEP;
    this.#sweptAt = now;
    // After a pause of this process the replies wait in the socket: they are read before the next sweep.
    if (isLate) return;
    for (const [reply, pending] of this.#pending) {
      // All deadlines are equally long, so they pass in order of sending.
      if (pending.deadline > now) return;
      this.#settle(reply, undefined);
    }
  }
}

/** What the client library refuses to send: too large for a server that came back with another limit, or after its end. */
function refusalOf(error: unknown, subject: string, body: Uint8Array, limit: number | undefined): Error {
  if (isNatsError(error) && error.code === 'MAX_PAYLOAD_EXCEEDED')
    return new PayloadTooLargeError(`A message on ${subject}`, body.length, limit);
  return new ClosedError(`Nothing was sent to ${subject}: ${String(error)}`, { cause: error });
}
