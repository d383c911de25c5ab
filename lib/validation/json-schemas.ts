import type { Constructor, InputType } from '../core/values.js';
import { classRules, isConditional, isNested, type Rule } from './class-rules.js';
import { isDtoType, newDto, planOf, primitives } from './dto-plan.js';
import { declaredType } from './field-type.js';
import { isArrayType } from './input-builder.js';

/** As much of JSON Schema as describes inputs. */
export interface JsonSchema {
  readonly [keyword: string]: unknown;
  readonly $ref?: string;
}

/** What a rule of class-validator is in JSON Schema, given its constraints; rules that are not here are not described. */
const keywords: Readonly<Record<string, (...constraints: readonly unknown[]) => JsonSchema>> = {
  isString: () => ({ type: 'string' }),
  isNumber: () => ({ type: 'number' }),
  isInt: () => ({ type: 'integer' }),
  isBoolean: () => ({ type: 'boolean' }),
  isArray: () => ({ type: 'array' }),
  isObject: () => ({ type: 'object' }),
  isDate: () => ({ type: 'string', format: 'date-time' }),
  isDateString: () => ({ type: 'string', format: 'date-time' }),
  isIso8601: () => ({ type: 'string', format: 'date-time' }),
  isEmail: () => ({ type: 'string', format: 'email' }),
  isUuid: () => ({ type: 'string', format: 'uuid' }),
  isUrl: () => ({ type: 'string', format: 'uri' }),
  isPositive: () => ({ exclusiveMinimum: 0 }),
  isNegative: () => ({ exclusiveMaximum: 0 }),
  isNotEmpty: () => ({}),
  min: (minimum) => ({ minimum }),
  max: (maximum) => ({ maximum }),
  isDivisibleBy: (multipleOf) => ({ multipleOf }),
  minLength: (minLength) => ({ minLength }),
  maxLength: (maxLength) => ({ maxLength }),
  isLength: (minLength, maxLength) => ({ minLength, ...(maxLength !== undefined && { maxLength }) }),
  matches: (pattern) => ({ pattern: pattern instanceof RegExp ? pattern.source : pattern }),
  isIn: (values) => ({ enum: values }),
  isEnum: (_, values) => ({ enum: values }),
  equals: (value) => ({ const: value }),
  arrayMinSize: (minItems) => ({ minItems }),
  arrayMaxSize: (maxItems) => ({ maxItems }),
  arrayNotEmpty: () => ({ minItems: 1 }),
  arrayUnique: () => ({ uniqueItems: true }),
};

/** Describes types of inputs; classes are described once each, by name, and referred to. */
export class JsonSchemas {
  readonly #prefix: string;
  readonly #names = new Map<Constructor, string>();
  /** The classes that were met, by name, beside what has names of its own there. */
  readonly definitions: Record<string, JsonSchema>;

  /**
   * @param prefix what stands before the name of a class in a `$ref`.
   * @param others what else is described there: a class of the same name is given another one.
   */
  constructor(prefix: string, others: Readonly<Record<string, JsonSchema>> = {}) {
    this.#prefix = prefix;
    this.definitions = { ...others };
  }

  /** Throws DefinitionError for a class that cannot be an input. */
  of(type: InputType): JsonSchema {
    if (isArrayType(type)) return { type: 'array', items: this.of(type[0]) };
    if (type === Date) return { type: 'string', format: 'date-time' };
    if (!isDtoType(type)) return primitiveOf(type);
    return { $ref: `${this.#prefix}${this.#names.get(type) ?? this.#define(type)}` };
  }

  /** Its name is known before its fields are looked at, one of which may be of the same class. */
  #define(type: Constructor): string {
    const base = type.name || 'Input';
    let name = base;
    for (let again = 2; Object.hasOwn(this.definitions, name); again++) name = `${base}${again}`;
    this.#names.set(type, name);
    this.definitions[name] = {};
    const rules = classRules(type);
    const initial = newDto(type) as Readonly<Record<string, unknown>>;
    const properties: Record<string, JsonSchema> = {};
    const required: string[] = [];
    for (const [field, fieldType] of planOf(type).fields) {
      const own = rules.filter(({ propertyName }) => propertyName === field);
      properties[field] = this.#field(type, field, fieldType, own);
      if (own.length > 0 && !isConditional(own) && initial[field] === undefined) required.push(field);
    }
    this.definitions[name] = { type: 'object', properties, ...(required.length > 0 && { required }) };
    return name;
  }

  #field(type: Constructor, field: string, fieldType: InputType, rules: readonly Rule[]): JsonSchema {
    const declared = declaredType(type, field);
    const base = fieldType === Object ? primitiveOf(declared) : this.of(fieldType);
    const ofItems = described(rules.filter(({ each }) => each));
    const ofField = described(rules.filter((rule) => !rule.each && !isNested([rule])));
    const isList = isArrayType(fieldType) || rules.some(({ each }) => each);
    const items = isList && { type: 'array', items: { ...(base['items'] as JsonSchema | undefined), ...ofItems } };
    return { ...base, ...items, ...ofField };
  }
}

function described(rules: readonly Rule[]): JsonSchema {
  const parts = rules.map(({ name = '', constraints = [] }) => keywords[name]?.(...constraints) ?? {});
  return Object.assign({}, ...parts) as JsonSchema;
}

function primitiveOf(type: unknown): JsonSchema {
  const name = primitives.get(type as Constructor);
  return name === undefined ? {} : { type: name };
}
