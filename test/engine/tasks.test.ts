import test from 'ava';
import { text } from './surroundings.js';
import { records, taskSurroundings } from './task-surroundings.js';

test('an activity that its owner has not registered waits for a worker that has, without partitions', async (t) => {
  const { start, call, head, queue, advance, until } = taskSurroundings();
  const owner = await start('owner', { owns: true, serves: true, activities: [] });
  await call('c', { name: 'slow', inputs: ['a'] });
  await advance(60_000);
  t.is((await head('c'))?.status, 'Running');
  t.is(queue('slow').backlog, 1);
  const worker = await start('worker', { serves: true });
  await until(() => worker.jobs.runs.length === 1);
  t.like(worker.jobs.runs[0], { input: 'a', attempt: 1 });
  worker.jobs.runs[0]!.end('done');
  await until(async () => (await head('c'))?.status === 'Completed');
  t.deepEqual((await head('c'))?.output, ['done']);
  t.deepEqual([queue('slow').backlog, queue('slow').taken.size], [0, 0]);
  t.deepEqual([owner.lines, worker.lines], [[], []]);
});

test('an activity that its owner has runs there without a message; one that names a queue goes through it', async (t) => {
  const { hub, start, call, faults, until, advance } = taskSurroundings();
  const owner = await start('owner', { owns: true, serves: true });
  await call('local', { name: 'slow', inputs: ['a'] });
  await until(() => owner.jobs.runs.length === 1);
  await advance(1_000);
  t.is(faults.count('publish'), 0);
  t.false(records(hub).some(({ steps }) => steps.some(({ queued }) => queued)));
  await call('queued', { name: 'mail', inputs: ['b'] });
  await until(() => owner.jobs.runs.length === 2);
  t.is(faults.count('publish'), 1);
  await call('named', { name: 'slow', inputs: ['c'], options: { queue: 'elsewhere' } });
  await until(() => hub.tasks.queue('elsewhere').backlog === 1);
  t.is(owner.jobs.runs.length, 2);
});

test('P20: C1: a request is published only when the record with its place is acknowledged', async (t) => {
  const { world, hub, client, start, faults, settle } = taskSurroundings();
  await start('owner', { owns: true, activities: [] });
  await settle(client.start('caller', 'c', { name: 'slow', inputs: ['a'] }));
  const isRecorded = () => records(hub).some(({ steps }) => steps.some(({ queued }) => queued?.[1].length === 1));
  while (!isRecorded()) {
    t.is(faults.count('publish'), 0);
    await world.scheduler.advance(0.05);
  }
  await world.scheduler.advance(10);
  t.is(faults.count('publish'), 1);
});

test('P20: what was committed and not published is published by the next owner', async (t) => {
  const { start, call, faults, queue, until, head, advance } = taskSurroundings();
  faults.faults.set('publish', ['requestLost', 'requestLost']);
  const first = await start('first', { owns: true, activities: [] });
  await call('c', { name: 'slow', inputs: ['a'] });
  await until(() => faults.count('publish') === 1);
  first.kill();
  await advance(10_000);
  t.is(queue('slow').backlog, 0);
  await start('second', { owns: true, activities: [] });
  await until(() => queue('slow').backlog === 1);
  const worker = await start('worker', { serves: true });
  await until(() => worker.jobs.runs.length === 1);
  worker.jobs.runs[0]!.end('done');
  await until(async () => (await head('c'))?.status === 'Completed');
});

test('P20: what was published, and perhaps not, is published again: a copy within the window is none', async (t) => {
  const { start, call, faults, queue, until, advance } = taskSurroundings();
  faults.faults.set('publish', ['responseLost', 'requestLost', 'requestLost']);
  const first = await start('first', { owns: true, activities: [] });
  await call('c', { name: 'slow', inputs: ['a'] });
  await until(() => queue('slow').backlog === 1);
  first.kill();
  await start('second', { owns: true, activities: [] });
  await advance(10_000);
  t.true(faults.count('publish') >= 2);
  t.is(queue('slow').backlog, 1);
});

test('P20: a copy beyond the window is run or not, and its result changes nothing (C4)', async (t) => {
  const { start, call, faults, queue, until, advance, head } = taskSurroundings();
  faults.faults.set('publish', ['responseLost', 'requestLost', 'requestLost']);
  const first = await start('first', { owns: true, activities: [] });
  await call('c', { name: 'slow', inputs: ['a'] });
  await until(() => queue('slow').backlog === 1);
  first.kill();
  await advance(121_000);
  await start('second', { owns: true, activities: [] });
  await until(() => queue('slow').backlog === 2);
  const worker = await start('worker', { serves: true });
  const other = await start('other', { serves: true });
  await until(() => worker.jobs.runs.length + other.jobs.runs.length === 2);
  const [one, two] = [...worker.jobs.runs, ...other.jobs.runs];
  t.is(one?.idempotencyKey, two?.idempotencyKey);
  one!.end('first');
  await until(async () => (await head('c'))?.status === 'Completed');
  two!.end('second');
  await advance(2_000);
  t.deepEqual((await head('c'))?.output, ['first']);
  t.is((await head('c'))?.history.filter(({ type }) => type === 'TaskCompleted').length, 1);
  t.deepEqual([queue('slow').backlog, queue('slow').taken.size], [0, 0]);
});

