import { hashOf, stirred } from '../wire/text-hash.js';

/**
 * A whole number that looks random for each pair and is the same everywhere: who compares the scores of one thing with
 * several workers finds its place among them, and a worker that goes moves nothing but its own (rendezvous hashing).
 */
export function scoreOf(worker: string, thing: string): number {
  return stirred(hashOf(thing, hashOf(worker))) >>> 0;
}
