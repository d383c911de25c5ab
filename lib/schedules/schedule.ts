import { OrchestrationContext } from '../core/orchestration-context.js';
import type { Orchestration } from '../core/task.js';
import type { Json } from '../core/values.js';
import { defineEntity, defineOrchestrator } from '../definitions/define.js';
import type { Hosted } from '../definitions/registry.js';
import {
  runInstanceId,
  SCHEDULE,
  SCHEDULE_EVENT,
  SCHEDULE_INDEX,
  SCHEDULED_RUN,
  scheduledRunInstanceId,
  type ScheduleEvent,
  type ScheduleState,
} from './schedule-state.js';
import { begun, due, received } from './schedule-steps.js';

/**
 * A schedule: an orchestration that never ends. Each execution waits for the next time, or for an event, deals with it and
 * continues as new with the state that follows.
 *
 * S1. Times are worked out only in the turn that ends an execution: a turn that is never replayed. What an execution waits
 *     for is part of its input. So the rules of time zones may change between two replays.
 */
export class Schedule {
  *run(state: ScheduleState, ctx: OrchestrationContext): Orchestration<void> {
    const { id, createdAt, next } = state;
    if (createdAt === undefined) {
      ctx.signalEntity(SCHEDULE_INDEX.name, SCHEDULE_INDEX.key, 'add', id);
      return ctx.continueAsNew(begun(state, now(ctx)));
    }
    const event = ctx.waitForExternalEvent(SCHEDULE_EVENT);
    const timer = next === undefined ? undefined : ctx.createTimer(new Date(next));
    yield* ctx.any(timer ? [event, timer] : [event]);
    const step = event.isCompleted ? received(state, event.result, now(ctx)) : due(state, now(ctx));
    if (!step) return ctx.signalEntity(SCHEDULE_INDEX.name, SCHEDULE_INDEX.key, 'remove', id);
    for (const time of step.starts) start(state, time, ctx);
    ctx.continueAsNew(step.state);
  }
}

function now(ctx: OrchestrationContext): number {
  return ctx.currentUtcDateTime.getTime();
}

/** Nobody waits for it here: the run tells its end by an event, for this execution ends before. */
function start({ id, definition }: ScheduleState, time: number, ctx: OrchestrationContext): void {
  const { orchestrator, input } = definition.action;
  const instanceId = runInstanceId(id, time);
  const run: ScheduledRunInput = { schedule: ctx.instanceId, time, instanceId, orchestrator, input };
  ctx.startNew(SCHEDULED_RUN, run, { instanceId: scheduledRunInstanceId(id, time) });
}

interface ScheduledRunInput {
  /** The instance that is told the end. */
  readonly schedule: string;
  readonly time: number;
  readonly instanceId: string;
  readonly orchestrator: string;
  readonly input: Json | undefined;
}

/** One run of a schedule: the orchestration that was asked for, and the news of its end. */
export class ScheduledRun {
  *run(run: ScheduledRunInput, ctx: OrchestrationContext): Orchestration<void> {
    const { schedule, time, orchestrator, input, instanceId } = run;
    const started = ctx.callSubOrchestrator(orchestrator, input, { instanceId });
    try {
      yield* ctx.any([started]); // whether it failed is for the schedule to count
    } finally {
      yield* ctx.any([started]); // when this is canceled, so is what it runs: it has not ended yet
      ctx.sendEvent(schedule, SCHEDULE_EVENT, {
        kind: 'ended',
        time,
        isFailed: started.isFaulted,
      } satisfies ScheduleEvent);
    }
  }
}

/** The ids of all schedules of a task hub. */
class ScheduleIndex {
  state: { ids: string[] } = { ids: [] };

  add(id: string): void {
    if (!this.state.ids.includes(id)) this.state.ids.push(id);
  }

  remove(id: string): void {
    this.state.ids = this.state.ids.filter((other) => other !== id);
  }
}

defineOrchestrator(Schedule, { name: SCHEDULE, input: 'unknown' });
defineOrchestrator(ScheduledRun, { name: SCHEDULED_RUN, input: 'unknown' });
defineEntity(ScheduleIndex, { name: SCHEDULE_INDEX.name, operations: { add: String, remove: String } });

/** What every worker hosts that hosts orchestrators. */
export const hostedForSchedules: Hosted = {
  entities: [ScheduleIndex],
  orchestrators: [Schedule, ScheduledRun],
};
