import type { Json } from '../core/values.js';

/**
 * What happens when a run is due while one goes on: `skip`: nothing; `bufferOne`: it starts when the present one has ended,
 * and further ones are skipped meanwhile; `bufferAll`: all start, one after the other, up to 1,000 wait; `allowAll`: it starts
 * at once.
 */
export type OverlapPolicy = 'skip' | 'bufferOne' | 'bufferAll' | 'allowAll';

/** When a schedule is due: by cron patterns on the clock of a time zone, or at a distance of so many milliseconds. */
export type ScheduleTimes =
  | {
      readonly crons: readonly string[];
      readonly timeZone: string;
      /** Days of the month and of the week must both fit; in plain cron one of them is enough. */
      readonly needsBothDays?: true;
    }
  | { readonly interval: number };

/** What a schedule does, as it is stored. Times and durations are in milliseconds. */
export type ScheduleDefinition = {
  readonly times: ScheduleTimes;
  readonly from?: number;
  readonly until?: number;
  readonly overlap: OverlapPolicy;
  /** A run that comes later than this is missed. */
  readonly catchUp: number;
  readonly action: { readonly orchestrator: string; readonly input?: Json };
};

/** The whole state of a schedule: the input of each execution of its orchestration. */
export type ScheduleState = {
  readonly id: string;
  readonly definition: ScheduleDefinition;
  /** Absent until its first execution has run. */
  readonly createdAt?: number;
  /** When it is due next; absent while it is paused, and when no time is left. */
  readonly next?: number;
  readonly isPaused: boolean;
  readonly note?: string;
  /** The times of the runs that have started and not ended, and of those that wait for their end. */
  readonly running: readonly number[];
  readonly waiting: readonly number[];
  readonly counts: ScheduleCounts;
  /** The last ten runs that were started, the latest one first. */
  readonly recent: readonly { readonly time: number; readonly startedAt: number }[];
  /** The ids of the last commands that were carried out. */
  readonly carriedOut: readonly string[];
};

/** How often something happened in the life of a schedule. */
export type ScheduleCounts = {
  /** Runs that were started. */
  readonly started: number;
  /** Runs that ended with a failure. */
  readonly failed: number;
  /** Runs that were due and did not start, for another one went on. */
  readonly skipped: number;
  /** Runs that would have come later than the catch-up window allows. */
  readonly missed: number;
};

/** What reaches a schedule, as the data of one external event. */
export type ScheduleEvent =
  ScheduleCommand | { readonly kind: 'ended'; readonly time: number; readonly isFailed: boolean };

/** What a client asks of a schedule; `id` is the command's own. */
export type ScheduleCommand = { readonly id: string } & (
  | { readonly kind: 'pause' | 'unpause'; readonly note?: string }
  | { readonly kind: 'trigger'; readonly overlap?: OverlapPolicy }
  | { readonly kind: 'backfill'; readonly times: readonly number[]; readonly overlap: OverlapPolicy }
  | { readonly kind: 'update'; readonly definition: ScheduleDefinition }
  | { readonly kind: 'delete' }
);

const eventKinds: ReadonlySet<unknown> = new Set<ScheduleEvent['kind']>([
  'pause',
  'unpause',
  'trigger',
  'backfill',
  'update',
  'delete',
  'ended',
]);

/** Whether the data of an event is of a kind that is known: a newer client may know more. */
export function isScheduleEvent(data: unknown): data is ScheduleEvent {
  return typeof data === 'object' && data !== null && 'kind' in data && eventKinds.has(data.kind);
}

/** The orchestrator of schedules, that of their runs, the entity that lists them, and the event that they wait for. */
export const SCHEDULE = 'perdure-schedule';
export const SCHEDULED_RUN = 'perdure-scheduled-run';
export const SCHEDULE_INDEX = { name: 'perdure-schedules', key: 'all' } as const;
export const SCHEDULE_EVENT = 'perdure.schedule';

/** The longest id of a schedule, in bytes: those of its runs are longer by their times. */
export const MOST_ID_BYTES = 200;

/** The orchestration instance that a schedule is. */
export function scheduleInstanceId(id: string): string {
  return `perdure.schedule:${id}`;
}

/** The orchestration instance that a schedule starts for one of its times: the same however often it is tried. */
export function runInstanceId(id: string, time: number): string {
  return `${id}:${new Date(time).toISOString()}`;
}

/** The orchestration instance that waits for the end of that one, and tells it. */
export function scheduledRunInstanceId(id: string, time: number): string {
  return `perdure.run:${runInstanceId(id, time)}`;
}

/** A schedule that has not begun. */
export function newSchedule(
  id: string,
  definition: ScheduleDefinition,
  { isPaused, note }: { readonly isPaused: boolean; readonly note?: string | undefined },
): ScheduleState {
  return {
    id,
    definition,
    isPaused,
    ...(note !== undefined && { note }),
    running: [],
    waiting: [],
    counts: { started: 0, failed: 0, skipped: 0, missed: 0 },
    recent: [],
    carriedOut: [],
  };
}
