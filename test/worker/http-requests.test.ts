import type { ServerResponse } from 'node:http';
import { gzipSync } from 'node:zlib';
import test, { type ExecutionContext } from 'ava';
import type { HttpRequest } from '../../lib/core/http-messages.js';
import type { Json } from '../../lib/core/values.js';
import type { ActivityResult } from '../../lib/engine/host.js';
import { ConfigError, DefinitionError, type HttpOptions } from '../../lib/index.js';
import { builtInFor } from '../../lib/worker/built-in.js';
import { createHost } from '../../lib/worker/host.js';
import { inTime } from '../until.js';
import { startWebServer, type Asked, type WebServer } from './web-server.js';

/** The activity behind `callHttp`, on servers of the loopback device. */

async function serverFor(
  t: ExecutionContext,
  answer: (asked: Asked, response: ServerResponse) => void,
): Promise<WebServer> {
  const server = await startWebServer(answer);
  t.teardown(() => server.close());
  return server;
}

function send(
  request: Partial<HttpRequest> & { readonly url: string },
  options: HttpOptions = {},
  signal: AbortSignal = new AbortController().signal,
): Promise<ActivityResult> {
  const host = createHost('w', {}, builtInFor({ orchestrators: [class {} as never] }, options));
  const input = { method: 'GET', headers: {}, maxResponseBytes: 1_000_000, ...request };
  return host.activities.get('perdure.http')!({
    instanceId: 'order 1',
    executionId: 'x1',
    taskId: 4,
    name: 'perdure.http',
    input: JSON.parse(JSON.stringify(input)) as Json,
    attempt: 1,
    signal,
  });
}

async function answered(...args: Parameters<typeof send>): Promise<Record<string, unknown>> {
  const outcome = await send(...args);
  if ('result' in outcome) return outcome.result as Record<string, unknown>;
  throw new Error(JSON.stringify(outcome));
}

async function failed(...args: Parameters<typeof send>) {
  const outcome = await send(...args);
  if ('failure' in outcome) return outcome.failure;
  throw new Error(JSON.stringify(outcome));
}

test('a request arrives as it was asked for, and its answer comes back as data', async (t) => {
  const server = await serverFor(t, (_, response) => {
    response.writeHead(201, { 'Content-Type': 'application/json', 'X-Two': ['a', 'b'], 'Set-Cookie': ['a=1', 'b=2'] });
    response.end('{"id":7}');
  });
  const url = `${server.origin}/orders?x=1`;
  const headers = { 'content-type': 'application/json', 'x-trace': '9' };
  const response = await answered({ method: 'POST', url, headers, body: '{"n":1}' });
  t.like(response, { statusCode: 201, content: '{"id":7}', isBase64Encoded: false, url });
  t.like(response['headers'], { 'content-type': 'application/json', 'x-two': 'a, b', 'set-cookie': 'a=1\nb=2' });
  t.like(server.asked, [{ method: 'POST', path: '/orders?x=1', body: '{"n":1}' }]);
  t.like(server.asked[0]!.headers, { 'x-trace': '9', 'content-type': 'application/json' });
});

test('every status is an answer, also one without a body', async (t) => {
  const server = await serverFor(t, ({ path }, response) => response.writeHead(Number(path.slice(1))).end());
  for (const status of [204, 304, 400, 404, 500, 503])
    t.like(await answered({ url: `${server.origin}/${status}` }), { statusCode: status, content: '' });
  t.like(await answered({ method: 'HEAD', url: `${server.origin}/200` }), { statusCode: 200, content: '' });
});

