import test from 'ava';
import type { EntityOperationFailedError, EntityStatus } from 'perdure';
import { Diary } from '../engine/plans.js';
import { hostOf } from '../engine/surroundings.js';
import { Ledger, waits } from './readonly-classes.js';
import { rejection, Surroundings } from './surroundings.js';

const host = () => hostOf({ entities: [Diary, Ledger] });

async function opened(): Promise<Surroundings> {
  const around = new Surroundings();
  await around.work('worker', host());
  return around;
}

async function all<T>(around: Surroundings, items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  await around.settle(
    (async () => {
      for await (const item of items) found.push(item);
    })(),
  );
  return found;
}

test('entities are listed by name, prefix of the key and time of the last operation, page by page, with their states', async (t) => {
  const around = await opened();
  const { client } = around;
  for (let i = 0; i < 30; i++) await around.settle(client.callEntity(Ledger, `${i % 2 ? 'odd' : 'even'}-${i}é`).add(i));
  await around.advance(10_000);
  const since = (await around.settle(client.entities.list({ entity: Ledger }))).entities[0]!.lastOperationTime;
  await around.settle(client.callEntity(Ledger, 'odd-1é').add(100));
  await around.settle(client.callEntity(Diary, 'odd-x').note('a'));
  await around.settle(client.callEntity(Ledger, 'even-0é').close());
  await around.advance(1_000);
  const ids = async (filter: object) =>
    (await all(around, client.entities.all(filter))).map(({ entityId: { name, key } }) => `${name} ${key}`).sort();
  t.is((await ids({ entity: 'ledger' })).length, 29, 'one was deleted');
  t.is((await ids({})).length, 30);
  t.deepEqual(await ids({ keyPrefix: 'odd-1é' }), ['ledger odd-1é']);
  t.is((await ids({ entity: Ledger, keyPrefix: 'odd-' })).length, 15);
  const late = new Date(since.getTime() + 5_000);
  t.deepEqual(await ids({ lastOperationFrom: late }), ['diary odd-x', 'ledger odd-1é']);
  t.is((await ids({ entity: Ledger, lastOperationTo: late })).length, 28);
  const [one] = await all(around, client.entities.all({ keyPrefix: 'odd-1é' }, { fetchStates: true }));
  t.deepEqual(one?.entityState, { entries: [1, 100] });
  const found = new Set<string>();
  let token: string | undefined;
  do {
    const page = await around.settle(
      client.entities.list({ entity: Ledger }, { pageSize: 7, continuationToken: token, fetchStates: true }),
    );
    t.true(page.entities.length <= 7);
    for (const { entityId, entityState } of page.entities) {
      t.truthy(entityState);
      t.false(found.has(entityId.key));
      found.add(entityId.key);
    }
    token = page.continuationToken;
  } while (token !== undefined);
  t.is(found.size, 29);
});

test('what is no filter, page or token of entities is refused', async (t) => {
  const around = await opened();
  const { entities } = around.client;
  const code = async (call: () => unknown) => (await rejection(around, call)).code;
  t.is(await code(() => entities.list({ name: 'x' } as never)), 'PERDURE_CONFIG');
  t.is(await code(() => entities.list({ entity: 'no name' })), 'PERDURE_INVALID_NAME');
  t.is(await code(() => entities.list({ keyPrefix: 'a/b' })), 'PERDURE_INVALID_ID');
  t.is(await code(() => entities.list({ lastOperationFrom: new Date(NaN) })), 'PERDURE_INVALID_TIME');
  t.is(await code(() => entities.list({}, { pageSize: 0 })), 'PERDURE_CONFIG');
  t.is(await code(() => entities.list({}, { continuationToken: 'x' })), 'PERDURE_INVALID_CONTINUATION_TOKEN');
  t.is(await code(() => around.client.readEntityState(Ledger, 'a', { consistency: 'no' as never })), 'PERDURE_CONFIG');
});

