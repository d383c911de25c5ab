import test from 'ava';
import { ActivationCache } from '../../lib/engine/activation-cache.js';
import type { PortCall } from '../../lib/memory/faults.js';
import { MemoryWorld } from '../../lib/memory/world.js';
import { gate, Queue } from './mailboxes.js';
import { hostOf, MemoryClient, MemoryWorker } from './surroundings.js';

/** A worker whose idle instances have so many bytes, and how often it read a head. */
async function surroundings(bytes: number, partitions = 2) {
  let reads = 0;
  const next = ({ connection, operation, port }: PortCall) => {
    if (connection === 'w' && port === 'views' && operation === 'read') reads++;
    return 'none' as const;
  };
  const world = new MemoryWorld({ faults: { next } });
  const hub = world.createHub('test', partitions);
  const client = new MemoryClient(hub, 'client');
  const settle = <T>(promise: Promise<T>): Promise<T> => world.scheduler.settle(promise, 60_000);
  const options = { activations: new ActivationCache(bytes) };
  const worker = new MemoryWorker(hub, 'w', hostOf({ entities: [Queue] }), options);
  await settle(worker.claim());
  return {
    client,
    settle,
    advance: (milliseconds: number) => world.scheduler.advance(milliseconds),
    /** How many heads the worker reads for signals to these keys. */
    readsOf: async (signalled: readonly string[], operation = 'add'): Promise<number> => {
      await world.scheduler.advance(100);
      reads = 0;
      for (const key of signalled) await settle(client.signal('queue', key, operation, 'x'));
      await world.scheduler.advance(2_000);
      return reads;
    },
  };
}

const keys = Array.from({ length: 40 }, (_, i) => `k${i}`);

test.serial(
  'idle instances stay loaded while there is room, the partitions of a worker share it, and the longest idle go',
  async (t) => {
    const { readsOf } = await surroundings(60_000);
    for (let at = 0; at < 40; at += 10)
      t.is(await readsOf(keys.slice(at, at + 10)), 0, 'of what is new there is nothing to read');
    t.is(await readsOf(keys.slice(-10)), 0, 'the last ones are here');
    t.is(await readsOf(keys.slice(0, 10)), 10, 'the first ones had to go');
    t.is(await readsOf(keys.slice(-10)), 0, 'and not those used since');
  },
);

test.serial('an instance that is idle for ten minutes is unloaded, and goes on where it was', async (t) => {
  const { readsOf, advance, client, settle } = await surroundings(1e9);
  t.is(await readsOf(keys), 0);
  await advance(500_000);
  t.is(await readsOf(keys.slice(0, 5)), 0);
  await advance(200_000);
  t.is(await readsOf(keys), 35);
  t.deepEqual((await settle(client.entityHead('queue', 'k0')))?.state, { seen: ['x', 'x', 'x'] });
});

test.serial('an instance that is in use is not unloaded, however little room there is', async (t) => {
  const { readsOf, advance, client, settle } = await surroundings(0);
  gate.close();
  t.is(await readsOf(['slow'], 'slowly'), 0);
  t.is(await readsOf(['quick']), 0);
  t.is(await readsOf(['slow', 'quick']), 1, 'quick only');
  gate.open();
  await advance(3_000);
  t.deepEqual((await settle(client.entityHead('queue', 'slow')))?.state, { seen: ['x', 'x'] });
  t.is(await readsOf(['slow']), 1, 'idle, it is unloaded');
});
