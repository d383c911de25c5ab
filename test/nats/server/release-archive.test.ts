import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { ConfigError } from '../../../lib/errors.js';
import { archiveName, fetchReleaseArchive } from '../../../lib/nats/server/release-archive.js';
import { versionOf } from '../../../lib/nats/server/version.js';
import { fakeArchive, startHttp, startMirror, temporaryFolder } from './fakes.js';

const timeouts = { connect: 3_000, stall: 300 };

test('the archive of the tested version is downloaded, checked and unpacked', async (t) => {
  const mirror = await startMirror(t, fakeArchive(t, '2.15.1'));
  const path = await fetchReleaseArchive(temporaryFolder(t), { env: { PERDURE_NATS_MIRROR: `${mirror.url}/nats/` } });
  t.is(await versionOf(path), '2.15.1');
  t.deepEqual(mirror.asked, ['/nats/v2.15.1/SHA256SUMS', `/nats/v2.15.1/${archiveName()}`]);
});

test('a redirect is followed, and an endless one is given up', async (t) => {
  const mirror = await startMirror(t, fakeArchive(t, '2.15.1'));
  const front = await startHttp(t, (request, response) => {
    response
      .writeHead(302, { location: request.url?.startsWith('/loop') ? '/loop' : `${mirror.url}${request.url}` })
      .end();
  });
  const path = await fetchReleaseArchive(temporaryFolder(t), { env: { PERDURE_NATS_MIRROR: front.url } });
  t.is(await versionOf(path), '2.15.1');
  const loop = fetchReleaseArchive(temporaryFolder(t), { env: { PERDURE_NATS_MIRROR: `${front.url}/loop` } });
  await t.throwsAsync(loop, { message: /redirects more than 5 times/ });
});

test('an archive that is not what SHA256SUMS says is refused and not unpacked', async (t) => {
  const archive = fakeArchive(t, '2.15.1');
  const mirror = await startMirror(t, { ...archive, sum: 'a'.repeat(64) });
  const folder = temporaryFolder(t);
  await t.throwsAsync(fetchReleaseArchive(folder, { env: { PERDURE_NATS_MIRROR: mirror.url } }), {
    message: `${mirror.url}/v2.15.1/${archiveName()} has SHA-256 ${archive.sum}, expected is ${'a'.repeat(64)}`,
  });
  t.deepEqual(readdirSync(folder), [archiveName()]);
});

test('an archive that is not the pinned one is refused although SHA256SUMS agrees', async (t) => {
  const archive = fakeArchive(t, '2.15.1');
  const env = { PERDURE_NATS_MIRROR: (await startMirror(t, archive)).url };
  await t.notThrowsAsync(
    fetchReleaseArchive(temporaryFolder(t), { env, pins: new Map([[archiveName(), archive.sum]]) }),
  );
  const pins = new Map([[archiveName(), 'b'.repeat(64)]]);
  await t.throwsAsync(fetchReleaseArchive(temporaryFolder(t), { env, pins }), { message: /expected is b{64}$/ });
});

test('sums that do not name the archive are refused before anything is downloaded', async (t) => {
  const mirror = await startHttp(t, (_, response) => response.end('no sums here'));
  await t.throwsAsync(fetchReleaseArchive(temporaryFolder(t), { env: { PERDURE_NATS_MIRROR: mirror.url } }), {
    message: `${mirror.url}/v2.15.1/SHA256SUMS has no line for ${archiveName()}`,
  });
  t.is(mirror.asked.length, 1);
});

test('a missing release says the status', async (t) => {
  const mirror = await startHttp(t, (_, response) => response.writeHead(404).end());
  await t.throwsAsync(fetchReleaseArchive(temporaryFolder(t), { env: { PERDURE_NATS_MIRROR: mirror.url } }), {
    message: `${mirror.url}/v2.15.1/SHA256SUMS answers with status 404`,
  });
});

