import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';

import { join } from 'node:path';
import test from 'ava';
import { connect, type NatsConnection } from 'nats';
import { ClosedError, ConfigError, ServerUnavailableError } from '../../../lib/errors.js';
import { projectDataFolder } from '../../../lib/nats/server/data-folder.js';
import { startEmbeddedServer, type EmbeddedServer } from '../../../lib/nats/server/embedded-server.js';
import { identityOf } from '../../../lib/nats/server/process-identity.js';
import { startTestServer } from '../../servers.js';
import { until } from '../../until.js';
import { temporaryFolder } from './fakes.js';
import { Holder } from './holders.js';

const quiet = { onProgress: () => {} };

test('a temporary server serves JetStream on the loopback address and goes with its folder', async (t) => {
  const server = await startEmbeddedServer({ temporary: true, ...quiet });
  t.regex(server.url, /^nats:\/\/127\.0\.0\.1:\d+$/);
  t.true(server.owned);
  const { pid = 0, folder } = server;
  await store(server.url, 'a');
  t.deepEqual(await stored(server.url), ['a']);
  t.is((await jetStreamConfig(server)).sync_always, undefined);
  t.true(existsSync(folder));
  await Promise.all([server.stop(), server.stop()]);
  t.is(identityOf(pid), undefined);
  t.false(existsSync(folder));
  await t.throwsAsync(server.ensureRunning(), { instanceOf: ClosedError });
});

test('a kept folder keeps what was stored, the port, and has it on the disk before it acknowledges', async (t) => {
  const folder = join(temporaryFolder(t), 'data');
  const first = await startEmbeddedServer({ folder, ...quiet });
  t.true((await jetStreamConfig(first)).sync_always);
  t.is(readFileSync(join(folder, '.gitignore'), 'utf8'), '*\n');
  await store(first.url, 'a');
  await first.stop();
  await using second = await startEmbeddedServer({ folder, ...quiet });
  t.not(second.pid, first.pid);
  t.is(second.url, first.url);
  t.deepEqual(await stored(second.url), ['a']);
});

test('when another program has taken the former port, the server takes a free one', async (t) => {
  const folder = temporaryFolder(t);
  const first = await startEmbeddedServer({ folder, ...quiet });
  await first.stop();
  const taken = await occupy(Number(new URL(first.url).port));
  t.teardown(() => taken.close());
  await using second = await startEmbeddedServer({ folder, ...quiet });
  t.not(second.url, first.url);
  t.deepEqual(await stored(second.url), []);
});

test('a port that was asked for and is taken is an error that says so, and leaves the folder free', async (t) => {
  const folder = temporaryFolder(t);
  const taken = await occupy(0);
  const { port } = taken.address() as AddressInfo;
  const error = await t.throwsAsync(startEmbeddedServer({ folder, port, ...quiet }), {
    instanceOf: ServerUnavailableError,
  });
  t.true(error.message.includes(`127.0.0.1:${port}: bind: address already in use`), error.message);
  t.true(error.message.includes(join(folder, 'nats-server.log')), error.message);
  await new Promise((resolve) => taken.close(resolve));
  await using server = await startEmbeddedServer({ folder, port, ...quiet });
  t.is(server.url, `nats://127.0.0.1:${port}`);
});

test('a folder that was there already gets no file beside the data', async (t) => {
  const folder = temporaryFolder(t);
  await using _server = await startEmbeddedServer({ folder, ...quiet });
  t.false(existsSync(join(folder, '.gitignore')));
});

test('options that cannot work are configuration errors', async (t) => {
  const file = join(temporaryFolder(t), 'file');
  writeFileSync(file, '');
  const wrong = [
    { options: { folder: file, temporary: true }, message: /a folder or is temporary/ },
    { options: { port: 70_000 }, message: /port 70000/ },
    { options: { port: 1.5 }, message: /port 1\.5/ },
    { options: { folder: file }, message: /The data folder .*file cannot be used: EEXIST/ },
    { options: { folder: join(file, 'below') }, message: /The data folder .*below cannot be used: ENOTDIR/ },
  ];
  for (const { options, message } of wrong) {
    await t.throwsAsync(startEmbeddedServer({ ...options, ...quiet }), { instanceOf: ConfigError, message });
  }
});

