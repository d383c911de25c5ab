import test from 'ava';
import { base, Restaurant } from './restaurant.js';

interface Told {
  readonly event: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** A watch, event by event. */
class Watch {
  readonly response: Response;
  readonly #restaurant: Restaurant;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;

  constructor(restaurant: Restaurant, response: Response) {
    this.response = response;
    this.#restaurant = restaurant;
    this.#reader = response.body!.getReader() as ReadableStreamDefaultReader<Uint8Array>;
  }

  static async begin(restaurant: Restaurant, path: string, signal?: AbortSignal): Promise<Watch> {
    const request = new Request(`http://localhost${base}${path}`, signal ? { signal } : {});
    return new Watch(restaurant, await restaurant.around.settle(restaurant.api.fetch(request)));
  }

  /** Undefined: it is over. */
  async next(): Promise<Told | undefined> {
    const { done, value } = await this.#restaurant.around.settle(this.#reader.read());
    if (done) return undefined;
    const [, event, data] = /^event: (\w+)\ndata: (.*)\n\n$/.exec(new TextDecoder().decode(value)) ?? [];
    return { event: event!, data: JSON.parse(data!) as Told['data'] };
  }

  leave(): Promise<void> {
    return this.#restaurant.around.settle(this.#reader.cancel());
  }
}

test('an instance is watched from how it stands to its end', async (t) => {
  const restaurant = await Restaurant.open();
  const { post } = restaurant;
  await post('/orchestrators/table/t', { body: 'for two' });
  const watch = await Watch.begin(restaurant, '/instances/t/watch');
  t.is(watch.response.status, 200);
  t.is(watch.response.headers.get('content-type'), 'text/event-stream');
  t.is(watch.response.headers.get('cache-control'), 'no-store');
  t.like(await watch.next(), {
    event: 'status',
    data: { instanceId: 't', runtimeStatus: 'Running', input: 'for two' },
  });
  await post('/instances/t/suspend');
  t.like(await watch.next(), { event: 'status', data: { runtimeStatus: 'Suspended' } });
  await post('/instances/t/resume');
  t.like(await watch.next(), { event: 'status', data: { runtimeStatus: 'Running' } });
  await post('/instances/t/raiseEvent/Guest', { body: 'ada' });
  t.like(await watch.next(), { event: 'status', data: { runtimeStatus: 'Completed', output: 'ada' } });
  t.deepEqual(await watch.next(), { event: 'end', data: {} });
  t.is(await watch.next(), undefined);
});

test('the end of an instance is told at once', async (t) => {
  const restaurant = await Restaurant.open();
  const { post, around } = restaurant;
  await post('/orchestrators/table/t');
  const watch = await Watch.begin(restaurant, '/instances/t/watch?showInput=false');
  await watch.next();
  await post('/instances/t/raiseEvent/Guest', { body: 1 });
  const before = around.world.time;
  t.like(await watch.next(), { data: { runtimeStatus: 'Completed', input: null } });
  t.true(around.world.time - before < 2_000);
});

test('an instance that there is not is an answer of its own, and so is one watch too many', async (t) => {
  const restaurant = await Restaurant.open({ limits: { maxWaits: 1 } });
  const { get, post } = restaurant;
  t.is((await get('/instances/nobody/watch')).status, 404);
  t.is((await get('/entities/nobody/a/watch')).status, 404);
  t.is((await get('/entities/1bad/a/watch')).status, 400, 'what is refused before it begins keeps no place');
  t.is((await get(`/entities/till/${'k'.repeat(300)}/watch`)).status, 400);
  await post('/orchestrators/table/t');
  const watch = await Watch.begin(restaurant, '/instances/t/watch');
  const refused = await get('/entities/till/a/watch');
  t.deepEqual([refused.status, refused.headers.get('retry-after')], [503, '1']);
  await watch.next();
  await watch.leave();
  const again = await Watch.begin(restaurant, '/entities/till/a/watch');
  t.is(again.response.status, 200, 'who leaves makes room');
  await again.leave();
});

test('an instance that nobody can tell of is not watched for ever', async (t) => {
  const restaurant = new Restaurant({ limits: { maxWaits: 1 } }); // without a worker
  t.is((await restaurant.get('/instances/nobody/watch')).status, 504);
  t.is((await restaurant.get('/instances/nobody/watch')).status, 504, 'and it keeps no place');
});

test('a part of a place is none', async (t) => {
  const restaurant = await Restaurant.open({ limits: { maxWaits: 1.5 } });
  const watch = await Watch.begin(restaurant, '/entities/till/a/watch');
  t.is((await restaurant.get('/entities/till/b/watch')).status, 503);
  await watch.leave();
});

test('a watch ends with the request that asked for it', async (t) => {
  const restaurant = await Restaurant.open({ limits: { maxWaits: 1 } });
  const leaving = new AbortController();
  const watch = await Watch.begin(restaurant, '/entities/till/a/watch', leaving.signal);
  await watch.next();
  leaving.abort();
  t.is(await watch.next(), undefined);
  t.deepEqual(restaurant.errors, []);
  t.is((await restaurant.get('/health')).status, 200);
  t.is((await Watch.begin(restaurant, '/entities/till/a/watch')).response.status, 200);
});

test('an entity is watched state by state', async (t) => {
  const restaurant = await Restaurant.open();
  const { post, delete: remove } = restaurant;
  const watch = await Watch.begin(restaurant, '/entities/till/a/watch');
  t.deepEqual(await watch.next(), { event: 'state', data: { entityExists: false, entityState: null } });
  await post('/entities/till/a/call/put', { body: 5 });
  t.deepEqual(await watch.next(), { event: 'state', data: { entityExists: true, entityState: { coins: 5 } } });
  await remove('/entities/till/a');
  t.deepEqual(await watch.next(), { event: 'state', data: { entityExists: false, entityState: null } });
  await watch.leave();
});
