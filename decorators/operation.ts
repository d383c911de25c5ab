import type { OperationOptions } from '../lib/definitions/definition.js';
import { checkParentheses } from '../lib/definitions/options-rule.js';
import { recordOperation } from '../lib/definitions/recording.js';

/**
 * Makes a method an operation of its entity, called or signaled by the method's exact name: `deposit(input, ctx:
 * EntityContext)`, both optional. What it throws discards its changes of the state and its outgoing messages.
 * An input sent to a method that takes none is ignored.
 *
 * @example
 * ```ts
 * import { Entity, Operation } from 'perdure/decorators';
 *
 * @Entity('sum')
 * export class Sum {
 *   state = 0;
 *   @Operation({ input: [Number] }) addAll(amounts: number[]): void {
 *     for (const amount of amounts) this.state += amount;
 *   }
 *   @Operation({ readonly: true }) value(): number {
 *     return this.state;
 *   }
 * }
 * ```
 *
 * @throws {DefinitionError} on static, private (`_`) and reserved names, fields, accessors, generators and options that
 * cannot work
 * @throws {InvalidNameError} unless the name is a letter or `$` followed by at most 127 letters, digits, `_`, `$` or
 * `-`
 */
export function Operation(
  options: OperationOptions = {},
): (target: object, name: string, descriptor: PropertyDescriptor) => void {
  checkParentheses('@Operation', options);
  return (target, name) => recordOperation(target, name, options);
}
