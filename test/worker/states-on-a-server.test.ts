import test from 'ava';
import { CartV1, CartV2, CartV3 } from '../engine/carts.js';
import { filling, Sheet } from '../engine/sheets.js';
import { startTestServer, type TestServer } from '../servers.js';
import { until } from '../until.js';
import { Stage } from './stage.js';

/** States of entities over deployments and kills, on a real server. */

let server: TestServer;
test.before(async () => {
  server = await startTestServer();
});
test.after.always(() => server?.stop());

const keys = Array.from({ length: 12 }, (_, at) => `cart ${at}`);

test.serial(
  'on a real server: states are migrated while workers of two versions share the hub, both ways',
  async (t) => {
    await using stage = await Stage.on(server, 'carts', 4);
    const { client } = stage;
    const old = await stage.start({ entities: [CartV1] });
    for (const key of keys) await client.callEntity(CartV1, key).add('nails');
    const newer = await stage.start({ entities: [CartV2] });
    const owners = async () => new Set((await client.inspect()).map(({ worker }) => worker));
    await until(async () => (await owners()).size === 2, 'both workers to own partitions');
    for (const key of keys) {
      const { entityState } = await client.readEntityState(CartV2, key);
      t.deepEqual(entityState, { items: { nails: 1 } });
    }
    // Each owner runs its own code on what both can read; what the newer one has stored goes to it, whoever owns it.
    for (let round = 0; round < 3; round++)
      for (const key of keys) await client.callEntity('cart', key, 'add', 'nails');
    const versions = new Map<string, number>();
    for (const key of keys) versions.set(key, (await client.readEntityState('cart', key)).stateVersion ?? 1);
    t.deepEqual(
      [...new Set(versions.values())].toSorted((a, b) => a - b),
      [1, 2],
    );
    for (const key of keys)
      t.deepEqual((await client.readEntityState(CartV2, key)).entityState, { items: { nails: 4 } });
    await newer.stop();
    const waiting = keys.filter((key) => versions.get(key) === 2);
    const calls = waiting.map((key) => client.callEntity('cart', key, 'add', 'nails'));
    await until(
      async () =>
        (await client.namesWithoutWorker()).names.some(
          ({ name, waitingInstances }) => name === 'cart@2' && waitingInstances === waiting.length,
        ),
      'the calls of the newer version to wait',
    );
    t.deepEqual(
      (await client.namesWithoutWorker()).names.map(({ kind, name, waitingInstances }) => [
        kind,
        name,
        waitingInstances,
      ]),
      [['entity', 'cart@2', waiting.length]],
    );
    await stage.start({ entities: [CartV3] });
    t.deepEqual(
      await Promise.all(calls),
      waiting.map(() => 5),
    );
    await old.stop();
    for (const key of keys) {
      await client.callEntity(CartV3, key).add('glue');
      const { entityState, stateVersion } = await client.readEntityState(CartV3, key);
      const owner = `from ${versions.get(key)!}`;
      t.deepEqual(
        [entityState, stateVersion],
        [{ items: { nails: versions.get(key) === 2 ? 5 : 4, glue: 1 }, owner }, 3],
      );
    }
  },
);

test.serial('on a real server: a state of 1 MB that changes by little is as it was after every restart', async (t) => {
  await using stage = await Stage.on(server, 'sheets', 1);
  const { client } = stage;
  const cells = Array.from({ length: 5_000 }, (_, at) => filling(at, 200));
  let worker = await stage.start({ entities: [Sheet] });
  await client.callEntity(Sheet, 'k').fill([5_000, 200]);
  let changes = 0;
  for (let round = 0; round < 3; round++) {
    for (let at = 0; at < 40; at++) {
      const place = (changes * 37) % 5_000;
      cells[place] = `change number ${changes++}`;
      t.is(await client.callEntity(Sheet, 'k').write([place, cells[place]]), changes);
    }
    t.deepEqual((await client.readEntityState(Sheet, 'k')).entityState, { cells, changes });
    await worker.stop();
    await server.killAndRestart();
    t.deepEqual(await client.readEntityState(Sheet, 'k'), {
      entityExists: true,
      entityState: { cells, changes },
      source: 'view',
    });
    worker = await stage.start({ entities: [Sheet] });
    t.deepEqual(await client.callEntity(Sheet, 'k').sum(), [5_000, changes]);
  }
});
