import type { Action, ExecutionStarted, NumberedAction, StartedChild } from '../core/history.js';
import { labelsOf } from '../core/labels.js';
import { isMark } from '../core/replay-check.js';
import { entityAddress, orchestrationAddress } from '../wire/addresses.js';
import type { Addressed, Address, Caller, ControlMessage, Parent } from '../wire/messages.js';
import type { PendingActivity } from './activation.js';
import type { FoundChild } from './children-search.js';
import { endOfLock } from './held-lock.js';
import { linkId } from './started-children.js';

/** What the actions of an orchestration ask of the world. */
export interface ActionEffects {
  readonly messages: Addressed[];
  readonly activities: PendingActivity[];
}

/** Who asks: the instance, its execution, and whether it may have asked the same before it was rewound. */
interface Asking {
  readonly address: Address;
  readonly started: ExecutionStarted;
  readonly isRepeated?: boolean;
}

/** The effects of actions of one execution. */
export function effectsOf(actions: Iterable<Action>, asking: Asking): ActionEffects {
  const effects: ActionEffects = { messages: [], activities: [] };
  addEffects(effects, actions, asking);
  return effects;
}

/** Adds the effects of actions of one execution to others. */
export function addEffects(effects: ActionEffects, actions: Iterable<Action>, asking: Asking): void {
  for (const action of actions) if (!isMark(action)) add(effects, action, asking);
}

function add(
  { messages, activities }: ActionEffects,
  action: NumberedAction,
  { address, started, isRepeated }: Asking,
): void {
  const { executionId } = started;
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
        {
          kind: 'start',
          name: action.name,
          ...inputOf(action),
          ...labelsOf(action),
          parent: parentOf(address, started, action.id),
          ...(isRepeated && { isRepeated }),
        },
      ]);
      return;
    case 'OrchestrationStartSent':
      messages.push([
        orchestrationAddress(action.instanceId),
        {
          kind: 'start',
          name: action.name,
          ...inputOf(action),
          ...labelsOf(action),
          ...(action.startAt !== undefined && { startAt: action.startAt }),
        },
      ]);
      return;
    case 'EntityOperationCalled':
      messages.push([
        entityAddress(action.entity),
        {
          kind: 'operation',
          name: action.operation,
          ...inputOf(action),
          caller: { address, executionId, taskId: action.id },
          ...(action.lock && { lock: action.lock }),
        },
      ]);
      return;
    case 'EntityOperationSignaled':
      messages.push([
        entityAddress(action.entity),
        {
          kind: 'operation',
          name: action.operation,
          ...inputOf(action),
          ...(action.fireAt !== undefined && { due: action.fireAt }),
        },
      ]);
      return;
    case 'LockRequested': {
      const { lease, transaction } = action;
      const entities = action.entities.map(entityAddress);
      const holder = { address, executionId, taskId: action.id };
      const request = { kind: 'lockRequest', holder, entities, fences: [], lease } as const;
      messages.push([entities[0]!, { ...request, ...(transaction && { transaction }) }]);
      return;
    }
    case 'LockReleased':
      messages.push(...endOfLock(action, { address, executionId, taskId: action.lockId }));
      return;
    case 'EventSent':
      messages.push([
        orchestrationAddress(action.instanceId),
        { kind: 'event', name: action.name, ...inputOf(action) },
      ]);
      return;
  }
}

function parentLink(address: Address, started: ExecutionStarted, taskId: number): Caller {
  return { address, executionId: linkId(started), taskId };
}

/** A child says which run has started it, to be found by that when no history shows it any more. */
function parentOf(address: Address, started: ExecutionStarted, taskId: number): Parent {
  const { run } = started;
  const link = parentLink(address, started, taskId);
  return run === undefined || run === link.executionId ? link : { ...link, run };
}

/** Asks the same of children of the instance at this address. */
export function toChildren(
  children: readonly StartedChild[],
  address: Address,
  { action, reason }: Pick<ControlMessage, 'action' | 'reason'>,
): readonly Addressed[] {
  const said = reason === undefined ? {} : { reason };
  return children.map(({ instanceId, executionId, taskId }) => [
    orchestrationAddress(instanceId),
    { kind: 'control', action, ...said, recursive: true, parent: { address, executionId, taskId } },
  ]);
}

/** The same of children that no history shows any more. */
export function toFormerChildren(
  children: readonly FoundChild[],
  { action, reason }: Pick<ControlMessage, 'action' | 'reason'>,
): readonly Addressed[] {
  const said = reason === undefined ? {} : { reason };
  return children.map(({ address, runId }) => [address, { kind: 'control', action, ...said, recursive: true, runId }]);
}

function inputOf(action: Extract<NumberedAction, { input?: unknown }>) {
  return action.input === undefined ? {} : { input: action.input };
}
