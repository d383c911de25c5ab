import type { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';

/** What the original hashes with each name. */
const SALT = '9e952958-5e33-4daf-827f-2fa12937b875';

/** A GUID as the original makes it of a name: of version 5, in the namespace that the hash of the name is. */
export function deterministicGuid(name: string): string {
  const namespace = sha1(name).subarray(0, 16);
  const bytes = sha1(namespace, SALT).subarray(0, 16);
  bytes[6] = (bytes[6]! & 0x0f) | 0x50;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}

function sha1(...parts: readonly (string | Uint8Array)[]): Buffer {
  const hash = createHash('sha1');
  for (const part of parts) hash.update(part);
  return hash.digest();
}
