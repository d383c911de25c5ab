import test from 'ava';
import { connect } from 'nats';
import { startTestServer } from '../servers.js';
import { until } from '../until.js';
import { appWith, funcStart, temporaryFolder, type RunningApp } from './func.js';

/** What the app has been called with so far, as it tells. */
async function seenBy<T>({ origin }: RunningApp): Promise<T[]> {
  return (await (await fetch(`${origin}/api/seen`)).json()) as T[];
}

const hostJson = (extensions: object) => ({ 'host.json': JSON.stringify({ version: '2.0', extensions }) });

const seen = `const seen = []; app.get('seen', () => ({ jsonBody: seen }));`;

const queues = `
const { app, input, output } = require('@azure/functions');
const df = require('durable-functions');
${seen}
const work = output.storageQueue({ queueName: 'Work', connection: 'Storage' });
const bus = output.serviceBusQueue({ queueName: '%BUS_QUEUE%', connection: 'Bus' });
app.post('enqueue', {
  extraOutputs: [work, bus],
  handler: async (request, context) => {
    context.extraOutputs.set(work, await request.json());
    context.extraOutputs.set(bus, 'for the bus');
    return { status: 202 };
  },
});
app.storageQueue('worker', {
  queueName: 'work',
  connection: 'Storage',
  return: output.storageQueue({ queueName: 'done', connection: 'Storage' }),
  handler: (message, context) => {
    const { dequeueCount, id, insertionTime } = context.triggerMetadata;
    seen.push({ message, dequeueCount, hasId: /^\\d+$/.test(id), isTime: !Number.isNaN(Date.parse(insertionTime)) });
    return { done: message };
  },
});
app.storageQueue('ends', { queueName: 'done', connection: 'Storage', handler: ({ done }) => void seen.push({ done }) });
df.app.client.serviceBusQueue('starter', {
  queueName: '%BUS_QUEUE%',
  connection: 'Bus',
  cardinality: 'many',
  handler: async (messages, client, context) => {
    await client.startNew('shout', { instanceId: 'bus-' + context.triggerMetadata.messageId, input: messages });
  },
});
df.app.activity('tell', {
  extraOutputs: [work],
  handler: (text, context) => context.extraOutputs.set(work, text),
});
df.app.orchestration('shout', function* (context) {
  yield context.df.callActivity('tell', context.df.getInput()[0].toUpperCase());
});
`;

test('messages of queues call functions, and what functions give goes into queues', async (t) => {
  const folder = await appWith(t, queues, hostJson({ durableTask: { hubName: 'QueueHub' } }));
  const server = await startTestServer();
  const app = await funcStart(t, folder, ['--server', server.url], { BUS_QUEUE: 'orders/new' });
  const listed = app.run.stdout().split('\n');
  t.true(listed.includes('\tworker: queueTrigger [pd.QueueHub.a._queue-work]'));
  t.true(listed.includes('\tstarter: serviceBusTrigger [pd.QueueHub.a._servicebus-orders=3Anew]'));
  const body = JSON.stringify(['plain', { n: 1 }, [2]]);
  t.is((await fetch(`${app.origin}/api/enqueue`, { method: 'POST', body })).status, 202);
  const other = await connect({ servers: server.url });
  await other.jetstream().publish('pd.QueueHub.a._queue-work', '{"from":"elsewhere"}');
  await other.jetstream().publish('pd.QueueHub.a._queue-work', new Uint8Array([0xff, 0x00]));
  await other.close();
  const messages = ['plain', { n: 1 }, [2], { from: 'elsewhere' }, { type: 'Buffer', data: [255, 0] }, 'FOR THE BUS'];
  await until(async () => (await seenBy(app)).length >= 2 * messages.length, 'all messages to be seen', 60);
  const all = await seenBy<{ message?: unknown; done?: unknown }>(app);
  const sorted = (values: readonly unknown[]): string[] => values.map((value) => JSON.stringify(value)).toSorted();
  t.deepEqual(
    sorted(all.filter(({ message }) => message !== undefined)),
    sorted(messages.map((message) => ({ message, dequeueCount: 1, hasId: true, isTime: true }))),
  );
  t.deepEqual(sorted(all.filter(({ done }) => done !== undefined)), sorted(messages.map((done) => ({ done }))));
  app.run.child.kill('SIGTERM');
  t.is(await app.run.ended, 0, app.run.stderr());
  await server.stop();
});

