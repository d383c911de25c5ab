import { unansweredIn } from '../core/rewind.js';
import type { ResultMessage } from '../wire/messages.js';
import type { InputBody, StepOutput } from './activation.js';
import { lengthsWith, MOST_EVENTS } from './history-limit.js';
import { idIn, refusal, resultEvent, unasked } from './orchestration-inputs.js';
import type { OrchestrationRunner } from './orchestration-runner.js';
import type { OrchestrationState } from './orchestration-state.js';

/** Whether this may be the answer of an operation to an execution that has failed: its whole history tells. */
export function mayBeLate({ status }: Pick<OrchestrationState, 'status'>, input: InputBody): boolean {
  return status === 'Failed' && input.kind === 'result' && input.of === 'operation';
}

/**
 * An answer to an instance that has ended. That of an operation which an execution had called before it failed stands in
 * the history behind its end: a rewind goes on with it, and does not call a second time what was carried out (docs/adr/0047).
 */
export function lateAnswer(
  { state, runner }: { readonly state: OrchestrationState; readonly runner: OrchestrationRunner },
  message: ResultMessage,
  at: number,
): StepOutput {
  const { started } = state;
  const isKnown = started && mayBeLate(state, message) && runner.isWhole;
  const taskId = isKnown ? idIn(started, message) : undefined;
  if (taskId === undefined || !unansweredIn(runner.history).includes(taskId)) return refusal(unasked);
  const events = [resultEvent(message, taskId, at)];
  if (lengthsWith(state, events).longest > MOST_EVENTS) return refusal('The history is as long as it may be');
  return { entry: { events }, messages: [] };
}
