import test from 'ava';
import {
  connectTaskHub,
  OrchestrationCanceledError,
  OrchestrationTerminatedError,
  TaskHubClient,
  TaskHubWorker,
  type OrchestrationHandle,
  type TaskHub,
} from 'perdure';
import { recordingLogger } from '../contract/harness.js';
import { startTestServer, type TestServer } from '../servers.js';
import { storedSubjects } from '../stored-subjects.js';
import { until } from '../until.js';
import { Booking, Crew, Fan, Family, Gather, orchestrators, Rounds, Tree, Trip, Work } from './lifecycle-classes.js';
import { Monitor, monitors, Nest } from './monitors.js';

/** The lifecycle of instances on a real server, from end to end. */

let server: TestServer;
let hub: TaskHub;
let worker: TaskHubWorker;
let client: TaskHubClient;
const work = new Work();
const warnings: string[] = [];
const hosted = { orchestrators: [...orchestrators, ...monitors], activities: [work] };

test.before(async () => {
  server = await startTestServer();
  hub = await connectTaskHub({ name: 'life', servers: server.url, partitions: 3, logger: recordingLogger(warnings) });
  worker = await TaskHubWorker.start(hub, hosted);
  client = new TaskHubClient(hub, { timeoutInMilliseconds: 60_000 });
});
test.after.always(async () => {
  await client?.close();
  await worker?.stop();
  await hub?.close();
  await server?.stop();
});

const statusOf = async (handle: Pick<OrchestrationHandle, 'status'>) => (await handle.status()).runtimeStatus;
const isIn = (id: string, status: string) => async () => (await statusOf(client.getHandle(id))) === status;

async function restartWorker(): Promise<void> {
  await worker.stop();
  worker = await TaskHubWorker.start(hub, hosted);
}

test.serial('of fifty racing starts of one id there is one instance', async (t) => {
  const clients = Array.from({ length: 5 }, () => new TaskHubClient(hub, { timeoutInMilliseconds: 60_000 }));
  const race = (instanceId: string, ifExists: 'attach' | 'reject' | 'replace') =>
    Promise.allSettled(
      Array.from({ length: 50 }, (_, n) => clients[n % 5]!.startNew(Gather, 1, { instanceId, ifExists })),
    );
  const rejected = await race('rejects', 'reject');
  t.is(rejected.filter(({ status }) => status === 'fulfilled').length, 1);
  for (const one of rejected)
    if (one.status === 'rejected') t.is((one.reason as { code?: string }).code, 'PERDURE_INSTANCE_EXISTS');
  const attached = await race('attaches', 'attach');
  const handles = attached.map((one) => (one as PromiseFulfilledResult<OrchestrationHandle>).value);
  await client.raiseEvent('attaches', 'Item', 'all');
  t.deepEqual(await Promise.all(handles.map((handle) => handle.result())), Array(50).fill(['all']));
  const replaced = await race('replaces', 'replace');
  await client.raiseEvent('replaces', 'Item', 'last');
  const ends = await Promise.allSettled(
    replaced.map((one) => (one as PromiseFulfilledResult<OrchestrationHandle>).value.result()),
  );
  const done = ends.filter((end) => end.status === 'fulfilled');
  t.deepEqual(done, [{ status: 'fulfilled', value: ['last'] }], 'each start but the last was replaced');
  await client.terminate('rejects');
  await Promise.all(clients.map((each) => each.close()));
});

test.serial('suspended during parallel work: what runs ends, nothing follows, and resumed it goes on', async (t) => {
  const handle = await client.startNew(Rounds, 2, { instanceId: 'rounds' });
  await handle.suspend('hold on');
  await until(() => work.done.includes('0.2'), 'the first round to be done');
  await restartWorker();
  t.is(await statusOf(handle), 'Suspended');
  await handle.resume();
  t.is((await handle.result()).length, 6);
});

