import test from 'ava';
import { HttpApi, type HttpApiOptions } from 'perdure/http';
import { base, Restaurant } from './restaurant.js';

const key = 'k-0123456789abcdef';
const other = 'k-fedcba9876543210';

test('only loopback hosts and those that are listed are served', async (t) => {
  const { get } = await Restaurant.open({ allowedHosts: ['Orders.internal'], publicUrl: 'https://orders.example.com' });
  const status = async (host: string) => (await get('/instances', { headers: { host } })).status;
  for (const host of [
    'localhost',
    'localhost:7071',
    'LOCALHOST',
    '127.0.0.1:80',
    '[::1]:7071',
    'orders.internal:8080',
    'orders.example.com',
  ])
    t.is(await status(host), 200, host);
  for (const host of [
    'evil.example',
    'localhost.evil.example',
    '127.0.0.1.evil.example',
    'evil@localhost',
    'localhost/x',
    '',
    '0.0.0.0',
  ])
    t.is(await status(host), 421, host);
  t.is((await get('/nowhere', { headers: { host: 'evil.example' } })).status, 421);
  t.is((await get('http://evil.example/runtime/webhooks/durabletask/instances')).status, 421);
  t.is((await get('/health', { headers: { host: '10.0.0.7' } })).status, 200, 'a probe knows the address only');
});

test('a page of another origin is refused, unless it is listed, and is told so then', async (t) => {
  const { post, get, ask } = await Restaurant.open({ allowedOrigins: ['https://admin.example.com'] });
  const from = (origin: string) => ({ headers: { origin } });
  for (const origin of [
    'https://evil.example',
    'null',
    'http://localhost:9',
    'https://admin.example.com.evil.example',
  ]) {
    const refused = await post('/orchestrators/table', from(origin));
    t.is(refused.status, 403, origin);
    t.is(refused.headers.get('access-control-allow-origin'), null);
  }
  const own = await get('/instances', from('http://localhost'));
  t.deepEqual([own.status, own.headers.get('access-control-allow-origin')], [200, null]);
  const listed = await post('/orchestrators/table', from('https://admin.example.com'));
  t.is(listed.status, 202);
  t.is(listed.headers.get('access-control-allow-origin'), 'https://admin.example.com');
  t.is(listed.headers.get('vary'), 'origin');
  const asks = { 'access-control-request-method': 'POST' };
  const preflight = await ask('OPTIONS', '/orchestrators/table', {
    headers: { origin: 'https://admin.example.com', ...asks },
  });
  t.deepEqual([preflight.status, preflight.headers.get('access-control-allow-methods')], [204, 'POST']);
  t.is(
    (await ask('OPTIONS', '/orchestrators/table', { headers: { origin: 'https://evil.example', ...asks } })).status,
    403,
  );
  t.is((await ask('OPTIONS', '/orchestrators/table')).status, 405);
});

test('without a list of origins no page is told anything of origins', async (t) => {
  const { get } = await Restaurant.open();
  const { headers } = await get('/instances');
  t.deepEqual([headers.get('vary'), headers.get('access-control-allow-origin')], [null, null]);
  t.is(headers.get('cache-control'), 'no-store');
  t.is(headers.get('x-content-type-options'), 'nosniff');
});

test('a wrong verb is answered with 405 and the right ones, an unknown path with 404', async (t) => {
  const { ask } = await Restaurant.open();
  for (const [method, path, allow] of [
    ['GET', '/orchestrators/table', 'POST'],
    ['PUT', '/instances/a', 'GET, DELETE'],
    ['PATCH', '/instances', 'POST, GET, DELETE'],
    ['GET', '/instances/a/terminate', 'POST'],
    ['DELETE', '/instances/a/raiseEvent/b', 'POST'],
    ['PUT', '/entities/till/a', 'GET, POST, DELETE'],
    ['POST', '/entities', 'GET'],
    ['HEAD', '/instances/a', 'GET'],
    ['HEAD', '/instances/a/watch', 'GET'],
    ['GET', '/makeprimary', 'POST'],
  ] as const) {
    const { status, headers } = await ask(method, path);
    t.deepEqual([status, headers.get('allow')], [405, allow], `${method} ${path}`);
  }
  for (const path of ['/', '/instance', '/instances/a/b', '/orchestrators', '/entities/a/b/c', '/Instances'])
    t.like(await ask('GET', path), { status: 404, body: { code: 'PERDURE_REFUSED_REQUEST' } }, path);
  t.is((await ask('GET', 'http://localhost/instances')).status, 404);
  t.is((await ask('GET', '/instances/')).status, 200, 'a slash at the end says nothing');
});

