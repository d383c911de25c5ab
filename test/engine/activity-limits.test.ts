import test from 'ava';
import { taskSurroundings, type SeenRun } from './task-surroundings.js';

const inputs = (count: number) => Array.from({ length: count }, (_, at) => at);

test('an activity runs in one worker as often at a time as its limit says, the worker in all as its own', async (t) => {
  const { start, call, advance, head } = taskSurroundings();
  const owner = await start('owner', { owns: true, serves: true }, { slots: 5 });
  const running = new Set<SeenRun>();
  let [most, mostFew] = [0, 0];
  owner.jobs.onBegin = (run) => {
    running.add(run);
    most = Math.max(most, running.size);
    mostFew = Math.max(mostFew, [...running].filter(({ name }) => name === 'few').length);
  };
  await call('few', { name: 'few', inputs: inputs(20) });
  await call('slow', { name: 'slow', inputs: inputs(20) });
  const isDone = async () =>
    (await head('few'))?.status === 'Completed' && (await head('slow'))?.status === 'Completed';
  for (let looks = 0; !(await isDone()); looks++) {
    t.true(looks < 1_000, `${owner.jobs.runs.length} ran`);
    await advance(50);
    for (const run of running) {
      running.delete(run);
      run.end(run.input);
    }
  }
  t.deepEqual([most, mostFew], [5, 2]);
  t.deepEqual((await head('few'))?.output, inputs(20));
  t.is(owner.jobs.runs.length, 40, 'each ran once');
});

test('a limit for the whole hub holds over all workers, also for calls of an owner that has the activity', async (t) => {
  const { start, call, advance, head } = taskSurroundings();
  const services = [
    await start('owner', { owns: true, serves: true }),
    await start('one', { serves: true }),
    await start('two', { serves: true }),
  ];
  const running = new Set<SeenRun>();
  const workers = new Set<string>();
  let most = 0;
  for (const { jobs } of services)
    jobs.onBegin = (run) => {
      running.add(run);
      workers.add(run.worker);
      most = Math.max(most, running.size);
    };
  await call('c', { name: 'scarce', inputs: inputs(30) });
  for (let looks = 0; (await head('c'))?.status !== 'Completed'; looks++) {
    t.true(looks < 1_000, `${services.flatMap(({ jobs }) => jobs.runs).length} ran`);
    await advance(20);
    for (const run of running) {
      running.delete(run);
      run.end(run.input);
    }
  }
  t.is(most, 3);
  t.true(workers.size > 1, [...workers].join());
  t.is(services.flatMap(({ jobs }) => jobs.runs).length, 30);
});

test('a busy owner leaves to others what has waited for a second, and no more than that', async (t) => {
  const { start, call, until, advance, head, faults } = taskSurroundings();
  const owner = await start('owner', { owns: true, serves: true }, { slots: 2 });
  await call('c', { name: 'slow', inputs: inputs(6) });
  await until(() => owner.jobs.runs.length === 2);
  await advance(900);
  t.is(faults.count('publish'), 0);
  const other = await start('other', { serves: true }, { slots: 2 });
  await until(() => other.jobs.runs.length === 2, 2_000);
  t.is(owner.jobs.runs.length, 2);
  for (const run of [...owner.jobs.runs, ...other.jobs.runs]) run.end(run.input);
  await until(() => owner.jobs.runs.length + other.jobs.runs.length === 6, 2_000);
  for (const run of [...owner.jobs.runs, ...other.jobs.runs]) run.end(run.input);
  await until(async () => (await head('c'))?.status === 'Completed');
  t.deepEqual((await head('c'))?.output, inputs(6));
  t.is(faults.count('publish'), 4);
});

test('a worker that has no slot for what it took gives it back: others run it sooner', async (t) => {
  const { start, call, until } = taskSurroundings();
  await start('owner', { owns: true, activities: [] });
  const full = await start('full', { serves: true }, { slots: 1 });
  await call('c', { name: 'slow', inputs: [1] });
  await until(() => full.jobs.runs.length === 1);
  await call('d', { name: 'mail', inputs: [2], options: { queue: 'mail' } });
  const idle = await start('idle', { serves: true }, { slots: 1 });
  await until(() => idle.jobs.runs.length === 1, 4_000);
  t.like(idle.jobs.runs[0], { name: 'mail', attempt: 1 });
});