test('text comes in its charset, what is no text as base64, and nothing compressed', async (t) => {
  const bodies: Record<string, [type: string, bytes: Buffer, encoding?: string]> = {
    '/utf8': ['text/plain', Buffer.from('Grüße, 東京')],
    '/latin1': ['text/plain; charset=iso-8859-1', Buffer.from('Grüße', 'latin1')],
    '/bytes': ['application/octet-stream', Buffer.from([0, 255, 254, 1])],
    '/unknown': ['text/plain; charset="x-none"', Buffer.from('plain')],
    '/gzip': ['text/plain', gzipSync('packed'), 'gzip'],
  };
  const server = await serverFor(t, ({ path }, response) => {
    const [type, bytes, encoding] = bodies[path]!;
    response.writeHead(200, { 'content-type': type, ...(encoding && { 'content-encoding': encoding }) }).end(bytes);
  });
  const contentOf = async (path: string) => {
    const { content, isBase64Encoded } = await answered({ url: `${server.origin}${path}` });
    return [content, isBase64Encoded];
  };
  t.deepEqual(await contentOf('/utf8'), ['Grüße, 東京', false]);
  t.deepEqual(await contentOf('/latin1'), ['Grüße', false]);
  t.deepEqual(await contentOf('/bytes'), ['AP/+AQ==', true]);
  t.deepEqual(await contentOf('/unknown'), ['cGxhaW4=', true]);
  t.deepEqual(await contentOf('/gzip'), ['packed', false]);
});

test('a body in base64 is sent as bytes', async (t) => {
  const server = await serverFor(t, (_, response) => response.end());
  await answered({
    method: 'PUT',
    url: server.origin,
    body: Buffer.from('bytes').toString('base64'),
    isBase64Encoded: true,
  });
  t.like(server.asked, [{ body: 'bytes', headers: { 'content-length': '5' } }]);
});

test('a body of more bytes than the call allows fails it, whatever the answer says of its length', async (t) => {
  let isClosed: () => void;
  const closed = new Promise<void>((resolve) => (isClosed = resolve));
  const server = await serverFor(t, (_, response) => {
    response.on('close', () => isClosed());
    response.writeHead(200, { 'content-type': 'text/plain' });
    const write = (): void => {
      while (!response.destroyed && response.write('x'.repeat(10_000)));
    };
    response.on('drain', write);
    write(); // without an end
  });
  const failure = await failed({ url: `${server.origin}/big?key=secret`, maxResponseBytes: 50_000 });
  t.like(failure, { name: 'HttpResponseTooLargeError', code: 'PERDURE_HTTP_RESPONSE_TOO_LARGE' });
  t.regex(failure.message, /^GET http:\/\/127\.0\.0\.1:\d+\/big: the body of the answer has more than 50000 bytes\./);
  await inTime(closed, 'the connection of the request to be closed'); // nothing more is taken
  const exact = await serverFor(t, (_, response) => response.end('12345'));
  t.is((await answered({ url: exact.origin, maxResponseBytes: 5 }))['content'], '12345');
  t.like(await failed({ url: exact.origin, maxResponseBytes: 4 }), { name: 'HttpResponseTooLargeError' });
});

test('no answer, and one that breaks off, are failures that say why', async (t) => {
  const server = await serverFor(t, ({ path }, response) => {
    if (path === '/half') response.writeHead(200, { 'content-length': '10' }).write('half');
    setImmediate(() => response.destroy());
  });
  const half = await failed({ url: `${server.origin}/half` });
  t.is(half.code, 'PERDURE_HTTP_REQUEST_FAILED');
  t.regex(half.message, /\/half: /);
  t.like(await failed({ url: `${server.origin}/none` }), { code: 'PERDURE_HTTP_REQUEST_FAILED' });
  const { origin } = server;
  await server.close();
  const refused = await failed({ method: 'POST', url: `${origin}/gone?key=secret` });
  t.like(refused, { name: 'HttpRequestFailedError', cause: { code: 'ECONNREFUSED' } });
  t.regex(refused.message, /^POST http:\/\/127\.0\.0\.1:\d+\/gone: .*ECONNREFUSED/);
});

test('an answer whose body breaks off is none', async (t) => {
  const body = new ReadableStream({
    pull: (controller) => controller.error(new TypeError('terminated', { cause: new Error('cut') })),
  });
  const failure = await failed({ url: 'http://nowhere.invalid/x' }, { fetch: async () => new Response(body) });
  t.like(failure, { code: 'PERDURE_HTTP_REQUEST_FAILED', cause: { message: 'cut' } });
  t.is(failure.message, 'GET http://nowhere.invalid/x: the answer broke off: cut');
});

