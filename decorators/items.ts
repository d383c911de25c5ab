import type { Constructor } from '../lib/core/values.js';
import { recordItems } from '../lib/validation/items.js';

/**
 * Says what the elements of an array field of a DTO are, which the compiler does not keep: a DTO class (with class-validator's
 * `@ValidateNested()` beside it), or Date.
 *
 * @example @Items(Line) @ValidateNested() lines!: Line[];
 */
export function Items(type: Constructor): (target: object, name: string) => void {
  return (target, name) => recordItems(target, name, type);
}
