import { longestDuration } from '../core/fire-time.js';
import type { OrchestratorObject, StartArguments } from '../core/proxies.js';
import { InvalidIdError, InvalidScheduleError } from '../errors.js';
import { checkTimes } from '../schedules/occurrences.js';
import {
  MOST_ID_BYTES,
  type OverlapPolicy,
  type ScheduleDefinition,
  type ScheduleTimes,
} from '../schedules/schedule-state.js';
import { checkInstanceId } from '../wire/checks.js';
import { utf8Length } from '../wire/text.js';

/** When a schedule is due, and how it goes about it. Of `cron`, `intervalInMilliseconds` and `calendar` one is given. */
export interface ScheduleSettings {
  /**
   * Cron patterns: minute, hour, day of the month, month, day of the week; with six fields seconds come first, with seven a
   * year comes last. A list is due whenever one of them is.
   */
  readonly cron?: string | readonly string[] | undefined;
  /**
   * A fixed distance, in milliseconds: 1,000 (a second) to 100 years. It counts from `from`, or else from the creation, when
   * nothing is due yet.
   */
  readonly intervalInMilliseconds?: number | undefined;
  /** Times of the calendar. A list is due whenever one of them is. */
  readonly calendar?: ScheduleCalendar | readonly ScheduleCalendar[] | undefined;
  /** The clock that `cron` and `calendar` are read on: the IANA name of a time zone. Default `UTC`. */
  readonly timeZone?: string | undefined;
  /** Nothing is due before. Default: no limit. */
  readonly from?: Date | undefined;
  /** Nothing is due after. Default: no limit. */
  readonly until?: Date | undefined;
  /** What happens when a run is due while one goes on. Default `skip`. */
  readonly overlap?: OverlapPolicy | undefined;
  /**
   * How late a run may start when no worker was there at its time, in milliseconds: 10,000 (10 s, about what it takes to
   * replace a worker that crashed) to 100 years. What would come later is missed. Default 86,400,000 (a day).
   */
  readonly catchUpWindowInMilliseconds?: number | undefined;
}

/** What a schedule starts: an orchestrator by its class or name, and its input. */
export type ScheduledStart<O extends OrchestratorObject> =
  | readonly [orchestrator: new () => O, ...input: StartArguments<O, undefined>]
  | readonly [orchestrator: string, input?: unknown];

/** A schedule as it is created. */
export interface ScheduleOptions<O extends OrchestratorObject = OrchestratorObject> extends ScheduleSettings {
  /** What it starts: `[Report, input]`, or `['report', input]` for callers that do not have the class. */
  readonly start: ScheduledStart<O>;
  /** Whether it begins paused. Default false. */
  readonly isPaused?: boolean | undefined;
  /** A note for people, such as why it is paused. Default: none. */
  readonly note?: string | undefined;
}

/** Clock times on days; a list fits when one of its numbers does, and what is not given fits always. */
export interface ScheduleCalendar {
  /** 0 to 59. Default 0. */
  readonly second?: number | readonly number[] | undefined;
  /** 0 to 59. Default 0. */
  readonly minute?: number | readonly number[] | undefined;
  /** 0 to 23. Default 0. */
  readonly hour?: number | readonly number[] | undefined;
  /** Of the month, 1 to 31. Default: every day. */
  readonly day?: number | readonly number[] | undefined;
  /** 1 to 12. Default: every month. */
  readonly month?: number | readonly number[] | undefined;
  /** 0 (Sunday) to 6; given together with `day`, both must fit. Default: every day. */
  readonly weekday?: number | readonly number[] | undefined;
  /** From 1970. Default: every year. */
  readonly year?: number | readonly number[] | undefined;
}

const CATCH_UP = 86_400_000;
const SHORTEST_CATCH_UP = 10_000;
const SHORTEST_INTERVAL = 1_000;
const policies: ReadonlySet<unknown> = new Set<OverlapPolicy>(['skip', 'bufferOne', 'bufferAll', 'allowAll']);

