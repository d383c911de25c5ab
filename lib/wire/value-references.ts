import type { Json, ValueReference } from '../core/values.js';
import { CorruptHistoryError, PerdureError } from '../errors.js';
import { checkJson } from './json.js';
import type { Address } from './messages.js';
import { count, object, ShapeError } from './shapes.js';
import type { Shape } from './shapes.js';
import { encodeText } from './text-encoding.js';

/**
 * Large values by reference. A message, event, outcome, head or answer holds a value in one of the fields below, or its
 * reference in the field beside it: what a user's value looks like never matters.
 */
const referenceFields = {
  input: 'inputRef',
  result: 'resultRef',
  output: 'outputRef',
  state: 'stateRef',
} as const;

type ValueField = keyof typeof referenceFields;

const fields = Object.keys(referenceFields) as ValueField[];

/** What may hold values, looked at as such. */
type Holding = { readonly [F in ValueField]?: Json } & {
  readonly [F in (typeof referenceFields)[ValueField]]?: ValueReference;
};

/** A value that something holds, or would hold: the field and the value. */
export function valueIn(item: object): Json | undefined {
  const { input, result, output, state } = item as Holding;
  return input ?? result ?? output ?? state;
}

/** The references that something holds. */
export function referencesIn(item: object): readonly ValueReference[] {
  const { inputRef, resultRef, outputRef, stateRef } = item as Holding;
  if (!inputRef && !resultRef && !outputRef && !stateRef) return none;
  return [inputRef, resultRef, outputRef, stateRef].filter((reference) => reference !== undefined);
}

const none: readonly ValueReference[] = [];

/** The same with its values in place of references. */
export function withValues<T extends object>(item: T, valueOf: (reference: ValueReference) => Json): T {
  if (referencesIn(item) === none) return item;
  const filled = { ...item } as Record<string, unknown>;
  for (const field of fields) {
    const reference = (item as Holding)[referenceFields[field]];
    if (!reference) continue;
    delete filled[referenceFields[field]];
    filled[field] = valueOf(reference);
  }
  return filled as T;
}

/** The same with a reference in place of each value that has one. */
export function withReferences<T extends object>(item: T, referenceTo: (value: Json) => ValueReference | undefined): T {
  let changed: Record<string, unknown> | undefined;
  for (const field of fields) {
    const value = (item as Holding)[field];
    const reference = value === undefined ? undefined : referenceTo(value);
    if (!reference) continue;
    changed ??= { ...item } as Record<string, unknown>;
    delete changed[field];
    changed[referenceFields[field]] = reference;
  }
  return (changed as T | undefined) ?? item;
}

/** The key of a value that an instance holds; the id is used once (P15). */
export function valueKey(holder: Address, id: string): string {
  return `${holder}/${id}`;
}

/** The instance that holds what is under a key; undefined: it is no such key. */
export function holderOf(key: string): Address | undefined {
  return /^([oe]\.[A-Za-z0-9_=.-]+)\/[A-Za-z0-9_-]{1,64}$/.exec(key)?.[1];
}

/** Whatever may be the key of a value in a text: more than there is, never less. */
export function keysNamedIn(text: string): Iterable<string> {
  return text.match(/[oe]\.[A-Za-z0-9_=.-]+\/[A-Za-z0-9_-]{1,64}/g) ?? [];
}

export function encodeStoredValue(text: string): Uint8Array {
  return encodeText(text);
}

/** A value as it was stored, by anybody. Throws CorruptHistoryError. */
export function decodeStoredValue(body: Uint8Array, { key }: ValueReference): Json {
  try {
    return checkJson(JSON.parse(strictUtf8.decode(body)));
  } catch (error) {
    if (error instanceof PerdureError || error instanceof SyntaxError || error instanceof TypeError)
      throw new CorruptHistoryError(`The stored value ${key} cannot be read: ${error.message}`, { cause: error });
    throw error;
  }
}

const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** A reference as it is stored and sent. */
export const valueReference: Shape<ValueReference> = object<ValueReference>({
  key: (value) => {
    if (typeof value !== 'string' || holderOf(value) === undefined)
      throw new ShapeError('must be an address, a slash and an id');
    return value;
  },
  bytes: count,
  hash: (value) => {
    if (typeof value !== 'string' || !/^SHA-256=[A-Za-z0-9_-]{43}=$/.test(value))
      throw new ShapeError('must be SHA-256= and a digest in base64url');
    return value;
  },
});
