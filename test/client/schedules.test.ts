import test from 'ava';
import { OrchestrationContext, type Orchestration, type ScheduleDescription, type ScheduleOptions } from 'perdure';
import { Orchestrator, Run } from 'perdure/decorators';
import { IsString } from 'class-validator';
import { builtInFor } from '../../lib/worker/built-in.js';
import { createHost } from '../../lib/worker/host.js';
import type { MemoryWorker } from '../engine/surroundings.js';
import { rejection, Surroundings } from './surroundings.js';

/** Schedules as a client has them, on a hub in memory whose time passes when the test says so. */

const minute = 60_000;
const hour = 60 * minute;

class Topic {
  @IsString() topic!: string;
}

/** What ran, by instance id. */
let ran: string[] = [];

@Orchestrator('report')
class Report {
  @Run() *run({ topic }: Topic, ctx: OrchestrationContext): Orchestration<string> {
    if (!ctx.isReplaying) ran.push(ctx.instanceId);
    if (topic === 'slow') yield* ctx.createTimer(90_000);
    if (topic === 'broken') throw new Error('no ink');
    return `${topic} at ${ctx.currentUtcDateTime.toISOString()}`;
  }
}

class Scheduling extends Surroundings {
  override work(name = 'worker'): Promise<MemoryWorker> {
    const hosted = { orchestrators: [Report] };
    return super.work(name, createHost(name, hosted, builtInFor(hosted, {})));
  }

  create(id: string, options: Omit<ScheduleOptions<Report>, 'start'>, topic = 'sales') {
    return this.settle(this.client.schedules.create(id, { ...options, start: [Report, { topic }] }));
  }

  /** Lets time pass until the beginning of the next minute by the world's clock. */
  async toFullMinute(): Promise<number> {
    await this.advance(minute - (this.world.time % minute));
    return this.world.time;
  }

  describe(id: string): Promise<ScheduleDescription> {
    return this.settle(this.client.schedules.get(id).describe());
  }
}

async function scheduling(): Promise<Scheduling> {
  ran = [];
  const around = new Scheduling();
  await around.work();
  return around;
}

const iso = (time: number): string => new Date(time).toISOString();

test.serial(
  'a run whose end nobody could tell is told ended by the next command, and the schedule goes on',
  async (t) => {
    const around = await scheduling();
    const now = await around.toFullMinute();
    const schedule = await around.create('halted', { cron: '* * * * *' }, 'slow');
    await around.advance(minute + 5_000);
    await around.settle(around.client.terminate(`perdure.run:halted:${iso(now + minute)}`));
    await around.advance(4 * minute);
    t.like((await around.describe('halted')).counts, { started: 1, failed: 0, skipped: 4 }, 'it waits for the run');
    await around.settle(schedule.trigger());
    t.like((await around.describe('halted')).counts, { started: 2, failed: 1, skipped: 4 });
    await around.advance(3 * minute);
    t.true((await around.describe('halted')).counts.started > 2, 'by itself, too');
  },
);

test.serial('a schedule starts its orchestration at each of its times, under an id made of both', async (t) => {
  const around = await scheduling();
  const now = await around.toFullMinute();
  await around.create('often', { cron: '* * * * *' });
  await around.advance(2 * minute + 5_000);
  t.deepEqual(ran, [`often:${iso(now + minute)}`, `often:${iso(now + 2 * minute)}`]);
  const run = around.client.getHandle(Report, ran[0]!);
  t.true((await around.settle(run.result())).startsWith(`sales at ${iso(now + minute).slice(0, -4)}`));
  const description = await around.describe('often');
  t.like(description, {
    scheduleId: 'often',
    isPaused: false,
    times: { crons: ['* * * * *'], timeZone: 'UTC' },
    overlap: 'skip',
    catchUpWindowInMilliseconds: 24 * hour,
    orchestrator: 'report',
    input: { topic: 'sales' },
    running: [],
    waiting: [],
    counts: { started: 2, failed: 0, skipped: 0, missed: 0 },
  });
  t.deepEqual(
    description.nextTimes.map((time) => time.getTime() - now),
    [3, 4, 5, 6, 7].map((minutes) => minutes * minute),
  );
  t.deepEqual(
    description.recent.map(({ instanceId }) => instanceId),
    [...ran].reverse(),
  );
});

test.serial('a schedule outlives its worker: what was due meanwhile is made up for, each time once', async (t) => {
  const around = await scheduling();
  const worker = await around.work('first');
  const now = await around.toFullMinute();
  await around.create('often', { cron: '* * * * *', overlap: 'bufferAll' });
  await around.advance(minute + 5_000);
  worker.connection.kill();
  await around.advance(3 * minute);
  await around.work('second');
  await around.advance(30_000);
  t.deepEqual(
    ran,
    [1, 2, 3, 4].map((minutes) => `often:${iso(now + minutes * minute)}`),
  );
  t.like(await around.describe('often'), { counts: { started: 4, missed: 0 } });
});

