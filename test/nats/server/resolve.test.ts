import { spawn, type ChildProcess } from 'node:child_process';
import { chmodSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test, { type ExecutionContext } from 'ava';
import { ConfigError, NatsServerMissingError, ServerTooOldError } from '../../../lib/errors.js';
import { writableCacheFolder } from '../../../lib/nats/server/cache-folder.js';
import { fetchDebianPackage } from '../../../lib/nats/server/debian-package.js';
import { archiveName } from '../../../lib/nats/server/release-archive.js';
import { resolveNatsServer } from '../../../lib/nats/server/resolve.js';
import { until } from '../../until.js';
import { fakeArchive, fakeProgram, fakeServer, startHttp, startMirror, temporaryFolder } from './fakes.js';

const perdure = fileURLToPath(new URL('../../../lib/cli/main.js', import.meta.url));

/** A machine without a server, on which nothing can be fetched unless the test says otherwise. */
function emptyMachine(t: ExecutionContext) {
  const folder = temporaryFolder(t);
  const lines: string[] = [];
  const env: NodeJS.ProcessEnv = {
    PATH: join(folder, 'bin'),
    PERDURE_CACHE: join(folder, 'cache'),
    PERDURE_NATS_MIRROR: 'http://127.0.0.1:1',
  };
  const resolve = (more: NodeJS.ProcessEnv = {}) =>
    resolveNatsServer({
      env: { ...env, ...more },
      installFolders: [join(folder, 'sbin')],
      onProgress: (line) => lines.push(line),
    });
  return { folder, env, lines, resolve };
}

test('PERDURE_NATS_SERVER is taken before everything else', async (t) => {
  const { folder, resolve, lines } = emptyMachine(t);
  fakeServer(join(folder, 'bin'), '2.15.1');
  const path = fakeServer(join(folder, 'own'), '2.12.0');
  t.deepEqual(await resolve({ PERDURE_NATS_SERVER: path }), { path, version: '2.12.0', source: 'PERDURE_NATS_SERVER' });
  t.deepEqual(lines, []);
});

test('a PERDURE_NATS_SERVER that cannot be used stops the search', async (t) => {
  const { folder, resolve, lines } = emptyMachine(t);
  fakeServer(join(folder, 'bin'), '2.15.1');
  const old = fakeServer(join(folder, 'old'), '2.11.9');
  const tooOld = await t.throwsAsync(resolve({ PERDURE_NATS_SERVER: old }), { instanceOf: ServerTooOldError });
  t.deepEqual([tooOld.found, tooOld.needed, tooOld.where], ['2.11.9', '2.12.0', `${old} (from PERDURE_NATS_SERVER)`]);

  const missing = join(folder, 'missing');
  const other = fakeServer(join(folder, 'other'), '', 'echo "something else 2.15.1"');
  const failing = fakeServer(join(folder, 'failing'), '', 'echo broken >&2; exit 3');
  const plain = join(folder, 'plain');
  writeFileSync(plain, 'text');
  for (const path of [missing, other, failing, plain, folder]) {
    const error = await t.throwsAsync(resolve({ PERDURE_NATS_SERVER: path }), { instanceOf: ConfigError });
    t.true(error.message.startsWith('PERDURE_NATS_SERVER does not name a nats-server: '), error.message);
    t.true(error.message.includes(path), error.message);
  }
  t.deepEqual(lines, []);
});

test('the first server on the PATH that is new enough is taken, then those in the usual folders', async (t) => {
  const { folder, resolve, lines } = emptyMachine(t);
  const path = fakeServer(join(folder, 'sbin'), '2.12.1-RC.2');
  t.deepEqual(await resolve(), { path, version: '2.12.1-RC.2', source: 'PATH' });
  fakeServer(join(folder, 'old'), '2.9.10');
  const onPath = fakeServer(join(folder, 'bin'), '3.0.0');
  const both = [join(folder, 'old'), join(folder, 'bin')].join(delimiter);
  t.deepEqual(await resolve({ PATH: both }), { path: onPath, version: '3.0.0', source: 'PATH' });
  t.deepEqual(lines, []);
});

test('of the cache the tested version is taken, else the newest that is new enough and runs', async (t) => {
  const { folder, resolve, lines } = emptyMachine(t);
  const cached = (version: string, script?: string) =>
    fakeServer(join(folder, 'cache', 'nats-server', `${version}-${process.platform}-${process.arch}`), version, script);
  cached('2.9.10');
  cached('2.16.0', 'exit 1');
  const newer = cached('2.12.10');
  cached('2.12.9');
  t.deepEqual(await resolve(), { path: newer, version: '2.12.10', source: 'cache' });
  const tested = cached('2.15.1');
  cached('2.17.0');
  t.deepEqual(await resolve(), { path: tested, version: '2.15.1', source: 'cache' });
  t.deepEqual(lines, []);
});

test("a server in the user's cache is found although nothing can be written there", async (t) => {
  const { folder, resolve } = emptyMachine(t);
  const cache = join(folder, 'home', 'perdure', 'nats-server');
  const path = fakeServer(join(cache, `2.15.1-${process.platform}-${process.arch}`), '2.15.1');
  chmodSync(join(folder, 'home', 'perdure'), 0o555);
  t.teardown(() => chmodSync(join(folder, 'home', 'perdure'), 0o755));
  const env = { PERDURE_CACHE: '', XDG_CACHE_HOME: join(folder, 'home'), TMPDIR: folder, PERDURE_OFFLINE: '1' };
  t.deepEqual(await resolve(env), { path, version: '2.15.1', source: 'cache' });
});

test('a fetched server is kept in the cache, and the fetch says one line', async (t) => {
  const { folder, resolve, lines } = emptyMachine(t);
  const old = fakeServer(join(folder, 'sbin'), '2.9.10');
  const mirror = await startMirror(t, fakeArchive(t, '2.15.1'));
  const path = join(folder, 'cache', 'nats-server', `2.15.1-${process.platform}-${process.arch}`, 'nats-server');
  t.deepEqual(await resolve({ PERDURE_NATS_MIRROR: mirror.url }), { path, version: '2.15.1', source: 'release' });
  t.deepEqual(lines, [`Fetching nats-server 2.15.1 (${old}: version 2.9.10 < 2.12.0, too old) ...`]);
  t.deepEqual(await resolve(), { path, version: '2.15.1', source: 'cache' });
  t.is(lines.length, 1);
  t.is(mirror.asked.length, 2);
  t.deepEqual(readdirSync(join(folder, 'cache', 'nats-server')).sort(), [
    `2.15.1-${process.platform}-${process.arch}`,
    'lock',
  ]);
});

test('nothing is fetched when PERDURE_OFFLINE is 1, nor when the caller does not want it', async (t) => {
  const { folder, env, resolve, lines } = emptyMachine(t);
  const mirror = await startMirror(t, fakeArchive(t, '2.15.1'));
  const offline = await t.throwsAsync(resolve({ PERDURE_NATS_MIRROR: mirror.url, PERDURE_OFFLINE: '1' }), {
    instanceOf: NatsServerMissingError,
  });
  t.regex(offline.message, /nothing was fetched: PERDURE_OFFLINE is 1/);
  const options = { env: { ...env, PERDURE_NATS_MIRROR: mirror.url }, installFolders: [], fetch: false };
  const unwanted = await t.throwsAsync(resolveNatsServer(options), { instanceOf: NatsServerMissingError });
  t.regex(unwanted.message, /nothing was fetched: run "perdure nats ensure"/);
  t.deepEqual([mirror.asked, lines, readdirSync(folder)], [[], [], []]);
});

test('without any server the error lists what was tried and one command for each system', async (t) => {
  const { folder, resolve } = emptyMachine(t);
  const old = fakeServer(join(folder, 'bin'), '2.9.10');
  const error = await t.throwsAsync(resolve(), { instanceOf: NatsServerMissingError });
  const debian = process.platform === 'linux' ? "  - Debian's package: there is no apt-get on this system\n" : '';
  t.is(
    error.message,
    `No nats-server of version 2.12.0 or newer was found, and none could be fetched. Tried:
  - PERDURE_NATS_SERVER: not set
  - ${old}: version 2.9.10 < 2.12.0, too old
  - no server in the cache ${join(folder, 'cache', 'nats-server')}
  - the official release: http://127.0.0.1:1: connect ECONNREFUSED 127.0.0.1:1
${debian}Install one, or name one with PERDURE_NATS_SERVER:
  macOS            brew install nats-server
  Windows          scoop install nats-server
  Debian, Ubuntu   apt install nats-server     (Debian 14 or newer)
  Docker           docker run --rm -p 4222:4222 nats:2.15.1 -js     and NATS_URL=nats://127.0.0.1:4222`,
  );
});

test('a fetched server that is too old or does not run is not kept', async (t) => {
  const { folder, resolve } = emptyMachine(t);
  const mirror = await startMirror(t, fakeArchive(t, '2.11.0'));
  const error = await t.throwsAsync(resolve({ PERDURE_NATS_MIRROR: mirror.url }), {
    instanceOf: NatsServerMissingError,
  });
  t.regex(error.message, /nats-server: version 2\.11\.0 < 2\.12\.0, too old/);
  t.deepEqual(readdirSync(join(folder, 'cache', 'nats-server')), ['lock']);
});

test('on Debian the package of a newer suite comes through the own mirror into a private apt state', async (t) => {
  const [folder, bin] = [temporaryFolder(t), temporaryFolder(t)];
  const keyring = join(bin, 'keyring');
  writeFileSync(keyring, '');
  fakeApt(bin, 'https://vendor.example/apt nodistro main\nhttps://mirror.example/debian bookworm main\n');
  const path = await fetchDebianPackage(folder, { env: debianEnv(bin, { PERDURE_APT_SUITE: 'sid' }), keyring });
  t.is(path, join(folder, 'package', 'usr', 'sbin', 'nats-server'));
  t.is(
    readFileSync(join(folder, 'sources.list'), 'utf8'),
    `deb [signed-by=${keyring}] https://mirror.example/debian sid main\n`,
  );
  const [indextargets, update, download, ...rest] = readFileSync(join(bin, 'calls'), 'utf8').trim().split('\n');
  t.regex(indextargets!, /^indextargets /);
  for (const call of [update!, download!]) t.true(call.includes(`-oDir::State::Lists=${join(folder, 'lists')}`), call);
  t.regex(update!, / update$/);
  t.regex(download!, / download nats-server$/);
  t.deepEqual(rest, []);
});

test("elsewhere in the family the package comes from the machine's own sources", async (t) => {
  const [folder, bin] = [temporaryFolder(t), temporaryFolder(t)];
  fakeApt(bin, '');
  await fetchDebianPackage(folder, { env: debianEnv(bin), keyring: join(bin, 'missing') });
  const calls = readFileSync(join(bin, 'calls'), 'utf8').trim().split('\n');
  t.is(calls.length, 1);
  t.regex(calls[0]!, / download nats-server$/);
  t.notRegex(calls[0]!, /Dir::/);
});

test('what apt complains of is the reason', async (t) => {
  const bin = temporaryFolder(t);
  fakeProgram(bin, 'apt-get', 'echo "E: Unable to locate package nats-server" >&2; exit 100');
  const options = { env: debianEnv(bin), keyring: join(bin, 'missing') };
  await t.throwsAsync(fetchDebianPackage(temporaryFolder(t), options), {
    message: 'E: Unable to locate package nats-server',
  });
});

test('processes that start together fetch once', async (t) => {
  const { env } = emptyMachine(t);
  const mirror = await startMirror(t, fakeArchive(t, '2.15.1'));
  const racing = [1, 2, 3].map(() => ensure(t, { ...env, PERDURE_NATS_MIRROR: mirror.url }));
  const paths = await Promise.all(racing.map(({ output }) => output));
  t.is(new Set(paths).size, 1);
  t.true(paths[0]!.endsWith('nats-server\n'));
  t.deepEqual(mirror.asked, ['/v2.15.1/SHA256SUMS', `/v2.15.1/${archiveName()}`]);
});

test('a fetch that was killed is done again by the process that waited for it', async (t) => {
  const { folder, env } = emptyMachine(t);
  const archive = fakeArchive(t, '2.15.1');
  const good = await startMirror(t, archive);
  const hanging = await startHttp(t, () => {});
  const first = ensure(t, { ...env, PERDURE_NATS_MIRROR: hanging.url });
  await until(() => hanging.asked.length > 0, 'the first process to fetch');
  const second = ensure(t, { ...env, PERDURE_NATS_MIRROR: good.url });
  await until(() => second.lines().includes('Waiting for another process'), 'the second process to wait');
  t.deepEqual(good.asked, []);
  first.child.kill('SIGKILL');
  t.true((await second.output).endsWith('nats-server\n'));
  t.deepEqual(readdirSync(join(folder, 'cache', 'nats-server')).sort(), [
    `2.15.1-${process.platform}-${process.arch}`,
    'lock',
  ]);
});

test('a user without a home gets a cache that nobody else can write', (t) => {
  const folder = temporaryFolder(t);
  const home = join(folder, 'no-folder');
  writeFileSync(home, '');
  const env = { XDG_CACHE_HOME: home, LOCALAPPDATA: home, TMPDIR: folder };
  const own = join(folder, `perdure-cache-${process.getuid?.() ?? 'user'}`);
  t.is(writableCacheFolder(env), join(own, 'nats-server'));
  t.is(statSync(own).mode & 0o777, 0o700);
  t.is(writableCacheFolder(env), join(own, 'nats-server'));
  chmodSync(own, 0o777);
  const error = t.throws(() => writableCacheFolder(env), { instanceOf: ConfigError });
  t.regex(error.message, /open to others.*Set PERDURE_CACHE/);
  const nowhere = { XDG_CACHE_HOME: home, LOCALAPPDATA: home, TMPDIR: home };
  t.regex(t.throws(() => writableCacheFolder(nowhere), { instanceOf: ConfigError }).message, /Set PERDURE_CACHE/);
});

function fakeApt(bin: string, targets: string): void {
  writeFileSync(join(bin, 'targets'), targets);
  const download = 'case "$*" in *download*) echo deb > nats-server_1.deb;; indextargets*) cat "$BIN/targets";; esac';
  fakeProgram(bin, 'apt-get', `echo "$@" >> "$BIN/calls"; ${download}`);
  fakeProgram(bin, 'dpkg-deb', 'mkdir -p "$3/usr/sbin"; cp "$2" "$3/usr/sbin/nats-server"');
}

function debianEnv(bin: string, more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  return { PATH: [bin, process.env['PATH']].join(delimiter), BIN: bin, ...more };
}

/** Without the variables by which whoever runs the tests has chosen a server. */
function ownEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('PERDURE_')));
}

/** Runs `perdure nats ensure` in a process of its own. */
function ensure(
  t: ExecutionContext,
  env: NodeJS.ProcessEnv,
): { child: ChildProcess; lines: () => string; output: Promise<string> } {
  const child = spawn(process.execPath, [perdure, 'nats', 'ensure'], {
    env: { ...ownEnvironment(), ...env, PATH: process.env['PATH'] },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  t.teardown(() => child.kill('SIGKILL'));
  let [output, lines] = ['', ''];
  child.stdout.on('data', (chunk) => (output += chunk));
  child.stderr.on('data', (chunk) => (lines += chunk));
  return { child, lines: () => lines, output: new Promise((resolve) => child.on('close', () => resolve(output))) };
}
