import type { InputType, Json } from '../core/values.js';
import { ForbiddenKeyError, InvalidInputError } from '../errors.js';
import { InputBuilder } from './input-builder.js';
import { pathTo } from './path.js';
import { brokenRules } from './rule-check.js';

/**
 * A value of the type, made of plain JSON and validated: a DTO object with its nested DTOs, a Date from its ISO text, a
 * primitive, an array of these, or for `Object` a copy. It shares nothing with the JSON, and no prototype is ever set by it.
 * `copy` makes the values where any is allowed; by default, plain copies.
 * Fields that are neither decorated nor initialized in the class are refused, not dropped.
 * Throws InvalidInputError for `target` with the path of every violation, and DefinitionError when the type cannot be an input.
 */
export function revive(
  json: Json | undefined,
  type: InputType,
  target: string,
  copy: (json: Json, path: string) => unknown = copyOf,
): unknown {
  return buildValid(json, type, target, (value, path) => (value === undefined ? undefined : copy(value as Json, path)));
}

/** Builds and validates; `untyped` makes the values where any is allowed. Throws InvalidInputError. */
export function buildValid(value: unknown, type: InputType, target: string, untyped: InputBuilder['untyped']): unknown {
  const builder = new InputBuilder(untyped);
  const built = builder.build(value, type, '$');
  const { violations } = builder;
  const rules = brokenRules(built, type);
  if (violations.length + rules.length === 0) return built;
  const known = new Set(violations.map(({ path }) => path));
  throw new InvalidInputError(target, [...violations, ...rules.filter(({ path }) => !known.has(path))]);
}

function copyOf(json: Json, path: string): unknown {
  if (typeof json !== 'object' || json === null) return json;
  if (Array.isArray(json)) return json.map((item: Json, index) => copyOf(item, pathTo(path, index)));
  const entries = Object.entries(json).map(([key, value]) => {
    if (key === '__proto__') throw new ForbiddenKeyError(path, key);
    return [key, copyOf(value, pathTo(path, key))];
  });
  return Object.fromEntries(entries);
}
