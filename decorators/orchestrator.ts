import type { OrchestrationContext } from '../lib/core/orchestration-context.js';
import type { Constructor } from '../lib/core/values.js';
import type { OrchestratorOptions } from '../lib/definitions/definition.js';
import { checkParentheses } from '../lib/definitions/options-rule.js';
import { recordOrchestrator } from '../lib/definitions/recording.js';

/**
 * Makes a class an orchestrator under this name. Its method `run`, with `@Run()`, is the orchestration; each execution
 * and each replay gets a new object, so fields do not last. The constructor takes no arguments.
 *
 * @example
 * ```ts
 * import { OrchestrationContext, type Orchestration } from 'perdure';
 * import { Orchestrator, Run } from 'perdure/decorators';
 *
 * @Orchestrator('reminder')
 * export class Reminder {
 *   @Run() *run(text: string, ctx: OrchestrationContext): Orchestration<void> {
 *     yield* ctx.createTimer(7 * 24 * 3_600_000);
 *     yield* ctx.callActivity('mail.send', text);
 *   }
 * }
 * ```
 *
 * @throws {DefinitionError} without parentheses or name, on a class that has a name already, and for options that cannot work
 * @throws {InvalidNameError} unless the name is a letter followed by at most 63 letters, digits, `_` or `-`
 */
export function Orchestrator(
  name: string,
  options: OrchestratorOptions = {},
): (type: Constructor<{ run(input: never, ctx: OrchestrationContext): unknown }>) => void {
  checkParentheses('@Orchestrator', name);
  return (type) => recordOrchestrator(type, name, options);
}
