import type { ExecutionStarted, HistoryEvent, InboundEvent } from '../core/history.js';
import { labelsOf } from '../core/labels.js';
import { recordedBehaviour } from '../core/replay-behaviour.js';
import type { ValueReference } from '../core/values.js';
import { parseAddress } from '../wire/addresses.js';
import type { ResultMessage, StartMessage } from '../wire/messages.js';
import type { Outcome } from '../wire/record.js';
import { utf8Length } from '../wire/text.js';
import { referencesIn } from '../wire/value-references.js';
import type { InputBody, StepOutput } from './activation.js';
import type { OpenAction, OrchestrationState } from './orchestration-state.js';

/** An input that changes nothing; when it came by mail its consumption is recorded with the reason. */
export function refusal(reason: string): StepOutput {
  return { entry: { refused: reason }, messages: [] };
}

/**
 * The event that begins the execution which a message asks for. `codeVersion`: that of the code, for those that do not
 * choose one.
 */
export function startedEvent(
  message: StartMessage,
  executionId: string,
  at: number,
  codeVersion?: string,
): ExecutionStarted {
  const { name, input, inputRef, parent, version = codeVersion } = message;
  const addressee = parent && parseAddress(parent.address);
  return {
    type: 'ExecutionStarted',
    at,
    name,
    executionId,
    ...recordedBehaviour(),
    ...(inputRef ? { inputRef } : input !== undefined && { input }),
    ...labelsOf(message),
    ...(version !== undefined && { version }),
    ...(parent &&
      addressee?.kind === 'orchestration' && {
        parent: {
          instanceId: addressee.instanceId,
          executionId: parent.executionId,
          taskId: parent.taskId,
        },
      }),
  };
}

/** What a start answers, and where. */
export function startAnswer(
  { id, reply }: StartMessage,
  { executionId }: ExecutionStarted,
): { readonly outcome?: Outcome; readonly reply: string | undefined } {
  return { ...(reply !== undefined && id !== undefined && { outcome: { id, result: executionId } }), reply };
}

/** The stored values that a step with this input needs; `earlier`: the events before the state's own, if all is to be replayed. */
export function missingValues(
  input: InputBody,
  { started, isEnded, history, buffered }: OrchestrationState,
  earlier: readonly HistoryEvent[] | undefined,
  holdsBack: boolean,
): readonly ValueReference[] {
  if (!earlier && input.kind !== 'resume') return holdsBack ? none : referencesIn(input);
  if (!started || (isEnded && input.kind !== 'query')) return input.kind === 'start' ? referencesIn(input) : none;
  const replayed = earlier ? [...earlier, ...history] : none;
  const taken = input.kind === 'resume' ? firstHeld(buffered) : holdsBack ? none : [input];
  return [...replayed, ...taken].flatMap(referencesIn);
}

const none: readonly never[] = [];

const answeredBy: Readonly<Record<ResultMessage['of'], OpenAction['type']>> = {
  activity: 'TaskScheduled',
  subOrchestration: 'SubOrchestrationInstanceCreated',
  operation: 'EntityOperationCalled',
};

/** Whether the running execution waits for this result: copies and results of former executions are not (C4). */
export function isAnswered({ open, started }: OrchestrationState, { of, executionId, taskId }: ResultMessage): boolean {
  return started?.executionId === executionId && open.get(taskId)?.type === answeredBy[of];
}

/** The history event of a result. */
export function resultEvent({ of, taskId: id, result, resultRef, failure }: ResultMessage, at: number): InboundEvent {
  if (failure) {
    if (of === 'activity') return { type: 'TaskFailed', at, id, failure };
    if (of === 'subOrchestration') return { type: 'SubOrchestrationInstanceFailed', at, id, failure };
    return { type: 'EntityOperationFailed', at, id, failure };
  }
  const told = resultRef ? { resultRef } : result === undefined ? {} : { result };
  if (of === 'activity') return { type: 'TaskCompleted', at, id, ...told };
  if (of === 'subOrchestration') return { type: 'SubOrchestrationInstanceCompleted', at, id, ...told };
  return { type: 'EntityOperationCompleted', at, id, ...told };
}

/** Events held back that one step may take, and their bytes but for the last one. */
const MOST_HELD = 500;
const MOST_HELD_BYTES = 64 * 1024;

/** The first of the events that are held back: as many as one step may take. */
export function firstHeld(held: readonly InboundEvent[]): readonly InboundEvent[] {
  let [count, bytes] = [0, 0];
  while (count < Math.min(held.length, MOST_HELD) && bytes < MOST_HELD_BYTES)
    bytes += utf8Length(JSON.stringify(held[count++]));
  return held.slice(0, count);
}
