import { setTimeout as delay } from 'node:timers/promises';
import test from 'ava';
import { connectTaskHub, TaskHubClient, TaskHubWorker, type Logger } from 'perdure';
import { Counter } from '../../samples/counter/counter.js';
import { amount } from '../amount.js';
import { startTestServer } from '../servers.js';

const rate = 200; // signals a second
const pause = 5; // ms
const most = 5 * rate; // unanswered: a machine that is too slow for the rate gets less, and the test says so
const kills = amount(3, 30);
const keys = Array.from({ length: 10 }, (_, key) => `k${key}`);

test('a server killed with -9 under 200 signals a second loses nothing acknowledged and doubles nothing', async (t) => {
  t.timeout(600_000);
  const server = await startTestServer();
  t.teardown(() => server.stop());
  const lines = { warn: [] as string[], error: [] as string[] };
  const logger: Logger = {
    debug: () => {},
    info: () => {},
    warn: (line) => void lines.warn.push(line),
    error: (line) => void lines.error.push(line),
  };
  const connect = async () => {
    const hub = await connectTaskHub({ name: 'kills', servers: server.url, partitions: 4, logger });
    t.teardown(() => hub.close());
    return hub;
  };
  const worker = await TaskHubWorker.start(await connect(), { entities: [Counter] });
  t.teardown(() => worker.stop());
  const client = new TaskHubClient(await connect());
  t.teardown(() => client.close());

  const sent = new Map<string, number>();
  const acknowledged: Promise<void>[] = [];
  let answered = 0;
  let isOver = false;
  const signal = (key: string): void => {
    const stored = client.signalEntity(Counter, key).add({ by: 1 });
    acknowledged.push(stored);
    sent.set(key, (sent.get(key) ?? 0) + 1);
    const end = (): void => void answered++;
    stored.then(end, end);
  };
  const load = async (): Promise<void> => {
    // By the clock, so that it is the whole rate however late the timers are.
    for (; !isOver; await delay(pause))
      for (
        const due = Math.min(((performance.now() - began) / 1_000) * rate, answered + most);
        acknowledged.length < due;
      )
        signal(keys[acknowledged.length % keys.length]!);
  };
  const began = performance.now();
  const loading = load();
  for (let kill = 0; kill < kills; kill++) {
    // Between two kills the service must be seen to count: it came back by itself.
    const before = await client.callEntity(Counter, keys[0]!).get();
    while ((await client.callEntity(Counter, keys[0]!).get()) < before + 5) await delay(pause);
    await server.killAndRestart();
  }
  isOver = true;
  await loading;
  t.log(
    `${acknowledged.length} signals, ${Math.round((1_000 * acknowledged.length) / (performance.now() - began))} a second`,
  );

  const outcomes = await Promise.allSettled(acknowledged);
  t.deepEqual(
    outcomes.filter(({ status }) => status === 'rejected'),
    [],
  );
  const counted = keys.map(async (key) => [key, await client.callEntity(Counter, key).get()] as const);
  t.deepEqual(Object.fromEntries(await Promise.all(counted)), Object.fromEntries(sent));
  const lost = lines.warn.filter((line) => line.startsWith('Connection lost'));
  t.true(lost.length >= 2 * kills);
  t.deepEqual(lines.error, []);
});
