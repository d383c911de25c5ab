import type { Random } from '../engine/ports.js';

const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const LENGTH = 22;

/** Ids from the platform's cryptographic source: 131 bits each. */
export const platformRandom: Random = { id };

/** Drawn ahead, for many ids at once: a call of the source costs more than its bytes. */
const pool = new Uint8Array(4_096);
let used = pool.length;

/** The letters of the id that is made, as character codes: joined at once they make one text, and not one for each letter. */
const letters: number[] = Array.from({ length: LENGTH }, () => 0);

function id(): string {
  for (let at = 0; at < LENGTH; at++) letters[at] = letter();
  return String.fromCharCode(...letters);
}

function letter(): number {
  for (;;) {
    if (used === pool.length) {
      crypto.getRandomValues(pool);
      used = 0;
    }
    // Six bits a byte; the two values beyond the alphabet are drawn again, so that all letters are equally likely.
    const drawn = pool[used++]! & 63;
    if (drawn < ALPHABET.length) return ALPHABET.charCodeAt(drawn);
  }
}