test.serial('a tree of three levels is suspended, stays so over a takeover, and is resumed', async (t) => {
  const root = await client.startNew(Crew, 2, { instanceId: 'crew' });
  const leaves = ['crew.a.a', 'crew.a.b', 'crew.b.a', 'crew.b.b'];
  const tree = ['crew', 'crew.a', 'crew.b', ...leaves];
  for (const id of leaves) await until(isIn(id, 'Running'), `${id} to run`);
  await root.suspend('the night', { recursive: true });
  for (const id of tree) await until(isIn(id, 'Suspended'), `${id} to be suspended`);
  await restartWorker();
  for (const id of leaves) await client.raiseEvent(id, 'Item', `for ${id}`);
  for (const id of tree)
    t.like(await client.getHandle(id).status(), { runtimeStatus: 'Suspended', reason: 'the night', source: 'owner' });
  await root.resume('the day', { recursive: true });
  t.deepEqual(
    await root.result(),
    leaves.map((id) => `for ${id}`),
  );
});

test.serial(
  'a tree that was suspended as a whole is canceled as a whole, also when its root alone is resumed',
  async (t) => {
    const root = await client.startNew(Tree, 1, { instanceId: 'quiet' });
    const all = ['quiet', 'quiet.a', 'quiet.b'];
    await until(() => all.slice(1).every((id) => work.done.includes(id)), 'the leaves to work');
    await root.suspend('the night', { recursive: true });
    for (const id of all) await until(isIn(id, 'Suspended'), `${id} to be suspended`);
    await restartWorker();
    await root.resume();
    await root.cancel('all of it');
    await t.throwsAsync(root.result(), { instanceOf: OrchestrationCanceledError });
    for (const id of all) await until(isIn(id, 'Canceled'), `${id} to be canceled`);
    t.deepEqual(
      all.filter((id) => work.done.includes(`undo ${id}`)),
      all,
    );
  },
);

test.serial('what a client has started is found by all its handles at once', async (t) => {
  const started = await Promise.all(Array.from({ length: 100 }, () => client.startNew(Gather, 1)));
  const statuses = started.map(async ({ instanceId }) => statusOf(client.getHandle(instanceId)));
  t.deepEqual(new Set(await Promise.all(statuses)), new Set(['Running']));
  for (let n = 0; n < 20; n++) {
    const { instanceId } = await client.startNew(Gather, 1);
    t.true(await client.raiseEvent(instanceId, 'Item', n), `the event of the ${n}th is taken`);
    t.deepEqual(await client.getHandle(instanceId).result(), [n]);
  }
  for (const { instanceId } of started) await client.terminate(instanceId);
});

test.serial('a tree of three levels is terminated', async (t) => {
  const root = await client.startNew(Tree, 2, { instanceId: 'root' });
  await until(() => work.done.filter((name) => name.startsWith('root.')).length === 4, 'the leaves to run');
  await root.terminate('over', { reason: 'enough' });
  for (const id of ['root', 'root.a', 'root.b', 'root.a.a', 'root.a.b', 'root.b.a', 'root.b.b'])
    await until(isIn(id, 'Terminated'), `${id} to be terminated`);
  await until(() => work.aborted.filter((name) => name.startsWith('root.')).length === 4, 'the activities to be told');
  const error = await t.throwsAsync(root.result(), { instanceOf: OrchestrationTerminatedError });
  t.like(error, { reason: 'enough', output: 'over' });
  t.like(await root.status(), { reason: 'enough', output: 'over' });
});

test.serial('a canceled booking is undone', async (t) => {
  const handle = await client.startNew(Booking, 'desk');
  await until(() => work.done.includes('desk'), 'the booking to be held');
  await handle.cancel('changed plans');
  const error = await t.throwsAsync(handle.result(), { instanceOf: OrchestrationCanceledError });
  t.is(error?.reason, 'changed plans');
  t.true(work.done.includes('release desk') && work.aborted.includes('desk'));
});

test.serial('a canceled saga is compensated, the last step first, and ends as canceled', async (t) => {
  const handle = await client.startNew(Trip, 'ada');
  await until(() => work.done.includes('book flight for ada'), 'the flight to be booked');
  await handle.cancel('ill');
  await t.throwsAsync(handle.result(), { code: 'PERDURE_ORCHESTRATION_CANCELED' });
  t.deepEqual(
    work.done.filter((name) => name.startsWith('cancel ')),
    ['cancel flight for ada', 'cancel hotel for ada'],
  );
  t.like(await handle.status(), { runtimeStatus: 'Canceled', reason: 'ill' });
});

