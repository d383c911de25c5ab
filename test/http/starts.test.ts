import test from 'ava';
import { entities, orchestrators } from './http-classes.js';
import { hostOf } from '../engine/surroundings.js';
import { base, Restaurant } from './restaurant.js';

const managed = (id: string, query = '?taskHub=test&connection=nats') => {
  const url = `http://localhost${base}/instances/${id}`;
  const reason = `?reason={text}&${query.slice(1)}`;
  return {
    id,
    statusQueryGetUri: `${url}${query}`,
    sendEventPostUri: `${url}/raiseEvent/{eventName}${query}`,
    terminatePostUri: `${url}/terminate${reason}`,
    purgeHistoryDeleteUri: `${url}${query}`,
    restartPostUri: `${url}/restart${query}`,
    suspendPostUri: `${url}/suspend${reason}`,
    resumePostUri: `${url}/resume${reason}`,
  };
};

test('a start is answered with 202, the URLs of the instance, Location and Retry-After', async (t) => {
  const { post, get } = await Restaurant.open();
  const { status, headers, body } = await post('/orchestrators/meal/lunch', { body: 'rice' });
  t.is(status, 202);
  t.deepEqual({ ...body }, managed('lunch'), 'without the URL to rewind, as in the original');
  t.is(headers.get('location'), body.statusQueryGetUri!);
  t.is(headers.get('retry-after'), '10');
  t.is(headers.get('content-type'), 'application/json');
  t.like((await get(body.statusQueryGetUri!)).body, { name: 'meal', input: 'rice' });
});

test('without an id there is a new one, and without a body no input', async (t) => {
  const { post, get, pass } = await Restaurant.open();
  const { status, body } = await post('/orchestrators/meal');
  t.is(status, 202);
  t.regex(body.id!, /^[A-Za-z0-9]{22}$/);
  t.deepEqual({ ...body }, managed(body.id!));
  await pass();
  t.like((await get(body.statusQueryGetUri!)).body, { input: null, output: 'hot soup' });
  t.is((await post('/orchestrators/meal', { text: '', headers: { 'content-type': 'application/json' } })).status, 202);
});

test('with timeout and pollingInterval the answer is the output, with 200', async (t) => {
  const { post } = await Restaurant.open();
  const done = await post('/orchestrators/meal?timeout=5&pollingInterval=1', { body: 'rice' });
  t.deepEqual([done.status, done.body as unknown], [200, 'hot rice']);
  const nothing = await post('/orchestrators/table/t?timeout=0.5&pollingInterval=0.1');
  t.is(nothing.status, 202);
  t.deepEqual({ ...nothing.body }, managed('t'));
  t.is(nothing.headers.get('retry-after'), '10');
  const alone = await post('/orchestrators/meal?timeout=5', { body: 'rice' });
  t.is(alone.status, 202, 'one of the two alone does not wait');
});

test('with timeout and pollingInterval, what fails is answered with 500 and its status, what is terminated with 200', async (t) => {
  const { post, kitchen, around, api, answer } = await Restaurant.open();
  kitchen.isBroken = true;
  const failed = await post('/orchestrators/meal/bad?timeout=5&pollingInterval=1', { body: 'rice' });
  t.is(failed.status, 500);
  t.like(failed.body, { name: 'meal', instanceId: 'bad', runtimeStatus: 'Failed', input: 'rice' });
  t.regex(failed.body.output!, /no gas for rice/);
  const request = new Request(`http://localhost${base}/orchestrators/table/t?timeout=5&pollingInterval=1`, {
    method: 'POST',
  });
  const waiting = answer(api.fetch(request));
  await around.advance(200);
  await around.settle(around.client.terminate('t', 'closed'));
  const { status, body } = await waiting;
  t.is(status, 200);
  t.like(body, { instanceId: 't', runtimeStatus: 'Terminated', output: 'closed' });
});