test('the data folder of a project is beside its package.json', (t) => {
  const folder = temporaryFolder(t);
  mkdirSync(join(folder, 'a', 'b'), { recursive: true });
  t.is(projectDataFolder(join(folder, 'a', 'b')), join(folder, 'a', 'b', '.perdure'));
  writeFileSync(join(folder, 'package.json'), '{}');
  t.is(projectDataFolder(join(folder, 'a', 'b')), join(folder, '.perdure'));
});

test('a server killed with -9 is started again on the same store and port, and clients reconnect', async (t) => {
  const server = await startTestServer();
  const connection = await connect({ servers: server.url, maxReconnectAttempts: -1, reconnectTimeWait: 10 });
  await store(server.url, 'a');
  const { pid, url } = server;
  for (const round of [1, 2, 3]) {
    await server.killAndRestart();
    t.is(server.url, url);
    t.deepEqual(await stored(server.url), ['a'], `round ${round}`);
  }
  t.not(server.pid, pid);
  await until(() => isConnected(connection), 'the client to reconnect');
  await connection.close();
  const last = server.pid;
  await server.stop();
  t.is(identityOf(last), undefined);
});

test('ensureRunning settles only when the killed server answers again', async (t) => {
  const lines: string[] = [];
  await using server = await startEmbeddedServer({ temporary: true, onProgress: (line) => lines.push(line) });
  const killed = server.pid!;
  process.kill(killed, 'SIGKILL');
  await until(() => identityOf(killed) === undefined, 'the server to end');
  await Promise.all([server.ensureRunning(), server.ensureRunning()]);
  t.deepEqual(await stored(server.url), []);
  t.deepEqual(lines, [`nats-server (process ${killed}) has ended; starting it again.`]);
});

test('processes started together in one folder end on one server', async (t) => {
  const folder = temporaryFolder(t);
  const holders = [1, 2, 3].map(() => new Holder(t, folder));
  const reports = await Promise.all(holders.map((holder) => holder.report()));
  t.is(new Set(reports.map(({ url, pid }) => `${url} ${pid}`)).size, 1);
  t.is(reports.filter(({ owned }) => owned).length, 1);

  const attached = holders[reports.findIndex(({ owned }) => !owned)]!;
  t.is(await attached.end('stop'), 0);
  t.deepEqual(await stored(reports[0]!.url), []);
  const owner = holders[reports.findIndex(({ owned }) => owned)]!;
  t.is(await owner.end('stop'), 0);
  t.is(identityOf(reports[0]!.pid), undefined);
});

test('when the owner is killed with -9, those attached to its server end on one new server with the data', async (t) => {
  const folder = temporaryFolder(t);
  const owner = new Holder(t, folder);
  const first = await owner.report();
  const attached = [new Holder(t, folder), new Holder(t, folder)];
  for (const holder of attached) t.false((await holder.report()).owned);
  await store(first.url, 'a');
  t.is(await owner.end('SIGKILL'), null);
  await until(() => identityOf(first.pid) === undefined, 'the server of the killed process to end');

  const reports = await Promise.all(attached.map((holder) => holder.ensure()));
  t.is(reports.filter(({ owned }) => owned).length, 1);
  t.is(new Set(reports.map(({ pid }) => pid)).size, 1);
  t.deepEqual(
    reports.map(({ url }) => url),
    [first.url, first.url],
  );
  t.deepEqual(await stored(first.url), ['a']);
});

test('a process that starts the moment the owner is killed waits until the old server is down', async (t) => {
  const folder = temporaryFolder(t);
  const owner = new Holder(t, folder);
  const first = await owner.report();
  await store(first.url, 'a');
  await owner.end('SIGKILL');
  await using server = await startEmbeddedServer({ folder, ...quiet });
  await server.ensureRunning();
  await until(() => identityOf(first.pid) === undefined, 'the old server to end');
  await server.ensureRunning();
  t.true(server.owned);
  t.not(server.pid, first.pid);
  t.deepEqual(await stored(server.url), ['a']);
  const log = readFileSync(join(folder, 'nats-server.log'), 'utf8').split('\n');
  const exit = log.findIndex((line) => line.startsWith(`[${first.pid}]`) && line.includes('Server Exiting'));
  const start = log.findIndex((line) => line.startsWith(`[${server.pid}]`));
  t.true(exit >= 0 && exit < start);
});

