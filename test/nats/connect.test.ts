import { createServer, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import test from 'ava';
import {
  AuthFailedError,
  ClosedError,
  ConfigError,
  ServerTooOldError,
  ServerUnavailableError,
} from '../../lib/errors.js';
import { connectSession } from '../../lib/nats/connect.js';
import { recordingLogger } from '../contract/harness.js';
import { type RunningServer, startBareServer, startFakeServer } from './bare-server.js';

const logger = recordingLogger();
const connectTo = (servers: string | readonly string[], timeoutInMilliseconds = 5_000) =>
  connectSession({ servers, timeoutInMilliseconds, logger });

const servers: RunningServer[] = [];
async function using(server: Promise<RunningServer>): Promise<RunningServer> {
  servers.push(await server);
  return server;
}
test.after.always(() => Promise.all(servers.map((server) => server.stop())));

const badAddresses = test.macro({
  title: (_, address: string) => `an address such as "${address}" is refused with a text that names the key`,
  exec: async (t, address: string, text: string) => {
    const error = await t.throwsAsync(connectTo(address), { instanceOf: ConfigError });
    t.true(error.message.startsWith('servers: '), error.message);
    t.true(error.message.includes(text), error.message);
    t.false(error.message.includes('secret'), error.message);
  },
});
test(badAddresses, 'http://localhost:4222', 'scheme "http"');
test(badAddresses, 'redis://user:secret@localhost:6379', 'redis://...@localhost:6379');
test(badAddresses, 'nats://localhost:99999', 'port');
test(badAddresses, 'nats://user:secret@localhost:0', 'port');
test(badAddresses, 'localhost:port', 'port');
test(badAddresses, '', 'host');
test(badAddresses, 'nats://localhost:4222, ,', 'host');

test('no address at all is refused', async (t) => {
  await t.throwsAsync(connectTo([]), { instanceOf: ConfigError, message: /^servers: no address/ });
});

test('servers that are no text are refused', async (t) => {
  for (const servers of [5, [5], {}] as unknown as string[])
    await t.throwsAsync(connectTo(servers), { instanceOf: ConfigError, message: /^servers: must be a text/ });
});

test('a server that is not there is waited for, and given up after the given time', async (t) => {
  const placeholder = createServer().listen(0, '127.0.0.1');
  await once(placeholder, 'listening');
  const { port } = placeholder.address() as AddressInfo;
  placeholder.close();
  await once(placeholder, 'close');
  const began = performance.now();
  const error = await t.throwsAsync(connectTo(`nats://user:secret@127.0.0.1:${port}`, 600), {
    instanceOf: ServerUnavailableError,
  });
  t.true(performance.now() - began >= 600);
  t.regex(error.message, new RegExp(`127\\.0\\.0\\.1:${port} within 600 ms \\(CONNECTION_REFUSED\\)`));
  t.false(error.message.includes('secret'));
});

test('a wait for a server is logged every 5 s', async (t) => {
  const lines: string[] = [];
  const began = performance.now();
  const logger = {
    ...recordingLogger(),
    warn: (line: string) => {
      lines.push(line);
      if (lines.length === 2) throw new Error('It has waited long enough');
    },
  };
  await t.throwsAsync(connectSession({ servers: '127.0.0.1:1', logger }), { message: 'It has waited long enough' });
  const line = 'Waiting for a NATS server at 127.0.0.1:1 (CONNECTION_REFUSED)';
  t.deepEqual(lines, [line, line]);
  t.true(performance.now() - began >= 10_000);
});

test('a wrong password and none at all are told without the password', async (t) => {
  const server = await using(startBareServer(() => 'authorization { user: bob, password: correct }'));
  const wrong = await t.throwsAsync(connectTo(`nats://bob:secret@${server.address}`), { instanceOf: AuthFailedError });
  t.is(wrong.message, `The NATS server at ${server.address} refused the given credentials (AUTHORIZATION_VIOLATION).`);
  const none = await t.throwsAsync(connectTo(server.address), { instanceOf: AuthFailedError });
  t.regex(none.message, /a connection without credentials/);
});

test('user and password, or a token, are taken from the address', async (t) => {
  const jetStream = (folder: string) => `jetstream { store_dir: "${folder}" }`;
  const byUser = await using(
    startBareServer((folder) => `authorization { user: bob, password: "p@ss" }\n${jetStream(folder)}`),
  );
  const byToken = await using(startBareServer((folder) => `authorization { token: t0ken }\n${jetStream(folder)}`));
  for (const address of [`nats://bob:p%40ss@${byUser.address}`, `nats://t0ken@${byToken.address}`]) {
    const session = await connectTo(address);
    t.true(session.isConnected);
    t.false(/p@ss|p%40ss|t0ken/.test(session.where));
    await session.close();
  }
});

test('a server without JetStream is refused', async (t) => {
  const server = await using(startBareServer(() => ''));
  const error = await t.throwsAsync(connectTo(server.address), { instanceOf: ConfigError });
  t.regex(error.message, /JetStream is not enabled/);
});

test('an account without JetStream is refused', async (t) => {
  const server = await using(
    startBareServer(
      (folder) => `jetstream { store_dir: "${folder}" }
accounts { A: { jetstream: enabled, users: [ { user: a, password: a } ] }, B: { users: [ { user: b, password: b } ] } }`,
    ),
  );
  const error = await t.throwsAsync(connectTo(`nats://b:b@${server.address}`), { instanceOf: ConfigError });
  t.regex(error.message, /JetStream is not enabled/);
  const session = await connectTo(`nats://a:a@${server.address}`);
  await session.close();
});

test('an old server is refused with its version', async (t) => {
  const server = await using(startFakeServer('2.9.10'));
  const error = await t.throwsAsync(connectTo(server.address), { instanceOf: ServerTooOldError });
  t.deepEqual([error.found, error.needed], ['2.9.10', '2.12.0']);
});

test('a closed session says so, to those who wait as to those who come', async (t) => {
  const server = await using(startBareServer((folder) => `jetstream { store_dir: "${folder}" }`));
  const session = await connectTo(server.address);
  await session.whenConnected();
  const silent = session.subscribe('nobody.answers', () => {});
  const underWay = session.requests.send('nobody.answers', new Uint8Array());
  await session.close();
  silent.close();
  t.is(await underWay, undefined);
  t.is(await session.closed, undefined);
  t.false(session.isConnected);
  await t.throwsAsync(session.whenConnected(), { instanceOf: ClosedError });
  await t.throwsAsync(session.requests.send('x', new Uint8Array()), { instanceOf: ClosedError });
  t.throws(() => session.subscribe('x', () => {}), { instanceOf: ClosedError });
});
