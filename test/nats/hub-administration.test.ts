import test from 'ava';
import { connectTaskHub, createTaskHub, deleteTaskHub, inspectTaskHub, TaskHubClient, TaskHubWorker } from 'perdure';
import { recordingLogger } from '../contract/harness.js';
import { Parcel } from '../client/parcel.js';
import { startTestServer, type TestServer } from '../servers.js';
import { startBareServer } from './bare-server.js';

let server: TestServer;
test.before(async () => {
  server = await startTestServer();
});
test.after.always(() => server?.stop());

const at = (name: string) => ({ name, servers: server.url, logger: recordingLogger() });

test('a task hub is created, looked at, and deleted with all that is stored, and another of the name is a new one', async (t) => {
  const created = await createTaskHub({ ...at('shop'), partitions: 2 });
  t.like(created, { name: 'shop', partitions: 2, workers: [] });
  t.is(created.streams.length, 2 * 3 + 4);
  t.true(Math.abs(created.createdTime.getTime() - Date.now()) < 60_000);
  t.deepEqual((await createTaskHub(at('shop'))).createdTime, created.createdTime, 'the one that is there');
  const hub = await connectTaskHub(at('shop'));
  const worker = await TaskHubWorker.start(hub, { orchestrators: [Parcel] });
  const client = new TaskHubClient(hub);
  await client.startNew(Parcel, 1, { instanceId: 'p' });
  const inspected = await inspectTaskHub(at('shop'));
  t.is(inspected.workers.length, 1);
  t.true(inspected.streams.some(({ name, messages, bytes }) => name.endsWith('mail') && messages > 0 && bytes > 0));
  await t.throwsAsync(deleteTaskHub(at('shop')), { code: 'PERDURE_CONFIG', message: /in use/ });
  await worker.stop();
  await client.close();
  await hub.close();
  t.true(await deleteTaskHub(at('shop')));
  t.false(await deleteTaskHub(at('shop')));
  await t.throwsAsync(inspectTaskHub(at('shop')), { code: 'PERDURE_CONFIG', message: /no task hub/ });
  const again = await connectTaskHub({ ...at('shop'), partitions: 1 });
  const none = new TaskHubClient(again);
  t.is((await none.countInstances()).total, 0);
  await again.close();
});

test('a hub whose name begins with that of another one is none of its business', async (t) => {
  await createTaskHub({ ...at('a'), partitions: 1 });
  await createTaskHub({ ...at('a-b'), partitions: 1 });
  t.true(await deleteTaskHub(at('a')));
  t.is((await inspectTaskHub(at('a-b'))).streams.length, 3 + 4);
});

test('a deletion that broke off leaves a hub that nobody can use, and is made again', async (t) => {
  const { streams } = await createTaskHub({ ...at('half'), partitions: 1 });
  const { connect } = await import('nats');
  const connection = await connect({ servers: server.url });
  await (await connection.jetstreamManager()).streams.delete(streams[0]!.name);
  await connection.close();
  await t.throwsAsync(connectTaskHub(at('half')), { code: 'PERDURE_STORAGE_REGRESSED' });
  t.true(await deleteTaskHub(at('half')));
  const hub = await connectTaskHub({ ...at('half'), partitions: 2 });
  await hub.close();
});

test('while a worker lives a hub is deleted only by force', async (t) => {
  const hub = await connectTaskHub({ ...at('forced'), partitions: 1 });
  const worker = await TaskHubWorker.start(hub, { orchestrators: [Parcel] });
  await t.throwsAsync(deleteTaskHub(at('forced')), { code: 'PERDURE_CONFIG' });
  t.true(await deleteTaskHub({ ...at('forced'), force: true }));
  await worker.stop().catch(() => {});
  await hub.close();
});

test('a server that answers, and makes no streams, is given up after the given time', async (t) => {
  const full = await startBareServer((folder) => `jetstream { store_dir: "${folder}", max_file_store: 1 }`);
  t.teardown(() => full.stop());
  const options = { ...at('shop'), servers: full.address, timeoutInMilliseconds: 2_000 };
  await t.throwsAsync(createTaskHub(options), { code: 'PERDURE_SERVER_UNAVAILABLE', message: /in the given time/ });
});
