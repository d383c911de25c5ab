import test from 'ava';
import { connectTaskHub, TaskHubClient, type PermissionDeniedError } from 'perdure';
import { connectSession } from '../../lib/nats/connect.js';
import { JetStream } from '../../lib/nats/jetstream.js';
import { keepRunning } from '../../lib/nats/keep-running.js';
import type { ConnectionListener } from '../../lib/nats/session.js';
import { recordingLogger } from '../contract/harness.js';
import { startTestServer } from '../servers.js';
import { until } from '../until.js';
import { startBareServer } from './bare-server.js';

const tried = async (t: { teardown(fn: () => unknown): void }, servers: string) => {
  const lines: string[] = [];
  const begun = performance.now();
  const options = { name: 'refused', servers, partitions: 1, timeoutInMilliseconds: 2_000 };
  const opening = connectTaskHub({ ...options, logger: recordingLogger(lines) }).then((hub) => {
    t.teardown(() => hub.close());
  });
  const error = await opening.catch((reason: unknown) => reason as Error & { code: string });
  return { error, lines, took: performance.now() - begun };
};

test('a server whose storage is full is given up after the given time, and the log says why', async (t) => {
  const server = await startBareServer((folder) => `jetstream { store_dir: "${folder}", max_file_store: 1 }`);
  t.teardown(() => server.stop());
  const { error, lines, took } = await tried(t, server.address);
  t.is(error?.code, 'PERDURE_SERVER_UNAVAILABLE');
  t.true(took < 4_000);
  t.true(lines.length > 0 && lines.length < 10, `${lines.length} lines`);
  t.regex(lines.join(), /insufficient|exceeded|resource/i);
});

for (const [right, operation, subject] of [
  ['publish: { deny: "$JS.API.STREAM.CREATE.>" }', 'publish', /^\$JS\.API\.STREAM\.CREATE\.KV_PD-refused$/],
  ['publish: { deny: "$JS.API.INFO" }', 'publish', /^\$JS\.API\.INFO$/],
  ['subscribe: { deny: ">" }', 'subscription', /^_INBOX_PD-refused\./],
] as const)
  test(`missing permissions are told at once with the subject that they are for: ${right}`, async (t) => {
    const user = `{ user: a, password: a, permissions: { ${right} } }`;
    const server = await startBareServer(
      (folder) => `jetstream { store_dir: "${folder}" }\nauthorization { users: [ ${user} ] }`,
    );
    t.teardown(() => server.stop());
    const { error, took } = await tried(t, `nats://a:a@${server.address}`);
    t.like(error, { code: 'PERDURE_PERMISSION_DENIED', operation });
    t.regex((error as unknown as PermissionDeniedError).subject, subject);
    t.false(error?.message.includes('a:a'));
    t.true(took < 2_000, `${took} ms`);
  });

test('a client that may not send any more is told with the subject', async (t) => {
  const configured =
    (permissions = '') =>
    (folder: string): string =>
      `jetstream { store_dir: "${folder}" }\nauthorization { users: [ { user: a, password: a${permissions} } ] }`;
  const server = await startBareServer(configured());
  t.teardown(() => server.stop());
  const options = { name: 'denied', servers: `nats://a:a@${server.address}`, partitions: 1, logger: recordingLogger() };
  const hub = await connectTaskHub(options);
  t.teardown(() => hub.close());
  const client = new TaskHubClient(hub);
  t.teardown(() => client.close());
  await client.signalEntity('any', 'k', 'take', 'before');
  await server.reload(configured(', permissions: { publish: { deny: "pd.>" } }'));
  const error = await t.throwsAsync(client.signalEntity('any', 'k', 'take', 'after'));
  t.like(error, { code: 'PERDURE_PERMISSION_DENIED', operation: 'publish', subject: 'pd.denied.0.m.e.any.k' });
  await server.reload(configured());
  await client.signalEntity('any', 'k', 'take', 'again');
});

test('a message that the stream refuses for its size fails alone, and those behind it are stored', async (t) => {
  const server = await startTestServer();
  t.teardown(() => server.stop());
  const lines: string[] = [];
  const options = { name: 'sizes', servers: server.url, partitions: 1, logger: recordingLogger(lines) };
  const hub = await connectTaskHub(options);
  t.teardown(() => hub.close());
  const session = await connectSession({ servers: server.url, logger: recordingLogger() });
  t.teardown(() => session.close());
  const jetStream = new JetStream(session);
  const stream = 'PD-sizes-0-mail';
  const { config } = await jetStream.info(stream);
  await jetStream.demand(`STREAM.UPDATE.${stream}`, { ...config, max_msg_size: 1_000 });
  const client = new TaskHubClient(hub, { timeoutInMilliseconds: 5_000 });
  t.teardown(() => client.close());
  const signals = ['x'.repeat(5_000), 'small', 'y'.repeat(5_000), 'smaller'].map((input, i) =>
    client.signalEntity('any', `k${i}`, 'take', input).then(
      () => 'stored',
      (error: { code: string }) => error.code,
    ),
  );
  const tooLarge = 'PERDURE_PAYLOAD_TOO_LARGE';
  t.deepEqual(await Promise.all(signals), [tooLarge, 'stored', tooLarge, 'stored']);
  t.is((await jetStream.info(stream)).state.messages, 3); // with the hello of the session
});

test('an embedded server that cannot be started is tried again until it can', async (t) => {
  let attempts = 0;
  let listener: ConnectionListener = {};
  const lines: string[] = [];
  const redirects: string[] = [];
  const server = {
    url: 'nats://127.0.0.1:1',
    folder: 'folder',
    ensureRunning: async () => {
      attempts++;
      if (attempts < 3) throw new Error(`disk full ${attempts}`);
    },
  };
  const session = {
    isClosed: false,
    listen: (added: ConnectionListener) => {
      listener = added;
      return () => {};
    },
    redirect: (url: string) => void redirects.push(url),
  };
  keepRunning(server, session, recordingLogger(lines));
  listener.onDisconnect?.();
  listener.onDisconnect?.();
  await until(() => redirects.length > 0, 'the redirect');
  t.is(attempts, 3);
  t.deepEqual(redirects, ['nats://127.0.0.1:1']);
  t.is(lines.length, 2);
  t.regex(lines[1]!, /trying again in 1000 ms: Error: disk full 2/);
});
