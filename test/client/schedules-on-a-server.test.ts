import test from 'ava';
import { OrchestrationContext, type Orchestration } from 'perdure';
import { Orchestrator, Run } from 'perdure/decorators';
import { startTestServer, type TestServer } from '../servers.js';
import { until } from '../until.js';
import { Stage } from '../worker/stage.js';

/** A schedule on a real server, from its first run to its end. */

/** What ran, by instance id. */
const ran: string[] = [];

@Orchestrator('report')
class Report {
  @Run({ input: String }) *run(topic: string, ctx: OrchestrationContext): Orchestration<string> {
    if (!ctx.isReplaying) ran.push(ctx.instanceId);
    if (topic === 'slow') yield* ctx.waitForExternalEvent('Go');
    return topic;
  }
}

/** Goes on until it is told to end. */
@Orchestrator('errand')
class Errand {
  @Run() *run(_: void, ctx: OrchestrationContext): Orchestration<void> {
    yield* ctx.waitForExternalEvent('Home');
  }
}

let server: TestServer;
test.before(async () => {
  server = await startTestServer();
});
test.after.always(() => server?.stop());

/** The time in the id of a run. */
const timeOf = (instanceId: string) => new Date(instanceId.slice(instanceId.indexOf(':') + 1));

test('on a real server: a schedule by the second, over a takeover, an update, a trigger and a backfill', async (t) => {
  await using stage = await Stage.on(server, 'schedules');
  const { client } = stage;
  const hosted = { orchestrators: [Report] };
  const first = await stage.start(hosted);
  const schedule = await client.schedules.create('tick', {
    cron: '* * * * * *',
    timeZone: 'America/New_York',
    overlap: 'bufferOne',
    start: [Report, 'slow'],
  });
  const skipped = async () => (await schedule.describe()).counts.skipped;
  await until(async () => (await skipped()) >= 1, 'one run to go on, one to wait, and others to be skipped');
  const before = await schedule.describe();
  t.like(before, { times: { crons: ['* * * * * *'], timeZone: 'America/New_York' }, overlap: 'bufferOne' });
  t.deepEqual([before.running.length, before.waiting.length, before.counts.started], [1, 1, 1]);
  t.is(before.waiting[0]!.scheduledTime.getTime() - before.running[0]!.scheduledTime.getTime(), 1_000);

  await first.stop();
  await stage.start(hosted);
  const skippedBefore = await skipped();
  await until(async () => (await skipped()) > skippedBefore, 'the next worker to go on with it');
  const [running, waiting] = [before.running[0]!.instanceId, before.waiting[0]!.instanceId];
  await client.raiseEvent(running, 'Go');
  t.is(await client.getHandle(running).result(), 'slow');
  await until(() => ran.includes(waiting), 'the one that waits to run');

  await schedule.update({ cron: '0 3 * * *', timeZone: 'America/New_York', overlap: 'skip', start: [Report, 'quick'] });
  const hour = new Intl.DateTimeFormat('en', { hour: 'numeric', hourCycle: 'h23', timeZone: 'America/New_York' });
  const { nextTimes } = await schedule.describe();
  t.deepEqual(
    nextTimes.map((time) => hour.format(time)),
    ['03', '03', '03', '03', '03'],
  );
  await schedule.pause('for the night'); // from here on it runs nothing by itself
  const isAtRest = async () => {
    const description = await schedule.describe();
    for (const { instanceId } of description.running) await client.raiseEvent(instanceId, 'Go');
    return description.running.length + description.waiting.length === 0;
  };
  await until(isAtRest, 'all runs of before the update to end');
  const early = [...ran];
  t.deepEqual(early.slice(0, 2), [running, waiting]);
  t.is(new Set(early).size, early.length, 'no time ran twice');
  t.true(early.every((id) => timeOf(id).getUTCMilliseconds() === 0));

  await schedule.trigger();
  await until(isAtRest, 'the triggered run to end');
  t.is(ran.length, early.length + 1);

  // Over the night in which the clocks of New York went forward.
  await schedule.backfill({ from: new Date('2026-03-07T08:00:00Z'), to: new Date('2026-03-09T12:00:00Z') });
  const backfilled = ['2026-03-07T08:00:00.000Z', '2026-03-08T07:00:00.000Z', '2026-03-09T07:00:00.000Z'];
  await until(() => ran.length === early.length + 4, 'three runs of the past');
  await until(isAtRest, 'them to end');
  t.deepEqual(
    ran.slice(-3),
    backfilled.map((time) => `tick:${time}`),
  );
  t.like(await schedule.describe(), { counts: { started: ran.length, failed: 0, missed: 0 } });
  await schedule.delete();
  await t.throwsAsync(schedule.describe(), { code: 'PERDURE_SCHEDULE_NOT_FOUND' });
});

test('on a real server: by interval and by calendar; one run at a time, or side by side', async (t) => {
  await using stage = await Stage.on(server, 'errands');
  const { schedules } = stage.client;
  await stage.start({ orchestrators: [Errand] });
  const everySecond = { intervalInMilliseconds: 1_000, start: [Errand] } as const;
  const alone = await schedules.create('alone', everySecond);
  const beside = await schedules.create('beside', { ...everySecond, overlap: 'allowAll' });
  const timeZone = 'Europe/Berlin';
  const calendar = [
    { day: [1, 15], hour: 6 },
    { month: 12, day: 24, hour: 18, minute: 30 },
  ];
  const monthly = await schedules.create('monthly', { calendar, timeZone, start: [Errand] });

  const clock = new Intl.DateTimeFormat('en', {
    day: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
    timeZone,
  });
  const { nextTimes } = await monthly.describe();
  t.is(nextTimes.length, 5);
  for (const time of nextTimes) t.regex(clock.format(time), /^(?:1|15), 06:00$|^24, 18:30$/);

  const count = async (of: typeof alone) => (await of.describe()).counts;
  await until(async () => (await count(beside)).started >= 3, 'three side by side');
  await until(async () => (await count(alone)).skipped >= 2, 'two to be skipped');
  await beside.pause();
  await alone.pause();
  t.like(await count(alone), { started: 1, missed: 0 });
  t.is((await alone.describe()).running.length, 1);
  const { running, counts } = await beside.describe();
  t.deepEqual([running.length, counts.skipped], [counts.started, 0]);
  const times = running.map(({ scheduledTime }) => scheduledTime.getTime());
  t.true(
    times.every((time, at) => at === 0 || time - times[at - 1]! === 1_000),
    times.join(),
  );
  t.deepEqual((await schedules.list()).map(({ scheduleId }) => scheduleId).toSorted(), ['alone', 'beside', 'monthly']);
});
