import { PayloadTooLargeError } from '../errors.js';

/** Throws PayloadTooLargeError when a message body cannot be stored. */
export function refuseTooLarge(body: Uint8Array, limit: number): void {
  if (body.length > limit) throw new PayloadTooLargeError('A message', body.length, limit);
}
