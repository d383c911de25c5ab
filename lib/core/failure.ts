import { AggregateTaskError, FailureError, RemoteError, type FailureDetails } from '../errors.js';

const longestText = 8 * 1_024;
const roomForMark = 64;
const deepestCause = 4;
const utf8 = new TextEncoder();

/**
 * Whatever was thrown, as data. Of an Error the name, message, `code` and stack are kept, texts cut at 8 KiB of UTF-8
 * and causes at 4 deep; of a failure that came from elsewhere its own details become the cause. Never throws.
 */
export function toFailureDetails(error: unknown): FailureDetails {
  try {
    return describe(error, deepestCause);
  } catch {
    // A Proxy or a getter that throws when it is looked at: that is all there is to say of it.
    return { name: 'Error', message: 'A value was thrown that cannot be read.' };
  }
}

function describe(error: unknown, depth: number): FailureDetails {
  if (error instanceof RemoteError) return cutCauses(error.failureDetails, depth);
  if (!(error instanceof Error)) return { name: 'Error', message: cut(textOf(error)) };
  const code: unknown = 'code' in error ? error.code : undefined;
  const cause = depth > 0 ? describeCause(error, depth - 1) : undefined;
  return {
    name: cut(String(error.name)),
    message: cut(String(error.message)),
    ...(typeof code === 'string' && { code: cut(code) }),
    ...(typeof error.stack === 'string' && { stack: cut(error.stack) }),
    ...(cause && { cause }),
  };
}

function describeCause(error: Error, depth: number): FailureDetails | undefined {
  if (error instanceof FailureError) return cutCauses(error.failureDetails, depth);
  const first: unknown =
    error instanceof AggregateTaskError || error instanceof AggregateError ? error.errors[0] : undefined;
  const cause = error.cause ?? first;
  return cause === undefined ? undefined : describe(cause, depth);
}

function cutCauses(details: FailureDetails, depth: number): FailureDetails {
  const { cause, ...own } = details;
  return cause === undefined || depth === 0 ? own : { ...own, cause: cutCauses(cause, depth - 1) };
}

/** The text of something thrown that is not an Error. */
function textOf(thrown: unknown): string {
  if (typeof thrown !== 'object' || thrown === null) return String(thrown);
  if ('message' in thrown && typeof thrown.message === 'string') return thrown.message;
  return JSON.stringify(thrown) ?? 'an object without a text';
}

/** The text in at most 8 KiB of UTF-8, with a mark when something is missing: half a character becomes U+FFFD. */
function cut(thrown: string): string {
  const text = thrown.toWellFormed(); // a message may quote half an emoji, as that of JSON.parse does
  if (text.length * 3 <= longestText) return text;
  const space = new Uint8Array(longestText);
  if (utf8.encodeInto(text, space).read === text.length) return text;
  const { read } = utf8.encodeInto(text, space.subarray(roomForMark)); // never splits a character
  return `${text.slice(0, read)}… (cut: ${text.length - read} more characters)`;
}
