import type { OperationOptions } from '../lib/definitions/definition.js';
import { checkParentheses } from '../lib/definitions/options-rule.js';
import { recordOperation } from '../lib/definitions/recording.js';

/**
 * Makes a method an operation of its entity, called or signaled by the method's exact name: `deposit(input, ctx:
 * EntityContext)`, both optional. What it throws discards its changes of the state and its outgoing messages.
 * An input sent to a method that takes none is ignored.
 * Throws DefinitionError on static, private (`_`) and reserved names, fields, accessors and generators.
 *
 * @example @Operation({ input: [Amount] }) depositAll(amounts: Amount[]) { ... }
 */
export function Operation(
  options: OperationOptions = {},
): (target: object, name: string, descriptor: PropertyDescriptor) => void {
  checkParentheses('@Operation', options);
  return (target, name) => recordOperation(target, name, options);
}
