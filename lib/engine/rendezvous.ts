/**
 * A whole number that looks random for each pair and is the same everywhere: who compares the scores of one thing with
 * several workers finds its place among them, and a worker that goes moves nothing but its own (rendezvous hashing).
 * FNV-1a, stirred by the finalizer of MurmurHash3.
 */
export function scoreOf(worker: string, thing: string): number {
  let hash = mixed(mixed(0x811c9dc5, worker), thing);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

function mixed(start: number, text: string): number {
  let hash = start;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return hash;
}