test('a wait is cut at its limit, and without a place is answered at once', async (t) => {
  const { post, around } = await Restaurant.open({ limits: { maxWaitInMilliseconds: 2_000, maxWaits: 1 } });
  const before = around.world.time;
  const first = post('/orchestrators/table/a?timeout=1000&pollingInterval=1');
  const second = await post('/orchestrators/table/b?timeout=1000&pollingInterval=1');
  t.is(second.status, 202);
  t.true(around.world.time - before < 2_000);
  t.is((await first).status, 202);
  t.true(around.world.time - before >= 2_000 && around.world.time - before < 10_000);
  const after = await post('/orchestrators/meal?timeout=5&pollingInterval=1', { body: 'rice' });
  t.is(after.status, 200, 'the place is free again');
});

test('unless it is told otherwise a wait is held for 230 s, and a hundred at a time', async (t) => {
  const { post, around } = await Restaurant.open();
  const before = around.world.time;
  let answered = 0;
  const wait = async () => {
    const { status } = await post('/orchestrators/table?timeout=1000&pollingInterval=1');
    t.is(status, 202);
    answered++;
  };
  const held = Array.from({ length: 100 }, wait);
  await around.advance(5_000);
  t.is(answered, 0);
  await wait();
  t.true(around.world.time - before < 60_000, 'there is no place for one more');
  await around.advance(before + 225_000 - around.world.time);
  t.is(answered, 1);
  await Promise.all(held);
  const seconds = (around.world.time - before) / 1_000;
  t.true(seconds >= 230 && seconds < 240, `${seconds} s`);
});

test('a start under the id of an instance that goes on is a conflict, unless it says otherwise', async (t) => {
  const { post, get, pass } = await Restaurant.open();
  await post('/orchestrators/table/t');
  const twice = await post('/orchestrators/table/t');
  t.is(twice.status, 409);
  t.like(twice.body, { status: 409, title: 'Conflict', code: 'PERDURE_INSTANCE_EXISTS' });
  t.is((await post('/orchestrators/table/t?ifExists=attach')).status, 202);
  t.is((await post('/orchestrators/meal/t?ifExists=replace', { body: 'tea' })).status, 202);
  await pass();
  t.like((await get('/instances/t')).body, { name: 'meal', output: 'hot tea' });
  t.is((await post('/orchestrators/meal/t', { body: 'rice' })).status, 202, 'what has ended makes way');
});

test('a version and a time to begin are told in the query', async (t) => {
  const { post, get, around, pass } = await Restaurant.open();
  const startAt = new Date(around.world.time + 60_000).toISOString();
  t.is((await post(`/orchestrators/meal/later?StartAt=${startAt}`)).status, 202);
  t.like((await get('/instances/later')).body, { runtimeStatus: 'Pending' });
  t.is((await post('/orchestrators/table/versioned?version=2.1')).status, 202);
  t.like((await get('/instances/versioned')).body, { version: '2.1' });
  await pass(61_000);
  t.not((await get('/instances/later')).body.runtimeStatus, 'Pending');
});

