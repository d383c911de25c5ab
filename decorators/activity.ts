import type { ActivityOptions } from '../lib/definitions/definition.js';
import { checkParentheses } from '../lib/definitions/options-rule.js';
import { recordActivity } from '../lib/definitions/recording.js';

/**
 * Makes a method an activity: `hello(input, ctx: ActivityContext)`, both optional. It may do anything, and runs at least
 * once: see ActivityContext.idempotencyKey. An input sent to a method that takes none is ignored.
 * Throws DefinitionError on static, private (`_`) and reserved names, fields, accessors, generators and impossible options.
 *
 * @example @Activity({ name: 'mail.send', queue: 'mail' }) async send(mail: Mail) { ... }
 */
export function Activity(
  options: ActivityOptions = {},
): (target: object, name: string, descriptor: PropertyDescriptor) => void {
  checkParentheses('@Activity', options);
  return (target, name) => recordActivity(target, name, options);
}
