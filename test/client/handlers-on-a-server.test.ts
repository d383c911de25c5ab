import { spawn } from 'node:child_process';
import { once } from 'node:events';
import test from 'ava';
import { connectTaskHub, TaskHubClient, TaskHubWorker, type TaskHub } from 'perdure';
import { recordingLogger } from '../contract/harness.js';
import { Counter } from '../engine/bank.js';
import { Order } from '../engine/order.js';
import { startTestServer, type TestServer } from '../servers.js';
import { until } from '../until.js';
import { Belt, Depot } from './depot.js';
import { Mercy, Mortal } from './mortal.js';

let server: TestServer;
let hub: TaskHub;
let client: TaskHubClient;
const warnings: string[] = [];

const connect = () =>
  connectTaskHub({ name: 'orders', servers: server.url, partitions: 2, logger: recordingLogger(warnings) });

test.before(async () => {
  server = await startTestServer();
  hub = await connect();
  client = new TaskHubClient(hub);
});
test.after.always(async () => {
  await client?.close();
  await hub?.close();
  await server?.stop();
});

const line = (item: string) => ({ item, pieces: 2, made: 1 });

test.serial('on a real server: updates, queries, a restart of everything, and the end', async (t) => {
  const hosted = { entities: [Counter], orchestrators: [Order], idleMemoryBytes: 0 };
  const first = await TaskHubWorker.start(hub, hosted);
  const order = await client.startNew(Order, undefined, { instanceId: 'of Ada' });
  t.deepEqual(await order.query().items(), []);
  t.is(await order.update().add(line('nails')), 1);
  t.is(await order.update().text(400_000), 'x'.repeat(400_000), 'by reference');
  await first.stop();
  await server.killAndRestart();
  const added = order.update().add(line('screws')); // nobody is there to take it
  const second = await TaskHubWorker.start(hub, hosted);
  t.is(await added, 2);
  t.deepEqual(await order.query().items(), ['nails', 'screws']);
  const error = await t.throwsAsync(order.query().filler(2_000_000));
  t.like(error, { code: 'PERDURE_QUERY_FAILED' });
  await order.update().close();
  t.is(await order.result(), '2 nails, 2 screws');
  t.deepEqual(await order.query().items(), ['nails', 'screws']);
  await t.throwsAsync(order.update().close(), { code: 'PERDURE_INSTANCE_ENDED' } as never);
  await second.stop();
  t.deepEqual(
    warnings.filter((warning) => !/^Connect(?:ion lost|ed again)/.test(warning)),
    [],
  );
});

test.serial('on a real server: an orchestrator of another service, beside workers that do not have it', async (t) => {
  const otherHub = await connect();
  const books = await TaskHubWorker.start(hub, { entities: [Counter] });
  const orders = await TaskHubWorker.start(otherHub, { orchestrators: [Order] });
  const handles = await Promise.all(
    [0, 1, 2, 3].map((n) => client.startNew(Order, undefined, { instanceId: `o${n}` })),
  );
  for (const handle of handles) {
    t.is(await handle.update().add(line('nails')), 1);
    t.deepEqual(await handle.query().items(), ['nails']);
  }
  await orders.stop();
  for (const handle of handles) await t.throwsAsync(handle.query().items(), { code: 'PERDURE_NO_WORKER' } as never);
  await books.stop();
  await otherHub.close();
});

test.serial(
  'on a real server: an update whose worker is killed behind its record has its one answer from the next',
  async (t) => {
    const child = spawn(process.execPath, ['build/test/client/mortal.js', server.url], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    t.teardown(() => child.kill('SIGKILL'));
    await once(child.stdout, 'data');
    const mortal = await client.startNew(Mortal);
    t.is(await mortal.update().add('softly'), 1);
    const ended = once(child, 'exit');
    const added = mortal.update().add('deadly');
    t.deepEqual(await ended, [null, 'SIGKILL']);
    const next = await TaskHubWorker.start(hub, { orchestrators: [Mortal], activities: [new Mercy()] });
    t.is(await added, 2);
    t.is(await mortal.query().count(), 2);
    const history = await mortal.history();
    t.is(history.filter(({ type }) => type === 'UpdateRequested').length, 2);
    t.is(await mortal.update().add('softly'), 3);
    t.is(await mortal.result(), 3);
    await next.stop();
  },
);

test.serial(
  'on a real server: an update that waits is answered by another worker than that which took it',
  async (t) => {
    const belt = new Belt();
    const hosted = { orchestrators: [Depot], activities: [belt], idleMemoryBytes: 0 };
    const first = await TaskHubWorker.start(hub, hosted);
    const depot = await client.startNew(Depot, undefined, { instanceId: 'depot' });
    const [nails, screws] = [depot.update().ship('nails'), depot.update().ship('screws')];
    await until(async () => (await depot.history()).length === 3, 'both to wait');
    await first.stop();
    await server.killAndRestart();
    const second = await TaskHubWorker.start(hub, hosted);
    await depot.raiseEvent('Truck');
    t.is(await nails, 'packed nails of depot');
    await depot.raiseEvent('Truck');
    t.is(await screws, 'packed screws of depot');
    t.deepEqual(belt.packed, ['nails', 'screws']);
    const cut = depot.update().ship('never');
    await until(async () => (await depot.query().shipped()).length === 2, 'both to be gone');
    await depot.raiseEvent('End', 'now');
    t.deepEqual(await depot.result(), ['nails', 'screws']);
    await t.throwsAsync(cut, { code: 'PERDURE_INSTANCE_ENDED' } as never);
    await second.stop();
  },
);
