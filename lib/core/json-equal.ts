import type { Json } from './values.js';

/** Whether two values are the same, whatever the order of their keys. */
export function jsonEqual(a: Json | undefined, b: Json | undefined): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (isArray(a) || isArray(b))
    return isArray(a) && isArray(b) && a.length === b.length && a.every((item, at) => jsonEqual(item, b[at]));
  const keys = Object.keys(a);
  return (
    keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && jsonEqual(a[key], b[key]))
  );
}

// Array.isArray does not narrow readonly arrays.
export function isArray(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}
