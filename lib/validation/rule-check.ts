import type { ValidationError } from 'class-validator';
import { Validator } from 'class-validator/cjs/validation/Validator.js'; // without the rules that it knows: see class-rules.ts
import type { Constructor, InputType } from '../core/values.js';
import type { Violation } from '../errors.js';
import { isDtoType, planOf } from './dto-plan.js';
import { isArrayType } from './input-builder.js';
import { pathTo } from './path.js';

/** What class-validator finds in a built value, by path. */
export function brokenRules(value: unknown, type: InputType): Violation[] {
  const found: Violation[] = [];
  if (!isArrayType(type)) checkDto(value, type, '$', found);
  else if (Array.isArray(value)) value.forEach((item, index) => checkDto(item, type[0], pathTo('$', index), found));
  return found;
}

/** Unknown values need no refusal here: every object was built from a class by its plan. */
function checkDto(value: unknown, type: Constructor, path: string, found: Violation[]): void {
  if (isDtoType(type) && value instanceof type && planOf(type).hasRules)
    collect(new Validator().validateSync(value, { forbidUnknownValues: false }), path, found);
}

function collect(errors: readonly ValidationError[], parent: string, found: Violation[]): void {
  for (const { target, property, constraints, children } of errors) {
    const path = pathTo(parent, Array.isArray(target) ? Number(property) : property);
    if (constraints)
      found.push({ path, messages: Object.entries(constraints).map(([rule, text]) => `${rule}: ${text}`) });
    collect(children ?? [], path, found);
  }
}
