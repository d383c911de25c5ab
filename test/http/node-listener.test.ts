import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import test from 'ava';
import { nodeHandler, serveHttpApi, type HttpApiServer } from 'perdure/http/node';
import { until } from '../until.js';
import { base, Restaurant } from './restaurant.js';
import { opened } from './street.js';

const key = 'k-0123456789abcdef';

/** What a server says to these bytes until it hangs up. */
async function said(server: HttpApiServer, ...parts: string[]): Promise<string> {
  const socket = connect(server.port, '127.0.0.1');
  for (const part of parts) socket.write(part);
  return text(socket);
}

const lines = (...of: string[]) => `${of.join('\r\n')}\r\n\r\n`;
const json = { 'content-type': 'application/json' };

test('the API is served on the loopback device, and its URLs lead back to it', async (t) => {
  const { server, url } = await opened(t);
  t.is(server.url, `http://127.0.0.1:${server.port}`);
  const started = await fetch(`${url}/orchestrators/table/t`, { method: 'POST', body: '"x"', headers: json });
  t.is(started.status, 202);
  const { statusQueryGetUri } = (await started.json()) as { statusQueryGetUri: string };
  t.is(statusQueryGetUri, `${url}/instances/t?taskHub=test&connection=nats`);
  t.is((await fetch(statusQueryGetUri)).status, 202);
  t.is((await fetch(`${url}/instances/nobody`)).status, 404);
});

test('it listens elsewhere only when credentials are needed', async (t) => {
  const open = (await Restaurant.open()).api;
  for (const hostname of ['0.0.0.0', '::', '10.0.0.1', 'example.com'])
    await t.throwsAsync(serveHttpApi(open, { port: 0, hostname }), { code: 'PERDURE_CONFIG', message: /without auth/ });
  const { server } = await opened(t, { auth: { keys: [key] } }, { hostname: '0.0.0.0' });
  const url = `http://127.0.0.1:${server.port}${base}`;
  t.is((await fetch(`${url}/instances`)).status, 401);
  t.is((await fetch(`${url}/instances`, { headers: { 'x-functions-key': key } })).status, 200);
});

test('where it cannot listen is told', async (t) => {
  const { server, restaurant } = await opened(t);
  await t.throwsAsync(serveHttpApi(restaurant.api, { port: server.port }), { code: 'PERDURE_CONFIG' });
  await t.throwsAsync(serveHttpApi(restaurant.api, { port: 99_999 }), { code: 'PERDURE_CONFIG' });
});

test('headers that are too large or malformed, and requests without a host, are refused', async (t) => {
  const { server } = await opened(t);
  const get = `GET ${base}/instances HTTP/1.1`;
  t.regex(await said(server, lines(get, 'Host: localhost', `X: ${'x'.repeat(20_000)}`)), /^HTTP\/1\.1 431 /);
  t.regex(await said(server, lines(get, 'Host: localhost', 'X: a\0b')), /^HTTP\/1\.1 400 /);
  t.regex(await said(server, lines(get, 'Connection: close')), /^HTTP\/1\.1 400 /);
  t.regex(await said(server, lines(get, 'Host: evil.example', 'Connection: close')), /^HTTP\/1\.1 421 /);
});

test('a path is taken as it came and decoded once', async (t) => {
  const { server } = await opened(t);
  const get = (path: string) =>
    said(server, lines(`GET ${base}${path} HTTP/1.1`, 'Host: localhost', 'Connection: close'));
  const escaped = await get('/entities/till/%2e%2e%2f');
  t.regex(escaped, /^HTTP\/1\.1 400 /);
  t.regex(escaped, /PERDURE_INVALID_ID/);
  t.regex(await get('/entities/till/../../instances'), /^HTTP\/1\.1 200 /, 'what a URL says');
  t.regex(await get('/entities/till/a%2525'), /^HTTP\/1\.1 404 /);
});

test('a body that comes too slowly is refused with 408, one that is too large with 413, and the connection is closed', async (t) => {
  const { server } = await opened(t, { limits: { bodyTimeoutInMilliseconds: 200, maxBodyBytes: 1_000 } });
  const post = [`POST ${base}/orchestrators/table HTTP/1.1`, 'Host: localhost', 'Content-Type: application/json'];
  const slow = await said(server, lines(...post, 'Content-Length: 10'), '"');
  t.regex(slow, /^HTTP\/1\.1 408 /);
  t.regex(slow, /\r\nconnection: close\r\n/i);
  const chunk = `${(2_000).toString(16)}\r\n${'x'.repeat(2_000)}\r\n`;
  const large = await said(server, lines(...post, 'Transfer-Encoding: chunked'), chunk);
  t.regex(large, /^HTTP\/1\.1 413 /);
  t.regex(large, /\r\nconnection: close\r\n/i);
  t.regex(await said(server, lines(...post, 'Content-Length: 2000')), /^HTTP\/1\.1 413 /);
});