test('a request that nobody waits for any more is given up, also while its answer comes in', async (t) => {
  const abort = new AbortController();
  let isClosed: () => void;
  const closed = new Promise<void>((resolve) => (isClosed = resolve));
  const server = await serverFor(t, (_, response) => {
    response.on('close', () => isClosed());
    response.writeHead(200).write('so far');
    abort.abort(new RangeError('enough'));
  });
  t.like(await failed({ url: server.origin }, {}, abort.signal), { name: 'RangeError', message: 'enough' });
  await inTime(closed, 'the connection of the request to be closed');
  t.like(await failed({ url: server.origin }, {}, abort.signal), { name: 'RangeError', message: 'enough' });
});

// ---- redirects -------------------------------------------------------------------------------------------------------

test('redirects are followed as browsers do, and the address that answered is told', async (t) => {
  const server = await serverFor(t, ({ path }, response) => {
    const status = Number(path.slice(1));
    if (status) response.writeHead(status, { location: '/end?of=it#part' }).end('moved');
    else response.end('here');
  });
  const ask = async (method: string, status: number) => {
    const body = method === 'GET' || method === 'HEAD' ? {} : { body: '{}' };
    const headers = { 'content-type': 'application/json', 'x-own': '1' };
    const answer = await answered({ method, url: `${server.origin}/${status}`, headers, ...body });
    t.is(answer['url'], `${server.origin}/end?of=it`);
    const last = server.asked.at(-1)!;
    t.is(last.headers['x-own'], '1');
    return [last.method, last.body, last.headers['content-type']];
  };
  for (const status of [301, 302, 303]) t.deepEqual(await ask('POST', status), ['GET', '', undefined], `${status}`);
  t.deepEqual(await ask('PUT', 303), ['GET', '', undefined]);
  t.deepEqual(await ask('HEAD', 303), ['HEAD', '', 'application/json']);
  for (const status of [307, 308]) t.deepEqual(await ask('POST', status), ['POST', '{}', 'application/json']);
  t.deepEqual(await ask('PUT', 301), ['PUT', '{}', 'application/json']);
});

test('a redirect is an answer when the call says so, and when it says not where to', async (t) => {
  const server = await serverFor(t, ({ path }, response) =>
    response.writeHead(302, path === '/bare' ? {} : { location: '/end' }).end('moved'),
  );
  t.like(await answered({ url: server.origin, redirect: 'manual' }), { statusCode: 302, content: 'moved' });
  t.like(await answered({ url: `${server.origin}/bare` }), { statusCode: 302 });
});

test('redirects without an end, or to what is no address, fail', async (t) => {
  const server = await serverFor(t, ({ path }, response) =>
    response.writeHead(307, { location: path === '/bad' ? 'file:///etc/passwd' : '/again' }).end(),
  );
  t.regex((await failed({ url: server.origin })).message, /more than 20 redirects/);
  t.is(server.asked.length, 21);
  const bad = await failed({ url: `${server.origin}/bad` });
  t.is(bad.code, 'PERDURE_HTTP_REQUEST_FAILED');
  t.regex(bad.message, /the answer 307 redirects to "file:\/\/\/etc\/passwd", which is no address/);
});

test('H2: a redirect to another origin takes no credentials along, and none when it leads back', async (t) => {
  const home: WebServer = await serverFor(t, ({ path }, response) => {
    if (path === '/start') response.writeHead(307, { location: `${away.origin}/away` });
    response.end();
  });
  const away = await serverFor(t, (_, response) => response.writeHead(307, { location: `${home.origin}/end` }).end());
  const headers = { accept: 'text/html', 'x-api-key': 'secret', cookie: 'a=secret' };
  const tokenSource = { name: 'jobs' };
  const answer = await answered(
    { method: 'POST', url: `${home.origin}/start`, headers, body: 'x', tokenSource },
    { tokenSources: { jobs: () => 'secret' } },
  );
  t.is(answer['url'], `${home.origin}/end`);
  const [first, last] = home.asked;
  t.like(first!.headers, { ...headers, authorization: 'Bearer secret' });
  for (const asked of [away.asked[0]!, last!]) {
    t.like(asked, { method: 'POST', body: 'x' });
    t.is(asked.headers.accept, 'text/html');
    t.notRegex(JSON.stringify(asked), /secret/);
  }
});

