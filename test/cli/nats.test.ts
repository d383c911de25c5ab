import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { connect } from 'nats';
import { fakeServer, temporaryFolder } from '../nats/server/fakes.js';
import { until } from '../until.js';
import { perdureHere } from './here.js';
import { outcome, perdure } from './perdure.js';

test('ensure and path print the path of the server, version its version, and nothing else', async (t) => {
  const path = fakeServer(temporaryFolder(t), '2.13.1');
  const env = { PERDURE_NATS_SERVER: path };
  t.deepEqual(await outcome(perdure(t, ['nats', 'ensure'], env)), { code: 0, stdout: `${path}\n`, stderr: '' });
  t.deepEqual(await outcome(perdure(t, ['nats', 'path'], env)), { code: 0, stdout: `${path}\n`, stderr: '' });
  t.deepEqual(await outcome(perdure(t, ['nats', 'version'], env)), { code: 0, stdout: '2.13.1\n', stderr: '' });
});

test('with --json path and version are told together', async (t) => {
  const { code, stdout } = await outcome(perdure(t, ['nats', 'version', '--json']));
  t.is(code, 0);
  const { path, version } = JSON.parse(stdout) as { path: string; version: string };
  t.true(existsSync(path));
  t.regex(version, /^\d+\.\d+\.\d+/);
  t.is((await outcome(perdure(t, ['nats', 'path', '--json']))).stdout, stdout);
});

test('a failure has exit code 1 and says its stable code', async (t) => {
  const folder = temporaryFolder(t);
  const old = fakeServer(folder, '2.9.10');
  const { code, stdout, stderr } = await perdureHere(['nats', 'start'], { PERDURE_NATS_SERVER: old });
  t.deepEqual([code, stdout], [1, '']);
  t.true(
    stderr.startsWith(`PERDURE_SERVER_TOO_OLD: nats-server 2.9.10 at ${old} (from PERDURE_NATS_SERVER) is too old`),
    stderr,
  );
});

test('wrong usage has exit code 2, help has 0 and examples', async (t) => {
  for (const args of [
    ['nats', 'begin'],
    ['nats', 'start', '--port', '0'],
    ['nats', 'start', '--color'],
    ['nats', 'start', '--port'],
    ['list'],
    ['status', 'shop'],
    ['list', 'shop', '--limit', 'many'],
    ['nats'],
    [],
  ]) {
    const { code, stdout, stderr } = await perdureHere(args);
    t.deepEqual([code, stdout, stderr === ''], [2, '', false], args.join(' '));
  }
  for (const command of ['ensure', 'start', 'path', 'version']) {
    const { code, stdout } = await perdureHere(['nats', command, '--help']);
    t.is(code, 0);
    t.regex(stdout, new RegExp(`Examples:\\n.*perdure nats ${command}`));
  }
});

test('start runs the server in the foreground until Ctrl-C, which does not hit the server itself', async (t) => {
  const folder = temporaryFolder(t);
  const run = perdure(t, ['nats', 'start', '--folder', folder]);
  await until(() => run.stderr().includes('Ctrl-C'), 'the server to start');
  t.regex(run.stdout(), /^nats:\/\/127\.0\.0\.1:\d+\n$/);
  t.true(run.stderr().includes(`Data is in ${folder}, monitoring at http://127.0.0.1:`));
  const connection = await connect({ servers: run.stdout().trim() });
  t.true(connection.info?.jetstream);
  await connection.close();

  const second = await outcome(perdure(t, ['nats', 'start', '--folder', folder]));
  t.deepEqual([second.code, second.stdout], [1, '']);
  t.true(second.stderr.includes(`A server runs on ${folder} already: ${run.stdout().trim()}`), second.stderr);

  process.kill(-run.child.pid!, 'SIGINT');
  t.is(await run.ended, 0);
  const log = readFileSync(join(folder, 'nats-server.log'), 'utf8');
  t.regex(log, /Trapped "terminated" signal/);
  t.notRegex(log, /Trapped "interrupt" signal/);
  t.regex(log, /Server Exiting/);
});

test('with --json start tells where the server is as JSON, on one line', async (t) => {
  const folder = temporaryFolder(t);
  const run = perdure(t, ['nats', 'start', '--folder', folder, '--json']);
  await until(() => run.stdout().includes('\n'), 'the server to start');
  const told = JSON.parse(run.stdout()) as { url: string; folder: string; monitorUrl: string };
  t.regex(told.url, /^nats:\/\/127\.0\.0\.1:\d+$/);
  t.is(told.folder, folder);
  t.is((await fetch(`${told.monitorUrl}/healthz`)).status, 200);
  run.child.kill('SIGTERM');
  t.is(await run.ended, 0);
});

test('start takes the port it is told and ends on SIGTERM', async (t) => {
  const folder = join(temporaryFolder(t), 'new');
  const first = perdure(t, ['nats', 'start', '--folder', folder]);
  await until(() => first.stderr().includes('Ctrl-C'), 'the server to start');
  first.child.kill('SIGTERM');
  t.is(await first.ended, 0);
  const port = new URL(first.stdout()).port;
  const again = perdure(t, ['nats', 'start', '--folder', folder, '--port', port]);
  await until(() => again.stderr().includes('Ctrl-C'), 'the server to start again');
  t.is(again.stdout(), `nats://127.0.0.1:${port}\n`);
  again.child.kill('SIGTERM');
  t.is(await again.ended, 0);
  t.true(existsSync(join(folder, 'jetstream')));
});
