import test from 'ava';
import { HttpApi } from 'perdure/http';
import { hostOf } from '../engine/surroundings.js';
import { base, Restaurant } from '../http/restaurant.js';
import { Parcel } from './parcel.js';
import { Surroundings } from './surroundings.js';

const request = new Request('http://shop.test/orders', { method: 'POST', headers: { host: 'shop.test' } });
const names = [
  'id',
  'statusQueryGetUri',
  'sendEventPostUri',
  'terminatePostUri',
  'rewindPostUri',
  'purgeHistoryDeleteUri',
  'restartPostUri',
  'suspendPostUri',
  'resumePostUri',
];

test('a client tells the URLs of an instance, of the request or of publicUrl, below the path of the API', async (t) => {
  const around = new Surroundings();
  const payload = await around.client.createHttpManagementPayload('order 7', request);
  t.deepEqual(Object.keys(payload), names);
  t.is(payload.id, 'order 7');
  t.is(payload.statusQueryGetUri, `http://shop.test${base}/instances/order%207?taskHub=test&connection=nats`);
  t.is(
    payload.sendEventPostUri,
    `http://shop.test${base}/instances/order%207/raiseEvent/{eventName}?taskHub=test&connection=nats`,
  );
  await t.throwsAsync(around.client.createHttpManagementPayload('p'), { code: 'PERDURE_CONFIG' });
  for (const id of ['', '..'])
    await t.throwsAsync(around.client.createHttpManagementPayload(id, request), { code: 'PERDURE_INVALID_ID' });
  const client = around.newClient('public', { http: { publicUrl: 'https://shop.example.com', basePath: '/api' } });
  const { terminatePostUri } = await client.createHttpManagementPayload('p');
  t.is(
    terminatePostUri,
    'https://shop.example.com/api/instances/p/terminate?reason={text}&taskHub=test&connection=nats',
  );
  for (const http of [
    { publicUrl: 'shop' },
    { basePath: 'api' },
    { signingKey: 'short' },
    { urlLifetimeInMilliseconds: 0 },
  ])
    t.throws(() => around.newClient('wrong', { http }), { code: 'PERDURE_CONFIG' });
});

test('URLs that a client signs are let in by an API with the key', async (t) => {
  const key = 'k-0123456789abcdef';
  const restaurant = await Restaurant.open({ auth: { keys: [key] } });
  const client = restaurant.around.newClient('starter', { http: { signingKey: key, publicUrl: 'http://localhost' } });
  await restaurant.post('/orchestrators/table/t', { headers: { 'x-functions-key': key } });
  const { statusQueryGetUri, terminatePostUri } = await client.createHttpManagementPayload('t');
  t.is((await restaurant.get(statusQueryGetUri)).status, 202);
  t.is((await restaurant.get('/instances/t')).status, 401);
  t.is((await restaurant.post(terminatePostUri.replace('{text}', 'late'))).status, 202);
  t.true(restaurant.api instanceof HttpApi);
});

test('an answer says where to look, or waits: 200 with the output, 500 of a failure, 202 when the time is over', async (t) => {
  const around = new Surroundings();
  await around.work('worker', hostOf({ orchestrators: [Parcel] }));
  const parcel = await around.settle(around.client.startNew(Parcel, 1, { instanceId: 'p' }));
  const wait = (options = {}) =>
    around.settle(around.client.waitForCompletionOrCreateCheckStatusResponse(request, 'p', options));
  const check = await around.client.createCheckStatusResponse(request, 'p');
  t.deepEqual(
    [check.status, check.headers.get('retry-after'), check.headers.get('content-type')],
    [202, '10', 'application/json'],
  );
  const body = (await check.json()) as Record<string, string>;
  t.deepEqual(Object.keys(body), names);
  t.is(check.headers.get('location'), body['statusQueryGetUri']!);
  const before = around.world.time;
  t.is((await wait()).status, 202);
  t.is(Math.round((around.world.time - before) / 1_000), 10);
  await around.settle(parcel.raiseEvent('Word', 'end'));
  const done = await wait();
  t.deepEqual([done.status, await done.json()], [200, 'delivered']);
  await around.settle(around.client.startNew(Parcel, 1, { instanceId: 'p' }));
  await around.settle(around.client.terminate('p', undefined, { reason: 'lost' }));
  const lost = await wait({ timeoutInMilliseconds: 1_000 });
  t.is(lost.status, 200);
  t.like(await lost.json(), { instanceId: 'p', runtimeStatus: 'Terminated', reason: 'lost' });
  await t.throwsAsync(
    around.client.waitForCompletionOrCreateCheckStatusResponse(request, 'p', { timeoutInMilliseconds: 10 }),
    {
      code: 'PERDURE_CONFIG',
    },
  );
});
