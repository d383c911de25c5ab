import { jsonEqual } from './json-equal.js';
import type { Json } from './values.js';

/** Where two values differ first, as `.items[3].price`; empty: as a whole. Undefined: they are the same. */
export function jsonDifference(a: Json | undefined, b: Json | undefined): string | undefined {
  if (jsonEqual(a, b)) return undefined;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return '';
  if (Array.isArray(a) !== Array.isArray(b)) return '';
  const [left, right] = [a as Members, b as Members];
  const key = [...Object.keys(left), ...Object.keys(right)].find((name) => !jsonEqual(left[name], right[name]));
  if (key === undefined) return '';
  const step = Array.isArray(a) ? `[${key}]` : `.${key}`;
  return `${step}${jsonDifference(left[key], right[key]) ?? ''}`;
}

/** Arrays, too: by index. */
type Members = Readonly<Record<string, Json | undefined>>;
