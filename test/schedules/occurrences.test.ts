import test from 'ava';
import { checkTimes, timesBetween, timesOf } from '../../lib/schedules/occurrences.js';
import type { ScheduleTimes } from '../../lib/schedules/schedule-state.js';

/** The first times behind a date, as ISO text to the minute. */
function times(
  schedule: ScheduleTimes,
  after: string,
  count: number,
  { from, until, createdAt }: { from?: string; until?: string; createdAt?: string } = {},
): string[] {
  const definition = {
    times: schedule,
    ...(from && { from: Date.parse(from) }),
    ...(until && { until: Date.parse(until) }),
    overlap: 'skip',
    catchUp: 0,
    action: { orchestrator: 'report' },
  } as const;
  const schedules = { definition, ...(createdAt && { createdAt: Date.parse(createdAt) }) };
  return timesBetween(schedules, Date.parse(after), Infinity, count).map((time) =>
    new Date(time).toISOString().slice(0, 16),
  );
}

const berlin = (...crons: string[]): ScheduleTimes => ({ crons, timeZone: 'Europe/Berlin' });

test('an interval counts from the creation, or from its beginning, which is due itself', (t) => {
  const hours: ScheduleTimes = { interval: 6 * 3_600_000 };
  const createdAt = '2026-01-01T01:30Z';
  t.deepEqual(times(hours, '2026-01-01T01:30Z', 2, { createdAt }), ['2026-01-01T07:30', '2026-01-01T13:30']);
  t.deepEqual(times(hours, '2026-01-01T07:29Z', 1, { createdAt }), ['2026-01-01T07:30']);
  t.deepEqual(times(hours, '2026-01-01T07:30Z', 1, { createdAt }), ['2026-01-01T13:30']);
  const from = '2026-02-01T00:00Z';
  t.deepEqual(times(hours, createdAt, 2, { createdAt, from }), ['2026-02-01T00:00', '2026-02-01T06:00']);
  t.deepEqual(times(hours, '2026-03-01T01:00Z', 1, { from }), ['2026-03-01T06:00']);
});

test('a pattern is read on the clock of its time zone, and of several the next one counts', (t) => {
  const twice = berlin('0 3 * * *', '30 15 * * 1');
  t.deepEqual(times(twice, '2026-01-04T12:00Z', 3), ['2026-01-05T02:00', '2026-01-05T14:30', '2026-01-06T02:00']);
  t.deepEqual(times(twice, '2026-07-05T12:00Z', 2), ['2026-07-06T01:00', '2026-07-06T13:30']);
  t.deepEqual(times(berlin('0 3 * * *', '0 3 * * *'), '2026-01-04T12:00Z', 2), [
    '2026-01-05T02:00',
    '2026-01-06T02:00',
  ]);
});

test('an hour that is skipped when clocks are put forward: its fixed times are due at its end', (t) => {
  // 29 March 2026 in Berlin: 02:00 is 03:00, which is 01:00 UTC.
  t.deepEqual(times(berlin('30 2 * * *'), '2026-03-28T12:00Z', 2), ['2026-03-29T01:00', '2026-03-30T00:30']);
  t.deepEqual(times(berlin('0 3 * * *'), '2026-03-28T12:00Z', 2), ['2026-03-29T01:00', '2026-03-30T01:00']);
  const halves = ['2026-03-29T00:30', '2026-03-29T01:00', '2026-03-29T01:30'];
  t.deepEqual(times(berlin('*/30 * * * *'), '2026-03-29T00:00Z', 3), halves);
  t.deepEqual(times(berlin('30 2 * * *', '0 3 * * *'), '2026-03-28T12:00Z', 2), [
    '2026-03-29T01:00',
    '2026-03-30T00:30',
  ]);
});

