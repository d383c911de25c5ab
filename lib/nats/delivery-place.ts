/** Which delivery of which message a consumer has made. */
export interface DeliveryPlace {
  /** How often the message was delivered, this time included. */
  readonly deliveries: number;
  readonly sequence: number;
  /** Which delivery of its consumer it is, from 1. */
  readonly delivery: number;
  /** When it was stored, in milliseconds since 1970. */
  readonly time: number;
  /** Messages of the consumer that wait behind it. */
  readonly pending: number;
}

const PREFIX = '$JS.ACK.';
const DOT = 0x2e;
const ZERO = 0x30;
/** Tokens of a reply subject without domain and account. */
const TOKENS = 9;
/** A nanosecond has so many digits behind a millisecond. */
const BEHIND_MILLISECONDS = 6;

/**
 * What a delivery's reply subject says: `$JS.ACK.<stream>.<consumer>.<deliveries>.<sequence>.<consumer
 * sequence>.<nanoseconds>.<pending>`, or with domain and account before the stream and a token at the end. Read digit by digit:
 * of a list of many it is asked for each message, and taking it apart costs as much as all else.
 */
export function placeOf(reply: string): DeliveryPlace | undefined {
  if (!reply.startsWith(PREFIX)) return undefined;
  const reader = new NumberReader(reply, tokensIn(reply) === TOKENS ? 2 : 4);
  return {
    deliveries: reader.next(),
    sequence: reader.next(),
    delivery: reader.next(),
    time: reader.next(BEHIND_MILLISECONDS),
    pending: reader.next(),
  };
}

function tokensIn(reply: string): number {
  let tokens = 1;
  for (let at = 0; at < reply.length; at++) if (reply.charCodeAt(at) === DOT) tokens++;
  return tokens;
}

/** Reads numbers between dots, behind so many tokens. */
class NumberReader {
  readonly #text: string;
  #at = PREFIX.length;

  constructor(text: string, skipped: number) {
    this.#text = text;
    for (let token = 0; token < skipped; token++) this.#at = text.indexOf('.', this.#at) + 1;
  }

  /** The next one, without its last digits, so many. */
  next(dropped = 0): number {
    const dot = this.#text.indexOf('.', this.#at);
    const end = dot < 0 ? this.#text.length : dot;
    let number = 0;
    for (; this.#at < end - dropped; this.#at++) number = 10 * number + this.#text.charCodeAt(this.#at) - ZERO;
    this.#at = end + 1;
    return number;
  }
}