test('what is no start is a bad request, and stores nothing', async (t) => {
  const { post, around } = await Restaurant.open({ orchestrators, entities });
  const before = around.stored;
  const json = { 'content-type': 'application/json' };
  const wrong = [
    ['/orchestrators/nobody', {}, 'PERDURE_UNKNOWN_ORCHESTRATOR'],
    ['/orchestrators/no%20name', {}, 'PERDURE_INVALID_NAME'],
    ['/orchestrators/meal/@a', {}, 'PERDURE_INVALID_ID'],
    ['/orchestrators/meal/a%2Fb', {}, 'PERDURE_INVALID_ID'],
    ['/orchestrators/meal/%2e%2e%2f', {}, 'PERDURE_INVALID_ID'],
    ['/orchestrators/meal/a%0Ab', {}, 'PERDURE_INVALID_ID'],
    ['/orchestrators/meal', { text: '{"a":1', headers: json }, 'PERDURE_REFUSED_REQUEST'],
    ['/orchestrators/meal', { text: '"a" b', headers: json }, 'PERDURE_REFUSED_REQUEST'],
    ['/orchestrators/meal', { text: '{"__proto__":{"isAdmin":true}}', headers: json }, 'PERDURE_INVALID_INPUT'],
    ['/orchestrators/table', { text: '{"__proto__":{"isAdmin":true}}', headers: json }, 'PERDURE_FORBIDDEN_KEY'],
    ['/orchestrators/table', { text: '"\\ud800"', headers: json }, 'PERDURE_UNSERIALIZABLE'],
    ['/orchestrators/table', { text: `${'['.repeat(300)}${']'.repeat(300)}`, headers: json }, 'PERDURE_TOO_DEEP'],
    [
      '/orchestrators/table',
      { text: `${'['.repeat(100_000)}${']'.repeat(100_000)}`, headers: json },
      'PERDURE_TOO_DEEP',
    ],
    ['/orchestrators/purchase', { body: { customer: 'x' } }, 'PERDURE_INVALID_INPUT'],
    ['/orchestrators/meal?timeout=1&pollingInterval=2', {}, 'PERDURE_REFUSED_REQUEST'],
    ['/orchestrators/meal?timeout=-1&pollingInterval=1', {}, 'PERDURE_REFUSED_REQUEST'],
    ['/orchestrators/meal?startAt=soon', {}, 'PERDURE_REFUSED_REQUEST'],
    ['/orchestrators/meal/m?ifExists=maybe', {}, 'PERDURE_CONFIG'],
    ['/orchestrators/meal?version=a%20b', {}, 'PERDURE_INVALID_NAME'],
  ] as const;
  for (const [path, ask, code] of wrong) {
    const { status, headers, body } = await post(path, ask);
    t.deepEqual([status, body.code], [400, code], `${path}: ${body.detail}`);
    t.is(headers.get('content-type'), 'application/problem+json');
    t.is(body.title, 'One or more of the arguments submitted is incorrect');
  }
  t.is(around.stored, before);
  t.false('isAdmin' in {});
});

test('an input that breaks rules of its class is told rule by rule', async (t) => {
  const { post } = await Restaurant.open({ orchestrators });
  const input = { customer: 'nobody', payment: 'card', lines: [{ article: 'tea', pieces: 0 }] };
  const { status, body } = await post('/orchestrators/purchase', { body: input });
  t.is(status, 400);
  const violations = body.violations as unknown as readonly { readonly path: string }[];
  t.deepEqual(violations.map(({ path }) => path).toSorted(), ['$.customer', '$.lines[0].pieces']);
});

test('numbers beyond 2^53 are rounded, and of two members of one name the last counts', async (t) => {
  const { post, get } = await Restaurant.open();
  const text = '{"n":9007199254740993,"a":1,"a":2}';
  t.is((await post('/orchestrators/table/n', { text, headers: { 'content-type': 'application/json' } })).status, 202);
  t.deepEqual((await get('/instances/n')).body.input as unknown, { n: 9007199254740992, a: 2 });
});

test('many are started by one request, each answered for itself', async (t) => {
  const { post, get, pass, around } = await Restaurant.open({ orchestrators });
  const startAt = new Date(around.world.time + 86_400_000).toISOString();
  const all = await post('/instances', {
    body: [
      { name: 'meal', instanceId: 'one', input: 'rice', tags: { guest: 'ada' }, memo: { seat: 4 } },
      { name: 'table', version: '2.1', startAt },
    ],
  });
  t.is(all.status, 202, all.text);
  const [first, second] = all.body as unknown as readonly Record<string, string>[];
  t.deepEqual(first, {
    status: 202 as never,
    id: 'one',
    statusQueryGetUri: `http://localhost${base}/instances/one?taskHub=test&connection=nats`,
  });
  t.regex(second!.id!, /^[A-Za-z0-9]{22}$/);
  await pass();
  t.like((await get('/instances/one')).body, { output: 'hot rice', tags: { guest: 'ada' } });
  t.like((await get(`/instances/${second!.id}`)).body, { runtimeStatus: 'Pending', version: '2.1' });
  const some = await post('/instances', {
    body: [
      { name: 'table', instanceId: 'x' },
      { name: 'table', instanceId: 'x' },
      { name: 'purchase', input: {} },
    ],
  });
  t.is(some.status, 207);
  const outcomes = some.body as unknown as readonly {
    readonly status: number;
    readonly problem?: { readonly code: string };
  }[];
  t.deepEqual(
    outcomes.map(({ status, problem }) => [status, problem?.code]),
    [
      [202, undefined],
      [409, 'PERDURE_INSTANCE_EXISTS'],
      [400, 'PERDURE_INVALID_INPUT'],
    ],
  );
});

