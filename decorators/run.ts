import type { RunOptions } from '../lib/definitions/definition.js';
import { checkParentheses } from '../lib/definitions/options-rule.js';
import { recordRun } from '../lib/definitions/recording.js';

/**
 * Stands above an orchestrator's method `run(input, ctx: OrchestrationContext)`, both parameters optional, so that the
 * compiler keeps their types. The method is a generator, or a plain method when it waits for nothing.
 *
 * @example
 * ```ts
 * import { OrchestrationContext, type Orchestration } from 'perdure';
 * import { Orchestrator, Run } from 'perdure/decorators';
 *
 * @Orchestrator('total')
 * export class Total {
 *   @Run({ input: [String] }) *run(keys: string[], ctx: OrchestrationContext): Orchestration<number> {
 *     const sums = yield* ctx.all(keys.map((key) => ctx.callEntity<number>('sum', key, 'value')));
 *     return sums.reduce((total, sum) => total + sum, 0);
 *   }
 * }
 * ```
 *
 * @throws {DefinitionError} above a method of another name or an async one, and for options that cannot work
 */
export function Run(options: RunOptions = {}): (target: object, name: 'run', descriptor: PropertyDescriptor) => void {
  checkParentheses('@Run', options);
  return (target, name) => recordRun(target, name, options);
}
