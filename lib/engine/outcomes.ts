import { toFailureDetails } from '../core/failure.js';
import type { HandlerOutcome } from '../core/turn.js';
import type { PerdureError } from '../errors.js';
import type { StepOutput } from './activation.js';

/** A message that somebody may wait for. */
interface Asked {
  readonly id?: string;
  readonly reply?: string;
}

/** A step's output that also tells what became of a message: well, or why not. */
export function answered(output: StepOutput, { id, reply }: Asked, told: HandlerOutcome): StepOutput {
  if (id === undefined || reply === undefined) return output;
  const outcome = { id, ...told };
  const notice = { v: 1, kind: 'outcome', outcome } as const;
  return {
    ...output,
    entry: { outcome, ...output.entry },
    notices: [[reply, notice] as const, ...(output.notices ?? [])],
  };
}

/** A message that changes nothing, and why. */
export function declined(message: Asked, error: PerdureError): StepOutput {
  return answered({ entry: { refused: error.message }, messages: [] }, message, { failure: withoutStack(error) });
}

/** It says all that there is to say: where in the engine it was made is of no interest. */
function withoutStack(error: PerdureError) {
  const { stack: _, ...details } = toFailureDetails(error);
  return details;
}