test('the limits of a server that is told none: 1,000 connections, 10 s for headers of 16 KB, 30 s for a body of 1 MiB', async (t) => {
  const { server, url, restaurant } = await opened(t);
  t.is(restaurant.api.bodyTimeoutInMilliseconds, 30_000);
  let asked: Server | undefined;
  const look = (message: unknown): void => {
    const { server: one } = message as { server: Server };
    if ((one.address() as AddressInfo).port === server.port) asked = one;
  };
  subscribe('http.server.request.start', look);
  const headers = { x: 'x'.repeat(15_000) };
  t.is((await fetch(`${url}/instances`, { headers })).status, 200);
  unsubscribe('http.server.request.start', look);
  t.like(asked, { maxConnections: 1_000, headersTimeout: 10_000, requestTimeout: 45_000 });
  const post = (length: number) =>
    fetch(`${url}/orchestrators/table`, { method: 'POST', body: `"${'x'.repeat(length - 2)}"`, headers: json });
  t.deepEqual([(await post(1_048_576)).status, (await post(1_048_577)).status], [202, 413]);
});

test('a body may take as long as it is told, though the server of Node.js has a limit of its own', async (t) => {
  const { server, url } = await opened(t, { limits: { bodyTimeoutInMilliseconds: 90_000 } });
  let requestTimeout: number | undefined;
  const look = (message: unknown): void => {
    const { server: asked } = message as { server: Server };
    if ((asked.address() as AddressInfo).port === server.port) ({ requestTimeout } = asked);
  };
  subscribe('http.server.request.start', look);
  t.is((await fetch(`${url}/health`)).status, 200);
  unsubscribe('http.server.request.start', look);
  t.is(requestTimeout, 105_000, 'behind that of the headers, and the answer of the API');
});

test('a body that trickles is refused, too: its time is one for all of it', async (t) => {
  const { server } = await opened(t, { limits: { bodyTimeoutInMilliseconds: 300 } });
  const socket = connect(server.port, '127.0.0.1');
  const head = [`POST ${base}/orchestrators/table HTTP/1.1`, 'Host: localhost', 'Content-Type: application/json'];
  socket.write(lines(...head, 'Content-Length: 100000'));
  const trickle = setInterval(() => socket.write(' '), 20);
  t.teardown(() => clearInterval(trickle));
  socket.on('error', () => {}); // it is closed while something is on its way
  const [answer] = (await once(socket, 'data')) as [Buffer];
  t.regex(String(answer), /^HTTP\/1\.1 408 /);
  clearInterval(trickle);
  socket.destroy();
});

test('there are so many connections and no more', async (t) => {
  const { server } = await opened(t, {}, { maxConnections: 2 });
  const kept = [connect(server.port, '127.0.0.1'), connect(server.port, '127.0.0.1')];
  await Promise.all(kept.map((socket) => once(socket, 'connect')));
  const third = connect(server.port, '127.0.0.1');
  third.on('error', () => {}); // it may be reset
  await once(third, 'close');
  for (const socket of kept) socket.destroy();
  t.pass();
});

test('who leaves a wait or a watch gives its place back', async (t) => {
  const { url, restaurant } = await opened(t, { limits: { maxWaits: 1 } });
  const probe = async () => {
    const { status, body } = await fetch(`${url}/entities/till/b/watch`);
    await body?.cancel();
    return status;
  };
  const leaving = new AbortController();
  const { signal } = leaving;
  const wait = fetch(`${url}/orchestrators/table/t?timeout=1000000&pollingInterval=1`, { method: 'POST', signal });
  await until(async () => (await restaurant.around.client.listInstanceIds({})).instanceIds.length === 1, 'the start');
  t.is(await probe(), 503);
  leaving.abort();
  t.is(await wait.catch(({ name }: Error) => name), 'AbortError');
  for (const path of ['/entities/till/a/watch', '/instances/t/watch']) {
    const watching = new AbortController();
    await until(
      async () => (await fetch(`${url}${path}`, { signal: watching.signal })).status === 200,
      'the place to be free',
    );
    t.is(await probe(), 503);
    watching.abort();
  }
  await until(async () => (await probe()) === 200, 'the place to be free at last');
});

test('what is asked already is answered before the end, watches are ended, and nothing more is taken', async (t) => {
  const { url, server, restaurant } = await opened(t);
  const watch = await fetch(`${url}/entities/till/a/watch`);
  t.is(watch.status, 200);
  await restaurant.post('/orchestrators/table/t');
  const waiting = fetch(`${url}/orchestrators/meal/m?timeout=60&pollingInterval=1`, { method: 'POST' });
  await until(async () => (await restaurant.around.client.listInstanceIds({})).instanceIds.length === 2, 'the meal');
  const began = performance.now();
  await server.close();
  t.true(performance.now() - began < 4_000, 'not by force');
  t.is((await waiting).status, 200);
  await t.throwsAsync(watch.text());
  await t.throwsAsync(fetch(`${url}/health`));
  await server.close();
});

test('beside other routes of a server of Node.js, it takes what is below its base path', async (t) => {
  const { restaurant } = await opened(t);
  const handler = nodeHandler(restaurant.api);
  const server = createServer((request, response) =>
    handler(request, response, () => response.writeHead(418).end(request.url)),
  );
  t.teardown(() => server.close().closeAllConnections());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  t.is((await fetch(`${origin}${base}/instances/nobody`)).status, 404);
  t.deepEqual(await (await fetch(`${origin}${base}/health`)).json(), { status: 'healthy' });
  for (const path of ['/', '/orders', `${base}x/instances`]) t.is((await fetch(`${origin}${path}`)).status, 418, path);
});
