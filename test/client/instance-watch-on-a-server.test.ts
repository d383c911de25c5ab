import test from 'ava';
import { connectTaskHub, TaskHubClient, TaskHubWorker, type TaskHub } from 'perdure';
import { recordingLogger } from '../contract/harness.js';
import { startTestServer, type TestServer } from '../servers.js';
import { Parcel } from './parcel.js';

let server: TestServer;
let hub: TaskHub;
let client: TaskHubClient;

test.before(async () => {
  server = await startTestServer();
  hub = await connectTaskHub({ name: 'parcels', servers: server.url, partitions: 2, logger: recordingLogger() });
  client = new TaskHubClient(hub);
});
test.after.always(async () => {
  await client?.close();
  await hub?.close();
  await server?.stop();
});

const hosted = { orchestrators: [Parcel] };

test.serial(
  'on a real server: an instance is watched by many, over a stopped worker and a killed server',
  async (t) => {
    const first = await TaskHubWorker.start(hub, hosted);
    const parcel = await client.startNew(Parcel, 1, { instanceId: 'p' });
    await parcel.raiseEvent('Word', 'packed');
    const told = Array.from({ length: 20 }, async () => {
      const seen: string[] = [];
      for await (const { runtimeStatus, customStatus, source } of client.getHandle('p').watch())
        seen.push(`${runtimeStatus} ${String(customStatus)} ${source}`);
      return seen;
    });
    const own = parcel.watch();
    const until = async (text: string): Promise<void> => {
      for (let line = ''; line !== text;) {
        const { value, done } = await own.next();
        if (done === true) throw new Error(`It ended before ${text}`);
        line = `${value.runtimeStatus} ${String(value.customStatus)} ${value.source}`;
      }
    };
    await until('Running packed owner');
    await first.stop();
    await until('Running packed view');
    await server.killAndRestart();
    const second = await TaskHubWorker.start(hub, hosted);
    await until('Running packed owner');
    await parcel.raiseEvent('Word', 'end');
    await until('Completed packed owner');
    for (const seen of await Promise.all(told)) {
      t.is(seen.at(-1), 'Completed packed owner');
      t.true(seen.includes('Running packed owner'));
    }
    await second.stop();
  },
);

test.serial(
  'on a real server: without a worker an instance that has ended is told from its view, and that ends the watch',
  async (t) => {
    const worker = await TaskHubWorker.start(hub, hosted);
    const parcel = await client.startNew(Parcel, 1, { instanceId: 'q' });
    await parcel.raiseEvent('Word', 'end');
    await parcel.result();
    await worker.stop();
    const seen: string[] = [];
    for await (const { runtimeStatus, source } of client.getHandle('q').watch())
      seen.push(`${runtimeStatus} ${source}`);
    t.deepEqual(seen, ['Completed view']);
  },
);