test('P20: what is acknowledged in a record or in the checkpoint is not published again', async (t) => {
  for (const wait of [600, 30_000]) {
    const { start, call, faults, queue, until, advance } = taskSurroundings();
    const first = await start('first', { owns: true, activities: [] });
    await call('c', { name: 'slow', inputs: ['a', 'b'] });
    await until(() => queue('slow').backlog === 2);
    await advance(wait);
    first.kill();
    t.is(faults.count('publish'), 2);
    await advance(130_000);
    await start('second', { owns: true, activities: [] });
    await advance(10_000);
    t.is(faults.count('publish'), 2, `after ${wait} ms`);
  }
});

test('P20: P8: what is not acknowledged is in the checkpoint, long after its record is forgotten', async (t) => {
  const { hub, client, start, call, faults, queue, until, advance, settle } = taskSurroundings();
  faults.faults.set('publish', Array<'requestLost'>(1_000).fill('requestLost'));
  const first = await start('first', { owns: true, activities: [] });
  await call('c', { name: 'slow', inputs: ['a', 'b'] });
  await advance(3_000);
  for (let at = 0; at < 20; at++) {
    await settle(client.start('caller', `other${at}`, { name: 'slow', inputs: [] }));
    await advance(1_100);
  }
  t.false(records(hub).some(({ steps }) => steps.some(({ queued }) => queued)));
  first.kill();
  faults.faults.clear();
  await start('second', { owns: true, activities: [] });
  await until(() => queue('slow').backlog === 2, 1_000);
});

test('a worker that dies in the middle: another one runs it within 15 s, as the second attempt with the same key', async (t) => {
  const { start, call, head, until } = taskSurroundings();
  await start('owner', { owns: true, activities: [] });
  const first = await start('first', { serves: true });
  await call('c', { name: 'slow', inputs: ['a'] });
  await until(() => first.jobs.runs.length === 1);
  const second = await start('second', { serves: true });
  first.kill();
  const took = await until(() => second.jobs.runs.length === 1);
  t.true(took <= 15_000, `${took} ms`);
  t.like(second.jobs.runs[0], { attempt: 2, idempotencyKey: first.jobs.runs[0]!.idempotencyKey });
  second.jobs.runs[0]!.end('done');
  await until(async () => (await head('c'))?.status === 'Completed');
});

test('an activity may run for an hour: its worker gives signs of life, and nobody else gets it', async (t) => {
  const { start, call, head, until, advance } = taskSurroundings();
  await start('owner', { owns: true, activities: [] });
  const [first, second] = [await start('first', { serves: true }), await start('second', { serves: true })];
  await call('c', { name: 'slow', inputs: ['a'] });
  await until(() => first.jobs.runs.length + second.jobs.runs.length === 1);
  await advance(3_600_000);
  t.is(first.jobs.runs.length + second.jobs.runs.length, 1);
  const [run] = [...first.jobs.runs, ...second.jobs.runs];
  t.false(run!.signal.aborted);
  run!.end('long');
  await until(async () => (await head('c'))?.status === 'Completed');
});

test('C4: a result that is stored and an acknowledgement that is lost: it is seen to be done, and not run again', async (t) => {
  const { start, call, head, queue, faults, until, advance } = taskSurroundings();
  await start('owner', { owns: true, activities: [] });
  const worker = await start('worker', { serves: true });
  faults.faults.set('acknowledge', ['requestLost', 'requestLost', 'requestLost']);
  await call('c', { name: 'slow', inputs: ['a'] });
  await until(() => worker.jobs.runs.length === 1);
  worker.jobs.runs[0]!.end('done');
  await until(async () => (await head('c'))?.status === 'Completed');
  await advance(30_000);
  t.is(worker.jobs.runs.length, 1);
  t.deepEqual([queue('slow').backlog, queue('slow').taken.size], [0, 0]);
  t.is(faults.count('acknowledge'), 4);
});

test('a result whose way is lost is sent until it is stored, and only then is the request acknowledged', async (t) => {
  const { start, call, head, faults, until } = taskSurroundings();
  await start('owner', { owns: true, activities: [] });
  const worker = await start('worker', { serves: true });
  await call('c', { name: 'slow', inputs: ['a'] });
  await until(() => worker.jobs.runs.length === 1);
  faults.faults.set('mailbox.send', ['requestLost', 'requestLost', 'requestLost']);
  worker.jobs.runs[0]!.end('done');
  await until(() => faults.faults.get('mailbox.send')!.length === 0);
  t.is(faults.count('acknowledge'), 0);
  await until(async () => (await head('c'))?.status === 'Completed');
  await until(() => faults.count('acknowledge') === 1);
});

test('a worker that serves a named queue gives back what it has not registered, and says so', async (t) => {
  const { start, call, head, queue, advance } = taskSurroundings();
  await start('owner', { owns: true, activities: [] });
  const worker = await start('worker', { serves: true });
  await call('c', { name: 'letter', inputs: ['a'], options: { queue: 'mail' } });
  await advance(60_000);
  t.true(worker.lines.length >= 5 && worker.lines.length <= 13, `${worker.lines.length} lines`);
  t.regex(worker.lines[0]!, /^c: Queue mail has a request for activity "letter", which this worker has not registered/);
  t.is(queue('mail').backlog + queue('mail').taken.size, 1);
  t.is((await head('c'))?.status, 'Running', 'going round is no loss');
  const [waiting] = queue('mail').tasks;
  t.is(waiting?.deliveries, 1, 'what goes round is a new request each time');
  t.falsy((JSON.parse(text.decode(waiting?.body)) as { lost?: number }).lost);
});
