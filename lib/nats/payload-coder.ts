import type { Clock, Logger, StoredMessage } from '../engine/ports.js';
import { ConfigError } from '../errors.js';
import { payloadOverhead, type PayloadCodec, type PayloadPlace } from './payload-codec.js';

/** What no codec of ours reads: a body that could not be decoded must never pass for one that was not encoded. */
const UNREADABLE = 0xff;

/** What cannot be decoded is told once in so many milliseconds for each kind: whoever may publish can send any number of it. */
const LOG_INTERVAL = 5_000;

type Kind = PayloadPlace['kind'];

/** A payload codec as the ports use it: it keeps its word, or what it has done is not used. */
export class PayloadCoder {
  /** How much longer a body may become, in bytes. */
  readonly overhead: number;
  readonly #codec: PayloadCodec;
  readonly #logger: Logger;
  readonly #clock: Clock;
  readonly #toldAt = new Map<Kind, number>();

  constructor(codec: PayloadCodec, logger: Logger, clock: Clock) {
    this.#codec = codec;
    this.#logger = logger;
    this.#clock = clock;
    this.overhead = payloadOverhead(codec);
  }

  /** Throws what the codec throws, and ConfigError when the body became longer than it may. */
  encode(kind: Kind, name: string, body: Uint8Array): Uint8Array {
    const encoded = this.#codec.encode(body, { kind, name });
    if (encoded.length > body.length + this.overhead)
      throw new ConfigError(
        `payloadCodec: it made ${encoded.length} bytes of ${body.length}, and maxOverheadBytes is ${this.overhead}.`,
      );
    return encoded;
  }

  /** A message that is not stored; undefined: it cannot be encoded, and gets lost, as the log tells. */
  encodeMessage(subject: string, body: Uint8Array): Uint8Array | undefined {
    try {
      return this.encode('message', '', body);
    } catch (error) {
      this.#tell('message', `What is to be sent cannot be encoded: ${String(error)}`, subject);
      return undefined;
    }
  }

  /** The server's own messages are empty. `where`: for the log. */
  decode(kind: Kind, name: string, body: Uint8Array, where = name): Uint8Array {
    if (body.length === 0) return body;
    try {
      return this.#codec.decode(body, { kind, name });
    } catch (error) {
      this.#tell(kind, `What was stored or sent cannot be decoded: ${String(error)}`, where);
      const unreadable = new Uint8Array(body.length + 1);
      unreadable[0] = UNREADABLE;
      unreadable.set(body, 1);
      return unreadable;
    }
  }

  stored(kind: Kind, message: StoredMessage): StoredMessage {
    const { sequence, subject, body, time } = message;
    return { sequence, subject, body: this.decode(kind, subject, body), time };
  }

  #tell(kind: Kind, what: string, instance: string): void {
    const now = this.#clock.now();
    if (now - (this.#toldAt.get(kind) ?? -Infinity) < LOG_INTERVAL) return;
    this.#toldAt.set(kind, now);
    this.#logger.error(what, { instance });
  }
}
