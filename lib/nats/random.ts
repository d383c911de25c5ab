import type { Random } from '../engine/ports.js';

const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/** Ids from the platform's cryptographic source: 131 bits each. */
export const platformRandom: Random = { id };

function id(): string {
  let text = '';
  while (text.length < 22) {
    // Six bits a byte; the two values beyond the alphabet are drawn again, so that all letters are equally likely.
    for (const byte of crypto.getRandomValues(new Uint8Array(24))) {
      if (text.length < 22) text += ALPHABET.charAt(byte & 63);
    }
  }
  return text;
}
