import type { Action, NumberedAction } from '../core/history.js';
import { labelsOf } from '../core/labels.js';
import { entityAddress, orchestrationAddress } from '../wire/addresses.js';
import type { Addressed, Address, Caller } from '../wire/messages.js';
import type { PendingActivity } from './activation.js';

/** What the actions of an orchestration ask of the world. */
export interface ActionEffects {
  readonly messages: Addressed[];
  readonly activities: PendingActivity[];
}

/** The effects of actions of one execution. */
export function effectsOf(actions: Iterable<Action>, address: Address, executionId: string): ActionEffects {
  const effects: ActionEffects = { messages: [], activities: [] };
  for (const action of actions)
    if (action.type !== 'Patched') add(effects, action, { address, executionId, taskId: action.id });
  return effects;
}

function add({ messages, activities }: ActionEffects, action: NumberedAction, caller: Caller): void {
  const { executionId } = caller;
  switch (action.type) {
    case 'TaskScheduled':
      activities.push({ executionId, request: action, attempt: 1, lost: 0 });
      return;
    case 'TimerCreated':
    case 'TimerCanceled':
      return; // the state knows its open timers
    case 'SubOrchestrationInstanceCreated':
      messages.push([
        orchestrationAddress(action.instanceId),
        { kind: 'start', name: action.name, ...inputOf(action), ...labelsOf(action), parent: caller },
      ]);
      return;
    case 'OrchestrationStartSent':
      messages.push([
        orchestrationAddress(action.instanceId),
        { kind: 'start', name: action.name, ...inputOf(action), ...labelsOf(action) },
      ]);
      return;
    case 'EntityOperationCalled':
      messages.push([
        entityAddress(action.entity),
        { kind: 'operation', name: action.operation, ...inputOf(action), caller },
      ]);
      return;
    case 'EntityOperationSignaled':
      messages.push([entityAddress(action.entity), { kind: 'operation', name: action.operation, ...inputOf(action) }]);
      return;
    case 'EventSent':
      messages.push([
        orchestrationAddress(action.instanceId),
        { kind: 'event', name: action.name, ...inputOf(action) },
      ]);
      return;
  }
}

function inputOf(action: Extract<NumberedAction, { input?: unknown }>) {
  return action.input === undefined ? {} : { input: action.input };
}
