import type { Constructor, InputType } from '../core/values.js';
import { DefinitionError } from '../errors.js';
import { classRules, isConditional, isNested, type Rule } from './class-rules.js';
import { fieldType } from './field-type.js';

/** How objects of a DTO class are built from plain data. */
export interface DtoPlan {
  /** Every field that may be set, with its type; `Object` stands for any value. */
  readonly fields: ReadonlyMap<string, InputType>;
  /** Nested fields that must be there: class-validator takes a missing one for valid. */
  readonly required: readonly string[];
  /** Whether the class has rules for class-validator to check. */
  readonly hasRules: boolean;
}

/** The classes that stand for primitive values, with what `typeof` says of those. */
export const primitives: ReadonlyMap<Constructor, string> = new Map<Constructor, string>([
  [String, 'string'],
  [Number, 'number'],
  [Boolean, 'boolean'],
]);

/** Whether values of the type are objects of a user's class. */
export function isDtoType(type: Constructor): boolean {
  return type !== Object && type !== Date && !primitives.has(type);
}

const plans = new WeakMap<Constructor, DtoPlan>();

/**
 * The plan of a DTO class, made once. Its fields are those with a decorator, and those that a new object has.
 * Throws DefinitionError when the class cannot be built or a field's type is not known.
 */
export function planOf(type: Constructor): DtoPlan {
  const known = plans.get(type);
  if (known) return known;
  if (isBuiltIn(type))
    throw new DefinitionError(
      `${type.name} cannot be an input: it cannot be stored as JSON. Use a class of plain fields.`,
    );
  const rules = classRules(type);
  const fields = new Map(fieldNames(type, rules).map((name) => [name, fieldType(type, name, rules)]));
  if (fields.size === 0)
    throw new DefinitionError(
      `${type.name} cannot be an input: it has no fields at run time. Give its fields class-validator's decorators.`,
    );
  const plan = { fields, required: requiredFields(rules), hasRules: rules.length > 0 };
  plans.set(type, plan);
  return plan;
}

/** Whether the class is a DTO: it has rules of class-validator, or has been used as the type of an input. */
export function isDto(type: Constructor): boolean {
  return plans.has(type) || classRules(type).length > 0;
}

function requiredFields(rules: readonly Rule[]): readonly string[] {
  const nested = new Set(rules.filter((rule) => isNested([rule])).map(({ propertyName }) => propertyName));
  return [...nested].filter((name) => !isConditional(rules.filter(({ propertyName }) => propertyName === name)));
}

function fieldNames(type: Constructor, rules: readonly Rule[]): string[] {
  const names = new Set([...Object.keys(newDto(type)), ...rules.map((rule) => rule.propertyName)]);
  // Getters, setters and methods are not fields: data from outside must not stand in for code.
  return [...names].filter((name) => !(name in (type.prototype as object)));
}

/** A new object of the class, its fields as initialized. Throws DefinitionError when its constructor needs arguments. */
export function newDto(type: Constructor): object {
  try {
    return new type();
  } catch (cause) {
    throw new DefinitionError(
      `${type.name} cannot be an input: its constructor fails without arguments. Give it a constructor without, or none.`,
      { cause },
    );
  }
}

/** Map, Set, Promise, Uint8Array ...: their source text is not JavaScript. */
function isBuiltIn(type: Constructor): boolean {
  return /\{\s*\[native code\]\s*\}$/.test(Function.prototype.toString.call(type));
}
