import type { Constructor, Json } from '../core/values.js';
import { encodeDate, encodeDeclaredDates, isTagged } from './dates.js';
import { checkConstructor, checkKeys, checkNumber, checkText } from './json.js';
import { maxDepth, Refusal, textOf } from './refusal.js';

/** What is accepted beyond plain data. */
export interface ValueRules {
  /** Whether a class is registered as a DTO: its instances are stored as their own enumerable properties. */
  readonly isDto?: ((type: Constructor) => boolean) | undefined;
  /** Whether a DTO class declares a field as Date, or as an array of dates: stored as ISO text. */
  readonly isDateField?: ((type: Constructor, field: string) => boolean) | undefined;
  /** `tagged`: dates are stored anywhere, as `{ "$date": "<ISO text>" }`. Default: only in DTO fields declared as Date. */
  readonly dates?: 'tagged' | undefined;
}

/**
 * The plain JSON form of a user's value, sharing nothing with it, or undefined for `undefined`. Strict: what JSON would
 * lose is refused, except that properties holding `undefined` are left out, -0 becomes 0, and properties of an array
 * beside its elements are not kept. `toJSON` is honoured, and its result encoded under the same rules.
 * Throws UnserializableError, TooDeepError (above 256) or ForbiddenKeyError with the path from `$`.
 */
export function encodeValue(value: unknown, rules: ValueRules = {}): Json | undefined {
  try {
    return encode(value, 0, rules);
  } catch (refusal) {
    throw refusal instanceof Refusal ? refusal.toError() : refusal;
  }
}

function encode(value: unknown, depth: number, rules: ValueRules, mayConvert = true): Json | undefined {
  switch (typeof value) {
    case 'string':
      checkText(value);
      return value;
    case 'number':
      checkNumber(value);
      return value === 0 ? 0 : value; // -0 has no JSON form that all readers keep
    case 'boolean':
    case 'undefined':
      return value;
    case 'object':
      return value === null ? null : encodeObject(value, depth + 1, rules, mayConvert);
    case 'bigint':
      throw Refusal.unserializable('bigint is not a JSON number; use a string');
    case 'function':
    case 'symbol':
      throw Refusal.unserializable(`${typeof value} is not data`);
  }
}

function encodeObject(value: object, depth: number, rules: ValueRules, mayConvert: boolean): Json | undefined {
  if (depth > maxDepth) throw Refusal.tooDeep();
  let isDate: boolean, isArray: boolean, prototype: object | null, toJSON: unknown;
  try {
    isDate = value instanceof Date;
    isArray = Array.isArray(value);
    prototype = Object.getPrototypeOf(value) as object | null;
    toJSON = mayConvert ? (value as { toJSON?: unknown }).toJSON : undefined;
  } catch (thrown) {
    throw unreadable(thrown);
  }
  if (isDate) return encodeDate(value as Date, rules.dates);
  if (typeof toJSON === 'function') return encodeConverted(value, toJSON as ToJSON, depth, rules);
  if (isArray && isArrayPrototype(prototype)) return encodeItems(value as readonly unknown[], depth, rules);
  if (!isArray && isObjectPrototype(prototype)) return encodeMembers(value, plainKeys(value), depth, rules);
  return encodeInstance(value, depth, rules);
}

type ToJSON = (this: object) => unknown;

/** As JSON.stringify does: `toJSON` is called once, and not again on its result. Bytes are refused: theirs is no bytes. */
function encodeConverted(value: object, toJSON: ToJSON, depth: number, rules: ValueRules): Json | undefined {
  if (ArrayBuffer.isView(value)) throw refusedInstance(value);
  let converted: unknown;
  try {
    converted = toJSON.call(value);
  } catch (thrown) {
    throw Refusal.unserializable(`toJSON threw: ${textOf(thrown)}`);
  }
  return encode(converted, depth - 1, rules, false);
}

function encodeInstance(value: object, depth: number, rules: ValueRules): Json {
  const type = classOf(value);
  if (type === undefined || rules.isDto?.(type) !== true) throw refusedInstance(value);
  return encodeMembers(value, Object.keys(value), depth, rules, type);
}

function encodeItems(items: readonly unknown[], depth: number, rules: ValueRules): Json {
  const copy: Json[] = [];
  let at = 0;
  try {
    for (; at < items.length; at++) {
      const item = encode(items[at], depth, rules);
      if (item === undefined) throw Refusal.unserializable('undefined (or a hole) in an array; use null');
      copy.push(item);
    }
  } catch (thrown) {
    throw Refusal.of(thrown).under(at, items);
  }
  return copy;
}

function encodeMembers(
  value: object,
  keys: readonly string[],
  depth: number,
  rules: ValueRules,
  dto?: Constructor,
): Json {
  checkKeys(keys);
  const copy: Record<string, Json> = {};
  let key = '';
  try {
    for (key of keys) {
      const member = (value as Readonly<Record<string, unknown>>)[key];
      const dates =
        dto !== undefined && rules.isDateField?.(dto, key) === true ? encodeDeclaredDates(member) : undefined;
      const json = dates ?? encode(member, depth, rules);
      if (json === undefined) continue;
      if (key === 'constructor') checkConstructor(json);
      copy[key] = json;
    }
  } catch (thrown) {
    throw Refusal.of(thrown).under(key, value);
  }
  if (rules.dates === 'tagged' && isTagged(copy)) throw reservedTag();
  return copy;
}

/** The own enumerable string keys of a plain object, which may have no symbol keys beside them. */
function plainKeys(value: object): readonly string[] {
  let symbol: symbol | undefined, keys: readonly string[];
  try {
    symbol = Object.getOwnPropertySymbols(value).find((key) => isEnumerable(value, key));
    keys = Object.keys(value);
  } catch (thrown) {
    throw unreadable(thrown);
  }
  if (symbol !== undefined) throw Refusal.unserializable(`a symbol as key: ${String(symbol)}`);
  return keys;
}

function isEnumerable(value: object, key: symbol): boolean {
  return Object.getOwnPropertyDescriptor(value, key)?.enumerable === true;
}

// Arrays and plain objects of other realms (node:vm, test runners) have prototypes of their own, alike but not the same.

function isArrayPrototype(prototype: object | null): boolean {
  return prototype === Array.prototype || Array.isArray(prototype);
}

function isObjectPrototype(prototype: object | null): boolean {
  if (prototype === Object.prototype || prototype === null) return true;
  return Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype, 'hasOwnProperty');
}

function classOf(value: object): Constructor | undefined {
  try {
    const { constructor } = value;
    return typeof constructor === 'function' ? (constructor as unknown as Constructor) : undefined;
  } catch (thrown) {
    throw unreadable(thrown);
  }
}

function refusedInstance(value: object): Refusal {
  const name = classOf(value)?.name;
  const what = typeof name === 'string' && name !== '' ? `an instance of ${name}` : 'an object of an unnamed class';
  return Refusal.unserializable(`${what}; convert it to plain data, or declare its class as a DTO`);
}

function unreadable(thrown: unknown): Refusal {
  return Refusal.unserializable(`it cannot be read: ${textOf(thrown)}`);
}

function reservedTag(): Refusal {
  return Refusal.unserializable('the key "$date" alone marks a stored date; rename it');
}
