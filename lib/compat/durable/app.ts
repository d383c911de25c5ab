import * as functions from '../functions/app.js';
import type { FunctionHandler, FunctionInput, FunctionOptions, FunctionOutput } from '../functions/bindings.js';
import type { EntityHandler } from './entity-context.js';
import type { OrchestrationHandler } from './orchestration-context.js';
import { activityTask, childTask } from './registered-calls.js';
import type { RetryOptions } from './retry-options.js';
import type { Task } from './tasks.js';
import * as trigger from './trigger.js';

export * as client from './client-functions.js';
export { setExceptionPropertiesProvider } from './exception-properties.js';

/** An orchestrator, as it is registered. */
export interface OrchestrationOptions extends Partial<FunctionOptions> {
  /** Its code. */
  handler: OrchestrationHandler;
}

/** An entity, as it is registered. */
export interface EntityOptions<T> extends Partial<FunctionOptions> {
  /** Its code. */
  handler: EntityHandler<T>;
}

/** The code of an activity. */
export type ActivityHandler = FunctionHandler;

/** An activity, as it is registered. */
export interface ActivityOptions extends Partial<FunctionOptions> {
  /** Its code. */
  handler: ActivityHandler;
  /** What it gets beside its input. */
  extraInputs?: FunctionInput[];
  /** What it gives beside its result: `perdure func start` refuses what only Azure has. */
  extraOutputs?: FunctionOutput[];
}

/** A call of a registered activity. */
export interface RegisteredActivityTask extends Task {
  /** The same call with retries, before it is yielded. */
  withRetry: (retryOptions: RetryOptions) => Task;
}

/** Calls the activity that was registered: `yield hello('Tokyo')`. */
export type RegisteredActivity = (input?: unknown) => RegisteredActivityTask;

/** A call of a registered orchestrator. */
export interface RegisteredOrchestrationTask extends Task {
  /** The same call with retries, before it is yielded. */
  withRetry: (retryOptions: RetryOptions) => Task;
}

/** Starts the orchestrator that was registered as a sub-orchestration. */
export type RegisteredOrchestration = (input?: unknown, instanceId?: string) => RegisteredOrchestrationTask;

/**
 * Registers an orchestrator.
 *
 * @example
 * ```ts
 * import * as df from 'perdure/durable-functions';
 *
 * const hello = df.app.activity('hello', { handler: (city: string) => `Hello, ${city}!` });
 *
 * df.app.orchestration('greetings', function* (context) {
 *   const cities: string[] = context.df.getInput();
 *   return yield context.df.Task.all(cities.map((city) => hello(city)));
 * });
 * ```
 */
export function orchestration(
  functionName: string,
  handlerOrOptions: OrchestrationHandler | OrchestrationOptions,
): RegisteredOrchestration {
  const options = optionsOf(handlerOrOptions);
  functions.generic(functionName, {
    trigger: trigger.orchestration(),
    ...options,
    handler: options.handler as FunctionHandler,
  });
  return (input, instanceId) => childTask(functionName, input, { instanceId });
}

/**
 * Registers an entity.
 *
 * @example
 * ```ts
 * import * as df from 'perdure/durable-functions';
 *
 * df.app.entity<number>('counter', (context) => {
 *   const count = context.df.getState(() => 0) ?? 0;
 *   if (context.df.operationName === 'add') context.df.setState(count + (context.df.getInput() ?? 0));
 *   else context.df.return(count);
 * });
 * ```
 */
export function entity<T = unknown>(functionName: string, handlerOrOptions: EntityHandler<T> | EntityOptions<T>): void {
  const options = optionsOf(handlerOrOptions);
  functions.generic(functionName, {
    trigger: trigger.entity(),
    ...options,
    handler: options.handler as FunctionHandler,
  });
}

/** Registers an activity. */
export function activity(functionName: string, options: ActivityOptions): RegisteredActivity {
  functions.generic(functionName, { trigger: trigger.activity(), ...options });
  return (input) => activityTask(functionName, input);
}

function optionsOf<O extends { handler: unknown }>(given: O['handler'] | O): O {
  return (typeof given === 'function' ? { handler: given } : given) as O;
}
