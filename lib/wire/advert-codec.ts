import { decodeForeign } from './body.js';
import type { Decoded } from './body.js';
import { partitionNumber } from './record-codec.js';
import { count, dictionary, object, oneOf } from './shapes.js';
import { encodeText } from './text-encoding.js';

/** How far a partition's committed state has received each other partition, told to all owners (P2). Core NATS. */
export interface Advert {
  readonly v: 1;
  readonly partition: number;
  /** The owner's epoch: what a former owner still tells is old. */
  readonly epoch: number;
  readonly received: Readonly<Record<string, number>>;
}

export function encodeAdvert(advert: Advert): Uint8Array {
  return encodeText(JSON.stringify(advert));
}

/** An advert as found on the bus. Never throws for its content. */
export function decodeAdvert(body: Uint8Array): Decoded<Advert> {
  return decodeForeign(body, advert);
}

const advert = object<Advert>({
  v: oneOf(1),
  partition: count,
  epoch: count,
  received: dictionary(partitionNumber, count),
});
