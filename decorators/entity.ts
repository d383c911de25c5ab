import type { Constructor } from '../lib/core/values.js';
import type { EntityOptions } from '../lib/definitions/definition.js';
import { checkParentheses } from '../lib/definitions/options-rule.js';
import { recordEntity } from '../lib/definitions/recording.js';

/**
 * Makes a class a durable entity under this name: stored data outlives class names, so the name is given. The
 * initializer of its field `state` is the state of a new entity; other fields do not last. The constructor takes no
 * arguments. A subclass needs a name of its own and inherits the operations.
 *
 * @example
 * ```ts
 * import { Entity, Operation } from 'perdure/decorators';
 *
 * @Entity('account')
 * export class Account {
 *   state = { balance: 0 };
 *   @Operation() deposit(amount: number): number {
 *     return (this.state.balance += amount);
 *   }
 * }
 * ```
 *
 * @throws {DefinitionError} without parentheses or name, and on a class that has a name already, and for options that
 *   cannot work
 * @throws {InvalidNameError} unless the name is a letter followed by at most 63 letters, digits, `_` or `-`
 */
export function Entity(name: string, options: EntityOptions = {}): (type: Constructor<{ state: unknown }>) => void {
  checkParentheses('@Entity', name);
  return (type) => recordEntity(type, name, options);
}
