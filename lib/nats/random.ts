import type { Random } from '../engine/ports.js';

const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const LENGTH = 22;

/** Ids from the platform's cryptographic source: 131 bits each. */
export const platformRandom: Random = { id };

/** Drawn ahead, for many ids at once: a call of the source costs more than its bytes. */
const pool = new Uint8Array(4_096);
let used = pool.length;

function id(): string {
  let text = '';
  while (text.length < LENGTH) {
    if (used === pool.length) {
      crypto.getRandomValues(pool);
      used = 0;
    }
    // Six bits a byte; the two values beyond the alphabet are drawn again, so that all letters are equally likely.
    text += ALPHABET.charAt(pool[used++]! & 63);
  }
  return text;
}