test('an hour that comes twice when clocks are put back: its fixed times are due once, what comes each hour twice', (t) => {
  // 25 October 2026 in Berlin: 03:00 is 02:00 again, which is 01:00 UTC.
  t.deepEqual(times(berlin('30 2 * * *'), '2026-10-24T12:00Z', 2), ['2026-10-25T00:30', '2026-10-26T01:30']);
  t.deepEqual(times(berlin('0 3 * * *'), '2026-10-24T12:00Z', 2), ['2026-10-25T02:00', '2026-10-26T02:00']);
  const hours = ['2026-10-24T23:30', '2026-10-25T00:30', '2026-10-25T01:30', '2026-10-25T02:30'];
  t.deepEqual(times(berlin('30 * * * *'), '2026-10-24T23:00Z', 4), hours);
});

test('an interval takes no notice of clocks', (t) => {
  const day: ScheduleTimes = { interval: 24 * 3_600_000 };
  t.deepEqual(times(day, '2026-03-28T12:00Z', 2, { from: '2026-03-01T12:00Z' }), [
    '2026-03-29T12:00',
    '2026-03-30T12:00',
  ]);
});

test('days of the month and of the week: one of them is enough in cron, both are needed in a calendar', (t) => {
  const crons = ['0 0 3 13 * 5'];
  t.deepEqual(times({ crons, timeZone: 'UTC' }, '2026-11-01T00:00Z', 2), ['2026-11-06T03:00', '2026-11-13T03:00']);
  const both: ScheduleTimes = { crons, timeZone: 'UTC', needsBothDays: true };
  t.deepEqual(times(both, '2026-11-01T00:00Z', 2), ['2026-11-13T03:00', '2027-08-13T03:00']);
});

test('what is due no more has no time: after its end, in a past year, on a day that never comes', (t) => {
  t.deepEqual(times(berlin('0 3 * * *'), '2026-01-04T12:00Z', 9, { until: '2026-01-06T02:00Z' }), [
    '2026-01-05T02:00',
    '2026-01-06T02:00',
  ]);
  t.deepEqual(times({ crons: ['0 0 3 * * * 2025'], timeZone: 'UTC' }, '2026-01-04T12:00Z', 1), []);
  t.deepEqual(times({ crons: ['0 0 31 2 *'], timeZone: 'UTC' }, '2026-01-04T12:00Z', 1), []);
  const far: ScheduleTimes = { interval: 3_600_000 };
  t.deepEqual(times(far, '2026-01-04T12:00Z', 1, { from: '2200-01-01T00:00Z' }), []);
});

test('a time is never that behind which it is asked for, nor before it', (t) => {
  const next = timesOf({
    definition: { times: berlin('* * * * * *'), overlap: 'skip', catchUp: 0, action: { orchestrator: 'report' } },
  });
  const start = Date.UTC(2026, 2, 29, 0, 59, 57, 500);
  let at = start;
  for (let seconds = 1; seconds <= 6; seconds++) {
    at = next(at)!;
    t.is(at, start - 500 + seconds * 1_000);
  }
});

test('patterns and time zones are checked, in each form that cron has', (t) => {
  for (const pattern of ['* * * * *', '*/5 * * * *', '0 0 3 * * MON-FRI', '@daily', '0 0 L * *', '0 0 3 * * * 2027'])
    t.notThrows(() => checkTimes({ crons: [pattern], timeZone: 'America/New_York' }), pattern);
  for (const pattern of ['', '* * * *', '60 * * * *', 'every day', '2026-01-01T00:00', 5 as never])
    t.throws(
      () => checkTimes({ crons: [pattern], timeZone: 'UTC' }),
      { code: 'PERDURE_INVALID_SCHEDULE' },
      `${pattern}`,
    );
  for (const timeZone of ['', 'Berlin', '+25:00', 5 as never])
    t.throws(() => checkTimes({ crons: ['* * * * *'], timeZone }), { code: 'PERDURE_INVALID_SCHEDULE' }, `${timeZone}`);
});
