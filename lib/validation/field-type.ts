import 'reflect-metadata';
import type { Constructor, InputType } from '../core/values.js';
import { DefinitionError } from '../errors.js';
import { classRules, dateRule, isNested, type Rule } from './class-rules.js';
import { itemsOf } from './items.js';

/**
 * The type of a DTO's field, from `@Items`, class-validator's rules and the declared type; `Object` for any value. Values
 * of primitive fields are left to the rules. Throws DefinitionError when a nested class is hidden or would go unchecked.
 */
export function fieldType(type: Constructor, name: string, allRules: readonly Rule[]): InputType {
  const rules = allRules.filter((rule) => rule.propertyName === name);
  const date = dateType(type, name, rules);
  if (date) return date;
  const where = `${type.name}.${name}`;
  const items = itemsOf(type.prototype as object, name);
  if (items) return [checkNested(items, rules, where)];
  const declared = declaredType(type, name);
  if (isClass(declared)) return checkNested(declared, rules, where);
  if (isNested(rules)) throw hiddenType(declared, where);
  return declared === Array ? [Object] : Object;
}

const dateFields = new WeakMap<Constructor, Map<string, boolean>>();

/** Whether a class declares the field as Date or as an array of dates. Any class may be asked, also one never an input. */
export function isDateField(type: Constructor, name: string): boolean {
  const known = dateFields.get(type) ?? new Map<string, boolean>();
  dateFields.set(type, known);
  let isDate = known.get(name);
  if (isDate === undefined) {
    const rules = classRules(type).filter((rule) => rule.propertyName === name);
    known.set(name, (isDate = dateType(type, name, rules) !== undefined));
  }
  return isDate;
}

function dateType(type: Constructor, name: string, rules: readonly Rule[]): InputType | undefined {
  if (itemsOf(type.prototype as object, name) === Date) return [Date];
  const rule = dateRule(rules);
  if (rule) return rule.each ? [Date] : Date;
  return declaredType(type, name) === Date ? Date : undefined;
}

/** The type of a field as the compiler emitted it. */
export function declaredType(type: Constructor, name: string): unknown {
  return Reflect.getMetadata('design:type', type.prototype as object, name);
}

const plainTypes = new Set<unknown>([Object, Function, Array, String, Number, Boolean]);

function isClass(declared: unknown): declared is Constructor {
  return typeof declared === 'function' && !plainTypes.has(declared);
}

/** A class whose rules class-validator will reach: without `@ValidateNested()` it would skip them without a word. */
function checkNested(type: Constructor, rules: readonly Rule[], where: string): Constructor {
  if (classRules(type).length > 0 && !isNested(rules))
    throw new DefinitionError(`${where}: the rules of ${type.name} would not be checked. Add @ValidateNested().`);
  return type;
}

function hiddenType(declared: unknown, where: string): DefinitionError {
  if (declared === Array)
    return new DefinitionError(
      `${where}: the class of the array's elements is not known at run time. ` +
        `Add @Items(Line) from 'perdure/decorators', with your class in place of Line.`,
    );
  if (declared === undefined)
    return new DefinitionError(
      `${where}: the nested class is not known at run time. Either the runner strips decorator metadata, as tsx and all ` +
        `others based on esbuild do (use tsc, @swc-node/register or vitest), or this file was loaded before ` +
        `'reflect-metadata': import 'perdure/decorators' first in the file of the class.`,
    );
  return new DefinitionError(
    `${where}: the nested class is not known at run time. 'import type', an interface, and a union with null hide it: ` +
      `import the class as a value and write "line?: Line" with @IsOptional() instead of "line: Line | null".`,
  );
}
