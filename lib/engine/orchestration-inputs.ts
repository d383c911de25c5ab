import type { ExecutionStarted, HistoryEvent, InboundEvent } from '../core/history.js';
import { labelsOf } from '../core/labels.js';
import { recordedBehaviour } from '../core/replay-behaviour.js';
import { parseAddress } from '../wire/addresses.js';
import type { ResultMessage, StartMessage } from '../wire/messages.js';
import { parseMessageId } from '../wire/sessions.js';
import { utf8Length } from '../wire/text.js';
import type { StepOutput } from './activation.js';
import type { OpenAction, OrchestrationState } from './orchestration-state.js';
import { linkId } from './started-children.js';

/** An input that changes nothing; when it came by mail its consumption is recorded with the reason. */
export function refusal(reason: string): StepOutput {
  return { entry: { refused: reason }, messages: [] };
}

/** Why a result is refused. */
export const unasked = 'Nothing waits for this result';
/** Whether this run of an instance is meant: the one that is named, or whichever there is. */
export function isMeantRun(
  { executionId, run = executionId }: ExecutionStarted,
  { runId }: { readonly runId?: string },
): boolean {
  return runId === undefined || runId === run;
}

/** The id of the execution that a start begins: as its client says, if no copy of the message can be taken again (C4). */
export function executionIdOf({ runId, id }: StartMessage, newId: () => string): string {
  return runId !== undefined && id !== undefined && parseMessageId(id) ? runId : newId();
}

/** The event that begins the execution which a message asks for. */
export function startedEvent(message: StartMessage, executionId: string, at: number): ExecutionStarted {
  const { name, input, inputRef, parent } = message;
  const addressee = parent && parseAddress(parent.address);
  return {
    type: 'ExecutionStarted',
    at,
    name,
    executionId,
    ...recordedBehaviour(),
    ...(inputRef ? { inputRef } : input !== undefined && { input }),
    ...labelsOf(message),
    ...(parent &&
      addressee?.kind === 'orchestration' && {
        parent: {
          instanceId: addressee.instanceId,
          executionId: parent.executionId,
          taskId: parent.taskId,
          ...(parent.run !== undefined && { run: parent.run }),
        },
      }),
  };
}

const answeredBy: Readonly<Record<ResultMessage['of'], OpenAction['type']>> = {
  activity: 'TaskScheduled',
  subOrchestration: 'SubOrchestrationInstanceCreated',
  operation: 'EntityOperationCalled',
  lock: 'LockRequested',
};

/**
 * Which action of the running execution a result answers; undefined: copies, and results of former executions but those
 * that it waits for in their place (C4).
 */
export function answeredId({ open, started, lock }: OrchestrationState, message: ResultMessage): number | undefined {
  const id = started && idIn(started, message);
  if (message.of === 'lock' && id !== undefined && lock?.id === id) {
    if (message.failure) return id; // a lock can be lost as long as it is not released, also behind its grant
    if (message.fences?.length !== lock.entities.length) return undefined;
  }
  return id !== undefined && open.get(id)?.type === answeredBy[message.of] ? id : undefined;
}

/** The number that an action of an execution has, which an answer names as it was asked for. */
export function idIn(started: ExecutionStarted, { of, executionId, taskId }: ResultMessage): number | undefined {
  if (of === 'subOrchestration') return linkId(started) === executionId ? taskId : undefined;
  const { asked } = (of === 'operation' && started.rewound) || {};
  const former = asked?.find((call) => call.taskId === taskId && call.executionId === executionId);
  if (former) return former.id;
  return started.executionId === executionId ? taskId : undefined;
}

/** Whether an event is the answer of an operation, which may stand behind the end of an execution that has failed. */
export function isOperationAnswer({ type }: HistoryEvent): boolean {
  return type === 'EntityOperationCompleted' || type === 'EntityOperationFailed';
}

/** The history event of a result: the answer of the action with this id. */
export function resultEvent(message: ResultMessage, id: number, at: number): InboundEvent {
  const { of, result, resultRef, failure, fences = [] } = message;
  if (of === 'lock') return failure ? { type: 'LockLost', at, id, failure } : { type: 'LockGranted', at, id, fences };
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
