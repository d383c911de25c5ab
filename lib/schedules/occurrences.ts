import { Cron } from 'croner';
import { longestDuration } from '../core/fire-time.js';
import { InvalidScheduleError } from '../errors.js';
import type { ScheduleState, ScheduleTimes } from './schedule-state.js';

/** What the times of a schedule depend on. */
type Timed = Pick<ScheduleState, 'definition' | 'createdAt'>;

/**
 * The first time behind another at which a schedule is due, in milliseconds since 1970; undefined when there is none in
 * the next 100 years. It depends on the rules of time zones that this process has, which change: whoever replays must
 * not ask (S1).
 */
export function timeAfter({ definition, createdAt = 0 }: Timed, after: number): number | undefined {
  const { times, from, until } = definition;
  const start = Math.max(after, (from ?? -Infinity) - 1);
  const time =
    'interval' in times
      ? intervalAfter(times.interval, from ?? createdAt + times.interval, start)
      : cronAfter(times, start);
  const isThere = time !== undefined && time <= (until ?? Infinity) && time - after <= longestDuration;
  return isThere ? time : undefined;
}

/** The times behind one and up to another, at most so many. */
export function timesBetween(schedule: Timed, after: number, to: number, limit: number): readonly number[] {
  const times: number[] = [];
  for (let at = timeAfter(schedule, after); at !== undefined && at <= to; at = timeAfter(schedule, at)) {
    if (times.length === limit) break;
    times.push(at);
  }
  return times;
}

function intervalAfter(interval: number, first: number, after: number): number {
  return after < first ? first : first + (Math.floor((after - first) / interval) + 1) * interval;
}

function cronAfter({ crons, timeZone, needsBothDays }: Extract<ScheduleTimes, { crons: unknown }>, after: number) {
  const nexts = crons.flatMap((pattern) => {
    const next = newCron(pattern, timeZone, needsBothDays === true).nextRun(new Date(after));
    return next ? [next.getTime()] : [];
  });
  return nexts.length === 0 ? undefined : Math.min(...nexts);
}

function newCron(pattern: string, timezone: string, domAndDow: boolean): Cron {
  return new Cron(pattern, { timezone, domAndDow });
}

/** Throws InvalidScheduleError for a pattern or a time zone that is none. */
export function checkTimes(times: ScheduleTimes): void {
  if ('interval' in times) return;
  const { crons, timeZone, needsBothDays } = times;
  checkTimeZone(timeZone);
  for (const pattern of crons) {
    // A date would be taken for a pattern that is due once.
    const isPattern = typeof pattern === 'string' && !pattern.includes(':');
    try {
      if (isPattern) newCron(pattern, timeZone, needsBothDays === true).nextRun(new Date(0));
    } catch (error) {
      throw new InvalidScheduleError(`${JSON.stringify(pattern)} is no cron pattern: ${(error as Error).message}`);
    }
    if (!isPattern) throw new InvalidScheduleError(`${JSON.stringify(pattern)} is no cron pattern.`);
  }
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
