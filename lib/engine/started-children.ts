import type { Action, ExecutionStarted, HistoryEvent, StartedChild } from '../core/history.js';
import type { ResultMessage } from '../wire/messages.js';
import type { StepOutput } from './activation.js';

/** So many are known of those that were left running: they go from execution to execution, in the first event of each. */
export const MOST_LEFT = 1_000;

/** Whether a run has started sub-orchestrations, by what its executions' histories say. */
export function hasChildrenAfter(had: boolean, event: HistoryEvent): boolean {
  if (event.type === 'ExecutionStarted') return event.hasFormerChildren ?? false;
  return had || event.type === 'SubOrchestrationInstanceCreated';
}

/** The execution by which the children of an instance know it: it outlives rewinds, as they do. */
export function linkId({ executionId, rewound }: ExecutionStarted): string {
  return rewound?.origin ?? executionId;
}

/** The children that these actions of an execution have started. */
export function childrenIn(actions: Iterable<Action>, started: ExecutionStarted): readonly StartedChild[] {
  const children: StartedChild[] = [];
  for (const action of actions)
    if (action.type === 'SubOrchestrationInstanceCreated')
      children.push({ instanceId: action.instanceId, executionId: linkId(started), taskId: action.id });
  return children;
}

/** What the first event of an execution says of the children that others before it have left running. */
export function leftWith(left: readonly StartedChild[], more: readonly StartedChild[]): Pick<ExecutionStarted, 'left'> {
  const all = [...left, ...more].slice(-MOST_LEFT);
  return all.length > 0 ? { left: all } : {};
}

/** Those left running without one that has ended; the same list: it was not among them. */
export function leftWithout(
  left: readonly StartedChild[],
  [executionId, taskId]: readonly [executionId: string, taskId: number],
): readonly StartedChild[] {
  const at = left.findIndex((child) => child.executionId === executionId && child.taskId === taskId);
  return at < 0 ? left : left.toSpliced(at, 1);
}

/** The end of a child that an earlier execution has left running; undefined: it is none. */
export function endOfLeft(
  { left }: { readonly left: readonly StartedChild[] },
  { of, executionId, taskId }: ResultMessage,
): StepOutput | undefined {
  if (of !== 'subOrchestration' || leftWithout(left, [executionId, taskId]) === left) return undefined;
  return { entry: { childEnded: [executionId, taskId] }, messages: [] };
}

/** The children that an execution has started and not seen end, and that its history does not show once it is rewound. */
export function takenBack(
  history: readonly HistoryEvent[],
  rewound: readonly HistoryEvent[],
  started: ExecutionStarted,
): readonly StartedChild[] {
  const open = new Map<number, Action>();
  for (const event of history)
    if (event.type === 'SubOrchestrationInstanceCreated') open.set(event.id, event);
    else if (isEndOfChild(event)) open.delete(event.id);
  const shown = new Set<string>();
  for (const event of rewound) if (event.type === 'SubOrchestrationInstanceCreated') shown.add(event.instanceId);
  return childrenIn(open.values(), started).filter(({ instanceId }) => !shown.has(instanceId));
}

function isEndOfChild(
  event: HistoryEvent,
): event is Extract<HistoryEvent, { type: 'SubOrchestrationInstanceCompleted' | 'SubOrchestrationInstanceFailed' }> {
  return event.type === 'SubOrchestrationInstanceCompleted' || event.type === 'SubOrchestrationInstanceFailed';
}