test('an archive that ends too early is refused', async (t) => {
  const archive = fakeArchive(t, '2.15.1');
  const half = archive.bytes.subarray(0, archive.bytes.length / 2);
  const short = await startMirror(t, { bytes: half, sum: archive.sum });
  await t.throwsAsync(fetchReleaseArchive(temporaryFolder(t), { env: { PERDURE_NATS_MIRROR: short.url } }), {
    message: new RegExp(`expected is ${archive.sum}`),
  });
  const cut = await startHttp(t, (request, response) => {
    if (request.url?.endsWith('/SHA256SUMS')) response.end(`${archive.sum}  ${archiveName()}`);
    else response.writeHead(200, { 'content-length': archive.bytes.length }).write(half, () => response.destroy());
  });
  await t.throwsAsync(fetchReleaseArchive(temporaryFolder(t), { env: { PERDURE_NATS_MIRROR: cut.url } }), {
    message: /v2\.15\.1\/nats-server-.* broke off: aborted$/,
  });
});

test('a host that hangs is given up, before its answer and in the middle of it', async (t) => {
  const silent = await startHttp(t, () => {});
  await t.throwsAsync(fetchReleaseArchive(temporaryFolder(t), { env: { PERDURE_NATS_MIRROR: silent.url }, timeouts }), {
    message: `${silent.url} sent nothing for 300 ms`,
  });
  const stalling = await startHttp(t, (_, response) => response.writeHead(200).write('a'));
  await t.throwsAsync(
    fetchReleaseArchive(temporaryFolder(t), { env: { PERDURE_NATS_MIRROR: stalling.url }, timeouts }),
    {
      message: /SHA256SUMS broke off: .* sent nothing for 300 ms$/,
    },
  );
});

test('a host that cannot be reached is named', async (t) => {
  const env = { PERDURE_NATS_MIRROR: 'http://127.0.0.1:1' };
  await t.throwsAsync(fetchReleaseArchive(temporaryFolder(t), { env }), {
    message: /^http:\/\/127\.0\.0\.1:1: .*ECONNREFUSED/,
  });
});

test('https goes through HTTPS_PROXY unless NO_PROXY names the host', async (t) => {
  const proxy = await startHttp(t, (_, response) => response.end());
  const env = { PERDURE_NATS_MIRROR: 'https://localhost:1', HTTPS_PROXY: proxy.url };
  await t.throwsAsync(fetchReleaseArchive(temporaryFolder(t), { env }), {
    message: /^the proxy .* answers with status 403$/,
  });
  t.deepEqual(proxy.asked, ['CONNECT localhost:1']);
  await t.throwsAsync(fetchReleaseArchive(temporaryFolder(t), { env: { ...env, NO_PROXY: 'a.example, localhost' } }), {
    message: /^https:\/\/localhost:1: /,
  });
  await t.throwsAsync(fetchReleaseArchive(temporaryFolder(t), { env: { ...env, NO_PROXY: '*' } }), {
    message: /^https:\/\/localhost:1: /,
  });
  t.is(proxy.asked.length, 1);
  // Not the end of the search: there may be another way to a server.
  await t.throwsAsync(fetchReleaseArchive(temporaryFolder(t), { env: { ...env, HTTPS_PROXY: 'socks5://proxy' } }), {
    message: /HTTPS_PROXY is "socks5:\/\/proxy"/,
    instanceOf: Error,
  });
});

test('addresses that cannot work are configuration errors', async (t) => {
  const folder = join(temporaryFolder(t), 'unused');
  for (const env of [{ PERDURE_NATS_MIRROR: 'ftp://mirror' }, { PERDURE_NATS_MIRROR: 'mirror' }]) {
    const error = await t.throwsAsync(fetchReleaseArchive(folder, { env }), { instanceOf: ConfigError });
    t.true(error.message.includes(Object.keys(env)[0]!));
    t.true(error.message.includes(Object.values(env)[0]!));
  }
});