test('another base path, or none, may stand before the routes', async (t) => {
  for (const basePath of ['/api/v1/', '']) {
    const { ask, api } = await Restaurant.open({ basePath });
    const { status, body } = await ask('POST', `http://localhost${api.basePath}/orchestrators/table/t`);
    t.is(status, 202);
    t.is(body.statusQueryGetUri, `http://localhost${api.basePath}/instances/t?taskHub=test&connection=nats`);
    t.is((await ask('GET', body.statusQueryGetUri!)).status, 202);
    t.is((await ask('GET', '/instances')).status, 404);
  }
});

test("who means another task hub is not served; how the hub is connected is nobody's business", async (t) => {
  const { get } = await Restaurant.open();
  t.is((await get('/instances?taskHub=test&connection=Storage')).status, 200);
  t.is((await get('/instances?taskHub=other')).status, 404);
});

test('with keys, requests without one are refused with 401, with another one with 403, in the same way everywhere', async (t) => {
  const { ask, around } = await Restaurant.open({ auth: { keys: [key, other] } });
  const before = around.stored;
  for (const [method, path] of [
    ['POST', '/orchestrators/table'],
    ['POST', '/instances'],
    ['GET', '/instances'],
    ['DELETE', '/instances?createdTimeFrom=2020-01-01'],
    ['GET', '/instances/a'],
    ['DELETE', '/instances/a'],
    ['GET', '/instances/a/watch'],
    ['POST', '/instances/a/raiseEvent/b'],
    ['POST', '/instances/a/terminate'],
    ['POST', '/instances/a/restart'],
    ['GET', '/entities'],
    ['GET', '/entities/till/a'],
    ['POST', '/entities/till/a?op=put'],
    ['DELETE', '/entities/till/a'],
    ['POST', '/entities/till/a/call/put'],
    ['GET', '/entities/till/a/watch'],
    ['POST', '/makeprimary'],
    ['GET', '/openapi.json'],
  ] as const) {
    const none = await ask(method, path);
    t.deepEqual([none.status, none.headers.get('www-authenticate')], [401, 'Bearer'], `${method} ${path}`);
    for (const headers of [
      { 'x-functions-key': 'k-0123456789abcdeg' },
      { 'x-functions-key': '' },
      { authorization: `Basic ${key}` },
      { authorization: `Bearer ${key}x` },
      { authorization: 'Bearer' },
    ])
      t.is((await ask(method, path, { headers })).status, 403, `${method} ${path}`);
    t.is((await ask(method, `${path}${path.includes('?') ? '&' : '?'}code=${key}`)).status, 403, 'no key in a URL');
  }
  t.is(around.stored, before);
  for (const headers of [
    { 'x-functions-key': key },
    { authorization: `Bearer ${other}` },
    { authorization: `bearer ${key}` },
  ])
    t.is((await ask('GET', '/instances', { headers })).status, 200);
  t.is((await ask('GET', '/health')).status, 200);
});

test('a function of the user decides by what is asked for', async (t) => {
  const asked: unknown[] = [];
  const { get, post } = await Restaurant.open({
    auth: {
      keys: [key],
      authorize: async (request, access) => {
        asked.push(access);
        await Promise.resolve();
        return request.headers.get('authorization') === 'Bearer reader' && access.action === 'getStatus';
      },
    },
  });
  const headers = { authorization: 'Bearer reader' };
  t.is((await get('/instances/a', { headers })).status, 404);
  t.is((await post('/instances/a/terminate', { headers })).status, 403);
  t.is((await get('/instances/a')).status, 401);
  t.is((await get('/instances', { headers: { 'x-functions-key': key } })).status, 200);
  t.deepEqual(asked, [
    { action: 'getStatus', instanceId: 'a' },
    { action: 'terminate', instanceId: 'a' },
    { action: 'getStatus', instanceId: 'a' },
  ]);
});

