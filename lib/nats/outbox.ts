import type { MsgHdrs, NatsConnection } from 'nats';
import type { Turn } from './turn.js';

/** A message to be published. */
export interface Departure {
  readonly subject: string;
  readonly body: Uint8Array;
  readonly reply?: string | undefined;
  /** As they are sent. */
  readonly headers?: Uint8Array | undefined;
  /** The client library refuses it, such as for its size. */
  readonly onRefused: (error: unknown) => void;
}

/**
 * Publishes in order, what one turn of the event loop brings about in one write to the socket: the client library alone
 * would write anew for each wave of promises.
 */
export class Outbox {
  readonly #connection: NatsConnection;
  readonly #turn: Turn;
  #waiting: Departure[] = [];

  constructor(connection: NatsConnection, turn: Turn) {
    this.#connection = connection;
    this.#turn = turn;
  }

  publish(departure: Departure): void {
    if (this.#waiting.push(departure) === 1) this.#turn.last(() => this.flush());
  }

  /** What has not left is dropped: the connection is lost. */
  clear(): void {
    this.#waiting = [];
  }

  /** Hands what waits over to the client library at once. */
  flush(): void {
    const leaving = this.#waiting;
    if (leaving.length === 0) return;
    this.#waiting = [];
    for (const departure of leaving) this.#hand(departure);
  }

  #hand({ subject, body, reply = '', headers, onRefused }: Departure): void {
    try {
      this.#connection.publish(subject, body, headers ? { reply, headers: encoded(headers) } : { reply });
    } catch (error) {
      onRefused(error);
    }
  }
}

/** The client library asks of headers only their bytes: they are made once, without its header object. */
class EncodedHeaders {
  constructor(readonly bytes: Uint8Array) {}

  encode(): Uint8Array {
    return this.bytes;
  }
}

function encoded(bytes: Uint8Array): MsgHdrs {
  return new EncodedHeaders(bytes) as unknown as MsgHdrs;
}
