import type { Constructor } from '../lib/core/values.js';
import { recordItems } from '../lib/validation/items.js';

/**
 * Says what the elements of an array field of a DTO are, which the compiler does not keep: a DTO class (with
 * class-validator's `@ValidateNested()` beside it), or Date.
 *
 * @example
 * ```ts
 * import { IsInt, ValidateNested } from 'class-validator';
 * import { Items } from 'perdure/decorators';
 *
 * class Line {
 *   @IsInt() amount!: number;
 * }
 *
 * export class Order {
 *   @Items(Line) @ValidateNested() lines!: Line[];
 *   @Items(Date) deliveries!: Date[];
 * }
 * ```
 *
 * @throws {DefinitionError} when the type is no class, such as one that is not loaded yet
 */
export function Items(type: Constructor): (target: object, name: string) => void {
  return (target, name) => recordItems(target, name, type);
}
