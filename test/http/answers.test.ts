import test from 'ava';
import { HttpApi } from 'perdure/http';
import { Buying, Meal, orchestrators } from './http-classes.js';
import { base, Restaurant } from './restaurant.js';

const request = (path = '/orders', init: RequestInit = {}) => new Request(`http://shop.example.com${path}`, init);
const posted = (body: unknown) => ({
  method: 'POST',
  body: JSON.stringify(body),
  headers: { 'content-type': 'application/json' },
});

test('the payload of an instance has all of its URLs, below where the request came or the public URL', async (t) => {
  const { api, around } = await Restaurant.open();
  const payload = await api.createHttpManagementPayload('a b', request());
  const url = `http://shop.example.com${base}/instances/a%20b`;
  const query = '?taskHub=test&connection=nats';
  const reason = '?reason={text}&taskHub=test&connection=nats';
  t.deepEqual(payload, {
    id: 'a b',
    statusQueryGetUri: `${url}${query}`,
    sendEventPostUri: `${url}/raiseEvent/{eventName}${query}`,
    terminatePostUri: `${url}/terminate${reason}`,
    rewindPostUri: `${url}/rewind${reason}`,
    purgeHistoryDeleteUri: `${url}${query}`,
    restartPostUri: `${url}/restart${query}`,
    suspendPostUri: `${url}/suspend${reason}`,
    resumePostUri: `${url}/resume${reason}`,
  });
  await t.throwsAsync(api.createHttpManagementPayload('a'), { code: 'PERDURE_CONFIG' });
  for (const id of ['', '@a', 'a/b', '.', '..'])
    await t.throwsAsync(api.createHttpManagementPayload(id, request()), { code: 'PERDURE_INVALID_ID' });
  const open = new HttpApi(around.client, { publicUrl: 'https://orders.example.com' });
  t.is(
    (await open.createHttpManagementPayload('a')).statusQueryGetUri,
    `https://orders.example.com${base}/instances/a${query}`,
  );
  t.is((await open.createHttpManagementPayload('a', request())).id, 'a');
});

test('a check-status response is a 202 with the payload, where to look, and when', async (t) => {
  const { api, answer } = await Restaurant.open();
  const { status, headers, body } = await answer(api.createCheckStatusResponse(request(), 'a'));
  t.is(status, 202);
  t.is(headers.get('content-type'), 'application/json');
  t.is(headers.get('location'), body.statusQueryGetUri!);
  t.is(headers.get('retry-after'), '10');
  t.deepEqual({ ...body }, (await api.createHttpManagementPayload('a', request())) as never);
});

test('who waits for the end gets the output, how it stands, or where to look', async (t) => {
  const { api, answer, post, pass, kitchen, around } = await Restaurant.open();
  const wait = (id: string, options = {}) =>
    answer(api.waitForCompletionOrCreateCheckStatusResponse(request(), id, options));
  await post('/orchestrators/meal/m', { body: 'rice' });
  const done = await wait('m');
  t.deepEqual([done.status, done.body as unknown], [200, 'hot rice']);
  kitchen.isBroken = true;
  await post('/orchestrators/meal/f', { body: 'rice' });
  t.like(await wait('f'), { status: 500, body: { runtimeStatus: 'Failed' } });
  await post('/orchestrators/table/t');
  await post('/instances/t/terminate?reason=fire');
  t.like(await wait('t'), { status: 200, body: { runtimeStatus: 'Terminated' } });
  await post('/orchestrators/table/u');
  const before = around.world.time;
  const late = await wait('u');
  t.is(late.status, 202);
  t.is(late.headers.get('location'), late.body.statusQueryGetUri!);
  t.true(around.world.time - before >= 10_000, 'ten seconds unless it is told');
  t.is((await wait('nobody')).status, 404);
  await pass();
  for (const options of [{ timeoutInMilliseconds: 500 }, { timeoutInMilliseconds: -1 }, { timeoutInMilliseconds: NaN }])
    await t.throwsAsync(api.waitForCompletionOrCreateCheckStatusResponse(request(), 'm', options), {
      code: 'PERDURE_CONFIG',
    });
});

test('a starter in one line: the body is the input, the answer a check-status response', async (t) => {
  const { api, answer, get, pass } = await Restaurant.open({ orchestrators });
  const byName = await answer(api.httpStart(request('/orders', posted('rice')), 'meal', { instanceId: 'm' }));
  t.is(byName.status, 202);
  t.deepEqual({ ...byName.body }, (await api.createHttpManagementPayload('m', request())) as never);
  const byClass = await answer(api.httpStart(request('/orders', { method: 'POST' }), Meal));
  t.is(byClass.status, 202);
  await pass();
  t.like((await get('/instances/m')).body, { output: 'hot rice' });
  t.like((await get(`/instances/${byClass.body.id}`)).body, { output: 'hot soup' });
});

test('a starter that has the class checks the input by it', async (t) => {
  const { api, answer, around } = await Restaurant.open();
  const before = around.stored;
  const { status, body } = await answer(api.httpStart(request('/orders', posted({ customer: 1 })), Buying));
  t.deepEqual([status, body.code], [400, 'PERDURE_INVALID_INPUT']);
  t.is(around.stored, before);
});

test('what a starter cannot start is an answer, too', async (t) => {
  const { api, answer } = await Restaurant.open({ orchestrators });
  const start = (init: RequestInit, name = 'meal') => answer(api.httpStart(request('/orders', init), name));
  t.is((await start(posted({ customer: 1 }), 'purchase')).status, 400);
  t.is((await start(posted('rice'), 'nobody')).status, 400);
  t.is((await start({ ...posted('rice'), headers: { 'content-type': 'text/plain' } })).status, 415);
  t.is((await start({ ...posted('rice'), body: '{' })).status, 400);
  const get = await start({});
  t.deepEqual([get.status, get.headers.get('allow')], [405, 'POST']);
});
