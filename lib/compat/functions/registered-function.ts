import type { FunctionHandler, FunctionInput, FunctionOptions, FunctionOutput, RetryOptions } from './bindings.js';
import { named } from './bindings.js';
import type { EffectiveFunctionOptions } from './invocation-context.js';

/** A function of an app. */
export interface RegisteredFunction {
  readonly name: string;
  readonly handler: FunctionHandler;
  readonly options: EffectiveFunctionOptions;
  readonly retry: RetryOptions | undefined;
}

/** Global, so that a second copy of this package in one process registers where the host looks. */
const key = Symbol.for('perdure:registered-functions');
type Registered = Map<string, RegisteredFunction>;

/** The functions of the app in this process, by name. */
export function registeredFunctions(): ReadonlyMap<string, RegisteredFunction> {
  return registered();
}

/** Throws Error for a name that is taken, or none. */
export function registerFunction(name: string, options: FunctionOptions & { readonly retry?: RetryOptions }): void {
  if (typeof name !== 'string' || name === '') throw new TypeError('A function needs a name.');
  if (registered().has(name)) throw new Error(`A function with name "${name}" has already been registered.`);
  const { trigger, handler, extraInputs = [], extraOutputs = [] } = options;
  const effective = {
    trigger: named(trigger, 'Trigger'),
    ...(options.return && { return: options.return }),
    extraInputs: extraInputs.map((input) => named(input, 'Input') as FunctionInput),
    extraOutputs: extraOutputs.map((output) => named(output, 'Output') as FunctionOutput),
  };
  registered().set(name, { name, handler, options: effective, retry: options.retry });
}

function registered(): Registered {
  const holder = globalThis as { [key]?: Registered };
  return (holder[key] ??= new Map());
}
