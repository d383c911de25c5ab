import test from 'ava';
import { Entity, Operation } from 'perdure/decorators';
import { CartV1, CartV2, CartV3 } from '../engine/carts.js';
import { filling, Sheet } from '../engine/sheets.js';
import { hostOf } from '../engine/surroundings.js';
import { rejection, Surroundings } from './surroundings.js';

/** What clients see of states that have versions, and of large ones that go by what has changed. */

async function deployed(): Promise<Surroundings> {
  const around = new Surroundings();
  const { client, settle } = { client: around.client, settle: <T>(promise: Promise<T>) => around.settle(promise) };
  const first = await around.work('first', hostOf({ entities: [CartV1] }));
  for (const name of ['nails', 'nails']) await settle(client.callEntity(CartV1, 'old').add(name));
  await settle(first.stop());
  await around.work('second', hostOf({ entities: [CartV2] }));
  await settle(client.callEntity(CartV2, 'new').add('glue'));
  await around.advance(1_000);
  return around;
}

for (const consistency of ['exact', 'eventual'] as const)
  test(`a client with a class has the state as that class does, one without has it as it is stored: ${consistency}`, async (t) => {
    const around = await deployed();
    const { client } = around;
    const read = (entity: typeof CartV2 | typeof CartV3 | string, key: string) =>
      around.settle(client.readEntityState(entity as never, key, { consistency }));
    const source = consistency === 'exact' ? 'owner' : 'view';
    const found = { entityExists: true, source } as const;
    t.deepEqual(await read('cart', 'old'), { ...found, entityState: ['nails', 'nails'] } as never);
    t.deepEqual(await read(CartV2, 'old'), {
      ...found,
      entityState: { items: { nails: 2 } },
      stateVersion: 2,
    } as never);
    t.deepEqual(await read(CartV3, 'old'), {
      ...found,
      entityState: { items: { nails: 2 }, owner: 'from 1' },
      stateVersion: 3,
    } as never);
    t.deepEqual(await read('cart', 'new'), { ...found, entityState: { items: { glue: 1 } }, stateVersion: 2 } as never);
    t.deepEqual(await read(CartV2, 'nobody'), { entityExists: false, entityState: undefined, source } as never);
    const error = await rejection(around, () => client.readEntityState(CartV1, 'new', { consistency }));
    t.like(error, { code: 'PERDURE_STATE_TOO_NEW', found: 2, supported: 1, key: 'new' });
    t.deepEqual(
      await read('cart', 'old'),
      { ...found, entityState: ['nails', 'nails'] } as never,
      'reads store nothing',
    );
  });

test('a client whose class cannot migrate a state is told why, and others are not held up', async (t) => {
  const around = new Surroundings();
  const { client } = around;
  const first = await around.work('first', hostOf({ entities: [CartV1] }));
  await around.settle(client.callEntity(CartV1, 'k').add('poison'));
  await around.settle(first.stop());
  await around.work('second', hostOf({ entities: [CartV2] }));
  const error = await rejection(around, () => client.readEntityState(CartV2, 'k'));
  t.like(error, { code: 'PERDURE_STATE_MIGRATION', fromVersion: 1, toVersion: 2 });
  t.is((error.cause as Error).message, 'poison cannot be counted');
  t.like(await around.settle(client.readEntityState(CartV3, 'k')), { entityState: { items: { poison: 1 } } });
});

test('lists tell states as they are stored, with their versions', async (t) => {
  const around = await deployed();
  const { entities } = await around.settle(around.client.entities.list({ entity: CartV2 }, { fetchStates: true }));
  const told = entities.map(({ entityId, entityState, stateVersion }) => [entityId.key, entityState, stateVersion]);
  t.deepEqual(
    told.toSorted(([a], [b]) => (String(a) < String(b) ? -1 : 1)),
    [
      ['new', { items: { glue: 1 } }, 2],
      ['old', ['nails', 'nails'], undefined],
    ],
  );
});

test('a watch with a class tells a migration as no change, and one by name as one', async (t) => {
  const around = await deployed();
  const { client } = around;
  const seen: [string, unknown, number | undefined][] = [];
  const watch = async (what: string, states: AsyncIterable<{ entityState: unknown; stateVersion?: number }>) => {
    for await (const { entityState, stateVersion } of states) seen.push([what, entityState, stateVersion]);
  };
  const stop = new AbortController();
  const watches = [
    watch('class', client.entities.watch(CartV2, 'old', { signal: stop.signal })),
    watch('name', client.entities.watch('cart', 'old', { signal: stop.signal })),
  ].map((each) => each.catch(() => {}));
  await around.advance(500);
  await around.settle(client.callEntity(CartV2, 'old').touch());
  await around.advance(500);
  stop.abort();
  await around.settle(Promise.all(watches));
  t.deepEqual(
    seen.filter(([what]) => what === 'class'),
    [['class', { items: { nails: 2 } }, 2]],
  );
  t.deepEqual(
    seen.filter(([what]) => what === 'name'),
    [
      ['name', ['nails', 'nails'], undefined],
      ['name', { items: { nails: 2 } }, 2],
    ],
  );
});

test('a large state of which only changes were stored is read as it is, by everybody and in every way', async (t) => {
  const around = new Surroundings();
  const { client } = around;
  const settle = <T>(promise: Promise<T>): Promise<T> => around.settle(promise);
  const worker = await around.work('worker', hostOf({ entities: [Sheet] }));
  await settle(client.callEntity(Sheet, 'k').fill([2_000, 200]));
  for (let at = 0; at < 5; at++) await settle(client.callEntity(Sheet, 'k').write([at, `change ${at}`]));
  const cells = Array.from({ length: 2_000 }, (_, at) => (at < 5 ? `change ${at}` : filling(at, 200)));
  const state = { cells, changes: 5 };
  t.deepEqual((await settle(client.readEntityState(Sheet, 'k'))).entityState, state);
  t.deepEqual(await settle(client.callEntity(Sheet, 'k').sum()), [2_000, 5]);
  await around.advance(1_000);
  t.deepEqual((await settle(client.readEntityState('sheet', 'k', { consistency: 'eventual' }))).entityState, state);
  const { entities } = await settle(client.entities.list({ entity: Sheet }, { fetchStates: true }));
  t.deepEqual(entities[0]?.entityState, state);
  const watch = client.entities.watch(Sheet, 'k');
  t.deepEqual((await settle(watch.next())).value?.entityState, state);
  await settle(watch.return());
  await settle(worker.stop());
  t.like(await settle(client.readEntityState(Sheet, 'k')), { source: 'view', entityState: { changes: 5 } });
  t.is(around.hub.objects.size, 1);
});

@Entity('plain')
class Plain {
  state = 1;
  @Operation() look(): number {
    return this.state;
  }
}

test('a state without a version says nothing of one', async (t) => {
  const around = new Surroundings();
  await around.work('worker', hostOf({ entities: [Plain] }));
  await around.settle(around.client.callEntity(Plain, 'k').look());
  t.deepEqual(await around.settle(around.client.readEntityState(Plain, 'k')), {
    entityExists: true,
    entityState: 1,
    source: 'owner',
  });
});
