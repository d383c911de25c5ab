import type { FunctionOptions, FunctionResult, FunctionTrigger } from './bindings.js';
import type { InvocationContext } from './invocation-context.js';

/** What a function gets that is called at the start: nothing. */
export interface WarmupContext {}

/** The code of a function that is called at the start. */
export type WarmupHandler = (warmupContext: WarmupContext, context: InvocationContext) => FunctionResult;

/** There are none. */
export interface WarmupTriggerOptions {}

/** What calls a function at the start. */
export type WarmupTrigger = FunctionTrigger & WarmupTriggerOptions;

/** A function that is called at the start, as it is registered. */
export interface WarmupFunctionOptions extends WarmupTriggerOptions, Partial<FunctionOptions> {
  /** Its code. */
  handler: WarmupHandler;
  /** What calls it. */
  trigger?: WarmupTrigger;
}
