import test from 'ava';
import { hostOf } from '../engine/surroundings.js';
import { orchestrators } from './http-classes.js';
import { base, Restaurant } from './restaurant.js';

const second = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;

test('an instance that goes on is told with 202, where to look again and when; one that has ended with 200', async (t) => {
  const { post, get, pass } = await Restaurant.open();
  await post('/orchestrators/table/t');
  const running = await get('/instances/t?showInput=true&foo=1');
  t.is(running.status, 202);
  t.is(running.headers.get('location'), `http://localhost${base}/instances/t?showInput=true&foo=1`);
  t.is(running.headers.get('retry-after'), '5');
  t.is(running.headers.get('perdure-source'), 'owner');
  t.like(running.body, { runtimeStatus: 'Running', output: null });
  await post('/orchestrators/meal/m', { body: 'rice' });
  await pass();
  const ended = await get('/instances/m');
  t.is(ended.status, 200);
  t.is(ended.headers.get('location'), null);
  t.is(ended.headers.get('retry-after'), null);
  const { createdTime, lastUpdatedTime, ...rest } = ended.body;
  t.deepEqual(rest, {
    name: 'meal',
    instanceId: 'm',
    runtimeStatus: 'Completed',
    input: 'rice',
    customStatus: { cooking: 'rice' } as never,
    output: 'hot rice',
  });
  t.regex(createdTime!, second);
  t.regex(lastUpdatedTime!, second);
});

test('each state has its status: 202 until it has ended, 200 then, 500 for a failure when asked for', async (t) => {
  const { post, get, pass, kitchen, around } = await Restaurant.open();
  kitchen.isBroken = true;
  const status = async (id: string, query = '') => {
    const { status, body } = await get(`/instances/${id}${query}`);
    return [status, body.runtimeStatus];
  };
  await post(`/orchestrators/meal/pending?startAt=${new Date(around.world.time + 60_000).toISOString()}`);
  t.deepEqual(await status('pending'), [202, 'Pending']);
  for (const id of ['suspended', 'terminated', 'canceled']) await post(`/orchestrators/table/${id}`);
  await post('/instances/suspended/suspend?reason=lunch');
  t.deepEqual(await status('suspended'), [202, 'Suspended']);
  await post('/instances/terminated/terminate?reason=fire');
  t.deepEqual(await status('terminated'), [200, 'Terminated']);
  await post('/instances/canceled/cancel?reason=rain');
  await pass();
  t.deepEqual(await status('canceled'), [200, 'Canceled']);
  await post('/orchestrators/meal/failed', { body: 'rice' });
  await pass();
  t.deepEqual(await status('failed'), [200, 'Failed'], 'as the original has it');
  t.deepEqual(await status('failed', '?returnInternalServerErrorOnFailure=false'), [200, 'Failed']);
  t.deepEqual(await status('failed', '?returnInternalServerErrorOnFailure=true'), [500, 'Failed']);
  t.deepEqual(await status('terminated', '?returnInternalServerErrorOnFailure=true'), [200, 'Terminated']);
  t.deepEqual(await status('nobody'), [404, undefined]);
});

test('why an instance ended is its output where it has none, and stacks are told to nobody', async (t) => {
  const { post, get, pass, kitchen } = await Restaurant.open();
  kitchen.isBroken = true;
  await post('/orchestrators/meal/failed', { body: 'rice' });
  await post('/orchestrators/table/terminated');
  await post('/instances/terminated/terminate?reason=fire');
  await post('/orchestrators/table/canceled');
  await post('/instances/canceled/cancel?reason=rain');
  await pass();
  const failed = await get('/instances/failed?showHistory=true&showHistoryOutput=true');
  t.regex(failed.body.output!, /^TaskFailedError: .*no gas for rice/);
  t.like(failed.body.failure, { name: 'TaskFailedError', cause: { name: 'RangeError', message: 'no gas for rice' } });
  t.notRegex(failed.text, /"stack"/);
  t.like((await get('/instances/terminated')).body, { output: 'fire', reason: 'fire' });
  t.like((await get('/instances/canceled')).body, { output: 'rain', reason: 'rain' });
});

test('an input is not told when that is asked', async (t) => {
  const { post, get, pass } = await Restaurant.open();
  await post('/orchestrators/meal/m', { body: 'rice' });
  await pass();
  t.is((await get('/instances/m?showInput=false')).body.input, null as never);
  const [listed] = (await get('/instances?showInput=false')).body as unknown as [Record<string, unknown>];
  t.like(listed, { input: null, output: 'hot rice' });
  const { text } = await get('/instances/m?showInput=false&showHistory=true');
  t.notRegex(text, /"Input"/);
});