test.serial('a fan-out and a failed child are rewound', async (t) => {
  work.failing.add('s3').add('hx1');
  const [fan, family] = [await client.startNew(Fan, 's'), await client.startNew(Family, 'h')];
  for (const handle of [fan, family]) await t.throwsAsync(handle.result(), { code: 'PERDURE_ORCHESTRATION_FAILED' });
  work.failing.clear();
  await restartWorker();
  for (const handle of [fan, family]) await handle.rewind('mended');
  t.is((await fan.result()).length, 5);
  t.is((await family.result()).length, 11);
  const twice = work.done.filter((name, at) => /^[sh]/.test(name) && work.done.indexOf(name) !== at);
  t.deepEqual(twice.toSorted(), ['hx1', 's3']);
});

test.serial('a start in the future survives its worker', async (t) => {
  const startAt = new Date(Date.now() + 4_000);
  const handle = await client.startNew(Fan, 'z', { instanceId: 'later', startAt });
  t.is(await statusOf(handle), 'Pending');
  await restartWorker();
  t.is(await statusOf(handle), 'Pending');
  t.is((await handle.result()).length, 5);
  t.true(
    (await handle.status()).createdTime.getTime() >= startAt.getTime() - 500,
    'up to the difference of the clocks',
  );
});

test.serial('restarted, then purged with its children: the streams hold nothing of it', async (t) => {
  const first = await client.startNew(Family, 'p', { instanceId: 'family' });
  await first.result();
  const again = await first.restart();
  t.is((await again.result()).length, 11);
  t.true((await client.purgeInstances({ orchestrator: 'fan', runtimeStatus: ['Failed'] })) === 0);
  await client.purge('family');
  await t.throwsAsync(client.getHandle('family').status(), { code: 'PERDURE_NOT_FOUND' });
  const held = () => storedSubjects(server, { hub: 'life', partitions: 3, instanceId: 'family' });
  await until(async () => (await held()).length === 0, 'its head to be gone');
  await restartWorker();
  await t.throwsAsync(client.getHandle('family').status(), { code: 'PERDURE_NOT_FOUND' });
  const next = await client.startNew(Fan, 'q', { instanceId: 'family' });
  t.is((await next.result()).length, 5);
  t.deepEqual(
    warnings.filter((line) => !/blocked/.test(line)),
    [],
  );
});

test.serial('a purge reaches the children of all executions, of one or of all that fit a filter', async (t) => {
  const handles = await client.startMany(
    Monitor,
    [3, 3, 3].map((looks) => [looks]),
  );
  await Promise.all(handles.map((handle) => handle.result()));
  const count = async (orchestrator: string) => (await client.countInstances({ orchestrator })).total;
  const counts = () => Promise.all(['monitor', 'look', 'leaf'].map(count));
  const are = async (expected: readonly number[]) => String(await counts()) === String(expected);
  await until(() => are([3, 9, 9]), 'all to be stored');
  await restartWorker();
  await handles[0]!.purge();
  await until(() => are([2, 6, 6]), 'one to be gone');
  t.is(await client.purgeInstances({ orchestrator: Monitor }), 2);
  await until(() => are([0, 0, 0]), 'all to be gone');
});

test.serial('terminate, suspend and cancel reach the children that earlier executions have left running', async (t) => {
  const nests = ['ended', 'held', 'called off'];
  const of = (id: string) => [`${id}.2`, `${id}.1`, `${id}.0`];
  for (const instanceId of nests) await client.startNew(Nest, 2, { instanceId });
  const isThere = (id: string) => async () =>
    (await client.countInstances({ instanceIdPrefix: id, runtimeStatus: ['Running'] })).total === 1;
  for (const id of nests.flatMap(of)) await until(isThere(id), `${id} to run`);
  await restartWorker();
  await client.terminate('ended');
  await client.getHandle('held').suspend('a while', { recursive: true });
  await client.getHandle('called off').cancel();
  const states = ['Terminated', 'Suspended', 'Canceled'];
  for (const [at, id] of nests.entries())
    for (const one of [id, ...of(id)]) await until(isIn(one, states[at]!), `${one} to be ${states[at]}`);
  await client.getHandle('held').resume('on', { recursive: true });
  for (const one of ['held', ...of('held')]) await until(isIn(one, 'Running'), `${one} to run`);
  await client.terminate('held');
  for (const one of of('held')) await until(isIn(one, 'Terminated'), `${one} to be terminated`);
  t.pass();
});