test('a watch tells the present state and each that follows, over a change of the owner, until it is left', async (t) => {
  const around = await opened();
  const { client } = around;
  const states = client.entities.watch(Ledger, 'a');
  const next = async () => (await around.settle(states.next())).value?.entityState?.entries.length ?? 'none';
  t.is(await next(), 'none');
  await around.settle(client.callEntity(Ledger, 'a').add(1));
  t.is(await next(), 1);
  const waiting = states.next();
  const before = around.world.time;
  await around.settle(client.callEntity(Ledger, 'a').add(2));
  t.is((await around.settle(waiting)).value?.entityState?.entries.length, 2);
  t.true(around.world.time - before < 1_000, 'it was told, and not found by looking again');
  for (let i = 0; i < 5; i++) await around.settle(client.callEntity(Ledger, 'a').add(i));
  t.is(await next(), 7);
  await around.work('successor', host());
  await around.settle(client.callEntity(Ledger, 'a').add(8));
  t.is(await next(), 8);
  await around.settle(client.callEntity(Ledger, 'a').close());
  t.is(await next(), 'none');
  const end = new AbortController();
  const ended = client.entities.watch(Ledger, 'a', { signal: end.signal });
  await around.settle(ended.next());
  const last = rejection(around, () => ended.next());
  end.abort(new RangeError('enough'));
  t.is((await last).message, 'enough');
  await around.settle(states.return());
});

test('an eventual read takes the view, an exact one asks the owner', async (t) => {
  const around = await opened();
  await around.settle(around.client.callEntity(Ledger, 'a').add(1));
  const read = (consistency: 'exact' | 'eventual') =>
    around.settle(around.client.readEntityState(Ledger, 'a', { consistency }));
  t.like(await read('exact'), { entityState: { entries: [1] }, source: 'owner' });
  await around.advance(1_000);
  t.like(await read('eventual'), { entityState: { entries: [1] }, source: 'view' });
});

test.serial(
  'inspect says why an entity does not go on: what runs, what waits, what failed and what is planned',
  async (t) => {
    const around = await opened();
    const { client } = around;
    const inspect = () => around.settle(client.entities.inspect(Ledger, 'a'));
    t.like(await inspect(), { worker: 'worker', exists: false, waiting: 0, running: undefined, planned: 0 });
    await rejection(around, () => client.callEntity('ledger', 'a', 'fail'));
    await around.settle(client.signalEntity(Ledger, 'a').addSlowly(50_000));
    const stored = around.world.time;
    await around.settle(client.signalEntity(Ledger, 'a').add(1));
    await around.advance(300);
    await around.settle(client.signalEntity(Ledger, 'a').add(2));
    const first = await inspect();
    const since = (one: EntityStatus) => ('waitingSince' in one ? Number(one.waitingSince) - stored : NaN);
    t.true(since(first) >= 0 && since(first) < 50, String(since(first)));
    await around.advance(5_000);
    const status = await inspect();
    t.true(since(status) > 1_000 && since(status) < 2_500, 'it was set aside'); // P4
    t.like(status, { waiting: 2, running: { operation: 'addSlowly', calls: [] }, exists: false });
    if (status.worker === undefined) throw new Error('It has an owner');
    t.is(status.lastFailure?.operation, 'fail');
    t.true(status.lastFailure?.error.isCausedBy('RangeError'));
    t.true(status.running?.since instanceof Date);
    waits.pop()![1]();
    await around.settle(client.signalEntity(Ledger, 'a', { signalAt: 60_000 }).add(3));
    await around.advance(1_000);
    t.like(await inspect(), { waiting: 0, waitingSince: undefined, running: undefined, exists: true, planned: 1 });
  },
);

test.serial(
  'beyond the limit of its class an entity takes no more: calls get a BusyError, signals are dropped; reads wait',
  async (t) => {
    const around = await opened();
    const { client } = around;
    await around.settle(client.signalEntity(Ledger, 'a').addSlowly(20_000));
    const read = client.callEntity(Ledger, 'a').all();
    await around.advance(100);
    const calls = Array.from({ length: 39 }, (_, i) => client.callEntity(Ledger, 'a').add(i));
    await around.advance(1_000);
    t.like(await around.settle(client.entities.inspect(Ledger, 'a')), { waiting: 40 });
    const refused = await rejection(around, () => client.callEntity(Ledger, 'a').add(100));
    t.like((refused as EntityOperationFailedError).failureDetails, { code: 'PERDURE_BUSY' });
    await around.settle(client.signalEntity(Ledger, 'a').add(200));
    await around.advance(1_000);
    waits.pop()![1]();
    t.is((await around.settle(read))[0], 20_000);
    t.deepEqual(
      await around.settle(Promise.all(calls)),
      Array.from({ length: 39 }, (_, i) => i + 2),
    );
    t.is((await around.settle(client.callEntity(Ledger, 'a').all())).length, 40);
  },
);
