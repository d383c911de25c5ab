import type { FailureField } from '../errors.js';

/** So many bytes of JSON: a failure is stored several times, with each level that it passes. */
const mostBytes = 4 * 1_024;
const deepest = 8;
const mostItems = 500;
const utf8 = new TextEncoder();

/** What a failure says of an error elsewhere, or not at all. */
const otherwise = new Set(['name', 'message', 'stack', 'cause', 'errors', 'failureDetails', 'isNonRetriable']);

/**
 * The own fields of an error that are plain data, as many as fit into 4 KiB of JSON, each whole or not at all. Undefined:
 * there are none, or they cannot be read.
 */
export function fieldsOf(error: Error): Readonly<Record<string, FailureField>> | undefined {
  try {
    return plainFields(error);
  } catch {
    return undefined; // a getter that throws
  }
}

function plainFields(error: Error): Readonly<Record<string, FailureField>> | undefined {
  const fields: Record<string, FailureField> = {};
  let room = mostBytes;
  for (const [name, value] of Object.entries(error) as [string, unknown][]) {
    if (otherwise.has(name) || (name === 'code' && typeof value === 'string')) continue;
    const field = plain({ [name]: value }, deepest, { items: mostItems });
    if (field === undefined) continue;
    const { length } = utf8.encode(JSON.stringify(field));
    if (length > room) continue;
    room -= length;
    Object.assign(fields, field);
  }
  return Object.keys(fields).length === 0 ? undefined : fields;
}

/** A copy that is JSON; undefined: it is no plain data, or too much of it. */
function plain(value: unknown, depth: number, left: { items: number }): FailureField | undefined {
  if (left.items-- === 0 || depth === 0) return undefined;
  if (value === null || typeof value === 'boolean') return value;
  if (typeof value === 'string') return value.toWellFormed();
  if (typeof value === 'number') return Number.isFinite(value) ? value + 0 : undefined; // -0 is no JSON
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? undefined : value.toISOString();
  if (Array.isArray(value)) return plainList(value, depth, left);
  return typeof value === 'object' && isPlain(value) ? plainObject(value, depth, left) : undefined;
}

function plainList(list: readonly unknown[], depth: number, left: { items: number }): FailureField | undefined {
  const items: FailureField[] = [];
  for (const item of list) {
    const copy = plain(item, depth - 1, left);
    if (copy === undefined) return undefined;
    items.push(copy);
  }
  return items;
}

function plainObject(value: object, depth: number, left: { items: number }): FailureField | undefined {
  const members: Record<string, FailureField> = {};
  for (const [name, member] of Object.entries(value) as [string, unknown][]) {
    if (member === undefined) continue;
    const copy = plain(member, depth - 1, left);
    if (copy === undefined || name === '__proto__') return undefined;
    members[name.toWellFormed()] = copy;
  }
  return members;
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype;
}
