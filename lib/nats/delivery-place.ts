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

/**
 * What a delivery's reply subject says: `$JS.ACK.<stream>.<consumer>.<deliveries>.<sequence>.<consumer
 * sequence>.<nanoseconds>.<pending>`, or with domain and account before the stream and a token at the end.
 */
export function placeOf(reply: string): DeliveryPlace | undefined {
  if (!reply.startsWith('$JS.ACK.')) return undefined;
  const tokens = reply.split('.');
  const at = tokens.length === 9 ? 4 : 6;
  return {
    deliveries: Number(tokens[at]),
    sequence: Number(tokens[at + 1]),
    delivery: Number(tokens[at + 2]),
    time: Number(tokens[at + 3]?.slice(0, -6)),
    pending: Number(tokens[at + 4]),
  };
}
