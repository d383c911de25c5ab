import type { RunOptions } from '../lib/definitions/definition.js';
import { checkParentheses } from '../lib/definitions/options-rule.js';
import { recordRun } from '../lib/definitions/recording.js';

/**
 * Stands above an orchestrator's method `run(input, ctx: OrchestrationContext)`, both parameters optional, so that the
 * compiler keeps their types. The method is a generator, or a plain method when it waits for nothing.
 * Throws DefinitionError above a method of another name or an async one.
 *
 * @example @Run() *run({ amount }: Transfer, ctx: OrchestrationContext): Orchestration<Receipt> { ... }
 */
export function Run(options: RunOptions = {}): (target: object, name: 'run', descriptor: PropertyDescriptor) => void {
  checkParentheses('@Run', options);
  return (target, name) => recordRun(target, name, options);
}
