import type { ValueCodec } from '../core/values.js';
import { timesBetween } from '../schedules/occurrences.js';
import {
  runInstanceId,
  type OverlapPolicy,
  type ScheduleCounts,
  type ScheduleState,
  type ScheduleTimes,
} from '../schedules/schedule-state.js';

/** A schedule as it was read. Values are copies. */
export interface ScheduleDescription {
  /** Its id. */
  readonly scheduleId: string;
  /** When it was created. */
  readonly createdTime: Date;
  /** Whether it is paused: it starts nothing by itself. */
  readonly isPaused: boolean;
  /** What was noted when it was created, paused or unpaused last. */
  readonly note: string | undefined;
  /** When it is due: patterns on the clock of a time zone, or an interval in milliseconds. A calendar is shown as a pattern. */
  readonly times: ScheduleTimes;
  /** Nothing is due before. */
  readonly from: Date | undefined;
  /** Nothing is due after. */
  readonly until: Date | undefined;
  /** What happens when a run is due while one goes on. */
  readonly overlap: OverlapPolicy;
  /** How late a run may start, in milliseconds. */
  readonly catchUpWindowInMilliseconds: number;
  /** The orchestrator that it starts. */
  readonly orchestrator: string;
  /** The input of each run. */
  readonly input: unknown;
  /** When it is due next, at most five times; none while it is paused. Worked out here, by this process's time zones. */
  readonly nextTimes: readonly Date[];
  /** The runs that go on. */
  readonly running: readonly ScheduledRun[];
  /** The runs that wait for these to end. */
  readonly waiting: readonly ScheduledRun[];
  /** The last ten runs that were started, the latest one first. */
  readonly recent: readonly ScheduledRun[];
  /** What has become of its runs since it was created. */
  readonly counts: ScheduleCounts;
}

/** A run of a schedule. */
export interface ScheduledRun {
  /** The orchestration instance: the id of the schedule, a colon, and the time as ISO text. */
  readonly instanceId: string;
  /** When it was due; of one that was triggered, when that was. */
  readonly scheduledTime: Date;
}

const MOST_NEXT = 5;

/** What a client shows of a schedule. */
export function descriptionOf(state: ScheduleState, values: ValueCodec): ScheduleDescription {
  const { id, definition, createdAt = 0, next, isPaused, note, counts } = state;
  const { times, from, until, overlap, catchUp, action } = definition;
  const runOf = (time: number) => ({ instanceId: runInstanceId(id, time), scheduledTime: new Date(time) });
  const later = next === undefined ? [] : [next, ...timesBetween(state, next, Infinity, MOST_NEXT - 1)];
  return {
    scheduleId: id,
    createdTime: new Date(createdAt),
    isPaused,
    note,
    times,
    from: dateOf(from),
    until: dateOf(until),
    overlap,
    catchUpWindowInMilliseconds: catchUp,
    orchestrator: action.orchestrator,
    input: values.decode(action.input),
    nextTimes: later.map((time) => new Date(time)),
    running: state.running.map(runOf),
    waiting: state.waiting.map(runOf),
    recent: state.recent.map(({ time }) => runOf(time)),
    counts,
  };
}

function dateOf(time: number | undefined): Date | undefined {
  return time === undefined ? undefined : new Date(time);
}
