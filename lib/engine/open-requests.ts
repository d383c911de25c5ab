import type { ExecutionStarted } from '../core/history.js';
import type { FailureDetails } from '../errors.js';
import { entityAddress, orchestrationAddress } from '../wire/addresses.js';
import type { Address, Addressed, ResultMessage } from '../wire/messages.js';
import type { Activation } from './activation.js';
import { EntityActivation } from './entity-activation.js';
import { OrchestrationActivation } from './orchestration-activation.js';
import { linkId } from './started-children.js';
import type { OpenAction, OrchestrationState } from './orchestration-state.js';

/** What an instance has asked of another one, or of a work queue, and waits for. */
export interface OpenRequest {
  readonly asker: Address;
  readonly of: ResultMessage['of'];
  readonly executionId: string;
  readonly taskId: number;
  /** Where the answer may come from; of a work queue: nobody's. */
  readonly asked: readonly Address[];
}

/** All that an instance waits for and that comes by a message. */
export function openRequests(asker: Address, activation: Activation): readonly OpenRequest[] {
  if (activation instanceof OrchestrationActivation) return requestsOf(asker, activation.state);
  if (!(activation instanceof EntityActivation)) return [];
  const journals = activation.journals.stored ?? [];
  return journals.flatMap(({ id: executionId, calls }) =>
    calls.flatMap(({ number: taskId, to, answer }) =>
      answer ? [] : [{ asker, of: 'operation' as const, executionId, taskId, asked: [to] }],
    ),
  );
}

function requestsOf(asker: Address, { started, open, runs }: OrchestrationState): readonly OpenRequest[] {
  if (!started) return [];
  return Array.from(open.values()).flatMap((action) => {
    if (action.type === 'TaskScheduled' && !runs.queued.has(action.id)) return []; // its owner begins it again
    const request = requestOf(action, started);
    return request ? [{ asker, ...request }] : [];
  });
}

function requestOf(action: OpenAction, started: ExecutionStarted): Omit<OpenRequest, 'asker'> | undefined {
  const [{ executionId }, { id: taskId }] = [started, action];
  switch (action.type) {
    case 'TimerCreated':
      return undefined;
    case 'TaskScheduled':
      return { of: 'activity', executionId, taskId, asked: [] };
    case 'SubOrchestrationInstanceCreated':
      return {
        of: 'subOrchestration',
        executionId: linkId(started),
        taskId,
        asked: [orchestrationAddress(action.instanceId)],
      };
    case 'EntityOperationCalled': {
      const former = started.rewound?.asked?.find((call) => call.id === taskId);
      const named = former ?? { executionId, taskId };
      return {
        of: 'operation',
        executionId: named.executionId,
        taskId: named.taskId,
        asked: [entityAddress(action.entity)],
      };
    }
    case 'LockRequested':
      return { of: 'lock', executionId, taskId, asked: action.entities.map(entityAddress) };
  }
}

/** What tells the asker that no answer will come; one that comes nevertheless is a copy. */
export function failedRequest({ asker, of, executionId, taskId }: OpenRequest, failure: FailureDetails): Addressed {
  return [asker, { kind: 'result', of, executionId, taskId, failure }];
}
