import { AggregateTaskError, FailureError, RemoteError, type FailureDetails } from '../errors.js';
import { classNames } from '../errors/class-names.js';
import { fieldsOf } from './failure-fields.js';

const longestText = 8 * 1_024;
const longestBrief = 512;
const deepestCause = 4;
const deepestBrief = 1;
/** Of an aggregate the first error is the cause; so many more are told in brief. */
const mostOthers = 9;
const roomForMark = 64;
const utf8 = new TextEncoder();

/** How much is told of an error: its texts in so many bytes of UTF-8, and whether its stack and fields too. */
interface Extent {
  readonly text: number;
  readonly isWhole: boolean;
}

const whole: Extent = { text: longestText, isWhole: true };
const brief: Extent = { text: longestBrief, isWhole: false };

/**
 * Whatever was thrown, as data. Of an Error the name, class, message, `code`, stack and plain fields are kept, texts cut at
 * 8 KiB of UTF-8 and causes at 4 deep; of a failure that came from elsewhere its own details become the cause. Never
 * throws.
 */
export function toFailureDetails(error: unknown): FailureDetails {
  try {
    return describe(error, deepestCause, whole);
  } catch {
    // A Proxy or a getter that throws when it is looked at: that is all there is to say of it.
    return { name: 'Error', message: 'A value was thrown that cannot be read.' };
  }
}

function describe(thrown: unknown, depth: number, extent: Extent): FailureDetails {
  const error = depth === 0 ? innermostThrown(thrown) : thrown;
  if (error instanceof RemoteError || (error instanceof FailureError && depth === 0))
    return shortened(error.failureDetails, depth, extent);
  if (!(error instanceof Error)) return { name: 'Error', message: cut(textOf(error), extent.text) };
  const code: unknown = 'code' in error ? error.code : undefined;
  const [cause, ...others] = depth > 0 ? causesOf(error) : [];
  return {
    ...namesOf(error, extent.text),
    message: cut(String(error.message), extent.text),
    ...(typeof code === 'string' && { code: cut(code, extent.text) }),
    ...('isNonRetriable' in error && error.isNonRetriable === true && { nonRetriable: true as const }),
    ...(extent.isWhole && wholeOf(error, others)),
    ...(cause && { cause: describeCause(cause, depth - 1, extent) }),
  };
}

/** What is not told in brief. */
function wholeOf(error: Error, others: readonly Cause[]): Pick<FailureDetails, 'stack' | 'fields' | 'errors'> {
  const fields = fieldsOf(error);
  return {
    ...(typeof error.stack === 'string' && { stack: cut(error.stack, longestText) }),
    ...(fields && { fields }),
    ...(others.length > 0 && {
      errors: others.slice(0, mostOthers).map((one) => describeCause(one, deepestBrief, brief)),
    }),
  };
}

/** A cause, or the failure that an error brought from elsewhere. */
type Cause = { readonly thrown: unknown } | { readonly failure: FailureDetails };

function causesOf(error: Error): readonly Cause[] {
  if (error instanceof FailureError) return [{ failure: error.failureDetails }];
  const errors: readonly unknown[] =
    error instanceof AggregateTaskError || error instanceof AggregateError ? error.errors : [];
  const thrown = error.cause === undefined ? errors : [error.cause, ...errors];
  return thrown.filter((one) => one !== undefined).map((one) => ({ thrown: one }));
}

function describeCause(cause: Cause, depth: number, extent: Extent): FailureDetails {
  return 'failure' in cause ? shortened(cause.failure, depth, extent) : describe(cause.thrown, depth, extent);
}

/** With so many causes, of which the last one is the innermost: that is what most code asks for. */
function shortened(details: FailureDetails, depth: number, extent: Extent): FailureDetails {
  const { cause, ...own } = depth === 0 ? innermost(details) : details;
  const { name, type, bases, message, nonRetriable } = own;
  const inBrief = {
    name: cut(name, extent.text),
    ...(type !== undefined && { type: cut(type, extent.text) }),
    ...(bases && { bases }),
    message: cut(message, extent.text),
    ...(nonRetriable && { nonRetriable }),
  };
  return {
    ...(extent.isWhole ? own : inBrief),
    ...(depth > 0 && cause && { cause: shortened(cause, depth - 1, extent) }),
  };
}

/** The innermost cause of an error; of causes that run in a circle, any. */
function innermostThrown(thrown: unknown): unknown {
  const seen = new Set<unknown>();
  let last = thrown;
  while (last instanceof Error && last.cause !== undefined && !seen.has(last)) {
    seen.add(last);
    last = last.cause;
  }
  return last;
}

function innermost(details: FailureDetails): FailureDetails {
  let last = details;
  while (last.cause) last = last.cause;
  return last;
}

/** The name of an error, its class when that has another one, and what that inherits from. */
function namesOf(error: Error, limit: number): Pick<FailureDetails, 'name' | 'type' | 'bases'> {
  const { name, type } = ownNamesOf(error);
  const bases = classNames(error).filter((base) => base !== name && base !== type && base !== classOf(error));
  return {
    name: cut(name, limit),
    ...(type !== undefined && { type: cut(type, limit) }),
    ...(bases.length > 0 && { bases: bases.map((base) => base.toWellFormed()) }),
  };
}

/** Most classes of errors have no name for their errors but that of Error: then these go by the name of the class. */
function ownNamesOf(error: Error): Pick<FailureDetails, 'name' | 'type'> {
  const name = String(error.name);
  const type = classOf(error);
  if (type === undefined || type === name) return { name };
  const isNamed = Object.hasOwn(error, 'name') || Object.hasOwn(Object.getPrototypeOf(error) as object, 'name');
  return name === 'Error' && !isNamed ? { name: type } : { name, type };
}

function classOf({ constructor: type }: Error): string | undefined {
  return typeof type === 'function' && typeof type.name === 'string' && type.name !== '' ? type.name : undefined;
}

/** The text of something thrown that is not an Error. */
function textOf(thrown: unknown): string {
  if (typeof thrown !== 'object' || thrown === null) return String(thrown);
  if ('message' in thrown && typeof thrown.message === 'string') return thrown.message;
  return JSON.stringify(thrown) ?? 'an object without a text';
}

/** The text in at most so many bytes of UTF-8, with a mark when something is missing: half a character becomes U+FFFD. */
function cut(thrown: string, limit: number): string {
  const text = thrown.toWellFormed(); // a message may quote half an emoji, as that of JSON.parse does
  if (text.length * 3 <= limit) return text;
  const space = new Uint8Array(limit);
  if (utf8.encodeInto(text, space).read === text.length) return text;
  const { read } = utf8.encodeInto(text, space.subarray(roomForMark)); // never splits a character
  return `${text.slice(0, read)}… (cut: ${text.length - read} more characters)`;
}
