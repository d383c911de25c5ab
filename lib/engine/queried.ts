import { toFailureDetails } from '../core/failure.js';
import type { HistoryEvent } from '../core/history.js';
import { hasBegun } from '../core/replay-check.js';
import type { HandlerOutcome } from '../core/turn.js';
import type { Json } from '../core/values.js';
import { BusyError, InstanceEndedError, type FailureDetails } from '../errors.js';
import type { QueryInput, StepOutput } from './activation.js';
import type { OrchestrationInstance } from './orchestration-control.js';
import type { OrchestrationRunner } from './orchestration-runner.js';
import type { OrchestrationState } from './orchestration-state.js';

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
  const answer = unbegun ? { failure: toFailureDetails(unbegun) } : answerOf(runner, state, instanceId, name, input);
  return { entry: { refused: 'A query changes nothing' }, messages: [], answer };
}

function answerOf(
  runner: OrchestrationRunner,
  { failure }: Pick<OrchestrationState, 'failure'>,
  instanceId: string,
  name: string,
  input: Json | undefined,
): HandlerOutcome {
  const fault = runner.fault(); // it makes the code ready
  const answer = runner.query(name, input);
  if (answer) return answer;
  if (failure && wasRefused(runner.history, failure))
    return { failure: { ...toFailureDetails(new InstanceEndedError(instanceId)), cause: failure } };
  return { failure: unreadiness(fault) };
}

/** What the engine itself fails a start of: its input cannot be read, or what it brings cannot be stored. */
const refusals: ReadonlySet<string | undefined> = new Set([
  'PERDURE_PAYLOAD_TOO_LARGE',
  'PERDURE_HISTORY_TOO_LONG',
  'PERDURE_CORRUPT_HISTORY',
]);

/** Whether the start was refused: nothing of what the code did then is in the history, so it does not fit. */
function wasRefused([first, last, ...rest]: readonly HistoryEvent[], { code }: FailureDetails): boolean {
  return (
    first?.type === 'ExecutionStarted' && last?.type === 'ExecutionFailed' && rest.length === 0 && refusals.has(code)
  );
}

function unreadiness(fault: string | undefined): FailureDetails {
  if (fault === undefined)
    return toFailureDetails(
      new BusyError('The instance is between two executions. Ask again when the next one has begun.'),
    );
  return { name: 'NonDeterminismError', code: 'PERDURE_NON_DETERMINISM', message: fault };
}
