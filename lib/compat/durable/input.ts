import type { FunctionInput } from '../functions/bindings.js';
import { generic } from '../functions/input.js';

/** A client among the inputs of a function. */
export interface DurableClientInput extends FunctionInput {
  /** The kind. */
  type: 'durableClient';
}

/** A client among the inputs of a function: `df.getClient(context)` gives it. */
export function durableClient(): DurableClientInput {
  return generic({ type: 'durableClient' }) as DurableClientInput;
}
