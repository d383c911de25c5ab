import { ConfigError } from '../errors.js';
import { largestMessage } from './body-limit.js';
import { utf8Length } from './text.js';

/** How large values may be, in bytes of UTF-8 of their JSON texts. */
export interface ValueLimits {
  /** Larger ones are put into the object store, and messages name them by reference. */
  readonly inline: number;
  /** Larger ones are refused. */
  readonly largest: number;
}

/** What may be chosen of them. */
export interface ValueLimitOptions {
  readonly maxInlineValueBytes?: number | undefined;
  readonly maxValueBytes?: number | undefined;
}

const DEFAULT_INLINE = 256 * 1024;
const DEFAULT_LARGEST = 16 * 1024 * 1024;
const [LEAST_INLINE, MOST_LARGEST] = [1024, 256 * 1024 * 1024];

/**
 * The limits of a connection whose messages may have so many bytes: a head holds several values, and a message has other
 * fields. Throws ConfigError.
 */
export function valueLimits(maxBodyBytes: number, options: ValueLimitOptions = {}): ValueLimits {
  const { maxInlineValueBytes: inline = DEFAULT_INLINE, maxValueBytes: largest = DEFAULT_LARGEST } = options;
  check('maxInlineValueBytes', inline, LEAST_INLINE, DEFAULT_INLINE);
  check('maxValueBytes', largest, LEAST_INLINE, MOST_LARGEST);
  return { inline: Math.min(inline, Math.floor(largestMessage(maxBodyBytes) * 0.6)), largest };
}

function check(option: string, value: number, least: number, most: number): void {
  if (Number.isInteger(value) && value >= least && value <= most) return;
  throw new ConfigError(`${option}: must be a whole number from ${least} to ${most}, not ${value}`);
}

/** Whether a text has more than so many bytes of UTF-8. */
export function isLonger(text: string, bytes: number): boolean {
  if (text.length > bytes) return true;
  return text.length * 3 > bytes && utf8Length(text) > bytes;
}
