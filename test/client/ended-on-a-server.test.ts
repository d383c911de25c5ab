import test from 'ava';
import { connectTaskHub, TaskHubClient, TaskHubWorker, type TaskHub } from 'perdure';
import { recordingLogger } from '../contract/harness.js';
import { startTestServer, type TestServer } from '../servers.js';
import { storedSubjects } from '../stored-subjects.js';
import { until } from '../until.js';
import { Brief, Fan, orchestrators, Twice, Work } from './lifecycle-classes.js';

/** What becomes of instances that have ended, on a real server. */

const partitions = 2;
let server: TestServer;
let hub: TaskHub;
let worker: TaskHubWorker;
let client: TaskHubClient;
const work = new Work();
const hosted = { orchestrators, activities: [work] };

test.before(async () => {
  server = await startTestServer();
  hub = await connectTaskHub({ name: 'ended', servers: server.url, partitions, logger: recordingLogger() });
  worker = await TaskHubWorker.start(hub, hosted);
  client = new TaskHubClient(hub, { timeoutInMilliseconds: 60_000 });
});
test.after.always(async () => {
  await client?.close();
  await worker?.stop();
  await hub?.close();
  await server?.stop();
});

const held = (instanceId: string) => storedSubjects(server, { hub: 'ended', partitions, instanceId });

async function restartWorker(): Promise<void> {
  await worker.stop();
  worker = await TaskHubWorker.start(hub, hosted);
}

const isGone = (id: string) => async () => {
  const status = await client
    .getHandle(id)
    .status()
    .catch((error: { code?: string }) => error.code);
  return status === 'PERDURE_NOT_FOUND';
};

test.serial('on a real server: an instance is started again under another id, beside the first one', async (t) => {
  const first = await client.startNew(Fan, 'r', { instanceId: 'first', tags: { of: 'first' } });
  const output = await first.result();
  await restartWorker();
  const second = await client.restart('first', { newInstanceId: 'second' });
  t.is(second.instanceId, 'second');
  t.deepEqual(await second.result(), output);
  t.like(await second.status(), { input: 'r', tags: { of: 'first' } });
  const third = await first.restart({ newInstanceId: true });
  t.false(['first', 'second'].includes(third.instanceId));
  t.deepEqual(await third.result(), output);
  t.is(work.done.filter((name) => name === 'r0').length, 3);
  t.is((await client.getHandle('first').status()).runtimeStatus, 'Completed');
});

test.serial('on a real server: of an activity with retry a rewind makes one attempt more', async (t) => {
  work.failing.add('s');
  const handle = await client.startNew(Twice, 's');
  await t.throwsAsync(handle.result(), { code: 'PERDURE_ORCHESTRATION_FAILED' });
  const attempts = () => work.done.filter((name) => name === 's').length;
  t.is(attempts(), 2);
  await restartWorker();
  await handle.rewind('still broken');
  await t.throwsAsync(handle.result(), { code: 'PERDURE_ORCHESTRATION_FAILED' });
  t.is(attempts(), 3);
  work.failing.clear();
  await handle.rewind('mended');
  t.is(await handle.result(), 'done s before, done s');
  t.is(attempts(), 4);
  t.is(work.done.filter((name) => name === 's before').length, 1);
});

test.serial(
  'on a real server: a filter purges those of one orchestrator that ended in one way, and no others',
  async (t) => {
    for (const name of ['bad1', 'bad2']) work.failing.add(`${name}0`);
    const fans = ['good', 'bad1', 'bad2'].map((name) => client.startNew(Fan, name, { instanceId: name }));
    await Promise.allSettled((await Promise.all(fans)).map((handle) => handle.result()));
    for (const id of ['good', 'bad1', 'bad2'])
      await until(async () => (await held(id)).length > 0, `${id} to have a view`);
    const filter = { orchestrator: 'fan', runtimeStatus: ['Failed'] } as const;
    t.is(await client.purgeInstances(filter), 2);
    for (const id of ['bad1', 'bad2']) {
      await t.throwsAsync(client.getHandle(id).status(), { code: 'PERDURE_NOT_FOUND' });
      await until(async () => (await held(id)).length === 0, `${id} to be gone`);
    }
    t.is((await client.getHandle('good').status()).runtimeStatus, 'Completed');
    t.is(await client.purgeInstances(filter), 0);
  },
);

test.serial('on a real server: an instance is kept as long as its class says, also over a takeover', async (t) => {
  for (const [id, prepare] of [
    ['same', async () => {}],
    ['other', restartWorker],
  ] as const) {
    const began = hub.ports.clock.now();
    const handle = await client.startNew(Brief, id, { instanceId: id });
    t.is(await handle.result(), id);
    await prepare();
    await until(isGone(id), `${id} to be purged`);
    t.true(hub.ports.clock.now() >= began + 3_000, 'not before its time');
    await until(async () => (await held(id)).length === 0, `${id} to be gone`);
  }
});
