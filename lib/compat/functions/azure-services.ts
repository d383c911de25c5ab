import type {
  FunctionInput,
  FunctionOutput,
  FunctionResult,
  FunctionTrigger,
  GenericTriggerOptions,
} from './bindings.js';
import { named } from './bindings.js';
import type { InvocationContext } from './invocation-context.js';

/** What a trigger, input or output of an Azure service is configured with. */
export type AzureServiceOptions = { [option: string]: unknown };

/** A function that a service of Azure calls, as it is registered. */
export interface AzureServiceFunctionOptions<T = unknown> extends Record<string, unknown> {
  /** Its code. */
  handler: (event: T, context: InvocationContext) => FunctionResult;
  /** What calls it. */
  trigger?: FunctionTrigger;
  /** Where its result goes. */
  return?: FunctionOutput;
  /** What it gets beside. */
  extraInputs?: FunctionInput[];
  /** What it gives beside. */
  extraOutputs?: FunctionOutput[];
}

/** What makes a binding of one kind. */
export type Named = (options: AzureServiceOptions) => FunctionTrigger;

/**
 * A binding of a kind that only Azure has. It can be registered, so that modules load; `perdure func start` says which functions
 * have one.
 */
export function azureOnly(type: string, suffix: 'Trigger' | 'Input' | 'Output'): Named {
  return (options) => named({ ...options, type } as GenericTriggerOptions, suffix);
}
