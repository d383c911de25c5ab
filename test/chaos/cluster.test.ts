import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { connectTaskHub, TaskHubClient, TaskHubWorker } from 'perdure';
import { Counter } from '../../samples/counter/counter.js';
import { Greetings } from '../../samples/hello/greetings.js';
import { HelloSequence } from '../../samples/hello/hello-sequence.js';
import { connectSession } from '../../lib/nats/connect.js';
import { recordingLogger } from '../contract/harness.js';
import { until } from '../until.js';
import { startNodes } from './campaign/servers.js';
import { openFormedHub } from './campaign/stage.js';

const hubOptions = { name: 'three', partitions: 2, replicas: 3 };
const calls = 20;
/** A new leader is elected after some seconds; a busy machine takes longer, in seconds. */
const patience = 60;
const greetings = ['Hello, Tokyo!', 'Hello, Seattle!', 'Hello, Cairo!'];

test('three servers: the leader of a log is killed with -9 under calls, which go on and are each done once', async (t) => {
  t.timeout(180_000);
  const folder = await mkdtemp(join(tmpdir(), 'perdure-cluster-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  const { nodes } = await startNodes(3, folder);
  t.teardown(() => Promise.all(nodes.map((node) => node.end('SIGKILL'))));
  const servers = nodes.map(({ url }) => url);
  const session = await connectSession({ servers, logger: recordingLogger() });
  t.teardown(() => session.close());
  const { jetStream, subjects } = await openFormedHub(session, hubOptions);

  const errors: string[] = [];
  const logger = { ...recordingLogger(), error: (line: string) => void errors.push(line) };
  const connect = async () => {
    const hub = await connectTaskHub({ name: hubOptions.name, servers, logger });
    t.teardown(() => hub.close());
    return hub;
  };
  const worker = await TaskHubWorker.start(await connect(), {
    orchestrators: [HelloSequence],
    activities: [new Greetings()],
    entities: [Counter],
  });
  t.teardown(() => worker.stop());
  const client = new TaskHubClient(await connect(), { timeoutInMilliseconds: 1_000 * patience });
  t.teardown(() => client.close());
  t.deepEqual(await (await client.startNew(HelloSequence)).result(), greetings);

  // Calls one after the other on each key, all the while.
  const keys = ['a', 'b', 'c'];
  let answered = 0;
  const told = keys.map(async (key) => {
    const values: unknown[] = [];
    for (let n = 0; n < calls; n++, answered++) values.push(await client.callEntity(Counter, key).add({ by: 1 }));
    return values;
  });
  const stream = subjects.partition(0).streamName('log');
  const leaderOf = async (): Promise<string | undefined> => {
    const { cluster } = await jetStream.demand<{ cluster?: { leader?: string } }>(`STREAM.INFO.${stream}`);
    return cluster?.leader;
  };
  await until(() => answered > keys.length, 'the first calls', patience);
  const former = await leaderOf();
  const node = nodes.find(({ name }) => name === former)!;
  t.is(await node.end('SIGKILL'), 'SIGKILL');
  const before = answered;
  const sequence = await client.startNew(HelloSequence);
  const each = Array.from({ length: calls }, (_, n) => n + 1);
  t.deepEqual(
    await Promise.all(told),
    keys.map(() => each),
  );
  t.true(before < keys.length * calls, 'all calls were answered before the leader was killed');
  t.deepEqual(await sequence.result(), greetings);
  t.not(await leaderOf(), former);
  for (const key of keys) t.is(await client.callEntity(Counter, key).get(), calls);
  // While there is no leader the server says so to whoever asks for something.
  const unexpected = errors.filter((line) => !line.includes('JetStream system temporarily unavailable'));
  t.deepEqual(unexpected, []);
});