/** The id itself when it may name a schedule: an instance id of at most 200 bytes. Throws InvalidIdError. */
export function checkScheduleId(id: string): string {
  const bytes = utf8Length(checkInstanceId(id));
  if (bytes > MOST_ID_BYTES)
    throw new InvalidIdError(
      `Invalid schedule id: too long (${bytes} > ${MOST_ID_BYTES}), counted in bytes of UTF-8: the ids of its runs are longer.`,
    );
  return id;
}

/** The settings as they are stored. Throws InvalidScheduleError. */
export function definitionOf(settings: ScheduleSettings, action: ScheduleDefinition['action']): ScheduleDefinition {
  const { overlap = 'skip', catchUpWindowInMilliseconds: catchUp = CATCH_UP } = settings;
  const times = timesOf(settings);
  checkTimes(times);
  demand(
    catchUp >= SHORTEST_CATCH_UP && catchUp <= longestDuration,
    `catchUpWindowInMilliseconds must be from ${SHORTEST_CATCH_UP} to 100 years, not ${catchUp}`,
  );
  const [from, until] = [timeOf('from', settings.from), timeOf('until', settings.until)];
  demand(until === undefined || until >= (from ?? -Infinity), 'until is before from, so it would never be due');
  return {
    times,
    ...(from !== undefined && { from }),
    ...(until !== undefined && { until }),
    overlap: checkOverlap(overlap),
    catchUp,
    action,
  };
}

/** The policy itself when it is one. Throws InvalidScheduleError. */
export function checkOverlap(overlap: OverlapPolicy): OverlapPolicy {
  demand(policies.has(overlap), `overlap must be one of ${[...policies].join(', ')}, not ${String(overlap)}`);
  return overlap;
}

function timesOf({
  cron,
  calendar,
  intervalInMilliseconds: interval,
  timeZone = 'UTC',
}: ScheduleSettings): ScheduleTimes {
  const given = [cron, calendar, interval].filter((times) => times !== undefined);
  demand(given.length === 1, 'give one of cron, calendar and intervalInMilliseconds');
  if (interval !== undefined) {
    const isInterval = interval >= SHORTEST_INTERVAL && interval <= longestDuration;
    demand(isInterval, `intervalInMilliseconds must be from ${SHORTEST_INTERVAL} to 100 years, not ${interval}`);
    return { interval: Math.ceil(interval) };
  }
  const crons = cron === undefined ? listOf(calendar!).map(patternOf) : listOf(cron);
  demand(crons.length > 0, 'an empty list is never due');
  return { crons, timeZone, ...(calendar && { needsBothDays: true }) };
}

function patternOf({ second = 0, minute = 0, hour = 0, day, month, weekday, year }: ScheduleCalendar): string {
  const fields = [
    fieldOf('second', second, 0, 59),
    fieldOf('minute', minute, 0, 59),
    fieldOf('hour', hour, 0, 23),
    fieldOf('day', day, 1, 31),
    fieldOf('month', month, 1, 12),
    fieldOf('weekday', weekday, 0, 6),
    fieldOf('year', year, 1970, 9999),
  ];
  return fields.join(' ');
}

function fieldOf(name: string, given: number | readonly number[] | undefined, from: number, to: number): string {
  if (given === undefined) return '*';
  const numbers = listOf(given);
  const isField =
    numbers.length > 0 && numbers.every((number) => Number.isInteger(number) && number >= from && number <= to);
  demand(
    isField,
    `calendar.${name} must be a whole number from ${from} to ${to}, or a list of such, not ${String(given)}`,
  );
  return numbers.join(',');
}

function listOf<T>(given: T | readonly T[]): readonly T[] {
  return Array.isArray(given) ? (given as readonly T[]) : [given as T];
}

function timeOf(name: string, date: Date | undefined): number | undefined {
  if (date === undefined) return undefined;
  demand(date instanceof Date && !Number.isNaN(date.getTime()), `${name} must be a valid Date`);
  return date.getTime();
}

function demand(isMet: boolean, what: string): void {
  if (!isMet) throw new InvalidScheduleError(`The schedule cannot be as it is given: ${what}.`);
}
