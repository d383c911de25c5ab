import { InvalidNameError, InvalidTagsError, PayloadTooLargeError } from '../errors.js';
import { namePatterns } from './name-patterns.js';
import type { Json, ValueCodec } from './values.js';

/** What a start says of an instance beside its input. Every execution of the instance keeps it. */
export interface Labels {
  /** The version of the orchestrator's code that the instance was started for. */
  readonly version?: string;
  /** Short texts by which an instance is found. */
  readonly tags?: Readonly<Record<string, string>>;
  /** Whatever its starter wants to know of it later. */
  readonly memo?: Json;
}

/** What a user says of an instance that is to be started, beside its input. */
export interface LabelOptions {
  /**
   * The version of the orchestrator's code: 1 to 64 letters, digits and `. _ + -`, such as `2.1.0`. Default: as
   * `@Orchestrator(name, { version })` of the worker that begins the instance says.
   */
  readonly version?: string | undefined;
  /**
   * Short texts by which the instance is found: up to 16, their names 1 to 64 and their values 0 to 256 bytes of UTF-8,
   * without control characters. They are kept over `continueAsNew`, and shown by the status. Default: none.
   */
  readonly tags?: Readonly<Record<string, string>> | undefined;
  /**
   * Anything that is to be known of the instance later, up to 16,384 characters of JSON. It is kept over `continueAsNew`,
   * and shown by the status. Default: none.
   */
  readonly memo?: unknown;
}

const MOST_TAGS = 16;
const LONGEST_NAME = 64;
const LONGEST_VALUE = 256;
/** Characters of JSON: a memo is stored with every head and record of a start. */
const LARGEST_MEMO = 16 * 1024;

/** The labels among the fields of something. */
export function labelsOf({ version, tags, memo }: Labels): Labels {
  return {
    ...(version !== undefined && { version }),
    ...(tags && { tags }),
    ...(memo !== undefined && { memo }),
  };
}

/** The labels that options ask for. Throws InvalidNameError, InvalidTagsError, PayloadTooLargeError and what `encode` throws. */
export function labelsFrom({ version, tags, memo }: LabelOptions, values: Pick<ValueCodec, 'encode'>): Labels {
  const encoded = values.encode(memo);
  return {
    ...(version !== undefined && { version: checkVersion(version) }),
    ...(tags !== undefined && { tags: checkTags(tags) }),
    ...(encoded !== undefined && { memo: checkMemo(encoded) }),
  };
}

/** The version itself. Throws InvalidNameError. */
export function checkVersion(version: unknown): string {
  if (typeof version === 'string' && namePatterns.version.test(version)) return version;
  const shown = typeof version === 'string' ? JSON.stringify(version.slice(0, 80)) : typeof version;
  throw new InvalidNameError(`Invalid version: ${shown} does not match ${namePatterns.version.source}`);
}

/** A copy of the tags. Throws InvalidTagsError. */
export function checkTags(tags: unknown): Readonly<Record<string, string>> {
  if (typeof tags !== 'object' || tags === null || Array.isArray(tags))
    throw new InvalidTagsError('must be an object of texts, such as { customer: "alice" }');
  const entries = Object.entries(tags as Readonly<Record<string, unknown>>);
  if (entries.length > MOST_TAGS) throw new InvalidTagsError(`there are ${entries.length}, and ${MOST_TAGS} at most`);
  return Object.fromEntries(entries.map(([name, value]) => [checkTagName(name), checkTagValue(name, value)]));
}

/** The memo itself. Throws PayloadTooLargeError. */
export function checkMemo(memo: Json): Json {
  const { length } = JSON.stringify(memo);
  if (length > LARGEST_MEMO) throw new PayloadTooLargeError('The memo', length, LARGEST_MEMO, 'characters');
  return memo;
}

function checkTagName(name: string): string {
  if (name === '') throw new InvalidTagsError('a name is empty');
  if (name === '__proto__') throw new InvalidTagsError('no tag may be called __proto__');
  checkText(name, LONGEST_NAME, 'the name');
  return name;
}

function checkTagValue(name: string, value: unknown): string {
  if (typeof value !== 'string') throw new InvalidTagsError(`"${name}" is no text`);
  checkText(value, LONGEST_VALUE, `the value of "${name}"`);
  return value;
}

const utf8 = new TextEncoder();

function checkText(text: string, limit: number, what: string): void {
  if (text.length > limit || utf8.encode(text).length > limit)
    throw new InvalidTagsError(`${what} has more than ${limit} bytes of UTF-8`);
  if (text.toWellFormed() !== text) throw new InvalidTagsError(`${what} is malformed Unicode`);
  if (/\p{Cc}/u.test(text)) throw new InvalidTagsError(`${what} has a control character`);
}