test.serial('what would come later than the catch-up window allows is missed', async (t) => {
  const around = await scheduling();
  const worker = await around.work('first');
  await around.toFullMinute();
  await around.create('often', { cron: '* * * * *', catchUpWindowInMilliseconds: 10_000 });
  worker.connection.kill();
  await around.advance(3 * minute + 30_000);
  await around.work('second');
  await around.advance(5_000);
  t.deepEqual(ran, []);
  t.like(await around.describe('often'), { counts: { started: 0, missed: 3 } });
});

test.serial('skip and allowAll decide about runs that take longer than the interval', async (t) => {
  const around = await scheduling();
  const now = await around.toFullMinute();
  await around.create('skips', { cron: '* * * * *' }, 'slow');
  await around.create('allows', { cron: '* * * * *', overlap: 'allowAll' }, 'slow');
  await around.advance(2 * minute + 5_000);
  const due = (id: string, minutes: number) => `${id}:${iso(now + minutes * minute)}`;
  t.deepEqual(ran.toSorted(), [due('allows', 1), due('allows', 2), due('skips', 1)]);
  const skips = await around.describe('skips');
  t.like(skips, { counts: { started: 1, skipped: 1 } });
  t.deepEqual(
    skips.running.map(({ instanceId }) => instanceId),
    [due('skips', 1)],
  );
  t.is((await around.describe('allows')).running.length, 2);
  await around.advance(minute);
  t.like(await around.describe('skips'), { counts: { started: 2, skipped: 1 } });
});

test.serial('a run that fails is counted, and the schedule goes on', async (t) => {
  const around = await scheduling();
  await around.toFullMinute();
  await around.create('often', { intervalInMilliseconds: minute }, 'broken');
  await around.advance(2 * minute + 5_000);
  t.like(await around.describe('often'), { running: [], counts: { started: 2, failed: 2 } });
});

test.serial('pause, unpause and trigger have been carried out when they resolve', async (t) => {
  const around = await scheduling();
  const now = await around.toFullMinute();
  const often = await around.create('often', { cron: '* * * * *' });
  await around.settle(often.pause('holidays'));
  t.like(await around.describe('often'), { isPaused: true, note: 'holidays', nextTimes: [] });
  await around.advance(3 * minute);
  t.deepEqual(ran, []);
  await around.settle(often.trigger());
  t.like(await around.describe('often'), { counts: { started: 1 } });
  await around.advance(1_000);
  t.is(ran.length, 1);
  await around.settle(often.unpause());
  t.like(await around.describe('often'), { isPaused: false, note: undefined });
  await around.toFullMinute();
  await around.advance(5_000);
  t.is(ran.length, 2);
  t.is(ran[1], `often:${iso(now + 4 * minute)}`);
});

test.serial('commands that are given all at once are carried out in order, each of them', async (t) => {
  const around = await scheduling();
  const often = await around.create('often', { intervalInMilliseconds: hour, overlap: 'allowAll' });
  const triggers = Array.from({ length: 120 }, () => often.trigger());
  await around.settle(Promise.all([...triggers, often.pause('first'), often.pause('last')]));
  t.like(await around.describe('often'), { note: 'last', counts: { started: 120, skipped: 0 } });
  await around.advance(1_000);
  t.is(new Set(ran).size, 120);
});

test.serial('a schedule may begin paused', async (t) => {
  const around = await scheduling();
  await around.create('later', { cron: '* * * * *', isPaused: true, note: 'not yet' });
  await around.advance(2 * minute);
  t.deepEqual(ran, []);
  t.like(await around.describe('later'), { isPaused: true, note: 'not yet' });
});

test.serial('a backfill makes up for a stretch of time, one run after the other', async (t) => {
  const around = await scheduling();
  const now = await around.toFullMinute();
  const hourly = await around.create('hourly', { cron: '0 * * * *' });
  const full = now - (now % hour);
  await around.settle(hourly.backfill({ from: new Date(full - 2 * hour), to: new Date(full) }));
  await around.advance(5_000);
  t.deepEqual(
    ran,
    [2, 1, 0].map((hours) => `hourly:${iso(full - hours * hour)}`),
  );
  const wrong = await rejection(around, () => hourly.backfill({ from: new Date(now), to: new Date(now - 1) }));
  t.is(wrong.code, 'PERDURE_INVALID_SCHEDULE');
  const much = await rejection(around, () => hourly.backfill({ from: new Date(0), to: new Date(now) }));
  t.regex(much.message, /at most 1000 runs/);
});

