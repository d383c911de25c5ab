import type { ExecutionStarted } from '../core/history.js';
import { labelsOf } from '../core/labels.js';
import { CorruptHistoryError } from '../errors.js';
import type { OrchestrationHead } from '../wire/head.js';
import { rangesOf } from '../wire/id-ranges.js';
import type { Stamp } from './activation.js';
import type { OrchestrationState } from './orchestration-state.js';

/** The head of this state as it is now: what grows is copied. */
export function headOf(state: OrchestrationState, instanceId: string): (stamp: Stamp) => OrchestrationHead {
  const { started, status, updatedAt, output, outputRef, failure, customStatus, reason, suspension } = state;
  if (!started) throw new CorruptHistoryError(`Orchestration ${instanceId} has not been started`);
  const { segments, values, retention, left } = state;
  const history = [...state.history];
  const notify = [...state.notify];
  const queued = rangesOf(state.runs.queued);
  const begun = [...state.runs.begun];
  const { unstored: buffered, segments: held } = state.held;
  return (stamp) => ({
    v: 1,
    type: 'orchestration',
    ...stamp,
    instanceId,
    name: started.name,
    executionId: started.executionId,
    ...(started.run !== undefined && { run: started.run }),
    ...(started.parent && { parent: started.parent }),
    status,
    createdAt: started.at,
    updatedAt,
    ...(started.input !== undefined && { input: started.input }),
    ...(started.inputRef && { inputRef: started.inputRef }),
    ...labelsOf(started),
    ...(output !== undefined && { output }),
    ...(outputRef && { outputRef }),
    ...(failure && { failure }),
    ...(customStatus !== undefined && { customStatus }),
    ...(reason !== undefined && { reason }),
    ...(suspension && { suspension }),
    ...(retention !== undefined && { retention }),
    ...(notify.length > 0 && { notify }),
    ...(buffered.length > 0 && { buffered }),
    ...(held.length > 0 && { held }),
    ...(queued.length > 0 && { queued }),
    ...(begun.length > 0 && { begun }),
    ...(values.length > 0 && { values }),
    ...(left.length > 0 && { left }),
    segments,
    history,
  });
}

/** The segments of an instance that has ended are not read: nothing of it replays. */
export function startedOf(head: OrchestrationHead): ExecutionStarted {
  const { name, executionId, run, parent, createdAt: at, input, inputRef } = head;
  return {
    type: 'ExecutionStarted',
    at,
    name,
    executionId,
    ...(run !== undefined && { run }),
    ...(parent && { parent }),
    ...(input !== undefined && { input }),
    ...(inputRef && { inputRef }),
    ...labelsOf(head),
  };
}
