import test from 'ava';
import { connect } from 'nats';
import {
  connectTaskHub,
  OrchestrationCanceledError,
  TaskHubClient,
  TaskHubWorker,
  type OrchestrationHandle,
  type TaskHub,
} from 'perdure';
import { recordingLogger } from '../contract/harness.js';
import { startTestServer, type TestServer } from '../servers.js';
import { until } from '../until.js';
import { Booking, Fan, Family, Gather, orchestrators, Rounds, Tree, Work } from './lifecycle-classes.js';

/** The lifecycle of instances on a real server, from end to end. */

let server: TestServer;
let hub: TaskHub;
let worker: TaskHubWorker;
let client: TaskHubClient;
const work = new Work();
const warnings: string[] = [];
const hosted = { orchestrators, activities: [work] };

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
  const race = (instanceId: string, ifExists: 'attach' | 'reject') =>
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

test.serial('a tree of three levels is terminated', async (t) => {
  const root = await client.startNew(Tree, 2, { instanceId: 'root' });
  await until(() => work.done.filter((name) => name.startsWith('root.')).length === 4, 'the leaves to run');
  await root.terminate('over', { reason: 'enough' });
  for (const id of ['root', 'root.a', 'root.b', 'root.a.a', 'root.a.b', 'root.b.a', 'root.b.b'])
    await until(isIn(id, 'Terminated'), `${id} to be terminated`);
  await until(() => work.aborted.filter((name) => name.startsWith('root.')).length === 4, 'the activities to be told');
  await t.throwsAsync(root.result(), { code: 'PERDURE_ORCHESTRATION_TERMINATED' });
});

test.serial('a canceled booking is undone', async (t) => {
  const handle = await client.startNew(Booking, 'desk');
  await until(() => work.done.includes('desk'), 'the booking to be held');
  await handle.cancel('changed plans');
  const error = await t.throwsAsync(handle.result(), { instanceOf: OrchestrationCanceledError });
  t.is(error?.reason, 'changed plans');
  t.true(work.done.includes('release desk') && work.aborted.includes('desk'));
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
  const held = async (): Promise<string[]> => {
    const connection = await connect({ servers: server.url });
    const manager = await connection.jetstreamManager();
    const subjects: string[] = [];
    for (let partition = 0; partition < 3; partition++) {
      const filter = { subjects_filter: `pd.life.${partition}.*.>` };
      const { state } = await manager.streams.info(`PD-life-${partition}-state`, filter);
      subjects.push(...Object.keys(state.subjects ?? {}));
    }
    await connection.close();
    return subjects.filter((subject) => /\.[shw]\.o\.family$/.test(subject));
  };
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
