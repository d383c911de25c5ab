import { toFailureDetails } from '../core/failure.js';
import { hasBegun } from '../core/replay-check.js';
import type { HandlerOutcome } from '../core/turn.js';
import type { Json } from '../core/values.js';
import { BusyError, InstanceEndedError, type FailureDetails } from '../errors.js';
import type { QueryInput, StepOutput } from './activation.js';
import type { OrchestrationInstance } from './orchestration-control.js';
import type { OrchestrationRunner } from './orchestration-runner.js';

/** What the step of a query brings: what the code answers, or why it cannot. */
export function queried(
  { name, input }: QueryInput,
  { runner, state, instanceId }: Pick<OrchestrationInstance, 'runner' | 'state' | 'instanceId'>,
): StepOutput {
  const { isScheduled, isEnded, started } = state;
  const unbegun = isScheduled
    ? new BusyError('The instance has not begun. Ask again when its time has come.')
    : isEnded && started && !hasBegun(started)
      ? new InstanceEndedError(instanceId)
      : undefined;
  const answer = unbegun ? { failure: toFailureDetails(unbegun) } : answerOf(runner, name, input);
  return { entry: { refused: 'A query changes nothing' }, messages: [], answer };
}

function answerOf(runner: OrchestrationRunner, name: string, input: Json | undefined): HandlerOutcome {
  const fault = runner.fault(); // it makes the code ready
  return runner.query(name, input) ?? { failure: unreadiness(fault) };
}

function unreadiness(fault: string | undefined): FailureDetails {
  if (fault === undefined)
    return toFailureDetails(
      new BusyError('The instance is between two executions. Ask again when the next one has begun.'),
    );
  return { name: 'NonDeterminismError', code: 'PERDURE_NON_DETERMINISM', message: fault };
}