test.serial('an update takes effect from then on', async (t) => {
  const around = await scheduling();
  const now = await around.toFullMinute();
  const often = await around.create('often', { cron: '* * * * *' });
  await around.settle(
    often.update({ intervalInMilliseconds: hour, from: new Date(now + hour), start: ['report', { topic: 'news' }] }),
  );
  await around.advance(2 * minute);
  t.deepEqual(ran, []);
  await around.advance(hour);
  t.deepEqual(ran, [`often:${iso(now + hour)}`]);
  const { input, nextTimes } = await around.describe('often');
  t.deepEqual([input, nextTimes[0]?.getTime()], [{ topic: 'news' }, now + 2 * hour]);
});

test.serial('schedules are listed until they are deleted, and a deleted one is not found', async (t) => {
  const around = await scheduling();
  t.deepEqual(await around.settle(around.client.schedules.list()), []);
  const b = await around.create('b', { intervalInMilliseconds: hour });
  const a = await around.create('a', { intervalInMilliseconds: hour });
  const listed = async () => {
    await around.advance(1_000); // the list is told by a signal
    return (await around.settle(around.client.schedules.list())).map(({ scheduleId }) => scheduleId);
  };
  t.deepEqual(await listed(), ['a', 'b']);
  await around.settle(b.delete());
  t.deepEqual(await listed(), ['a']);
  for (const call of [() => b.describe(), () => b.pause(), () => b.trigger(), () => b.delete()]) {
    const error = await rejection(around, call);
    t.like(error, { code: 'PERDURE_SCHEDULE_NOT_FOUND', scheduleId: 'b' });
  }
  const again = await around.create('b', { intervalInMilliseconds: hour });
  t.like(await around.describe(again.scheduleId), { counts: { started: 0 } });
  const taken = await rejection(around, () => around.create(a.scheduleId, { intervalInMilliseconds: hour }));
  t.like(taken, { code: 'PERDURE_SCHEDULE_EXISTS', scheduleId: 'a' });
});

test.serial('a schedule that cannot work is refused, and nothing is stored', async (t) => {
  const around = await scheduling();
  const { stored } = around;
  const every = { intervalInMilliseconds: hour };
  for (const [options, text] of [
    [{}, /give one of cron, calendar and intervalInMilliseconds/],
    [{ ...every, cron: '* * * * *' }, /give one of/],
    [{ cron: 'every day' }, /"every day" is no cron pattern/],
    [{ cron: ['* * * * *', '61 * * * *'] }, /"61 \* \* \* \*" is no cron pattern/],
    [{ cron: '2026-01-01T00:00:00' }, /is no cron pattern/],
    [{ cron: [] }, /an empty list is never due/],
    [{ cron: '* * * * *', timeZone: 'Europe/Atlantis' }, /"Europe\/Atlantis" is no time zone/],
    [{ calendar: { hour: 24 } }, /calendar\.hour must be a whole number from 0 to 23, or a list of such, not 24/],
    [{ calendar: { weekday: [] } }, /calendar\.weekday must be/],
    [{ intervalInMilliseconds: 999 }, /intervalInMilliseconds must be from 1000/],
    [{ ...every, overlap: 'never' as never }, /overlap must be one of skip, bufferOne, bufferAll, allowAll, not never/],
    [{ ...every, catchUpWindowInMilliseconds: 9_999 }, /catchUpWindowInMilliseconds must be from 10000/],
    [{ ...every, from: new Date(NaN) }, /from must be a valid Date/],
    [{ ...every, from: new Date(2), until: new Date(1) }, /until is before from/],
  ] as const) {
    const error = await rejection(around, () => around.create('x', options));
    t.is(error.code, 'PERDURE_INVALID_SCHEDULE', error.message);
    t.regex(error.message, text);
  }
  t.is((await rejection(around, () => around.create('a/b', every))).code, 'PERDURE_INVALID_ID');
  t.regex((await rejection(around, () => around.create('x'.repeat(201), every))).message, /too long \(201 > 200\)/);
  const create = (start: ScheduleOptions['start']) => () => around.client.schedules.create('x', { ...every, start });
  t.is((await rejection(around, create([Report, { topic: 5 }] as never))).code, 'PERDURE_INVALID_INPUT');
  t.is((await rejection(around, create(['nothing']))).code, 'PERDURE_UNKNOWN_ORCHESTRATOR');
  t.is(around.stored, stored);
});

test.serial('a command that no worker carries out in time says that it is stored', async (t) => {
  const around = await scheduling();
  const worker = await around.work('first');
  const often = await around.create('often', { cron: '* * * * *' });
  await around.advance(1_000);
  worker.connection.kill();
  const error = await rejection(around, () => often.pause());
  t.is(error.code, 'PERDURE_TIMEOUT');
  t.regex(error.message, /has not carried out pause within 30000 ms: it is stored, and will be/);
  await around.work('second');
  await around.advance(5_000);
  t.true((await around.describe('often')).isPaused);
});