test('a signed URL is good for what it was made for, on its instance, and for nothing else', async (t) => {
  const { post, get, delete: remove } = await Restaurant.open({ auth: { keys: [key] } });
  const headers = { 'x-functions-key': key };
  const { body } = await post('/orchestrators/table/t', { headers });
  await post('/orchestrators/table/u', { headers });
  t.is((await get(body.statusQueryGetUri!)).status, 202);
  t.is((await get(`${body.statusQueryGetUri!}&showHistory=true`)).status, 202);
  t.is((await get(body.statusQueryGetUri!)).headers.get('location'), body.statusQueryGetUri!);
  const codeOf = (url: string) => new URL(url).searchParams.get('code')!;
  const [read, raise] = [codeOf(body.statusQueryGetUri!), codeOf(body.sendEventPostUri!)];
  t.is((await get(`/instances/u?code=${read}`)).status, 403);
  t.is((await get(`/instances?code=${read}`)).status, 403);
  t.is((await remove(`/instances/t?code=${read}`)).status, 403);
  t.is((await post(`/instances/t/terminate?code=${read}`)).status, 403);
  t.is((await post(`/instances/t/terminate?code=${raise}`)).status, 403);
  t.is((await get(`/instances/t/watch?code=${raise}`)).status, 403);
  t.is((await get(`/instances/t?code=${raise}`, { headers })).status, 202, 'a key is enough');
  const changed = `${read.slice(0, -1)}${read.endsWith('A') ? 'B' : 'A'}`;
  for (const code of [changed, `z${read}`, read.slice(0, -1), '.', 'a.b', read.replace('.', '..')])
    t.is((await get(`/instances/t?code=${encodeURIComponent(code)}`)).status, 403, code);
  t.is((await post(body.sendEventPostUri!.replace('{eventName}', 'Guest'), { body: 1 })).status, 202);
  t.is((await post(body.restartPostUri!)).status, 202);
});

test('each of the URLs of an instance is let in without a key, and its code by no other route', async (t) => {
  const { api, ask, post } = await Restaurant.open({ auth: { keys: [key] } });
  await post('/orchestrators/table/t', { headers: { 'x-functions-key': key } });
  const { id: _, ...urls } = await api.createHttpManagementPayload('t', new Request('http://localhost/'));
  const asked = Object.entries(urls).map(([name, url]) => {
    const method = name === 'statusQueryGetUri' ? 'GET' : name === 'purgeHistoryDeleteUri' ? 'DELETE' : 'POST';
    return { name, method, url: new URL(url.replace('{eventName}', 'Other').replace('{text}', 'why')) };
  });
  t.is(asked.length, 8);
  const ends = ['terminatePostUri', 'purgeHistoryDeleteUri'];
  for (const { name, method, url } of asked) {
    for (const other of asked.filter((each) => each.name !== name)) {
      const stolen = new URL(url);
      stolen.searchParams.set('code', other.url.searchParams.get('code')!);
      t.is((await ask(method, stolen.href)).status, 403, `${name} with the code of ${other.name}`);
    }
    if (ends.includes(name)) continue;
    const body = name === 'sendEventPostUri' ? { body: 1 } : {};
    const { status } = await ask(method, url.href, body);
    t.is(status, name === 'rewindPostUri' ? 400 : 202, name); // it has not failed
  }
  for (const [at, status] of [202, 200].entries()) {
    const { method, url } = asked.find(({ name }) => name === ends[at])!;
    t.is((await ask(method, url.href)).status, status, ends[at]);
  }
});

test('a signed URL ends with its time', async (t) => {
  const { post, get } = await Restaurant.open({ auth: { keys: [key], urlLifetimeInMilliseconds: 1 } });
  const { body } = await post('/orchestrators/table/t', { headers: { 'x-functions-key': key } });
  await new Promise((resolve) => setTimeout(resolve, 5));
  const { status, body: problem } = await get(body.statusQueryGetUri!);
  t.is(status, 403);
  t.regex(problem.detail!, /expired/);
});

test('URLs are signed for one hub and with one key, and not at all where there is none', async (t) => {
  const at = (auth: HttpApiOptions['auth']) => Restaurant.open({ auth });
  const first = await at({ keys: [key], signingKey: 'a-secret-of-all-processes' });
  const second = await at({ keys: [other], signingKey: 'a-secret-of-all-processes' });
  const third = await at({ keys: [key] });
  const { body } = await first.post('/orchestrators/table/t', { headers: { 'x-functions-key': key } });
  t.is((await second.get(body.statusQueryGetUri!)).status, 404, 'let in');
  t.is((await third.get(body.statusQueryGetUri!)).status, 403);
  const unsigned = await at({ authorize: () => true });
  t.false((await unsigned.post('/orchestrators/table/t')).body.statusQueryGetUri!.includes('code='));
});

