import { PayloadTooLargeError } from '../errors.js';

/** Throws PayloadTooLargeError when a message body cannot be stored. */
export function refuseTooLarge(body: Uint8Array, limit: number): void {
  if (body.length > limit) throw new PayloadTooLargeError('A message', body.length, limit);
}

/** Kept free in a record and in a head for all that is not the values of one step, in bytes. */
const RESERVE = 64 * 1024;

/**
 * The most that one step may put into a record, in bytes: a head holds what two steps may bring, an input and an output,
 * and a record the steps gathered before the last one.
 */
export function largestStep(maxBodyBytes: number): number {
  return Math.floor((maxBodyBytes - RESERVE) / 2);
}

/** The most that a message may have, in bytes: the step that takes it records its input. */
export function largestMessage(maxBodyBytes: number): number {
  return largestStep(maxBodyBytes) - 8 * 1024;
}
