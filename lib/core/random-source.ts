import type { Execution } from './execution.js';
import { sha1 } from './sha1.js';

const utf8 = new TextEncoder();

/**
 * Numbers that look random and follow from a seed: xoshiro128** by David Blackman and Sebastiano Vigna, seeded with the
 * SHA-1 of a text. Not for secrets.
 */
export class RandomSource {
  readonly #state: Uint32Array;

  constructor(seed: string) {
    const digest = new DataView(sha1(utf8.encode(seed)).buffer);
    this.#state = Uint32Array.from({ length: 4 }, (_, word) => digest.getUint32(4 * word));
  }

  /** The next one: 0 or more, below 1, a multiple of 2^-53. */
  next(): number {
    const high = this.#word() >>> 5;
    const low = this.#word() >>> 6;
    return (high * 2 ** 26 + low) / 2 ** 53;
  }

  #word(): number {
    const [a = 0, b = 0, c = 0, d = 0] = this.#state;
    const word = Math.imul(rotate(Math.imul(b, 5), 7), 9) >>> 0;
    const [e, f] = [c ^ a, d ^ b];
    this.#state.set([a ^ f, b ^ e, e ^ (b << 9), rotate(f, 11)]);
    return word;
  }
}

/** A series of its own for each purpose of an execution: what one draws does not change the others. */
export function randomSource(purpose: string, { instanceId, executionId }: Execution): RandomSource {
  return new RandomSource(`${purpose} ${executionId} ${instanceId}`);
}

function rotate(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits));
}
