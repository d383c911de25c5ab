import type { ExecutionStarted } from '../core/history.js';
import { CorruptHistoryError, InstanceExistsError } from '../errors.js';
import type { ControlMessage } from '../wire/messages.js';
import { readRestoredInstance, type RestoredInstance } from '../wire/restoration.js';
import type { StepOutput } from './activation.js';
import type { OrchestrationInstance } from './orchestration-control.js';
import { answered, declined } from './outcomes.js';

/**
 * Brings back an instance that had ended, also in another hub: its history is recorded as it is. Its state is a fold over that,
 * so none of its code runs, nothing is sent, and nobody is told. Events that waited for its start come too late.
 */
export function restored(instance: OrchestrationInstance, message: ControlMessage): StepOutput {
  const { state, runner, instanceId } = instance;
  if (state.started) return declined(message, new InstanceExistsError(instanceId));
  let given: RestoredInstance;
  try {
    const { output, outputRef } = message;
    given = readRestoredInstance(outputRef ? runner.fetched.of(outputRef) : output);
  } catch (error) {
    if (error instanceof CorruptHistoryError) return declined(message, error);
    throw error;
  }
  const { history, customStatus } = given;
  const early = state.buffered.length;
  const entry = {
    ...(early > 0 && { taken: early }),
    events: history,
    ...(customStatus !== undefined && { customStatus }),
    ...runner.retentionOf(history[0] as ExecutionStarted),
  };
  return answered({ entry, messages: [] }, message, {});
}
