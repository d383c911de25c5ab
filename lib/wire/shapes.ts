import { PerdureError } from '../errors.js';
import { isWellFormed, typeName } from './text.js';

/** Reads one part of parsed JSON: the typed value, or throws a ShapeError that says where and what is wrong. */
export type Shape<T> = (value: unknown) => T;

/** Parsed JSON has not the shape it should have. Each codec turns it into its own outcome; users never meet it. */
export class ShapeError extends Error {
  constructor(
    readonly reason: string,
    readonly path = '',
    options?: ErrorOptions,
  ) {
    super(path === '' ? reason : `${path}: ${reason}`, options);
  }
}

/** A field that may be missing. */
export interface OptionalShape<T> {
  readonly optional: Shape<T>;
}

/** A shape for each field of T: an optional one where the field may be missing. */
export type FieldShapes<T> = {
  readonly [K in keyof T]-?: object extends Pick<T, K> ? OptionalShape<Exclude<T[K], undefined>> : Shape<T[K]>;
};

export function optional<T>(shape: Shape<T>): OptionalShape<T> {
  return { optional: shape };
}

/**
 * An object of these fields. Unknown fields are ignored, and so not carried on. What has no others, and whose fields were
 * read as they are, is handed on itself and not copied: nobody else has what was parsed.
 */
export function object<T extends object>(fields: FieldShapes<T>): Shape<T> {
  const shapes = new Map<string, { readonly read: Shape<unknown>; readonly isRequired: boolean }>();
  for (const [name, shape] of Object.entries(fields as Record<string, Shape<unknown> | OptionalShape<unknown>>)) {
    const isRequired = typeof shape === 'function';
    shapes.set(name, { read: isRequired ? shape : shape.optional, isRequired });
  }
  const required = [...shapes].flatMap(([name, { isRequired }]) => (isRequired ? [name] : []));
  return (value) => {
    const source = members(value);
    const names = Object.keys(source);
    let copy: Record<string, unknown> | undefined;
    let wanting = required.length;
    let at = 0;
    try {
      for (; at < names.length; at++) {
        const name = names[at]!;
        const shape = shapes.get(name);
        const found = source[name];
        const made = shape?.read(found);
        if (shape?.isRequired) wanting--;
        if (!shape || made !== found) copy ??= first(source, names, at);
        if (copy && shape) copy[name] = made;
      }
    } catch (error) {
      throw located(error, `.${names[at]}`);
    }
    if (wanting > 0) throw new ShapeError('is missing', `.${required.find((name) => !Object.hasOwn(source, name))}`);
    return (copy ?? source) as T;
  };
}

/** A copy of the first so many fields. */
function first(
  source: Readonly<Record<string, unknown>>,
  names: readonly string[],
  count: number,
): Record<string, unknown> {
  const copy: Record<string, unknown> = {};
  for (const name of names.slice(0, count)) copy[name] = source[name];
  return copy;
}

/** An object whose field `tag` says which of several sets of fields it has; any other is refused. */
export function variant<T extends Readonly<Record<Tag, string>>, Tag extends string>(
  tag: Tag,
  fields: { readonly [K in T[Tag]]: FieldShapes<Omit<Extract<T, Readonly<Record<Tag, K>>>, Tag>> },
): Shape<T> {
  const shapes = new Map<unknown, Shape<object>>();
  for (const name of Object.keys(fields) as T[Tag][])
    shapes.set(name, object<object>({ [tag]: string, ...fields[name] }));
  return (value) => {
    const source = members(value);
    const shape = Object.hasOwn(source, tag) ? shapes.get(source[tag]) : undefined;
    if (shape === undefined) throw new ShapeError('is missing or unknown', `.${tag}`);
    return shape(value) as T;
  };
}

/** Null, or something of this shape. */
export function nullable<T>(shape: Shape<T>): Shape<T | null> {
  return (value) => (value === null ? null : shape(value));
}

/** An array; it is handed on itself if all its items were read as they are. */
export function list<T>(shape: Shape<T>): Shape<readonly T[]> {
  return (value) => {
    const found = items(value);
    let copy: T[] | undefined;
    let at = 0;
    try {
      for (; at < found.length; at++) {
        const made = shape(found[at]);
        if (made !== found[at]) copy ??= found.slice(0, at) as T[];
        copy?.push(made);
      }
    } catch (error) {
      throw located(error, `[${at}]`);
    }
    return copy ?? (found as readonly T[]);
  };
}

/** A pair, each of the two with its own shape. */
export function tuple<A, B>(head: Shape<A>, tail: Shape<B>): Shape<readonly [A, B]> {
  return (value) => {
    const found = items(value);
    if (found.length !== 2) throw new ShapeError(`must have 2 items, has ${found.length}`);
    let at = 0;
    try {
      const one = head(found[0]);
      at = 1;
      const two = tail(found[1]);
      return one === found[0] && two === found[1] ? (found as readonly [A, B]) : [one, two];
    } catch (error) {
      throw located(error, `[${at}]`);
    }
  };
}

/** An object with keys of one shape and values of another. */
export function dictionary<T>(key: Shape<string>, shape: Shape<T>): Shape<Readonly<Record<string, T>>> {
  return (value) => {
    const result: Record<string, T> = {};
    const entries = Object.entries(members(value));
    let at = '';
    try {
      for (const [name, member] of entries) {
        at = name;
        if (name === '__proto__') throw new ShapeError('forbidden key');
        result[key(name)] = shape(member);
      }
    } catch (error) {
      throw located(error, `.${at}`);
    }
    return result;
  };
}

export function oneOf<const T extends readonly (string | number)[]>(...allowed: T): Shape<T[number]> {
  return (value) => {
    if (!allowed.includes(value as T[number])) throw new ShapeError(`must be one of ${allowed.join(', ')}`);
    return value as T[number];
  };
}

export function string(value: unknown): string {
  if (typeof value !== 'string') throw wrongType('a string', value);
  if (!isWellFormed(value)) throw new ShapeError('malformed Unicode');
  return value;
}

/** A text for people to read: it is made well-formed rather than refused, for nothing depends on it. */
export function prose(value: unknown): string {
  if (typeof value !== 'string') throw wrongType('a string', value);
  return value.toWellFormed();
}

export function boolean(value: unknown): boolean {
  if (typeof value !== 'boolean') throw wrongType('true or false', value);
  return value;
}

/** A whole number from 0 to 2^53 - 1. */
export function count(value: unknown): number {
  if (!Number.isSafeInteger(value) || (value as number) < 0)
    throw wrongType('a whole number from 0 to 2^53 - 1', value);
  return value as number;
}

/** Any number: JSON has no others than finite ones, but overflow gives Infinity. */
export function finite(value: unknown): number {
  if (!Number.isFinite(value)) throw wrongType('a finite number', value);
  return value as number;
}

/** A shape that applies one of the typed checks of this package, whose errors become the reason. */
export function checked<T>(check: (value: unknown) => T): Shape<T> {
  return (value) => {
    try {
      return check(value);
    } catch (error) {
      throw error instanceof PerdureError ? new ShapeError(error.message) : error;
    }
  };
}

/** An error with where it was found: made only when there is one, for nearly everything that is read is right. */
function located(error: unknown, step: string): unknown {
  return error instanceof ShapeError ? new ShapeError(error.reason, step + error.path) : error;
}

function members(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrongType('an object', value);
  return value as Readonly<Record<string, unknown>>;
}

function items(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw wrongType('an array', value);
  return value;
}

function wrongType(wanted: string, value: unknown): ShapeError {
  return new ShapeError(`must be ${wanted}, is ${typeName(value)}`);
}
