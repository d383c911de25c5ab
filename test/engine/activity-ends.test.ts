import { MOST_LOST } from '../../lib/engine/orchestration-activities.js';
import test from 'ava';
import { taskSurroundings } from './task-surroundings.js';

const code = (signal: AbortSignal | undefined) => (signal?.reason as { code?: string } | undefined)?.code;

for (const [how, again] of [
  ['ends', false],
  ['continues as new', true],
] as const)
  for (const [where, does] of [
    ['its owner', { owns: true, serves: true }],
    ['another worker', { owns: true, activities: [] }],
  ] as const)
    test(`an orchestration ${how} while its activity runs in ${where}: the activity is told at once`, async (t) => {
      const { start, client, settle, until, advance, head, queue } = taskSurroundings();
      const owner = await start('owner', does);
      const worker = 'serves' in does ? owner : await start('worker', { serves: true });
      await settle(client.start('leaver', 'l', { name: 'slow', again }));
      await until(() => worker.jobs.runs.length === 1);
      await advance(5_000);
      const [run] = worker.jobs.runs;
      t.false(run!.signal.aborted);
      await settle(client.send('o.l', { kind: 'event', name: 'go' }));
      await until(() => run!.signal.aborted, 500);
      t.is(code(run!.signal), 'PERDURE_ACTIVITY_CANCELED');
      run!.end('too late');
      await until(() => queue('slow').taken.size === 0, 1_000);
      await advance(500);
      t.is((await head('l'))?.status, again ? 'Running' : 'Completed');
      t.is(worker.jobs.runs.length, 1);
    });

test('C1: an activity is told of the end only when the end is committed', async (t) => {
  const { start, client, settle, until, advance, faults } = taskSurroundings();
  await start('owner', { owns: true, activities: [] });
  const worker = await start('worker', { serves: true });
  await settle(client.start('leaver', 'l', { name: 'slow' }));
  await until(() => worker.jobs.runs.length === 1);
  await advance(5_000);
  faults.faults.set('log.append', Array<'requestLost'>(4).fill('requestLost'));
  await settle(client.send('o.l', { kind: 'event', name: 'go' }));
  await advance(4_000);
  t.false(worker.jobs.runs[0]!.signal.aborted, 'the record is not stored yet');
  await until(() => worker.jobs.runs[0]!.signal.aborted, 5_000);
});

test('a notice that gets lost: the worker asks the owner, and tells the activity within half a minute', async (t) => {
  const { start, client, settle, until, advance, world, faults } = taskSurroundings();
  await start('owner', { owns: true, activities: [] });
  const worker = await start('worker', { serves: true });
  await settle(client.start('leaver', 'l', { name: 'slow' }));
  await until(() => worker.jobs.runs.length === 1);
  await advance(3_000);
  const began = world.time;
  faults.faults.set('bus.publish', Array<'requestLost'>(3).fill('requestLost'));
  await settle(client.send('o.l', { kind: 'event', name: 'go' }));
  await advance(2_000);
  faults.faults.clear();
  t.false(worker.jobs.runs[0]!.signal.aborted);
  await until(() => worker.jobs.runs[0]!.signal.aborted);
  t.true(world.time - began <= 35_000, `${world.time - began} ms`);
});

test('a request that waits when its orchestration ends is never begun', async (t) => {
  const { start, client, settle, until, advance, queue } = taskSurroundings();
  await start('owner', { owns: true, activities: [] });
  await settle(client.start('leaver', 'l', { name: 'slow' }));
  await until(() => queue('slow').backlog === 1);
  await settle(client.send('o.l', { kind: 'event', name: 'go' }));
  await advance(15_000);
  const worker = await start('worker', { serves: true });
  await until(() => queue('slow').backlog + queue('slow').taken.size === 0);
  t.is(worker.jobs.runs.length, 0);
});

