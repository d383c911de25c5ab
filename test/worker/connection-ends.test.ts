import test from 'ava';
import { connectTaskHub, TaskHubClient, TaskHubWorker } from 'perdure';
import { Counter } from '../../samples/counter/counter.js';
import { connectSession } from '../../lib/nats/connect.js';
import { JetStream } from '../../lib/nats/jetstream.js';
import { ServiceProcess } from '../chaos/service-process.js';
import { recordingLogger } from '../contract/harness.js';
import { startBareServer } from '../nats/bare-server.js';
import { startTestServer } from '../servers.js';

test('a worker process whose credentials are taken away ends with a code that is not 0, and says why', async (t) => {
  t.timeout(60_000);
  const withPassword = (password: string) => (folder: string) =>
    `jetstream { store_dir: "${folder}" }\nauthorization { user: a, password: ${password} }`;
  const server = await startBareServer(withPassword('before'));
  t.teardown(() => server.stop());
  const url = `nats://a:before@${server.address}`;
  const hub = await connectTaskHub({ name: 'revoked', servers: url, partitions: 2, logger: recordingLogger() });
  t.teardown(() => hub.close());
  const service = new ServiceProcess(url, 'revoked');
  const client = new TaskHubClient(hub);
  t.teardown(() => client.close());
  await client.callEntity(Counter, 'a').add({ by: 1 });
  await server.reload(withPassword('after'));
  t.is(await service.ended, 1);
  t.regex(
    service.errors,
    /ClosedError: The connection to .* does not accept the credentials any more \(AUTHORIZATION_VIOLATION\)/,
  );
  t.regex(service.errors, /cause.*: AuthFailedError/);
  t.false(service.errors.includes('before'));
});

test('consumers deleted under load come back within 5 s, and nothing is lost or done twice', async (t) => {
  t.timeout(60_000);
  const server = await startTestServer();
  t.teardown(() => server.stop());
  const lines: string[] = [];
  const options = { name: 'deleted', servers: server.url, partitions: 1, logger: recordingLogger(lines) };
  const hub = await connectTaskHub(options);
  t.teardown(() => hub.close());
  const worker = await TaskHubWorker.start(hub, { entities: [Counter] });
  t.teardown(() => worker.stop());
  const client = new TaskHubClient(hub);
  t.teardown(() => client.close());
  const operator = new JetStream(await connectSession({ servers: server.url, logger: recordingLogger() }));
  t.teardown(() => operator.session.close());
  await client.callEntity(Counter, 'a').add({ by: 0 }); // the consumer is there: it has delivered this

  const sent: Promise<void>[] = [];
  const loading = setInterval(() => sent.push(client.signalEntity(Counter, 'a').add({ by: 1 })), 5);
  t.teardown(() => clearInterval(loading));
  const stream = 'PD-deleted-0-mail';
  for (let round = 0; round < 5; round++) {
    const { consumers } = await operator.demand<{ consumers: string[] }>(`CONSUMER.NAMES.${stream}`);
    t.true(consumers.length > 0);
    const at = performance.now();
    for (const consumer of consumers) await operator.demand(`CONSUMER.DELETE.${stream}.${consumer}`);
    // Every signal before it is carried out: the call comes behind the gap.
    await client.callEntity(Counter, 'a').add({ by: 0 });
    const took = performance.now() - at;
    t.true(took < 5_000, `${took} ms`);
  }
  clearInterval(loading);
  await Promise.all(sent);
  t.is(await client.callEntity(Counter, 'a').get(), sent.length);
  t.deepEqual(
    lines.filter((line) => /missing|stopped/.test(line)),
    [],
  );
});
