import type { Address, ResultMessage } from '../wire/messages.js';
import type { StepOutput } from './activation.js';
import { refusal, unasked } from './orchestration-inputs.js';
import type { OrchestrationState } from './orchestration-state.js';

/**
 * A result that nothing waits for. If an entity asks by it how a transaction ends (P23), that is not open here: it was decided, or
 * nothing is known of it. A commit has been sent before, on the channel that this answer takes, so whoever still waits is told
 * that it is aborted. A cancellation may come behind this, by other entities.
 */
export function unawaited(message: ResultMessage, address: Address): StepOutput {
  const { from, executionId, taskId } = message;
  if (!from) return refusal(unasked);
  const holder = { address, executionId, taskId };
  return {
    entry: { refused: 'The transaction is not open' },
    messages: [[from.entity, { kind: 'lockRelease', holder, fence: from.fence, unknown: true }]],
  };
}

/** Whether the question of an entity how a transaction ends is held back already: it asks again and again. */
export function isHeldBack({ buffered }: OrchestrationState, { from }: ResultMessage, id: number | undefined): boolean {
  return from !== undefined && buffered.some((event) => event.type === 'LockLost' && event.id === id);
}
