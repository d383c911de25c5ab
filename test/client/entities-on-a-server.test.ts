import test from 'ava';
import { connectTaskHub, TaskHubClient, TaskHubWorker, type TaskHub } from 'perdure';
import { recordingLogger } from '../contract/harness.js';
import { Diary, Listener } from '../engine/plans.js';
import { startTestServer, type TestServer } from '../servers.js';
import { until } from '../until.js';
import { Ledger } from './readonly-classes.js';

let server: TestServer;
let hub: TaskHub;
let client: TaskHubClient;

test.before(async () => {
  server = await startTestServer();
  hub = await connectTaskHub({ name: 'books', servers: server.url, partitions: 2, logger: recordingLogger([]) });
  client = new TaskHubClient(hub);
});
test.after.always(async () => {
  await client?.close();
  await hub?.close();
  await server?.stop();
});

const hosted = { entities: [Diary, Ledger], orchestrators: [Listener] };

async function notes(key: string): Promise<string[]> {
  const { entityState } = await client.readEntityState(Diary, key);
  return (entityState?.notes ?? []).map((note) => note.replace(/ [0-9.]+$/, ''));
}

test.serial(
  'on a real server: readonly operations, signals of times, reminders, starts and events, over a restart of everything',
  async (t) => {
    const first = await TaskHubWorker.start(hub, hosted);
    for (let i = 1; i <= 20; i++) {
      void client.signalEntity(Ledger, 'a').add(i);
      t.is((await client.callEntity(Ledger, 'a').all()).length, i);
    }
    await client.signalEntity(Diary, 'a', { signalAt: 100 }).note('soon');
    await client.callEntity(Diary, 'a').remind(500);
    await client.callEntity(Diary, 'b').begin('of a diary');
    t.deepEqual(await client.getHandle<string[]>('of a diary').result(), ['hello', 'early', 'late']);
    await until(async () => (await notes('a')).filter((note) => note === 'tick').length >= 2, 'two ticks');
    t.true((await notes('a')).includes('soon'));
    await first.stop();
    await server.killAndRestart();
    const before = (await notes('a')).length;
    const second = await TaskHubWorker.start(hub, hosted);
    await until(async () => (await notes('a')).length >= before + 3, 'three more notes');
    t.true(await client.callEntity(Diary, 'a').forget('tick'));
    t.is((await notes('a')).filter((note) => note === 'once').length, 1);
    t.like(await client.entities.inspect(Diary, 'a'), { exists: true, waiting: 0, planned: 0 });
    await second.stop();
  },
);

test.serial('on a real server: entities are listed and watched; a deleted one leaves nothing', async (t) => {
  const worker = await TaskHubWorker.start(hub, hosted);
  const keys = Array.from({ length: 25 }, (_, i) => `list ${i}`);
  await Promise.all(keys.map((key) => client.callEntity(Ledger, key).add(1)));
  const listed = async (): Promise<number> => {
    const found: string[] = [];
    let token: string | undefined;
    do {
      const page = await client.entities.list({ keyPrefix: 'list ' }, { pageSize: 10, continuationToken: token });
      found.push(...page.entities.map(({ entityId }) => entityId.key));
      token = page.continuationToken;
    } while (token !== undefined);
    return new Set(found).size;
  };
  await until(async () => (await listed()) === 25, 'all to be listed');
  const since = { entity: 'ledger', keyPrefix: 'list ', lastOperationFrom: new Date(Date.now() - 3_600_000) };
  const { entities } = await client.entities.list(since, { fetchStates: true });
  t.deepEqual(
    entities.map(({ entityState }) => (entityState as Ledger['state']).entries),
    keys.map(() => [1]),
  );
  const later = { ...since, lastOperationFrom: new Date(Date.now() + 3_600_000) };
  t.deepEqual((await client.entities.list(later)).entities, []);
  const states = client.entities.watch(Ledger, 'list 3');
  const next = async () => (await states.next()).value?.entityState?.entries;
  t.deepEqual(await next(), [1]);
  const changed = next();
  await client.callEntity(Ledger, 'list 3').add(2);
  t.deepEqual(await changed, [1, 2]);
  await client.callEntity(Ledger, 'list 3').close();
  t.is(await next(), undefined);
  await until(async () => (await listed()) === 24, 'one to be gone');
  await states.return();
  await worker.stop();
});