test('a body is taken up to its limit, said or not, and in time', async (t) => {
  const { post, ask } = await Restaurant.open({ limits: { maxBodyBytes: 100, bodyTimeoutInMilliseconds: 50 } });
  const json = { 'content-type': 'application/json' };
  const stream = (...chunks: string[]) =>
    new ReadableStream<Uint8Array>({
      pull(controller) {
        const chunk = chunks.shift();
        if (chunk === undefined) controller.close();
        else controller.enqueue(new TextEncoder().encode(chunk));
      },
    });
  t.is((await post('/orchestrators/table', { body: 'x'.repeat(98) })).status, 202);
  const large = await post('/orchestrators/table', { body: 'x'.repeat(99) });
  t.deepEqual([large.status, large.headers.get('connection')], [413, 'close']);
  t.is((await post('/orchestrators/table', { text: stream('"', 'x'.repeat(98), '"'), headers: json })).status, 202);
  t.is((await post('/orchestrators/table', { text: stream('"', 'x'.repeat(99), '"'), headers: json })).status, 413);
  t.is((await post('/orchestrators/table', { text: '', headers: { ...json, 'content-length': '101' } })).status, 413);
  const broken = new ReadableStream<Uint8Array>({ pull: (controller) => controller.error(new Error('gone')) });
  t.is((await post('/orchestrators/table', { text: broken, headers: json })).status, 400);
  const never = new ReadableStream<Uint8Array>({ pull: () => new Promise(() => {}) });
  const api = new HttpApi((await Restaurant.open()).around.client, { limits: { bodyTimeoutInMilliseconds: 20 } });
  const url = `http://localhost${base}/orchestrators/table`;
  const late = await api.fetch(new Request(url, { method: 'POST', body: never, headers: json, duplex: 'half' }));
  t.deepEqual([late.status, late.headers.get('connection')], [408, 'close']);
  const latin = new Uint8Array([0x22, 0xe9, 0x22]);
  const wrong = new Request(url, { method: 'POST', body: latin, headers: json });
  t.is((await api.fetch(wrong)).status, 400);
  t.is((await ask('GET', '/instances', { headers: { 'content-type': 'text/plain' } })).status, 200);
});

test('what is no error of ours is a 500 that says nothing, and is told to whoever runs the service', async (t) => {
  const restaurant = await Restaurant.open({
    auth: {
      authorize: () => {
        throw new Error('the password of the database is hunter2');
      },
    },
  });
  const { status, text, body, headers } = await restaurant.get('/instances');
  t.is(status, 500);
  t.deepEqual(Object.keys(body), ['type', 'title', 'status', 'requestId']);
  t.is(body.title, 'Something went wrong while processing your request');
  t.is(headers.get('content-type'), 'application/problem+json');
  t.false(text.includes('hunter2'));
  t.regex(String(restaurant.errors[0]), /hunter2/);
});

test('a function of the user lets in by true alone, and one that is told of errors and throws keeps no request waiting', async (t) => {
  const { get } = await Restaurant.open({ auth: { authorize: () => ({ ok: false }) as never } });
  t.is((await get('/instances')).status, 401);
  const written: string[] = [];
  const { error } = console;
  console.error = (...parts) => void written.push(parts.map(String).join(' '));
  t.teardown(() => (console.error = error));
  const deaf = await Restaurant.open({
    auth: { authorize: () => Promise.reject(new Error('first')) },
    onError: () => {
      throw new Error('second');
    },
  });
  t.is((await deaf.get('/instances')).status, 500);
  t.regex(written.join('\n'), /first[^]*second/);
});

test('a client that is closed is told with 503', async (t) => {
  const { get, around } = await Restaurant.open();
  await around.client.close();
  t.like(await get('/instances/a'), { status: 503, body: { code: 'PERDURE_CLOSED' } });
  t.like(await get('/health'), { status: 503, body: { status: 'unhealthy' } });
});

test('the other routes of the service: health, and makeprimary, which has nothing to do', async (t) => {
  const { get, post } = await Restaurant.open();
  t.deepEqual((await get('/health')).body, { status: 'healthy' });
  t.is((await post('/makeprimary')).status, 200);
});

test('options that cannot work are refused', (t) => {
  const { client } = new Restaurant().around;
  for (const options of [
    { basePath: 'x' },
    { basePath: '/a/:b' },
    { basePath: '/a/*' },
    { publicUrl: 'orders.example.com' },
    { publicUrl: 'https://orders.example.com/api' },
    { allowedOrigins: ['*'] },
    { auth: { keys: ['short'] } },
    { auth: { keys: [''] } },
    { auth: { keys: [key], signingKey: 'short' } },
    { auth: { signingKey: 'a-secret-that-lets-nobody-in' } },
    { auth: { keys: [key], urlLifetimeInMilliseconds: 0 } },
    { limits: { maxBodyBytes: 0 } },
    { limits: { maxWaits: NaN } },
  ])
    t.throws(() => new HttpApi(client, options), { code: 'PERDURE_CONFIG' }, JSON.stringify(options));
  t.throws(() => new HttpApi(client, { entities: [Restaurant as never] }), { code: 'PERDURE_DEFINITION' });
});
