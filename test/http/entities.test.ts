import test from 'ava';
import { entities } from './http-classes.js';
import { Restaurant } from './restaurant.js';

test('a signal is taken with 202, and the state is read with 200, or 404 while there is none', async (t) => {
  const { post, get, pass } = await Restaurant.open();
  t.is((await get('/entities/till/a')).status, 404);
  const signaled = await post('/entities/till/a?op=put', { body: 5 });
  t.deepEqual([signaled.status, signaled.text], [202, '']);
  await pass();
  const { status, body, headers } = await get('/entities/till/a');
  t.deepEqual([status, body as unknown, headers.get('perdure-source')], [200, { coins: 5 }, 'owner']);
});

test('an entity is deleted by its own operation', async (t) => {
  const { post, get, delete: remove, pass } = await Restaurant.open();
  await post('/entities/till/a?op=put', { body: 5 });
  t.is((await remove('/entities/till/a')).status, 202);
  await pass();
  t.is((await get('/entities/till/a')).status, 404);
});

test('an operation is called, and its result or its failure is the answer', async (t) => {
  const { post } = await Restaurant.open();
  const called = await post('/entities/till/a/call/put', { body: 5 });
  t.deepEqual([called.status, called.body as unknown], [200, 5]);
  const failed = await post('/entities/till/a/call/rob');
  t.is(failed.status, 500);
  t.like(failed.body, {
    code: 'PERDURE_ENTITY_OPERATION_FAILED',
    failure: { name: 'RangeError', message: 'it is empty' },
  });
  t.notRegex(failed.text, /"stack"/);
  t.deepEqual((await post('/entities/till/a/call/delete')).body as unknown, null);
});

test('an input that does not fit is a bad request: where it is called, and where the class is known', async (t) => {
  const unknown = await Restaurant.open();
  t.is((await unknown.post('/entities/till/a/call/put', { body: 'much' })).status, 400);
  t.is((await unknown.post('/entities/till/a?op=put', { body: 'much' })).status, 202, 'it fails where it arrives');
  const known = await Restaurant.open({ entities });
  const before = known.around.stored;
  for (const path of ['/entities/till/a/call/put', '/entities/till/a?op=put'])
    t.like(await known.post(path, { body: 'much' }), { status: 400, body: { code: 'PERDURE_INVALID_INPUT' } });
  t.is(known.around.stored, before);
});

test('entities and operations that there are not are not found, and what is no key is refused', async (t) => {
  const { get, post, delete: remove } = await Restaurant.open();
  t.is((await get('/entities/nobody/a')).status, 404);
  t.is((await post('/entities/nobody/a?op=put', { body: 1 })).status, 404);
  t.is((await post('/entities/till/a?op=take', { body: 1 })).status, 404);
  t.is((await post('/entities/till/a/call/take', { body: 1 })).status, 404);
  for (const operation of ['constructor', 'toString', '__proto__', 'hasOwnProperty', '_private', '%23x']) {
    t.is((await post(`/entities/till/a?op=${operation}`)).status, 404, operation);
    t.is((await post(`/entities/till/a/call/${operation}`)).status, 404, operation);
  }
  t.is((await remove('/entities/nobody/a')).status, 404);
  t.is((await post('/entities/till/a', { body: 1 })).status, 400, 'no op');
  for (const key of ['a%2Fb', 'a%5Cb', 'a%23b', 'a%3Fb', 'a%0Ab', 'x'.repeat(257)])
    t.like(await get(`/entities/till/${key}`), { status: 400, body: { code: 'PERDURE_INVALID_ID' } }, key);
});

test('an entity is no instance: it is not asked under the id that the original gives it, and no list of instances has it', async (t) => {
  const { get, post, delete: remove, pass } = await Restaurant.open();
  await post('/entities/till/a/call/put', { body: 5 });
  await pass();
  for (const asked of [get('/instances/@till@a'), remove('/instances/@till@a'), post('/instances/@till@a/terminate')])
    t.like(await asked, { status: 400, body: { code: 'PERDURE_INVALID_ID' } });
  t.deepEqual((await get('/instances')).body as unknown, []);
  t.is((await get('/entities/till/a')).status, 200);
});

test('a key is what the path says, decoded once', async (t) => {
  const { post, get, pass } = await Restaurant.open();
  for (const [path, key] of [
    ['a%20b', 'a b'],
    ['%24', '$'],
    ['%C3%A9', 'é'],
    ['a%252Fb', 'a%2Fb'],
    ['a.b', 'a.b'],
    ['*', '*'],
    ['%3E', '>'],
    ['__proto__', '__proto__'],
  ]) {
    t.is((await post(`/entities/till/${path}/call/put`, { body: 1 })).status, 200, path);
    await pass();
    const { body } = await get('/entities/till');
    const keys = (body as unknown as readonly { readonly entityId: { readonly key: string } }[]).map(
      (one) => one.entityId.key,
    );
    t.true(keys.includes(key!), `${key} of ${keys.join()}`);
  }
});

test('entities are listed page by page, by name and time, with their states when asked', async (t) => {
  const { post, get, pass, around } = await Restaurant.open();
  for (const key of ['a', 'b', 'c-1', 'c-2']) await post(`/entities/till/${key}/call/put`, { body: 1 });
  await pass(5_000);
  const middle = new Date(around.world.time).toISOString();
  await pass(5_000);
  await post('/entities/till/b/call/put', { body: 1 });
  await pass();
  const list = async (path: string, headers = {}) => {
    const answer = await get(`/entities${path}`, { headers });
    t.is(answer.status, 200, answer.text);
    return { items: answer.body as unknown as readonly Record<string, unknown>[], headers: answer.headers };
  };
  const keysOf = (items: readonly Record<string, unknown>[]) =>
    items.map(({ entityId }) => (entityId as { readonly key: string }).key).toSorted();
  const { items } = await list('');
  t.deepEqual(keysOf(items), ['a', 'b', 'c-1', 'c-2']);
  for (const item of items) {
    t.deepEqual(Object.keys(item), ['entityId', 'lastOperationTime']);
    t.like(item['entityId'], { name: 'till' });
    t.regex(String(item['lastOperationTime']), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
  }
  t.deepEqual(keysOf((await list('/till?keyPrefix=c-')).items), ['c-1', 'c-2']);
  t.deepEqual((await list('/nobody')).items, []);
  t.deepEqual(keysOf((await list(`?lastOperationTimeFrom=${middle}`)).items), ['b']);
  t.deepEqual(keysOf((await list(`/till?lastOperationTimeTo=${middle}`)).items), ['a', 'c-1', 'c-2']);
  const [told] = (await list('/till?fetchState=true&keyPrefix=b')).items;
  t.deepEqual(told!['state'], { coins: 2 });
  const first = await list('/till?top=3');
  const token = first.headers.get('x-ms-continuation-token')!;
  const rest = await list('/till?top=3', { 'x-ms-continuation-token': token });
  t.deepEqual(keysOf([...first.items, ...rest.items]), ['a', 'b', 'c-1', 'c-2']);
  t.is(rest.headers.get('x-ms-continuation-token'), null);
  for (const query of ['top=0', 'top=1001', 'lastOperationTimeFrom=x', 'fetchState=x', 'keyPrefix=%2F'])
    t.is((await get(`/entities?${query}`)).status, 400, query);
});
