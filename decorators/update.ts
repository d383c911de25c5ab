import type { UpdateOptions } from '../lib/definitions/definition.js';
import { checkParentheses } from '../lib/definitions/options-rule.js';
import { recordUpdate } from '../lib/definitions/recording.js';

/**
 * Makes a method of an orchestrator an update: `add(input, ctx: OrchestrationContext)`, both optional. Clients send it to a
 * running instance by `handle.update().add(line)`. It runs exactly once, between two turns of `run`, on the same object: it
 * changes fields, asks the context for things without waiting for them, and returns what its caller gets once all of it is
 * stored. It is recorded in the history, and is deterministic like `run`. What it throws is told to the caller, and what
 * it did before that stands: so check first. An input that does not fit its class, and a name that is none, are refused
 * before anything is recorded.
 *
 * One that is a generator may wait with `yield*`, beside `run` and the others: its caller is told when it has ended. The end
 * of the execution, also by `continueAsNew`, cuts it off: `run` may wait for it by `waitUntil`.
 *
 * @example
 * ```ts
 * import { OrchestrationContext, type Orchestration } from 'perdure';
 * import { Orchestrator, Run, Update } from 'perdure/decorators';
 *
 * @Orchestrator('basket')
 * export class Basket {
 *   #items: string[] = [];
 *   #isClosed = false;
 *   @Run() *run(_: void, ctx: OrchestrationContext): Orchestration<string[]> {
 *     yield* ctx.waitUntil(() => this.#isClosed);
 *     return this.#items;
 *   }
 *   @Update() add(item: string): number {
 *     if (this.#items.length === 10) throw new Error('The basket is full');
 *     return this.#items.push(item);
 *   }
 *   @Update() close(_: void, ctx: OrchestrationContext): void {
 *     this.#isClosed = true;
 *     ctx.signalEntity('shop', 'main', 'sold', this.#items.length);
 *   }
 *   @Update() *wrap(item: string, ctx: OrchestrationContext): Orchestration<string> {
 *     return yield* ctx.callActivity<string>('wrap', item);
 *   }
 * }
 * ```
 *
 * @throws {DefinitionError} on static, private (`_`) and reserved names, `run`, fields, accessors, async methods and
 * options that cannot work
 * @throws {InvalidNameError} unless the name is a letter or `$` followed by at most 127 letters, digits, `_`, `$` or
 * `-`
 */
export function Update(
  options: UpdateOptions = {},
): (target: object, name: string, descriptor: PropertyDescriptor) => void {
  checkParentheses('@Update', options);
  return (target, name) => recordUpdate(target, name, options);
}
