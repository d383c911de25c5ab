import test from 'ava';
import { connectTaskHub, TaskHubClient, TaskHubWorker, type Logger } from 'perdure';
import { Counter } from '../../samples/counter/counter.js';
import { encodeHello, encodeStamped, unstampedText } from '../../lib/wire/session-codec.js';
import { sessionId } from '../../lib/wire/sessions.js';
import { amount } from '../amount.js';
import { startTestServer } from '../servers.js';
import { until } from '../until.js';

const quiet: Logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
const kills = amount(3, 20);

test('P5: on a real server a copy is answered with the first outcome after kill -9 of the server and another worker', async (t) => {
  t.timeout(120_000);
  const server = await startTestServer();
  t.teardown(() => server.stop());
  const hub = await connectTaskHub({ name: 'copies', servers: server.url, partitions: 1, logger: quiet });
  t.teardown(() => hub.close());
  let worker = await TaskHubWorker.start(hub, { entities: [Counter] });
  t.teardown(() => worker.stop());
  const { ports } = hub;
  const names = ports.subjects.partition(0);
  const told: unknown[] = [];
  ports.bus.subscribe(names.outcomes('till'), (body) => void told.push(JSON.parse(new TextDecoder().decode(body))));
  /** Without an id for the server's window: each copy is stored. */
  const store = async (subject: string, body: Uint8Array): Promise<number> => {
    for (;;) {
      const sequence = await ports.mailOf(0).send(subject, body);
      if (sequence !== undefined) return sequence;
    }
  };
  const session = sessionId(await store(names.sessions, encodeHello({ token: 'till' })), 'till');
  const reply = names.outcomes('till');
  const add = unstampedText({ kind: 'operation', name: 'add', input: { by: 7 }, reply });
  const body = encodeStamped(add, { session, number: 1 });
  const copy = async (copies: number): Promise<void> => {
    await store(names.mail('e.counter.a'), body);
    await until(() => told.length >= copies, `answer ${copies}`);
  };
  await copy(1);
  await server.killAndRestart();
  await copy(2);
  await worker.stop();
  await server.killAndRestart();
  worker = await TaskHubWorker.start(hub, { entities: [Counter] });
  await copy(told.length + 1);
  for (const notice of told) t.deepEqual(notice, told[0]);
  const client = new TaskHubClient(hub);
  t.teardown(() => client.close());
  t.is(await client.callEntity(Counter, 'a').get(), 7);
});

test('P5: calls under kill -9 of the server each return their first outcome, and none takes effect twice', async (t) => {
  t.timeout(600_000);
  const server = await startTestServer();
  t.teardown(() => server.stop());
  const connect = async () => {
    const hub = await connectTaskHub({ name: 'calls', servers: server.url, partitions: 2, logger: quiet });
    t.teardown(() => hub.close());
    return hub;
  };
  const worker = await TaskHubWorker.start(await connect(), { entities: [Counter] });
  t.teardown(() => worker.stop());
  const client = new TaskHubClient(await connect(), { timeoutInMilliseconds: 120_000 });
  t.teardown(() => client.close());
  const results = new Map(['a', 'b', 'c', 'd'].map((key) => [key, [] as number[]]));
  let isOver = false;
  const calling = Array.from(results, async ([key, returned]) => {
    while (!isOver) returned.push(await client.callEntity(Counter, key).add({ by: 1 }));
  });
  const least = (): number => Math.min(...Array.from(results.values(), ({ length }) => length));
  for (let kill = 0; kill < kills; kill++) {
    const before = least();
    await until(() => least() >= before + 20, 'calls of every key');
    await server.killAndRestart();
  }
  isOver = true;
  await Promise.all(calling);
  for (const [key, returned] of results) {
    t.deepEqual(
      returned,
      returned.map((_, i) => i + 1),
      key,
    );
    t.is(await client.callEntity(Counter, key).get(), returned.length);
  }
  t.log(`${kills} kills, ${[...results.values()].flat().length} calls`);
});
