import type { Json } from '../core/values.js';
import { isArray } from './json.js';
import { Refusal } from './refusal.js';

/** The key by which a tagged date is known: `{ "$date": "<ISO text>" }`. */
const tag = '$date';

/** A date outside DTO fields: tagged where the codec was told so, else refused. */
export function encodeDate(date: Date, mode: 'tagged' | undefined): Json {
  if (mode === undefined) throw Refusal.unserializable('a Date; use an ISO string or declare the DTO field as Date');
  return { [tag]: isoText(date) };
}

/** A date, or an array of dates, of a DTO field declared so; undefined when the value is neither. */
export function encodeDeclaredDates(value: unknown): Json | undefined {
  if (value instanceof Date) return isoText(value);
  if (Array.isArray(value) && value.every((item) => item instanceof Date)) return value.map(isoText);
  return undefined;
}

function isoText(date: Date): string {
  if (Number.isNaN(date.getTime())) throw Refusal.unserializable('an invalid Date');
  return date.toISOString();
}

/** Whether an object has the form of a tagged date. */
export function isTagged(members: { readonly [key: string]: Json }): members is { readonly [tag]: string } {
  return typeof members[tag] === 'string' && Object.keys(members).length === 1;
}

/** A fresh copy of a stored value with its tagged dates as Date. */
export function copyWithDates(json: Json): unknown {
  if (typeof json !== 'object' || json === null) return json;
  if (isArray(json)) return json.map(copyWithDates);
  if (isTagged(json)) return new Date(json[tag]);
  const copy: Record<string, unknown> = {};
  for (const key of Object.keys(json)) copy[key] = copyWithDates(json[key] as Json);
  return copy;
}