test('a start that nobody answers in time is told with 504 and the id, for it may begin yet', async (t) => {
  const restaurant = new Restaurant();
  const { post, get, pass, around } = restaurant;
  const worker = await around.work('worker', hostOf({ orchestrators, activities: [restaurant.kitchen] }));
  await around.settle(worker.stop());
  const { status, body } = await post('/orchestrators/meal/m', { body: 'rice' });
  t.is(status, 504);
  t.like(body, { code: 'PERDURE_TIMEOUT', instanceId: 'm' });
  t.like(await get('/instances/m'), { status: 504 }, 'nobody can tell');
  await restaurant.work();
  await pass();
  t.like(await get('/instances/m'), { status: 200, body: { output: 'hot rice' } });
});

test('what is no list of starts starts nothing', async (t) => {
  const { post, around } = await Restaurant.open();
  const before = around.stored;
  for (const body of [
    {},
    [],
    'meal',
    [1],
    [null],
    [{}],
    [{ name: 'meal' }, { name: 'meal', id: 'a' }],
    [{ name: 'meal', startAt: 5 }],
    Array.from({ length: 1_001 }, () => ({ name: 'meal' })),
  ]) {
    const { status, body: problem } = await post('/instances', { body });
    t.deepEqual([status, problem.code], [400, 'PERDURE_REFUSED_REQUEST'], JSON.stringify(body).slice(0, 80));
  }
  t.is((await post('/instances')).status, 415);
  t.is(around.stored, before);
});

test('an id that is a step of a path is not started over HTTP, for no URL would lead to it; others are escaped', async (t) => {
  const { api, answer, post, get, around } = await Restaurant.open();
  const before = around.stored;
  const { status, body } = await post('/instances', {
    body: ['.', '..'].map((instanceId) => ({ name: 'table', instanceId })),
  });
  t.is(status, 207);
  const outcomes = body as unknown as readonly {
    readonly status: number;
    readonly problem: { readonly code: string };
  }[];
  for (const outcome of outcomes) t.like(outcome, { status: 400, problem: { code: 'PERDURE_INVALID_ID' } });
  const own = new Request('http://localhost/orders', { method: 'POST' });
  const starter = await answer(api.httpStart(own, 'table', { instanceId: '..' }));
  t.like(starter, { status: 400, body: { code: 'PERDURE_INVALID_ID' } });
  t.is(around.stored, before);
  for (const id of ['...', '%2e%2e', '..a', 'é &=+;,']) {
    const started = await post('/instances', { body: [{ name: 'table', instanceId: id }] });
    const [{ statusQueryGetUri }] = started.body as unknown as [{ statusQueryGetUri: string }];
    t.like(await get(statusQueryGetUri), { status: 202, body: { instanceId: id } }, id);
  }
});

test('with one idempotency key an instance is started once', async (t) => {
  const { post } = await Restaurant.open();
  const headers = { 'idempotency-key': 'order 7' };
  const [first, again] = [
    await post('/orchestrators/table', { headers }),
    await post('/orchestrators/table', { headers }),
  ];
  t.deepEqual([first.status, again.status], [202, 202]);
  t.is(again.body['id'], first.body['id']!);
  t.not((await post('/orchestrators/table')).body['id'], first.body['id']!);
  t.is((await post('/orchestrators/table/t', { headers })).status, 400, 'a start with an id has one');
  const batch = await post('/instances', { body: [{ name: 'table', idempotencyKey: 'order 7' }] });
  t.is((batch.body as unknown as { id: string }[])[0]!.id, first.body['id']!);
});
