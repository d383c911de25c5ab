import test, { type ExecutionContext } from 'ava';
import { connectTaskHub, TaskHubClient, TaskHubWorker } from 'perdure';
import { Counter } from '../../samples/counter/counter.js';
import { connectSession } from '../../lib/nats/connect.js';
import { JetStream } from '../../lib/nats/jetstream.js';
import { recordingLogger } from '../contract/harness.js';
import { startBareServer } from '../nats/bare-server.js';
import { startTestServer } from '../servers.js';
import { until } from '../until.js';

/** A hub of one partition with a worker, a client and an operator. */
async function stage(t: ExecutionContext, servers: string) {
  const lines: string[] = [];
  const connect = async (logger = recordingLogger()) => {
    const hub = await connectTaskHub({ name: 'full', servers, partitions: 1, logger });
    t.teardown(() => hub.close());
    return hub;
  };
  const worker = await TaskHubWorker.start(await connect(recordingLogger(lines)), { entities: [Counter] });
  t.teardown(() => worker.stop());
  const client = new TaskHubClient(await connect());
  t.teardown(() => client.close());
  const operator = new JetStream(await connectSession({ servers, logger: recordingLogger() }));
  t.teardown(() => operator.session.close());
  const setLimits = async (stream: string, limits: object): Promise<void> => {
    const { config } = await operator.info(stream);
    await operator.demand(`STREAM.UPDATE.${stream}`, { ...config, ...limits });
  };
  t.is(await client.callEntity(Counter, 'a').add({ by: 1 }), 1);
  return { lines, client, operator, setLimits };
}

const refusal = (promise: Promise<unknown>): Promise<unknown> => promise.then(String, (error: unknown) => error);

test('mail that is full is told to clients by its name, and with room all goes on', async (t) => {
  t.timeout(60_000);
  const server = await startTestServer();
  t.teardown(() => server.stop());
  const { client, operator, setLimits } = await stage(t, server.url);
  const stream = 'PD-full-0-mail';
  await setLimits(stream, { max_msgs: (await operator.info(stream)).state.messages });
  const begun = performance.now();
  const errors = await Promise.all([
    refusal(client.signalEntity(Counter, 'a').add({ by: 10 })),
    refusal(client.callEntity(Counter, 'a').add({ by: 100 })),
  ]);
  const took = performance.now() - begun;
  for (const error of errors) t.like(error, { code: 'PERDURE_STORAGE_FULL', stream, effect: 'none' });
  t.true(took > 4_000 && took < 8_000, `${took} ms`);
  await setLimits(stream, { max_msgs: -1 });
  t.is(await client.callEntity(Counter, 'a').add({ by: 1_000 }), 1_001);
});

test('a worker whose log is full waits, says so, and goes on by itself when there is room', async (t) => {
  t.timeout(60_000);
  const server = await startTestServer();
  t.teardown(() => server.stop());
  const { lines, client, operator, setLimits } = await stage(t, server.url);
  const stream = 'PD-full-0-log';
  await until(
    async () => (await operator.info(stream)).state.messages === 1,
    'the log to be forgotten but for its end',
  );
  await setLimits(stream, { max_msgs: 1 });
  let isAnswered = false;
  const called = client.callEntity(Counter, 'a').add({ by: 10 });
  void called.then(() => (isAnswered = true));
  await client.signalEntity(Counter, 'a').add({ by: 100 }); // the mail has room
  await until(
    () => lines.some((line) => /refused to store a message on \S+\.l: maximum messages/.test(line)),
    'the word of it',
  );
  await new Promise((resolve) => setTimeout(resolve, 12_000)); // longer than a lease
  t.false(isAnswered);
  await setLimits(stream, { max_msgs: -1 });
  t.is(await called, 11);
  t.is(await client.callEntity(Counter, 'a').get(), 111);
});

test('a server that is full: clients are told, and when others have made room all goes on, and nothing is lost', async (t) => {
  t.timeout(90_000);
  const server = await startBareServer((folder) => `jetstream { store_dir: "${folder}", max_file_store: 8388608 }`);
  t.teardown(() => server.stop());
  const { lines, client, operator } = await stage(t, server.address);
  await operator.demand('STREAM.CREATE.JUNK', { name: 'JUNK', subjects: ['junk'], storage: 'file' });
  for (let [size, refused] = [256 * 1024, 0]; refused < 3;) {
    if ((await operator.store('junk', new Uint8Array(size), {})) !== undefined) continue;
    size /= 16; // to the brim
    refused++;
  }
  const error = await refusal(client.signalEntity(Counter, 'a').add({ by: 10 }));
  t.like(error, { code: 'PERDURE_STORAGE_FULL', effect: 'none' });
  t.log(String(error));
  await new Promise((resolve) => setTimeout(resolve, 12_000)); // no lease can be renewed
  t.true(
    lines.some((line) => line.includes('The server refused to store')),
    lines.join('\n'),
  );
  await operator.demand('STREAM.DELETE.JUNK');
  t.is(await client.callEntity(Counter, 'a').add({ by: 100 }), 101);
});