// ---- token sources ---------------------------------------------------------------------------------------------------

test('a token source is asked for each request, and may give a token or headers', async (t) => {
  const server = await serverFor(t, (_, response) => response.end());
  const seen: unknown[] = [];
  const options: HttpOptions = {
    tokenSources: {
      graph: async ({ resource, url, instanceId }) => {
        seen.push([resource, url, instanceId]);
        return `token ${seen.length}`;
      },
      keys: () => ({ 'X-Api-Key': 'k' }),
    },
  };
  const url = `${server.origin}/`;
  const headers = { authorization: 'of the call' };
  await answered({ url, headers, tokenSource: { name: 'graph', resource: 'mail' } }, options);
  await answered({ url, tokenSource: { name: 'graph' } }, options);
  await answered({ url, tokenSource: { name: 'keys' } }, options);
  t.deepEqual(
    server.asked.map((asked) => asked.headers.authorization),
    ['Bearer token 1', 'Bearer token 2', undefined],
  );
  t.is(server.asked[2]!.headers['x-api-key'], 'k');
  t.deepEqual(seen, [
    ['mail', url, 'order 1'],
    [undefined, url, 'order 1'],
  ]);
});

test('without credentials nothing is sent, and what was given is not told', async (t) => {
  const server = await serverFor(t, (_, response) => response.end());
  const { origin: url } = server;
  const fails = (name: string) =>
    failed(
      { url, tokenSource: { name } },
      {
        tokenSources: {
          broken: () => {
            throw new RangeError('expired');
          },
          split: () => 'secret\r\nx: y',
          nothing: () => undefined as never,
          empty: () => '',
          number: () => ({ 'x-key': 5 as never }),
        },
      },
    );
  t.regex(
    (await fails('other')).message,
    /"other" is not known to this worker; known are: broken, split, nothing, empty, number/,
  );
  t.like(await fails('broken'), { code: 'PERDURE_TOKEN_SOURCE', cause: { name: 'RangeError', message: 'expired' } });
  for (const name of ['split', 'nothing', 'empty', 'number']) {
    const failure = await fails(name);
    t.is(failure.code, 'PERDURE_TOKEN_SOURCE', name);
    t.notRegex(JSON.stringify(failure), /secret/);
  }
  t.deepEqual(server.asked, []);
});

// ---- registration ----------------------------------------------------------------------------------------------------

test('a worker may send requests by other means', async (t) => {
  const fetch: typeof globalThis.fetch = async (url, init) => new Response(`${(url as URL).href} ${init?.method}`);
  t.like(await answered({ url: 'http://nowhere.invalid/' }, { fetch }), { content: 'http://nowhere.invalid/ GET' });
});

test('workers with orchestrators or activities have it, unless they are told not to', (t) => {
  class Run {}
  const has = (...args: Parameters<typeof builtInFor>) => builtInFor(...args).activities !== undefined;
  t.true(has({ orchestrators: [Run as never] }, {}));
  t.true(has({ activities: [new Run()] }, {}));
  t.false(has({ entities: [Run as never] }, {}));
  t.false(has({ orchestrators: [], activities: [] }, {}));
  t.false(has({ activities: [new Run()] }, false));
  const wrong = { tokenSources: { jobs: 'secret' as never } };
  const error = t.throws(() => builtInFor({ activities: [new Run()] }, wrong), { instanceOf: ConfigError });
  t.is(error.message, 'http.tokenSources: "jobs" must be a function, not string');
});

test('names that Perdure keeps for itself are refused', async (t) => {
  const { Activity } = await import('../../decorators/index.js');
  class Mine {
    send(): void {}
  }
  Activity({ name: 'perdure.http' })(Mine.prototype, 'send', Object.getOwnPropertyDescriptor(Mine.prototype, 'send')!);
  const error = t.throws(() => createHost('w', { activities: [new Mine()] }), { instanceOf: DefinitionError });
  t.regex(error.message, /^The name "perdure\.http" is reserved/);
});
