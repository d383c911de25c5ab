import type { Json } from './values.js';

/** Whether the JSON text of a value has about so many characters at least, as far as that is seen without making it. */
export function weighs(value: Json, least: number): boolean {
  return weigh(value, least) <= 0;
}

/** What is left of a weight when a value is taken from it; it is not gone through to its end when nothing is. */
function weigh(value: Json, left: number): number {
  if (typeof value === 'string') return left - value.length - 2;
  if (typeof value !== 'object' || value === null) return left - 1;
  let rest = left - 2;
  if (Array.isArray(value)) {
    for (let at = 0; at < value.length && rest > 0; at++) rest = weigh(value[at] as Json, rest - 1);
    return rest;
  }
  for (const key of Object.keys(value)) {
    if (rest <= 0) return rest;
    rest = weigh((value as Readonly<Record<string, Json>>)[key]!, rest - key.length - 4);
  }
  return rest;
}
