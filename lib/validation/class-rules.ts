// Not the whole package, whose three hundred files are slow to load: a program that uses rules loads those itself, and all
// copies of class-validator share one storage.
import { getMetadataStorage } from 'class-validator/cjs/metadata/MetadataStorage.js';
import type { Constructor } from '../core/values.js';
import { DefinitionError } from '../errors.js';

/** One decorator of class-validator on a field. */
export interface Rule {
  readonly propertyName: string;
  /** Such as `nestedValidation`; most are `customValidation`. */
  readonly type: string;
  /** Such as `isInt`. */
  readonly name?: string | undefined;
  /** What the decorator was given. */
  readonly constraints?: readonly unknown[] | undefined;
  /** Whether it is about the elements of the field. */
  readonly each: boolean;
}

/** The rules of the class and its base classes. Throws DefinitionError for one that would need waiting. */
export function classRules(type: Constructor): readonly Rule[] {
  const storage = getMetadataStorage();
  const rules = storage.getTargetValidationMetadatas(type, '', false, false);
  for (const { propertyName, type: kind, constraintCls } of rules) {
    const isAsync = constraintCls && storage.getTargetValidatorConstraints(constraintCls).some(({ async }) => async);
    // class-validator would skip it without a word when asked for an answer at once.
    if (isAsync || kind === 'promiseValidation')
      throw new DefinitionError(
        `${type.name}.${propertyName} has an asynchronous validator, but inputs are checked at once. ` +
          `Make it synchronous, or check in an activity.`,
      );
  }
  return rules;
}

/** Whether class-validator goes on into the objects of the field. */
export function isNested(rules: readonly Rule[]): boolean {
  return rules.some((rule) => rule.type === 'nestedValidation');
}

/** Whether the field may be missing, as `@IsOptional()` or `@ValidateIf()` says. */
export function isConditional(rules: readonly Rule[]): boolean {
  return rules.some((rule) => rule.type === 'conditionalValidation');
}

/** Rules that only a Date can keep: they give the type where the declared one is lost (`Date | null`). */
const dateRules = new Set(['isDate', 'minDate', 'maxDate']);

/** The rule that says that the field, or each of its elements, is a Date. */
export function dateRule(rules: readonly Rule[]): Rule | undefined {
  return rules.find((rule) => dateRules.has(rule.name ?? ''));
}
