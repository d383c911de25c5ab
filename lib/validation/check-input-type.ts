import type { Constructor, InputType } from '../core/values.js';
import { DefinitionError } from '../errors.js';
import { isDtoType, planOf } from './dto-plan.js';
import { isArrayType } from './input-builder.js';

/** Throws DefinitionError when the type, or one nested in it, cannot be an input: at start-up, not at the first message. */
export function checkInputType(type: InputType, target: string): void {
  try {
    checkNested(type, new Set());
  } catch (cause) {
    if (!(cause instanceof DefinitionError)) throw cause;
    throw new DefinitionError(`The input of ${target}: ${cause.message}`, { cause });
  }
}

function checkNested(type: InputType, seen: Set<Constructor>): void {
  const element = isArrayType(type) ? type[0] : type;
  if (!isDtoType(element) || seen.has(element)) return;
  seen.add(element);
  for (const field of planOf(element).fields.values()) checkNested(field, seen);
}
