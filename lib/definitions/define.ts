import type { OrchestrationContext } from '../core/orchestration-context.js';
import type { Constructor } from '../core/values.js';
import { DefinitionError } from '../errors.js';
import { checkIsClass } from './class-kind.js';
import type {
  ActivityOptions,
  EntityOptions,
  GivenInput,
  OperationOptions,
  OrchestratorOptions,
  QueryOptions,
  RunOptions,
  UpdateOptions,
} from './definition.js';
import { methodOf } from './handler-method.js';
import {
  recordActivity,
  recordEntity,
  recordOperation,
  recordOrchestrator,
  recordQuery,
  recordRun,
  recordUpdate,
} from './recording.js';

/** Methods to define: `true` for one without input, the type of its input, or options. */
type Handlers<C, Options> = { readonly [M in MethodName<C>]?: true | GivenInput | Options };
type MethodName<C> = { [M in keyof C]: C[M] extends (...args: never[]) => unknown ? M : never }[keyof C] & string;

/**
 * Does what `@Entity()` and `@Operation()` do, for classes without decorators (JavaScript, or code of others).
 * Nothing is inferred: give the input of each operation that takes one.
 *
 * @example
 * ```ts
 * import { defineEntity } from 'perdure';
 *
 * class Counter {
 *   state = 0;
 *   add(amount: number): number {
 *     return (this.state += amount);
 *   }
 *   value(): number {
 *     return this.state;
 *   }
 * }
 * defineEntity(Counter, { name: 'counter', operations: { add: Number, value: { readonly: true } } });
 * ```
 *
 * @throws {DefinitionError} when the class cannot work as written, or the input of a method with parameters is not
 * given
 * @throws {InvalidNameError} unless the name is a letter followed by at most 63 letters, digits, `_` or `-`
 */
export function defineEntity<E extends { state: unknown }>(
  type: Constructor<E>,
  definition: { readonly name: string; readonly operations: Handlers<E, OperationOptions> } & EntityOptions,
): void {
  const { mailboxLimit, stateVersion, keepHistory } = definition ?? {};
  recordEntity(type, definition?.name, { mailboxLimit, stateVersion, keepHistory });
  defineHandlers<OperationOptions>(type, definition.operations, recordOperation);
}

/**
 * Does what `@Orchestrator()`, `@Run()`, `@Query()` and `@Update()` do, for classes without decorators.
 *
 * @example
 * ```ts
 * import { defineOrchestrator, OrchestrationContext, type Orchestration } from 'perdure';
 *
 * class Greeting {
 *   *run(name: string, ctx: OrchestrationContext): Orchestration<string> {
 *     return yield* ctx.callActivity<string>('hello', name);
 *   }
 * }
 * defineOrchestrator(Greeting, { name: 'greeting', input: String });
 * ```
 *
 * @throws {DefinitionError} when the class cannot work as written; a `run` with parameters needs an `input`
 * @throws {InvalidNameError} unless the name is a letter followed by at most 63 letters, digits, `_` or `-`
 */
export function defineOrchestrator<O extends { run(input: never, ctx: OrchestrationContext): unknown }>(
  type: Constructor<O>,
  definition: {
    readonly name: string;
    readonly queries?: Handlers<O, QueryOptions> | undefined;
    readonly updates?: Handlers<O, UpdateOptions> | undefined;
  } & OrchestratorOptions &
    RunOptions,
): void {
  const { version, versionMatchStrategy, retention } = definition ?? {};
  recordOrchestrator(type, definition?.name, { version, versionMatchStrategy, retention });
  const { input, optional, queries = {}, updates = {} } = definition;
  defineHandlers<RunOptions>(type, { run: { input, optional } }, recordRun);
  defineHandlers<QueryOptions>(type, queries, recordQuery);
  defineHandlers<UpdateOptions>(type, updates, recordUpdate);
}

/**
 * Does what `@Activity()` does, for classes without decorators.
 *
 * @example
 * ```ts
 * import { defineActivities } from 'perdure';
 *
 * class Mails {
 *   greet(name: string): string {
 *     return `Hello, ${name}!`;
 *   }
 *   async send(text: string): Promise<void> {}
 * }
 * defineActivities(Mails, { greet: String, send: { name: 'mail.send', input: String } });
 * ```
 *
 * @throws {DefinitionError} when the class cannot work as written, or the input of a method with parameters is not
 * given
 * @throws {InvalidNameError} unless a name is a letter followed by at most 127 letters, digits, `_`, `-` or `.`
 */
export function defineActivities<A extends object>(
  type: Constructor<A>,
  activities: Handlers<A, ActivityOptions>,
): void {
  checkIsClass('activities', type);
  defineHandlers<ActivityOptions>(type, activities, recordActivity);
}

function defineHandlers<O extends { readonly input?: GivenInput | undefined }>(
  type: Constructor,
  handlers: Readonly<Record<string, true | GivenInput | O | undefined>>,
  record: (target: object, name: string, options: O) => void,
): void {
  if (typeof handlers !== 'object' || handlers === null)
    throw new DefinitionError(
      `${type.name}: its methods are not given. Give those to define, such as { deposit: Amount }.`,
    );
  for (const [name, given] of Object.entries(handlers))
    if (given !== undefined) record(type.prototype as object, name, withInput(type, name, given));
}

/** Without decorators there is no metadata to read, so silence about a parameter would drop the input unseen. */
function withInput<O extends { readonly input?: GivenInput | undefined }>(
  type: Constructor,
  name: string,
  given: true | GivenInput | O,
): O {
  const options = (given === true ? {} : isOptions(given) ? given : { input: given }) as O;
  if (options?.input !== undefined) return options;
  if (methodOf(type.prototype as object, name)?.length)
    throw new DefinitionError(
      `${type.name}.${name} has parameters, but its input is not given. Give its type, such as ${name}: Amount, ` +
        `or 'unknown' for any value, or 'none' when only the context is used.`,
    );
  return { ...options, input: 'none' };
}

function isOptions<O>(given: GivenInput | O): given is O {
  return typeof given === 'object' && !Array.isArray(given);
}
