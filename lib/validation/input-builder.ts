import type { Constructor, InputType } from '../core/values.js';
import type { Violation } from '../errors.js';
import { newDto, planOf, primitives } from './dto-plan.js';
import { parseIsoDate } from './iso-date.js';
import { pathTo } from './path.js';

const missing = 'is missing; a handler that can do without it says so with the option optional: true';

/**
 * Builds the value of a type from plain data, noting what does not fit instead of stopping at it. What does not fit is
 * left out, so no foreign object ever stands where a rule or user code expects one of its class.
 */
export class InputBuilder {
  readonly violations: Violation[] = [];

  /** @param untyped makes the value where any is allowed. */
  constructor(readonly untyped: (value: unknown, path: string) => unknown) {}

  build(value: unknown, type: InputType, path: string): unknown {
    if (type === Object) return this.untyped(value, path);
    if (value === undefined) return this.#refuse(path, 'isDefined', path === '$' ? missing : 'is missing');
    if (isArrayType(type)) return this.#array(value, type[0], path);
    if (type === Date)
      return parseIsoDate(value) ?? this.#refuse(path, 'isDate', 'must be a time as ISO 8601 text with zone');
    const primitive = primitives.get(type);
    if (primitive === undefined) return this.#dto(value, type, path);
    return typeof value === primitive ? value : this.#refuse(path, `is${type.name}`, `must be a ${primitive}`);
  }

  #array(value: unknown, type: Constructor, path: string): unknown {
    if (!Array.isArray(value)) return this.#refuse(path, 'isArray', 'must be an array');
    return value.map((item, index) => this.build(item, type, pathTo(path, index)));
  }

  #dto(value: unknown, type: Constructor, path: string): unknown {
    if (!isPlainObject(value))
      return this.#refuse(path, 'isObject', `must be an object with the fields of ${type.name}`);
    const { fields, required } = planOf(type);
    const dto = newDto(type);
    for (const [name, given] of Object.entries(value)) {
      if (given === undefined) continue;
      const field = fields.get(name);
      if (field) define(dto, name, this.#field(given, field, pathTo(path, name)));
      else
        this.#refuse(
          pathTo(path, name),
          'unknownField',
          `is not a field of ${type.name}; one without a rule needs @Allow()`,
        );
    }
    for (const name of required)
      if (!Object.hasOwn(dto, name) || (dto as Record<string, unknown>)[name] === undefined)
        this.#missing(path, name, value);
    return dto;
  }

  /** Unless it was given and did not fit: then that is said already. */
  #missing(path: string, name: string, given: object): void {
    if ((given as Record<string, unknown>)[name] === undefined)
      this.#refuse(pathTo(path, name), 'isDefined', 'is missing; a field that may be has @IsOptional()');
  }

  /** Whether null will do is for the rules to say. */
  #field(value: unknown, type: InputType, path: string): unknown {
    return value === null ? null : this.build(value, type, path);
  }

  #refuse(path: string, rule: string, text: string): undefined {
    this.violations.push({ path, messages: [`${rule}: ${text}`] });
  }
}

/** Whether the type is `[Class]`. */
export function isArrayType(type: InputType): type is readonly [Constructor] {
  return Array.isArray(type);
}

/** Whether the value is an object of no class. */
export function isPlainObject(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** Sets an own property and nothing else: assignment would run a setter, `__proto__`'s among them. */
function define(target: object, name: string, value: unknown): void {
  Object.defineProperty(target, name, { value, writable: true, enumerable: true, configurable: true });
}
