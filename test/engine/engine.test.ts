import test from 'ava';
import { MemoryWorld } from '../../lib/memory/world.js';
import { bankHost, lines, MemoryClient, MemoryWorker } from './surroundings.js';

async function settle<T>(world: MemoryWorld, promise: Promise<T>): Promise<T> {
  return world.scheduler.settle(promise, 120_000);
}

test('an orchestration runs its activities in order and its head shows the end', async (t) => {
  const world = new MemoryWorld();
  const hub = world.createHub('test', 4);
  const worker = new MemoryWorker(hub, 'w1', bankHost());
  const client = new MemoryClient(hub, 'c1');
  await settle(world, worker.claim());
  await settle(world, client.start('hello', 'one'));
  await world.scheduler.advance(1_000);
  const head = await settle(world, client.orchestrationHead('one'));
  t.is(head?.status, 'Completed', lines.join('\n'));
  t.deepEqual(head?.output, ['Hello, Tokyo!', 'Hello, Seattle!', 'Hello, Cairo!']);
});

test('transfers between accounts of several partitions keep the total', async (t) => {
  const world = new MemoryWorld();
  const hub = world.createHub('test', 4);
  const worker = new MemoryWorker(hub, 'w1', bankHost());
  const client = new MemoryClient(hub, 'c1');
  await settle(world, worker.claim());
  for (let i = 0; i < 10; i++) await settle(world, client.signal('account', `a${i}`, 'deposit', { amount: 100 }));
  for (let i = 0; i < 30; i++)
    await settle(
      world,
      client.start('transfer', `t${i}`, { from: `a${i % 10}`, to: `a${(i * 7 + 3) % 10}`, amount: 10 }),
    );
  await world.scheduler.advance(3_000);
  let total = 0;
  for (let i = 0; i < 10; i++) {
    const head = await settle(world, client.entityHead('account', `a${i}`));
    total += (head?.state as { balance: number } | undefined)?.balance ?? NaN;
  }
  t.is(total, 1_000);
  for (let i = 0; i < 30; i++) t.is((await settle(world, client.orchestrationHead(`t${i}`)))?.status, 'Completed');
});

test('sub-orchestrations and timers end their parent', async (t) => {
  const world = new MemoryWorld();
  const hub = world.createHub('test', 4);
  const worker = new MemoryWorker(hub, 'w1', bankHost());
  const client = new MemoryClient(hub, 'c1');
  await settle(world, worker.claim());
  await settle(world, client.start('parent', 'p'));
  await world.scheduler.advance(3_000);
  const head = await settle(world, client.orchestrationHead('p'));
  t.deepEqual(head?.output, [['Hello, Tokyo!', 'Hello, Seattle!', 'Hello, Cairo!'], 'rested']);
});
