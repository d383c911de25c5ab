import { toFailureDetails } from '../core/failure.js';
import type { InboundEvent } from '../core/history.js';
import { ActivityLostError, ActivityTimedOutError, type FailureDetails } from '../errors.js';
import type { ActivityRun } from '../wire/activity-run.js';
import type { ResultMessage } from '../wire/messages.js';
import type { TaskIds } from '../wire/tasks.js';
import type { GiveBack, PendingActivity, Requeue, Restart, StepOutput } from './activation.js';
import { refusal } from './orchestration-inputs.js';
import type { OrchestrationState } from './orchestration-state.js';

/**
 * An activity that ended so often with its process is not begun again: it may be what ends them. Processes die of other
 * reasons as well, and then every activity dies with them that runs at the moment.
 */
export const MOST_LOST = 10;

/** What a step makes of activities that are to begin again: each run is recorded before it begins (C1). */
export function restarted(
  state: OrchestrationState,
  { executionId, ids }: Restart,
  at: number,
  take: (events: readonly InboundEvent[]) => StepOutput,
): StepOutput {
  const wanted = new Set(ids);
  const pending = pendingOf(state, executionId).filter(({ request }) => wanted.has(request.id));
  const runs = pending.map(nextRun);
  const failed = runs.filter(({ lost }) => lost >= MOST_LOST).map((activity) => lostEvent(activity, at));
  const begun = runs.filter(({ lost }) => lost < MOST_LOST);
  if (runs.length === 0) return refusal('None of these activities is waited for');
  const output: StepOutput = failed.length > 0 ? take(failed) : { entry: {}, messages: [] };
  if (begun.length === 0 || output.unwanted) return output; // it has ended: nothing begins
  return {
    ...output,
    entry: { ...output.entry, begun: begun.map(({ request, attempt, lost }) => ({ id: request.id, attempt, lost })) },
    activities: [...begun, ...(output.activities ?? [])],
  };
}

/** What a step makes of activities that go to the work queues after all. */
export function requeued(state: OrchestrationState, { executionId, ids }: Requeue): StepOutput {
  const wanted = new Set(ids);
  const queued = pendingOf(state, executionId).filter(({ request }) => wanted.has(request.id));
  if (queued.length === 0) return refusal('None of these activities is waited for');
  return { entry: { queued: [executionId, queued.map(({ request }) => request.id)] }, messages: [], queued };
}

/** What a step makes of activities that are left to the next owner. */
export function givenBack(state: OrchestrationState, { executionId, runs }: GiveBack): StepOutput {
  const open = new Set(pendingOf(state, executionId).map(({ request }) => request.id));
  const begun = runs.filter(({ id }) => open.has(id)).map((run): ActivityRun => ({ ...run, givenBack: true }));
  return begun.length > 0 ? { entry: { begun }, messages: [] } : refusal('None of these activities is waited for');
}

/** The event of a timer that is due, or of an activity that has not ended by its deadline. */
export function dueEvent({ open }: OrchestrationState, id: number, at: number): InboundEvent {
  const action = open.get(id);
  if (action?.type !== 'TaskScheduled') return { type: 'TimerFired', at, id };
  const failure = toFailureDetails(new ActivityTimedOutError(action.name, 'scheduleToClose'));
  return { type: 'TaskFailed', at, id, failure };
}

/** The activities among what is due, and those that are not wanted any more beside them. */
export function unwantedOf(
  { started }: OrchestrationState,
  due: readonly InboundEvent[],
  others: TaskIds | undefined,
): TaskIds | undefined {
  const late = due.flatMap((event) => (event.type === 'TaskFailed' ? [event.id] : []));
  return started && late.length > 0 ? [started.executionId, [...late, ...(others?.[1] ?? [])]] : others;
}

/** The activities that an execution still waits for when it ends with these events, which close some. */
export function unwantedAtEnd(
  { open, started }: OrchestrationState,
  events: readonly InboundEvent[] = [],
): TaskIds | undefined {
  const closed = new Set(events.map((event) => ('id' in event ? event.id : undefined)));
  const ids: number[] = [];
  for (const { type, id } of open.values()) if (type === 'TaskScheduled' && !closed.has(id)) ids.push(id);
  return started && ids.length > 0 ? [started.executionId, ids] : undefined;
}

/** The result of an activity that cannot even be asked for. */
export function failedResult({ executionId, request }: PendingActivity, failure: FailureDetails): ResultMessage {
  return { kind: 'result', of: 'activity', executionId, taskId: request.id, failure };
}

function pendingOf(state: OrchestrationState, executionId: string): readonly PendingActivity[] {
  return state.started?.executionId === executionId ? state.pendingActivities('local') : [];
}

/** An activity as it is when it begins again. */
export function nextRun({
  executionId,
  request,
  attempt,
  lost,
  givenBack: isGivenBack,
}: PendingActivity): PendingActivity {
  return { executionId, request, attempt: attempt + 1, lost: isGivenBack ? lost : lost + 1 };
}

function lostEvent({ request, lost }: PendingActivity, at: number): InboundEvent {
  return {
    type: 'TaskFailed',
    at,
    id: request.id,
    failure: toFailureDetails(new ActivityLostError(request.name, lost)),
  };
}
