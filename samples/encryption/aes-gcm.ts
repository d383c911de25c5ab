import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import type { PayloadCodec, PayloadPlace } from 'perdure';

const CIPHER = 'aes-256-gcm';
const VERSION = 1;
const [NONCE, TAG] = [12, 16];

/**
 * Encrypts with AES-256-GCM: version, length and name of the key, nonce, tag, cipher text. Where a body belongs is part of
 * what is authenticated, so that nobody can move one elsewhere. To rotate, give a new key to all workers and clients, and only
 * then make it the current one; an old one may go when nothing is stored any more that it has encrypted.
 */
export class AesGcm implements PayloadCodec {
  readonly maxOverheadBytes = 2 + 32 + NONCE + TAG;
  readonly #keys: ReadonlyMap<string, Uint8Array>;
  readonly #current: string;

  /** @param keys 32 bytes each, by names of at most 32 letters. */
  constructor(keys: Readonly<Record<string, Uint8Array>>, current: string) {
    this.#keys = new Map(Object.entries(keys));
    this.#current = current;
    this.#key(current);
  }

  encode(body: Uint8Array, place: PayloadPlace): Uint8Array {
    const nonce = randomBytes(NONCE);
    const cipher = createCipheriv(CIPHER, this.#key(this.#current), nonce);
    cipher.setAAD(aad(place));
    const text = Buffer.concat([cipher.update(body), cipher.final()]);
    const name = Buffer.from(this.#current);
    return Buffer.concat([Uint8Array.of(VERSION, name.length), name, nonce, cipher.getAuthTag(), text]);
  }

  decode(body: Uint8Array, place: PayloadPlace): Uint8Array {
    if (body[0] !== VERSION) throw new Error('it is not encrypted, or in another way');
    let at = 2;
    const take = (length: number): Uint8Array => body.subarray(at, (at += length));
    const key = this.#key(Buffer.from(take(body[1] ?? 0)).toString());
    const decipher = createDecipheriv(CIPHER, key, take(NONCE));
    decipher.setAuthTag(take(TAG));
    decipher.setAAD(aad(place));
    return Buffer.concat([decipher.update(body.subarray(at)), decipher.final()]);
  }

  #key(name: string): Uint8Array {
    const key = this.#keys.get(name);
    if (!key) throw new Error('the key that it names is not there');
    return key;
  }
}

function aad({ kind, name }: PayloadPlace): Buffer {
  return Buffer.from(`${kind} ${name}`);
}