test('a run that takes too long is told so and fails as its attempt does: here, elsewhere, and by the call', async (t) => {
  const { start, call, until, head, world } = taskSurroundings();
  const owner = await start('owner', { owns: true, serves: true });
  const retry = { maxAttempts: 2, firstRetryIntervalInMilliseconds: 100 };
  await call('local', { name: 'brief', inputs: ['a'], options: { retry } });
  await call('queued', { name: 'mail', inputs: ['b'], options: { startToCloseTimeoutInMilliseconds: 500 } });
  await until(() => owner.jobs.runs.length === 2);
  const began = world.time;
  const isOver = async (id: string) => (await head(id))?.status === 'Completed';
  await until(async () => isOver('queued'));
  t.deepEqual((await head('queued'))?.output, ['PERDURE_ACTIVITY_TIMED_OUT']);
  t.true(world.time - began >= 500 && world.time - began < 1_000);
  await until(() => owner.jobs.runs.length === 3);
  t.true(world.time - began >= 2_100 - 10);
  const [first, , second] = owner.jobs.runs;
  t.is((first!.signal.reason as { code: string }).code, 'PERDURE_ACTIVITY_TIMED_OUT');
  first!.end('late');
  second!.end('in time');
  await until(async () => isOver('local'));
  t.deepEqual((await head('local'))?.output, ['in time']);
});

test('P19: the deadline of an activity is its owner to judge, over a takeover and without any worker', async (t) => {
  const { start, call, until, advance, head, world, settle } = taskSurroundings();
  const first = await start('first', { owns: true, activities: [] });
  const began = world.time;
  await call('c', { name: 'slow', inputs: ['a'], options: { scheduleToCloseTimeoutInMilliseconds: 20_000 } });
  await advance(5_000);
  first.kill();
  await advance(5_000);
  const second = await start('second', { owns: true, activities: [] });
  await advance(9_000);
  t.is((await head('c'))?.status, 'Running');
  await until(async () => (await head('c'))?.status === 'Completed');
  t.true(world.time - began >= 20_000 && world.time - began < 21_000, `${world.time - began} ms`);
  t.deepEqual((await head('c'))?.output, ['PERDURE_ACTIVITY_TIMED_OUT']);
  const worker = await start('worker', { serves: true });
  await advance(5_000);
  t.is(worker.jobs.runs.length, 0, 'what is over is not begun');
  await settle(second.stop());
});

test('a deadline with which the orchestration ends: its activity is told, and so are those that it waited for beside it', async (t) => {
  const { start, client, settle, until, head } = taskSurroundings();
  const owner = await start('owner', { owns: true });
  await settle(client.start('hasty', 'h', 'slow'));
  await until(() => owner.jobs.runs.length === 2);
  await until(async () => (await head('h'))?.status === 'Completed', 10_000);
  await until(() => owner.jobs.runs.every(({ signal }) => signal.aborted), 500);
  t.pass();
});

test('a deadline that passes while it runs elsewhere: its worker is told, and the late result changes nothing', async (t) => {
  const { start, call, until, advance, head, queue } = taskSurroundings();
  await start('owner', { owns: true, activities: [] });
  const worker = await start('worker', { serves: true });
  await call('c', { name: 'slow', inputs: ['a'], options: { scheduleToCloseTimeoutInMilliseconds: 3_000 } });
  await until(async () => (await head('c'))?.status === 'Completed');
  await advance(100);
  const [run] = worker.jobs.runs;
  t.is((run!.signal.reason as { code: string }).code, 'PERDURE_ACTIVITY_CANCELED');
  run!.end('late');
  await until(() => queue('slow').taken.size === 0, 1_000);
  t.deepEqual((await head('c'))?.output, ['PERDURE_ACTIVITY_TIMED_OUT']);
});