test('a history is told in the shape of the original: what was asked is merged into its answer', async (t) => {
  const { post, get, pass } = await Restaurant.open();
  await post('/orchestrators/evening/e');
  await pass(5_000);
  t.false('historyEvents' in (await get('/instances/e')).body);
  const events = async (query: string) =>
    (await get(`/instances/e?showHistory=true${query}`)).body.historyEvents as unknown as readonly Record<
      string,
      unknown
    >[];
  const brief = await events('');
  t.deepEqual(
    brief.map(({ EventType }) => EventType),
    [
      'ExecutionStarted',
      'SubOrchestrationInstanceCompleted',
      'TimerCreated',
      'TimerFired',
      'EntityOperationSignaled',
      'EntityOperationCompleted',
      'ExecutionCompleted',
    ],
  );
  for (const event of brief) {
    t.regex(String(event['Timestamp']), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    t.false('Result' in event);
    for (const field of ['EventId', 'IsPlayed', 'TaskScheduledId', 'TimerId', 'Version', 'Tags'])
      t.false(field in event);
  }
  t.like(brief[0], { FunctionName: 'evening' });
  t.like(brief[1], { FunctionName: 'meal', Input: 'fish' });
  t.true(String(brief[1]!['ScheduledTime']) <= String(brief[1]!['Timestamp']));
  t.is(brief[2]!['FireAt'], brief[3]!['FireAt']);
  t.like(brief[4], { EntityId: { name: 'till', key: 'main' }, Operation: 'put', Input: 1 });
  t.like(brief[5], { EntityId: { name: 'till', key: 'main' }, Operation: 'put', Input: 2 });
  t.like(brief[6], { OrchestrationStatus: 'Completed' });
  const whole = await events('&showHistoryOutput=true');
  t.deepEqual(
    whole.map(({ Result }) => Result),
    [undefined, 'hot fish', undefined, undefined, undefined, 3, 3],
  );
});

test('what has not answered yet stands in the history, and nothing does before the instance began', async (t) => {
  const { post, get, around } = await Restaurant.open();
  await post(`/orchestrators/evening/later?startAt=${new Date(around.world.time + 60_000).toISOString()}`);
  t.false('historyEvents' in (await get('/instances/later?showHistory=true')).body);
  await post('/orchestrators/purchase/p', { body: { customer: 'ada@example.com', payment: 'cash', lines: [] } });
  const { body } = await get('/instances/p?showHistory=true');
  const events = body.historyEvents as unknown as readonly Record<string, unknown>[];
  t.deepEqual(
    events.map(({ EventType }) => EventType),
    ['ExecutionStarted', 'TimerCreated'],
  );
});

test('without a worker an instance is told as its view has it', async (t) => {
  const restaurant = new Restaurant();
  const { around, post, get, pass } = restaurant;
  const worker = await around.work('worker', hostOf({ orchestrators, activities: [restaurant.kitchen] }));
  await post('/orchestrators/meal/m', { body: 'rice' });
  await pass();
  await around.settle(worker.stop());
  const { status, headers, body } = await get('/instances/m');
  t.deepEqual([status, headers.get('perdure-source'), body.output], [200, 'view', 'hot rice']);
});

test('instances are listed page by page, and filtered', async (t) => {
  const { post, get, pass, kitchen, around } = await Restaurant.open();
  for (let n = 0; n < 5; n++) await post(`/orchestrators/meal/meal-${n}`, { body: 'rice' });
  await pass(10_000);
  const middle = new Date(around.world.time).toISOString();
  await pass(10_000);
  kitchen.isBroken = true;
  await post('/orchestrators/meal/broken', { body: 'tea' });
  await post('/instances', { body: [{ name: 'table', instanceId: 'table', tags: { guest: 'ada', seat: '4' } }] });
  await pass();
  const ids = async (query: string, headers = {}) => {
    const answer = await get(`/instances${query}`, { headers });
    t.is(answer.status, 200, answer.text);
    const found = answer.body as unknown as readonly { readonly instanceId: string }[];
    return {
      ids: found.map(({ instanceId }) => instanceId).toSorted(),
      next: answer.headers.get('x-ms-continuation-token'),
    };
  };
  const meals = ['meal-0', 'meal-1', 'meal-2', 'meal-3', 'meal-4'];
  t.deepEqual(await ids(''), { ids: ['broken', ...meals, 'table'], next: null });
  t.deepEqual((await ids('?runtimeStatus=running')).ids, ['table']);
  t.deepEqual((await ids('?runtimeStatus=Running,Failed')).ids, ['broken', 'table']);
  t.deepEqual((await ids('?instanceIdPrefix=meal-')).ids, meals);
  t.deepEqual((await ids(`?createdTimeTo=${middle}`)).ids, meals);
  t.deepEqual((await ids(`?createdTimeFrom=${middle.replace('Z', '+00:00')}`)).ids, ['broken', 'table']);
  t.deepEqual((await ids(`?createdTimeFrom=${middle.slice(0, 19)}`)).ids, ['broken', 'table'], 'without a zone: UTC');
  t.deepEqual((await ids('?createdTimeFrom=2025-01-01')).ids.length, 7);
  t.deepEqual((await ids('?orchestrator=table')).ids, ['table']);
  t.deepEqual((await ids('?tag=guest=ada&tag=seat=4')).ids, ['table']);
  t.deepEqual((await ids('?tag=guest=ada&tag=seat=5')).ids, []);
  const found = new Set<string>();
  let token: string | null = null;
  let pages = 0;
  do {
    const page = await ids('?top=3', token === null ? {} : { 'x-ms-continuation-token': token });
    t.true(page.ids.length <= 3);
    for (const id of page.ids) found.add(id);
    token = page.next;
    pages++;
  } while (token !== null);
  t.deepEqual([found.size, pages], [7, 3]);
});

test('what is no list is a bad request', async (t) => {
  const { get } = await Restaurant.open();
  for (const query of [
    'top=-1',
    'top=0',
    'top=1e9',
    'top=1001',
    'top=x',
    'runtimeStatus=Gone',
    'createdTimeFrom=yesterday',
    'createdTimeFrom=2026-13-01',
    'createdTimeTo=2026-02-30',
    'createdTimeTo=2026-02-30T10:00:00Z',
    'createdTimeFrom=2026-02-02&createdTimeTo=2026-02-01',
    'instanceIdPrefix=@a',
    'orchestrator=no%20name',
    'tag=alone',
    'showInput=maybe',
  ])
    t.is((await get(`/instances?${query}`)).status, 400, query);
  for (const token of ['x', '1-0-1-00000000'])
    t.like(await get('/instances', { headers: { 'x-ms-continuation-token': token } }), {
      status: 400,
      body: { code: 'PERDURE_INVALID_CONTINUATION_TOKEN' },
    });
});

test('an instance that has ended is purged; one that goes on, or that there is not, is not found', async (t) => {
  const { post, get, delete: remove, pass } = await Restaurant.open();
  await post('/orchestrators/meal/m', { body: 'rice' });
  await post('/orchestrators/table/t');
  await pass();
  const { status, body } = await remove('/instances/m');
  t.deepEqual([status, body as unknown], [200, { instancesDeleted: 1 }]);
  t.is((await get('/instances/m')).status, 404);
  t.is((await remove('/instances/m')).status, 404);
  t.is((await remove('/instances/t')).status, 404);
  t.is((await get('/instances/t')).status, 202);
});

test('instances are purged by any filter, but not without one', async (t) => {
  const { post, delete: remove, get, pass, kitchen } = await Restaurant.open();
  for (const id of ['a-1', 'a-2', 'b-1']) await post(`/orchestrators/meal/${id}`, { body: 'rice' });
  kitchen.isBroken = true;
  await post('/orchestrators/meal/b-2', { body: 'rice' });
  await post('/orchestrators/table/a-3');
  await pass();
  t.is((await remove('/instances')).status, 400);
  t.is((await remove('/instances?runtimeStatus=Running')).status, 400, 'only what has ended');
  t.is((await remove('/instances?createdTimeFrom=2099-01-01')).status, 404);
  t.deepEqual((await remove('/instances?instanceIdPrefix=a-')).body as unknown, { instancesDeleted: 2 });
  t.is((await get('/instances/a-3')).status, 202);
  await pass();
  t.deepEqual((await remove('/instances?createdTimeFrom=2020-01-01&runtimeStatus=Failed')).body as unknown, {
    instancesDeleted: 1,
  });
  await pass();
  t.deepEqual((await remove('/instances?createdTimeFrom=2020-01-01T00:00:00Z')).body as unknown, {
    instancesDeleted: 1,
  });
});

test('a purge by a filter that there is not removes nothing', async (t) => {
  const restaurant = await Restaurant.open();
  await restaurant.post('/orchestrators/meal/m?timeout=20&pollingInterval=1', { body: 'rice' });
  await restaurant.around.advance(1_000);
  const wrong = await restaurant.ask('DELETE', '/instances?instanceIdPrefix=m&runtimeStatuss=Failed');
  t.is(wrong.status, 400);
  t.regex(wrong.body['detail']!, /runtimestatuss/);
  t.is((await restaurant.get('/instances/m')).status, 200);
  const right = await restaurant.ask('DELETE', '/instances?INSTANCEIDPREFIX=m&taskHub=test&connection=nats');
  t.deepEqual([right.status, right.text], [200, '{"instancesDeleted":1}']);
});
