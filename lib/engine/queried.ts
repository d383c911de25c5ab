import { toFailureDetails } from '../core/failure.js';
import { BusyError, type FailureDetails } from '../errors.js';
import type { QueryInput, StepOutput } from './activation.js';
import type { OrchestrationRunner } from './orchestration-runner.js';

/** What the step of a query brings: what the code answers, or why it cannot. */
export function queried({ name, input }: QueryInput, runner: OrchestrationRunner): StepOutput {
  const fault = runner.fault(); // it makes the code ready
  const answer = runner.query(name, input) ?? { failure: unreadiness(fault) };
  return { entry: { refused: 'A query changes nothing' }, messages: [], answer };
}

function unreadiness(fault: string | undefined): FailureDetails {
  if (fault === undefined)
    return toFailureDetails(
      new BusyError('The instance is between two executions. Ask again when the next one has begun.'),
    );
  return { name: 'NonDeterminismError', code: 'PERDURE_NON_DETERMINISM', message: fault };
}