for (const [where, place] of [
  ['in its owner', 'local'],
  ['in another worker', 'queued'],
] as const)
  test(`an activity that ends its process ${where}: after some deaths its attempt fails, and those beside it go on`, async (t) => {
    const { start, call, until, head, advance } = taskSurroundings();
    if (place === 'queued') await start('owner', { owns: true, activities: [] });
    const begun: number[] = [];
    const beside: number[] = [];
    const process = async (n: number) => {
      const service = await start(`process${n}`, { owns: place === 'local', serves: true });
      service.jobs.onBegin = (run) => {
        if (run.input === 'poison') {
          begun.push(run.attempt);
          service.kill();
        } else {
          beside.push(run.attempt);
          service.connection.clock.after(20_000, () => run.end('well'));
        }
      };
      return service;
    };
    let service = await process(1);
    await call('b', { name: 'slow', inputs: ['beside'] });
    await until(() => beside.length === 1);
    await call('p', { name: 'slow', inputs: ['poison'] });
    let processes = 1;
    for (let looks = 0; (await head('p'))?.status !== 'Completed'; looks++) {
      t.true(looks < 400, 'it is over in time');
      await advance(1_000);
      if (service.connection.isOpen) continue;
      service = await process(++processes);
    }
    t.deepEqual((await head('p'))?.output, ['PERDURE_ACTIVITY_LOST']);
    t.deepEqual(
      begun,
      Array.from({ length: MOST_LOST }, (_, run) => run + 1),
      'no further process is ended',
    );
    await until(async () => (await head('b'))?.status === 'Completed');
    t.deepEqual((await head('b'))?.output, ['well']);
  });

for (const [where, place] of [
  ['its owner', 'local'],
  ['another worker', 'queued'],
] as const)
  test(`${where} stops in good order, again and again: the activity is told, and it is no loss`, async (t) => {
    const { start, call, until, head, settle } = taskSurroundings();
    const options = { stopTimeoutInMilliseconds: 1_000 };
    if (place === 'queued') await start('owner', { owns: true, activities: [] });
    await call('c', { name: 'slow', inputs: ['a'] });
    const attempts: number[] = [];
    const stops = MOST_LOST + 2;
    for (let n = 1; n <= stops; n++) {
      const service = await start(`process${n}`, { owns: place === 'local', serves: true }, options);
      await until(() => service.jobs.runs.length === 1, 20_000);
      const [run] = service.jobs.runs;
      attempts.push(run!.attempt);
      const stopping = service.stop();
      run!.signal.addEventListener('abort', () => run!.fail(new Error('aborted')));
      await settle(stopping);
      t.is(code(run!.signal), 'PERDURE_CLOSED');
    }
    t.deepEqual(
      attempts,
      Array.from({ length: stops }, (_, run) => run + 1),
    );
    const last = await start('last', { owns: place === 'local', serves: true }, options);
    await until(() => last.jobs.runs.length === 1);
    last.jobs.runs[0]!.end('done');
    await until(async () => (await head('c'))?.status === 'Completed');
    t.deepEqual((await head('c'))?.output, ['done']);
  });

test('a request that a stopping worker leaves to others is acknowledged only when they have it', async (t) => {
  const { start, call, until, head, faults, advance } = taskSurroundings();
  await start('owner', { owns: true, activities: [] });
  const leaving = await start('leaving', { serves: true });
  await call('c', { name: 'slow', inputs: ['a'] });
  await until(() => leaving.jobs.runs.length === 1);
  const [run] = leaving.jobs.runs;
  run!.signal.addEventListener('abort', () => run!.fail(new Error('aborted')));
  faults.faults.set('publish', Array<'requestLost'>(100).fill('requestLost'));
  void leaving.stop();
  await advance(4_000);
  t.true(run!.signal.aborted);
  t.is(faults.count('acknowledge'), 0);
  leaving.kill();
  faults.faults.clear();
  const next = await start('next', { serves: true });
  await until(() => next.jobs.runs.length === 1, 15_000);
  next.jobs.runs[0]!.end('done');
  await until(async () => (await head('c'))?.status === 'Completed');
  t.deepEqual((await head('c'))?.output, ['done']);
});

test('an activity that ends in time while its worker stops is done', async (t) => {
  const { start, call, until, head, settle } = taskSurroundings();
  const owner = await start('owner', { owns: true, serves: true }, { stopTimeoutInMilliseconds: 5_000 });
  await call('c', { name: 'slow', inputs: ['a'] });
  await call('d', { name: 'mail', inputs: ['b'] });
  await until(() => owner.jobs.runs.length === 2);
  const stopping = owner.stop();
  for (const run of owner.jobs.runs) run.end('done');
  await settle(stopping);
  const next = await start('next', { owns: true, serves: true });
  await until(async () => (await head('d'))?.status === 'Completed');
  t.is((await head('c'))?.status, 'Completed');
  t.is(next.jobs.runs.length, 0);
});
