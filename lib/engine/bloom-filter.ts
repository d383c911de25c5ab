import { hashOf, stirred } from '../wire/text-hash.js';

/** Bits for each member: with HASHES of them about one in 1,400 that are not in it is taken for a member. */
const BITS = 16;
const HASHES = 8;

/** A set that knows for certain only what is not in it (Bloom 1970). Of a fixed size, and never larger. */
export class BloomFilter {
  readonly #words: Uint32Array;
  readonly #mask: number;
  readonly #room: number;
  #added = 0;

  /** For about so many members: 2,000 bytes a thousand, and twice that at most. */
  constructor(members: number) {
    const bits = 2 ** Math.ceil(Math.log2(Math.max(1_024, members * BITS)));
    this.#words = new Uint32Array(bits / 32);
    this.#mask = bits - 1;
    this.#room = bits / BITS;
  }

  /** As many as it was made for are in it: more would make it say yes too often. */
  get isFull(): boolean {
    return this.#added >= this.#room;
  }

  add(text: string): void {
    const [first, second] = [stirred(hashOf(text)), stirred(hashOf(text, 0x9747b28c)) | 1];
    for (let n = 0; n < HASHES; n++) {
      const bit = (first + Math.imul(n, second)) & this.#mask;
      this.#words[bit >>> 5]! |= 1 << (bit & 31);
    }
    this.#added++;
  }

  /** False: it was never added. */
  mayHave(text: string): boolean {
    const [first, second] = [stirred(hashOf(text)), stirred(hashOf(text, 0x9747b28c)) | 1];
    for (let n = 0; n < HASHES; n++) {
      const bit = (first + Math.imul(n, second)) & this.#mask;
      if ((this.#words[bit >>> 5]! & (1 << (bit & 31))) === 0) return false;
    }
    return true;
  }
}
