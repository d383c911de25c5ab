import type { QueryOptions } from '../lib/definitions/definition.js';
import { checkParentheses } from '../lib/definitions/options-rule.js';
import { recordQuery } from '../lib/definitions/recording.js';

/**
 * Makes a method of an orchestrator a query: `count(input)`, the input optional. Clients ask it of a running instance, or
 * of one that has ended, by `handle.query().count()`. It only reads the fields of the object that `run` works on: what it
 * asks a kept context for throws IllegalAwaitError, and what it changed would be there in one process and not in the next.
 * Nothing of it is recorded. What it throws is told to the caller.
 *
 * @example
 * ```ts
 * import { OrchestrationContext, type Orchestration } from 'perdure';
 * import { Orchestrator, Query, Run } from 'perdure/decorators';
 *
 * @Orchestrator('import')
 * export class Import {
 *   #done = 0;
 *   @Run({ input: [String] }) *run(files: string[], ctx: OrchestrationContext): Orchestration<void> {
 *     for (const file of files) {
 *       yield* ctx.callActivity('file.import', file);
 *       this.#done += 1;
 *     }
 *   }
 *   @Query() done(): number {
 *     return this.#done;
 *   }
 * }
 * ```
 *
 * @throws {DefinitionError} on static, private (`_`) and reserved names, `run`, fields, accessors, generators and options
 * that cannot work
 * @throws {InvalidNameError} unless the name is a letter or `$` followed by at most 127 letters, digits, `_`, `$` or
 * `-`
 */
export function Query(
  options: QueryOptions = {},
): (target: object, name: string, descriptor: PropertyDescriptor) => void {
  checkParentheses('@Query', options);
  return (target, name) => recordQuery(target, name, options);
}