test('a server never outlives a parent that was killed, and its folder is swept by the next one', async (t) => {
  const holder = new Holder(t);
  const { pid, folder } = await holder.report();
  t.true(existsSync(folder));
  await holder.end('SIGKILL');
  await until(() => identityOf(pid) === undefined, 'the server of the killed process to end');
  const next = await startEmbeddedServer({ temporary: true, ...quiet });
  t.false(existsSync(folder));
  await next.stop();
});

test('a server whose launcher was killed ends too, and is started again', async (t) => {
  const folder = temporaryFolder(t);
  await using server = await startEmbeddedServer({ folder, ...quiet });
  await store(server.url, 'a');
  const { pid } = server;
  process.kill(launcherIn(folder), 'SIGKILL');
  await until(() => server.pid !== undefined && server.pid !== pid, 'another server');
  t.is(identityOf(pid!), undefined);
  t.deepEqual(await stored(server.url), ['a']);
});

test('a server that lost both its owner and its launcher is ended by the next owner of its folder', async (t) => {
  const folder = temporaryFolder(t);
  const owner = new Holder(t, folder);
  const first = await owner.report();
  const launcher = launcherIn(folder);
  owner.child.kill('SIGSTOP'); // so that it cannot do anything about it
  process.kill(launcher, 'SIGKILL');
  await owner.end('SIGKILL');
  await using server = await startEmbeddedServer({ folder, ...quiet });
  await until(() => identityOf(first.pid) === undefined, 'the old server to end');
  await server.ensureRunning();
  t.true(server.owned);
  t.not(server.pid, first.pid);
  const log = readFileSync(join(folder, 'nats-server.log'), 'utf8').split('\n');
  t.true(
    log.some((line) => line.startsWith(`[${first.pid}]`) && line.includes('Server Exiting')),
    'it was asked to end, and not killed',
  );
});

test('a server does not keep a program alive that forgets to stop it, and ends with it', async (t) => {
  const holder = new Holder(t);
  const { pid } = await holder.report();
  t.is(await holder.end('forget'), 0);
  await until(() => identityOf(pid) === undefined, 'the server to end');
});

test('a lock whose holder has ended is taken over, also when its process number is in use again', async (t) => {
  const folder = temporaryFolder(t);
  const lock = join(folder, 'lock');
  mkdirSync(lock);
  const reused = { pid: process.pid, started: 'another time' };
  const note = {
    processes: [reused],
    port: 0,
    address: { url: 'nats://127.0.0.1:1', serverId: 'N', pid: 1, monitorUrl: '' },
  };
  writeFileSync(join(lock, '7.json'), JSON.stringify({ holder: reused, note }));
  await using server = await startEmbeddedServer({ folder, ...quiet });
  t.true(server.owned);
  t.deepEqual(readdirSync(lock), ['8.json']);
});

/** The process between the owner of a folder and its server, as the lock's note names it. */
function launcherIn(folder: string): number {
  const [record] = readdirSync(join(folder, 'lock')).filter((name) => name.endsWith('.json'));
  const { note } = JSON.parse(readFileSync(join(folder, 'lock', record!), 'utf8')) as {
    note: { processes: { pid: number }[] };
  };
  return note.processes[0]!.pid;
}

async function store(url: string, text: string): Promise<void> {
  const connection = await connect({ servers: url });
  const manager = await connection.jetstreamManager();
  await manager.streams.add({ name: 'kept', subjects: ['kept'] });
  await connection.jetstream().publish('kept', text);
  await connection.close();
}

/** The messages of the stream; none when there is no stream. */
async function stored(url: string): Promise<string[]> {
  const connection = await connect({ servers: url });
  const manager = await connection.jetstreamManager();
  const texts: string[] = [];
  for await (const { config, state } of manager.streams.list()) {
    for (let seq = state.first_seq; seq <= state.last_seq; seq++) {
      texts.push((await manager.streams.getMessage(config.name, { seq })).string());
    }
  }
  await connection.close();
  return texts;
}

async function isConnected(connection: NatsConnection): Promise<boolean> {
  return connection.flush().then(
    () => true,
    () => false,
  );
}

async function jetStreamConfig(server: EmbeddedServer): Promise<{ sync_always?: boolean }> {
  const jsz = (await (await fetch(`${server.monitorUrl}/jsz`)).json()) as { config: { sync_always?: boolean } };
  return jsz.config;
}

function occupy(port: number): Promise<ReturnType<typeof createServer>> {
  return new Promise((resolve) => {
    const server = createServer().listen(port, '127.0.0.1', () => resolve(server));
  });
}
