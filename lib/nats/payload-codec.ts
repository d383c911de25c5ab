import { ConfigError } from '../errors.js';

/** Where a body is stored or sent: the same when it is encoded and when it is decoded. */
export interface PayloadPlace {
  /**
   * `log`: a commit record; `mail`: a message to an instance; `state`: a head, a piece of history, a checkpoint; `value`: a
   * large value; `task`: a call of an activity; `message`: a question or an answer that is not stored; `letter`: a dead letter.
   */
  readonly kind: 'log' | 'mail' | 'state' | 'value' | 'task' | 'message' | 'letter';
  /** The subject, the key of a large value, or the name of a work queue; empty of a message that is not stored. */
  readonly name: string;
}

/**
 * Encodes all that a task hub stores and sends of its users' values before it leaves the process, for example to encrypt it,
 * and decodes it when it has come. It is synchronous, keeps nothing of what it is given, and is the same, or reads the same,
 * in all workers and clients of a hub. The guide to servers says what stays readable.
 *
 * @example
 * ```ts
 * import { gunzipSync, gzipSync } from 'node:zlib';
 * import type { PayloadCodec } from 'perdure';
 *
 * export const compressing: PayloadCodec = {
 *   encode: (body) => gzipSync(body),
 *   decode: (body) => gunzipSync(body),
 * };
 * ```
 */
export interface PayloadCodec {
  /**
   * What is stored or sent in place of a body, at most `maxOverheadBytes` longer. What it throws, the call rejects with that
   * wanted to send; an owner that cannot encode a record gives its partition back, and nothing of the record is done.
   */
  encode(body: Uint8Array, place: PayloadPlace): Uint8Array;
  /** The body again. What it throws for is taken for what cannot be read: mail becomes a dead letter, a head is in quarantine. */
  decode(body: Uint8Array, place: PayloadPlace): Uint8Array;
  /** How much longer than the body its encoded form may be, in bytes: 0 to 65,536. Default 256. */
  readonly maxOverheadBytes?: number | undefined;
}

const OVERHEAD = { usual: 256, most: 65_536 };

/** How much longer a body may become. Throws ConfigError for what is no codec. */
export function payloadOverhead(codec: PayloadCodec): number {
  const { maxOverheadBytes = OVERHEAD.usual } = codec;
  if (typeof codec.encode !== 'function' || typeof codec.decode !== 'function')
    throw new ConfigError('payloadCodec: it must have the methods encode and decode');
  if (!Number.isInteger(maxOverheadBytes) || maxOverheadBytes < 0 || maxOverheadBytes > OVERHEAD.most)
    throw new ConfigError(
      `payloadCodec.maxOverheadBytes: must be a whole number from 0 to ${OVERHEAD.most}, not ${String(maxOverheadBytes)}`,
    );
  return maxOverheadBytes;
}
