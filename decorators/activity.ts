import type { ActivityOptions } from '../lib/definitions/definition.js';
import { checkParentheses } from '../lib/definitions/options-rule.js';
import { recordActivity } from '../lib/definitions/recording.js';

/**
 * Makes a method an activity: `hello(input, ctx: ActivityContext)`, both optional. It may do anything, and runs at
 * least once: see ActivityContext.idempotencyKey. An input sent to a method that takes none is ignored.
 *
 * @example
 * ```ts
 * import { Activity } from 'perdure/decorators';
 *
 * export class Mails {
 *   @Activity({ name: 'mail.send', retry: { maxAttempts: 3, firstRetryIntervalInMilliseconds: 1_000 } })
 *   async send(text: string): Promise<void> {}
 * }
 * ```
 *
 * @throws {DefinitionError} on static, private (`_`) and reserved names, fields, accessors, generators and options that
 * cannot work
 * @throws {InvalidNameError} unless the name is a letter followed by at most 127 letters, digits, `_`, `-` or `.`
 */
export function Activity(
  options: ActivityOptions = {},
): (target: object, name: string, descriptor: PropertyDescriptor) => void {
  checkParentheses('@Activity', options);
  return (target, name) => recordActivity(target, name, options);
}
