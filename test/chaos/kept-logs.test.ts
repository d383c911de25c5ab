import test from 'ava';
import type { HubPorts } from '../../lib/engine/ports.js';
import { memoryHubPorts } from '../../lib/memory/hub-ports.js';
import { MemoryWorld } from '../../lib/memory/world.js';
import { TaskHubWorker } from '../../lib/worker/task-hub-worker.js';
import { recordingLogger } from '../contract/harness.js';
import { Counter } from '../engine/bank.js';
import { MemoryClient } from '../engine/surroundings.js';
import { counting, noCounts } from './campaign/counting-ports.js';
import { keptForAudit } from './campaign/kept-logs.js';

test('a log forgets what the audit has read, and nothing else', async (t) => {
  const forgotten: (readonly [partition: number, below: number])[] = [];
  const ports = {
    partition: (partition: number) => ({
      log: { purgeBelow: async (sequence: number) => void forgotten.push([partition, sequence]) },
    }),
  } as unknown as HubPorts;
  const counts = noCounts();
  let readUpTo: readonly number[] = [];
  const { log } = keptForAudit(ports, () => readUpTo, counts).partition(1);
  await log.purgeBelow(5);
  readUpTo = [100, 7];
  await log.purgeBelow(8);
  await log.purgeBelow(20);
  t.deepEqual(forgotten, [
    [1, 1],
    [1, 8],
    [1, 8],
  ]);
  t.is(counts.purgesHeld, 2);
});

test('workers go on and take over while no log may forget anything, and forget it when they may', async (t) => {
  const world = new MemoryWorld();
  const hub = world.createHub('test', 1);
  const client = new MemoryClient(hub, 'client');
  const settle = <T>(promise: Promise<T>): Promise<T> => world.scheduler.settle(promise);
  const counts = noCounts();
  let readUpTo: readonly number[] = [];
  const start = (name: string) => {
    const ports = memoryHubPorts(hub.connect(name), recordingLogger([]));
    const kept = counting(
      keptForAudit(ports, () => readUpTo, counts),
      counts,
    );
    return settle(TaskHubWorker.start({ ports: kept }, { entities: [Counter] }));
  };
  const signal = async (id: string): Promise<void> => {
    await settle(client.signal('counter', 'a', 'add', id));
    await world.scheduler.advance(5_000);
  };
  const { log } = hub.streams(0);
  const first = await start('one');
  await signal('one');
  await signal('two');
  await settle(first.stop());
  const second = await start('two');
  await signal('three');
  t.is(log.first, 1);
  t.true(counts.purgesHeld > 0);

  readUpTo = [log.last];
  await signal('four');
  t.true(log.first > 1);
  t.deepEqual((await settle(client.entityHead('counter', 'a')))?.state, { seen: ['one', 'two', 'three', 'four'] });
  await settle(second.stop());
});
