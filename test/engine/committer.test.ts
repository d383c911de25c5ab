import test from 'ava';
import { MemoryWorld } from '../../lib/memory/world.js';
import type { PortCall } from '../../lib/memory/faults.js';
import { entityAddress, partitionOf } from '../../lib/wire/addresses.js';
import { encodeMessage } from '../../lib/wire/message-codec.js';
import { decodeRecord } from '../../lib/wire/record-codec.js';
import { bankHost, MemoryClient, MemoryWorker } from './surroundings.js';

/** How long the server takes to store a record, in virtual milliseconds. */
const SLOW = 500;

/** A worker of a hub whose logs are slow when it is said, and when each record was sent. */
async function surroundings(partitions: number) {
  let isSlow = false;
  const appends: { readonly partition: number; readonly at: number }[] = [];
  const next = ({ port, operation, partition }: PortCall) => {
    if (port !== 'log' || operation !== 'append') return 'none';
    appends.push({ partition, at: world.scheduler.now });
    return isSlow ? { delay: SLOW } : 'none';
  };
  const world: MemoryWorld = new MemoryWorld({ faults: { next } });
  const hub = world.createHub('test', partitions);
  const client = new MemoryClient(hub, 'client');
  const settle = <T>(promise: Promise<T>): Promise<T> => world.scheduler.settle(promise);
  await settle(new MemoryWorker(hub, 'w', bankHost()).claim());
  await world.scheduler.advance(50);
  appends.length = 0;
  const signal = async (key: string): Promise<void> => {
    const address = entityAddress({ name: 'counter', key });
    const partition = partitionOf(address, partitions);
    const body = encodeMessage({ kind: 'operation', name: 'add', input: key });
    await client.ports.mailOf(partition).send(client.ports.subjects.partition(partition).mail(address), body);
  };
  const steps = (partition: number): number[] => {
    const { log } = hub.streams(partition);
    return Array.from(log.all(), ({ body }) => decodeRecord(body, 'a record')).flatMap((record) =>
      record.type === 'commit' ? record.steps.length : [],
    );
  };
  const advance = (milliseconds: number): Promise<void> => world.scheduler.advance(milliseconds);
  return { world, appends, signal, settle, advance, steps, slow: () => (isSlow = true) };
}

test('an owner that has nothing to do commits what comes at once, without waiting for more', async (t) => {
  const { world, appends, signal, settle, advance } = await surroundings(1);
  const sent = world.scheduler.now;
  await settle(signal('k'));
  await advance(20);
  t.is(appends.length, 1);
  t.true(appends[0]!.at - sent < 3, `${appends[0]!.at - sent} ms: two passages, and no timer`);
});

test('while a record is under way the next group gathers, of 500 steps at most', async (t) => {
  const { appends, signal, settle, advance, steps, slow } = await surroundings(1);
  slow();
  await settle(signal('first'));
  await advance(20);
  t.is(appends.length, 1);
  await settle(Promise.all(Array.from({ length: 600 }, (_, i) => signal(`k${i}`))));
  await advance(100);
  t.is(appends.length, 1, 'one record at a time');
  await advance(3 * SLOW);
  t.deepEqual(steps(0), [1, 500, 100]);
});

test('records of several partitions are under way at the same time', async (t) => {
  const { appends, signal, settle, advance, slow } = await surroundings(4);
  slow();
  await settle(Promise.all(Array.from({ length: 40 }, (_, i) => signal(`k${i}`))));
  await advance(SLOW / 2); // none of them is stored yet
  t.deepEqual(
    appends.map(({ partition }) => partition).toSorted((a, b) => a - b),
    [0, 1, 2, 3],
  );
});
