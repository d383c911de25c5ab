import type { Json } from '../core/values.js';
import { maxDepth, Refusal } from './refusal.js';
import { isWellFormed } from './text.js';

/** Parsed JSON as it can be changed by whoever owns the copy. */
export type MutableJson = null | boolean | number | string | MutableJson[] | { [key: string]: MutableJson };

/**
 * Checks data that `JSON.parse` made of text from outside, and returns it. Refuses what could change a prototype when it
 * is copied (`__proto__`, or `constructor` that holds `prototype`), nesting deeper than 256, malformed Unicode and numbers
 * that overflowed. Of duplicate keys the last has won, and integers beyond 2^53 are rounded: `JSON.parse` does both.
 * Throws ForbiddenKeyError, TooDeepError or UnserializableError with the path from `$`.
 */
export function checkJson(parsed: unknown): Json {
  try {
    check(parsed, 0);
  } catch (refusal) {
    if (refusal instanceof Refusal) throw refusal.toError();
    throw refusal;
  }
  return parsed as Json;
}

function check(value: unknown, depth: number): void {
  if (typeof value === 'string') checkText(value);
  else if (typeof value === 'number') checkNumber(value);
  else if (typeof value === 'object' && value !== null) {
    if (depth >= maxDepth) throw Refusal.tooDeep();
    if (Array.isArray(value)) checkItems(value, depth + 1);
    else checkMembers(value as Readonly<Record<string, unknown>>, depth + 1);
  }
}

function checkItems(items: readonly unknown[], depth: number): void {
  let at = 0;
  try {
    for (; at < items.length; at++) check(items[at], depth);
  } catch (refusal) {
    throw Refusal.of(refusal).under(at, items);
  }
}

function checkMembers(members: Readonly<Record<string, unknown>>, depth: number): void {
  const keys = Object.keys(members);
  checkKeys(keys);
  let key = '';
  try {
    for (key of keys) {
      check(members[key], depth);
      if (key === 'constructor') checkConstructor(members[key]);
    }
  } catch (refusal) {
    throw Refusal.of(refusal).under(key, members);
  }
}

/** Refuses the keys of an object that cannot be stored; the refusal is at the object. */
export function checkKeys(keys: readonly string[]): void {
  for (const key of keys) {
    if (key === '__proto__') throw Refusal.forbiddenKey(key);
    if (!isWellFormed(key)) throw Refusal.unserializable('malformed Unicode in a key: a surrogate without its partner');
  }
}

/** Refuses a `constructor` that holds `prototype`: the other way to reach a prototype by a naive merge. */
export function checkConstructor(value: unknown): void {
  if (typeof value === 'object' && value !== null && Object.hasOwn(value, 'prototype'))
    throw Refusal.forbiddenKey('prototype');
}

/** Refuses text that would change on its way through UTF-8. */
export function checkText(text: string): void {
  if (!isWellFormed(text)) throw Refusal.unserializable('malformed Unicode: a surrogate without its partner');
}

/** Refuses the numbers that JSON does not have. */
export function checkNumber(number: number): void {
  if (!Number.isFinite(number)) throw Refusal.unserializable(`${number} is not a JSON number; use null or a string`);
}

/** A fresh copy that user code may change; it shares nothing with the stored value (C9). */
export function copyJson(json: Json): MutableJson {
  if (typeof json !== 'object' || json === null) return json;
  if (isArray(json)) return json.map(copyJson);
  const copy: { [key: string]: MutableJson } = {};
  // No key is `__proto__`: every value was encoded by this codec or passed checkJson.
  for (const key of Object.keys(json)) copy[key] = copyJson(json[key] as Json);
  return copy;
}

/** `Array.isArray` for readonly arrays. */
export function isArray(json: Json): json is readonly Json[] {
  return Array.isArray(json);
}
