import { Cron } from 'croner';
import { longestDuration } from '../core/fire-time.js';
import { InvalidScheduleError } from '../errors.js';
import type { ScheduleDefinition, ScheduleState, ScheduleTimes } from './schedule-state.js';

/** What the times of a schedule depend on. */
type Timed = Pick<ScheduleState, 'createdAt'> & {
  readonly definition: Pick<ScheduleDefinition, 'times'> & Partial<ScheduleDefinition>;
};
type ClockTimes = Extract<ScheduleTimes, { readonly crons: unknown }>;

/** The first time behind another, in milliseconds since 1970; undefined: there is none. */
type After = (time: number) => number | undefined;

/**
 * The times at which a schedule is due, up to 100 years ahead. They depend on the rules of time zones that this process has,
 * which change: whoever replays must not ask (S1).
 */
export function timesOf({ definition, createdAt = 0 }: Timed): After {
  const { times, from, until = Infinity } = definition;
  const next = 'interval' in times ? intervals(times.interval, from ?? createdAt + times.interval) : cronTimes(times);
  return (after) => {
    const time = next(Math.max(after, (from ?? -Infinity) - 1));
    return time !== undefined && time <= until && time - after <= longestDuration ? time : undefined;
  };
}

/** The times behind one and up to another, at most so many. */
export function timesBetween(schedule: Timed, after: number, to: number, limit: number): readonly number[] {
  const next = timesOf(schedule);
  const times: number[] = [];
  for (let at = next(after); at !== undefined && at <= to && times.length < limit; at = next(at)) times.push(at);
  return times;
}

function intervals(interval: number, first: number): After {
  return (after) => (after < first ? first : first + (Math.floor((after - first) / interval) + 1) * interval);
}

/**
 * Where a clock is put forward, a fixed time of the missing hour is due at its end; where it is put back, such a time is due
 * once, and one that comes every hour or more often is due in both.
 */
function cronTimes({ crons, ...clock }: ClockTimes): After {
  const clocks = crons.map((pattern) => newCron(pattern, clock));
  return (after) => {
    const nexts = clocks.flatMap((cron) => cron.nextRun(new Date(after))?.getTime() ?? []);
    return nexts.length === 0 ? undefined : Math.min(...nexts);
  };
}

function newCron(pattern: string, { timeZone: timezone, needsBothDays }: Omit<ClockTimes, 'crons'>): Cron {
  return new Cron(pattern, { timezone, domAndDow: needsBothDays === true });
}

/** Throws InvalidScheduleError for a pattern or a time zone that is none. */
export function checkTimes(times: ScheduleTimes): void {
  if ('interval' in times) return;
  const { crons, ...clock } = times;
  checkTimeZone(clock.timeZone);
  for (const pattern of crons) checkPattern(pattern, clock);
}

function checkPattern(pattern: string, clock: Omit<ClockTimes, 'crons'>): void {
  const isDate = typeof pattern !== 'string' || pattern.includes(':'); // would be taken for a pattern that is due once
  let reason = '';
  try {
    if (!isDate) return void newCron(pattern, clock).nextRun(new Date(0));
  } catch (error) {
    reason = `: ${(error as Error).message}`;
  }
  throw new InvalidScheduleError(`${JSON.stringify(pattern)} is no cron pattern${reason}.`);
}

function checkTimeZone(timeZone: string): void {
  try {
    new Intl.DateTimeFormat('en', { timeZone });
  } catch {
    throw new InvalidScheduleError(
      `${JSON.stringify(timeZone)} is no time zone that this process knows. Use an IANA name such as "Europe/Berlin", or "UTC".`,
    );
  }
}
