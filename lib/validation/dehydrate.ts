import type { Constructor, InputType } from '../core/values.js';
import { TooDeepError, UnserializableError } from '../errors.js';
import { isDtoType, planOf } from './dto-plan.js';
import { isArrayType, isPlainObject } from './input-builder.js';
import { pathTo } from './path.js';

const maxDepth = 256;

/**
 * A value for a parameter of the type, made plain so that the value codec takes it: objects of DTO classes become plain
 * objects, and a Date where one is declared becomes its ISO text. Anything else stays as it is, also when it does not fit.
 * Throws UnserializableError for an invalid Date, a cycle or a field that cannot be read, and TooDeepError.
 */
export function dehydrate(value: unknown, type: InputType, path = '$'): unknown {
  return plain(value, type, path, []);
}

function plain(value: unknown, type: InputType, path: string, ancestors: readonly object[]): unknown {
  if (typeof value !== 'object' || value === null) return value;
  reading(path, () => Object.getPrototypeOf(value) as unknown);
  if (ancestors.includes(value)) throw new UnserializableError(path, 'it contains itself');
  if (ancestors.length >= maxDepth) throw new TooDeepError(path, ancestors.length + 1, maxDepth);
  const within = [...ancestors, value];
  if (isArrayType(type)) {
    if (!Array.isArray(value)) return value;
    return value.map((item, index) => plain(item, type[0], pathTo(path, index), within));
  }
  if (type === Date) return value instanceof Date ? isoText(value, path) : value;
  return isDtoType(type) && isObjectOf(value, type) ? plainFields(value, type, path, within) : value;
}

function plainFields(dto: object, type: Constructor, path: string, within: readonly object[]): object {
  const { fields } = planOf(type);
  const entries = reading(path, () => Object.entries(dto)).filter(([, value]) => value !== undefined);
  return Object.fromEntries(
    entries.map(([name, value]) => {
      const field = fields.get(name);
      return [name, field ? plain(value, field, pathTo(path, name), within) : value];
    }),
  );
}

/** An object of another class is left for the validation to refuse: its own keys may not be all it is. */
function isObjectOf(value: object, type: Constructor): boolean {
  return value instanceof type || isPlainObject(value);
}

function isoText(date: Date, path: string): string {
  if (Number.isNaN(date.getTime())) throw new UnserializableError(path, 'it is an invalid Date');
  return date.toISOString();
}

/** A revoked proxy throws at every touch, a getter at its own. */
function reading<T>(path: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new UnserializableError(path, `reading it threw ${String(error)}`);
  }
}
