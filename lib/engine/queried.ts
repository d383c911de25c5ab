import { toFailureDetails } from '../core/failure.js';
import type { TaskOrchestrationExecutor } from '../core/task-orchestration-executor.js';
import { BusyError, type FailureDetails } from '../errors.js';
import type { QueryInput, StepOutput } from './activation.js';

/** What the step of a query brings; without an executor: why there is none. */
export function queried(
  { name, input }: QueryInput,
  fault: string | undefined,
  executor: TaskOrchestrationExecutor | undefined,
): StepOutput {
  const answer = executor ? executor.query(name, input) : { failure: unreadiness(fault) };
  return { entry: { refused: 'A query changes nothing' }, messages: [], answer };
}

function unreadiness(fault: string | undefined): FailureDetails {
  if (fault === undefined)
    return toFailureDetails(
      new BusyError('The instance is between two executions. Ask again when the next one has begun.'),
    );
  return { name: 'NonDeterminismError', code: 'PERDURE_NON_DETERMINISM', message: fault };
}
