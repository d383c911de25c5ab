import test from 'ava';
import { connectTaskHub, TaskHubClient } from 'perdure';
import { startTestServer } from '../servers.js';
import { until } from '../until.js';
import { ServiceProcess } from './service-process.js';

const journeys = 40;
/** How long processes of a busy machine may take, in seconds. */
const patience = 60;

test('services with different classes call each other over one hub, while one waits to be started and one is killed', async (t) => {
  t.timeout(180_000);
  const server = await startTestServer();
  t.teardown(() => server.stop());
  const hub = await connectTaskHub({ name: 'parts', servers: server.url });
  t.teardown(() => hub.close());
  const client = new TaskHubClient(hub, { timeoutInMilliseconds: 120_000 });
  t.teardown(() => client.close());
  const start = (part: 'flows' | 'books' | 'rest'): ServiceProcess => {
    const service = new ServiceProcess(server.url, 'parts', part, 'part-service.js');
    t.teardown(() => {
      if (service.isRunning) service.kill('SIGKILL');
    });
    return service;
  };
  const [flows, killed] = [start('flows'), start('books')];
  await until(async () => (await hub.ports.store.list('workers')).length === 2, 'two workers to join', patience);

  const keys = Array.from({ length: journeys }, (_, n) => `k${n}`);
  const handles = [];
  for (const key of keys) handles.push(await client.startNew<unknown[]>('journey', key, { instanceId: key }));
  // They have called their ledgers, and wait for the service that has the sub-orchestrator.
  await until(
    async () => {
      const { names } = await client.namesWithoutWorker();
      return names.some(({ name, waitingInstances }) => name === 'sleep' && waitingInstances === journeys);
    },
    'all journeys to wait for "sleep"',
    patience,
  );
  const rest = start('rest');
  const next = start('books');
  for (const handle of handles.slice(0, journeys / 2))
    t.deepEqual(await handle.result(), [5, 'slept', `Hello, ${handle.instanceId}!`]);
  killed.kill('SIGKILL');
  for (const handle of handles) t.deepEqual(await handle.result(), [5, 'slept', `Hello, ${handle.instanceId}!`]);
  for (const key of keys) t.is(await client.callEntity<number>('ledger', key, 'add', 2), 7);

  await until(
    async () => {
      const { entityState } = await client.readEntityState<{ notes: string[] }>('diary', keys.at(-1)!);
      return entityState?.notes.length === 1;
    },
    'the last signal',
    patience,
  );
  t.deepEqual((await client.namesWithoutWorker()).names, []);
  for (const service of [flows, rest, next]) t.is(await service.stop(), 0, service.errors);
});