const failing = `
const { app, output } = require('@azure/functions');
${seen}
app.post('enqueue', {
  return: output.storageQueue({ queueName: 'orders', connection: '' }),
  handler: (request) => request.text(),
});
app.storageQueue('orders', {
  queueName: 'orders',
  connection: '',
  handler: (text, { triggerMetadata: { dequeueCount } }) => {
    seen.push([text, dequeueCount]);
    if (text === 'never' || dequeueCount < 3) throw new Error('not ' + text);
  },
});
app.storageQueue('poison', { queueName: 'orders-poison', connection: '', handler: (text) => void seen.push(['poison', text]) });
`;

test('a function that fails is called again, and a message that it always fails with is put aside', async (t) => {
  const settings = hostJson({ queues: { maxDequeueCount: 4, batchSize: 1, visibilityTimeout: '00:00:00.05' } });
  const app = await funcStart(t, await appWith(t, failing, settings), ['--folder', await temporaryFolder(t)]);
  for (const body of ['later', 'never'])
    t.is((await fetch(`${app.origin}/api/enqueue`, { method: 'POST', body })).status, 204);
  await until(async () => (await seenBy(app)).length >= 8, 'the message to be put aside', 60);
  const calls = (text: string, count: number) => Array.from({ length: count }, (_, at) => [text, at + 1]);
  t.deepEqual(await seenBy(app), [...calls('later', 3), ...calls('never', 4), ['poison', 'never']]);
  t.regex(app.run.stderr(), /Function 'orders' failed: Error: not never/);
  t.regex(app.run.stderr(), /Message \d+ of queue 'orders' has failed 4 times: it is in 'orders-poison' now\./);
});

const killed = `
const { app, output } = require('@azure/functions');
${seen}
app.post('enqueue', {
  return: output.storageQueue({ queueName: 'orders', connection: '' }),
  handler: (request) => request.json(),
});
app.storageQueue('orders', {
  queueName: 'orders',
  connection: '',
  handler: async (order, { triggerMetadata: { dequeueCount } }) => {
    seen.push([order, dequeueCount]);
    if (process.env.STUCK) await new Promise(() => setInterval(() => {}, 1_000));
  },
});
`;

test('a message whose host was killed comes again at another', async (t) => {
  const folder = await appWith(t, killed, hostJson({ queues: { batchSize: 2, newBatchThreshold: 0 } }));
  const server = await startTestServer();
  const first = await funcStart(t, folder, ['--server', server.url], { STUCK: 'yes' });
  await fetch(`${first.origin}/api/enqueue`, { method: 'POST', body: '[1,2,3]' });
  await until(async () => (await seenBy(first)).length >= 2, 'two messages to be taken');
  t.deepEqual(
    (await seenBy<[number]>(first)).map(([order]) => order).toSorted((a, b) => a - b),
    [1, 2],
    'not more than it may have',
  );
  first.run.child.kill('SIGKILL');
  await first.run.ended;
  const second = await funcStart(t, folder, ['--server', server.url]);
  await until(async () => (await seenBy(second)).length >= 3, 'all messages to come', 60);
  const calls = await seenBy<[number, number]>(second);
  t.deepEqual(
    calls.toSorted(([a], [b]) => a - b),
    [
      [1, 2],
      [2, 2],
      [3, 1],
    ],
  );
  second.run.child.kill('SIGTERM');
  t.is(await second.run.ended, 0, second.run.stderr());
  await server.stop();
});
