import type { OrchestrationContext } from '../core/orchestration-context.js';
import type { Constructor } from '../core/values.js';
import { DefinitionError } from '../errors.js';
import { checkIsClass } from './class-kind.js';
import type { ActivityOptions, GivenInput, OperationOptions, RunOptions } from './definition.js';
import { methodOf } from './handler-method.js';
import { recordActivity, recordEntity, recordOperation, recordOrchestrator, recordRun } from './recording.js';

/** Methods to define: `true` for one without input, the type of its input, or options. */
type Handlers<C, Options> = { readonly [M in MethodName<C>]?: true | GivenInput | Options };
type MethodName<C> = { [M in keyof C]: C[M] extends (...args: never[]) => unknown ? M : never }[keyof C] & string;

/**
 * Does what `@Entity()` and `@Operation()` do, for classes without decorators (JavaScript, or code of others).
 * Nothing is inferred: give the input of each operation that takes one. Throws DefinitionError.
 *
 * @example defineEntity(Account, { name: 'account', operations: { deposit: Amount, balance: { readonly: true } } });
 */
export function defineEntity<E extends { state: unknown }>(
  type: Constructor<E>,
  definition: { readonly name: string; readonly operations: Handlers<E, OperationOptions> },
): void {
  recordEntity(type, definition.name);
  defineHandlers<OperationOptions>(type, definition.operations, recordOperation);
}

/** Does what `@Orchestrator()` and `@Run()` do, for classes without decorators. Throws DefinitionError. */
export function defineOrchestrator(
  type: Constructor<{ run(input: never, ctx: OrchestrationContext): unknown }>,
  definition: { readonly name: string } & RunOptions,
): void {
  recordOrchestrator(type, definition.name);
  const { input, optional } = definition;
  defineHandlers<RunOptions>(type, { run: { input, optional } }, recordRun);
}

/**
 * Does what `@Activity()` does, for classes without decorators. Throws DefinitionError.
 *
 * @example defineActivities(Greetings, { hello: String, send: { name: 'mail.send', input: Mail } });
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
  if (options.input !== undefined) return options;
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
