import { spawn } from 'node:child_process';
import { once } from 'node:events';
import test from 'ava';
import type { FaultPlan } from '../../lib/memory/faults.js';
import { memoryHubPorts } from '../../lib/memory/hub-ports.js';
import { MemoryWorld } from '../../lib/memory/world.js';
import { partitionOf } from '../../lib/wire/addresses.js';
import { decodeLease, decodeWorker, encodeLease, encodeWorker } from '../../lib/wire/ownership-codec.js';
import { identityOf } from '../../lib/nats/server/process-identity.js';
import { TaskHubWorker, type TaskHubWorkerOptions } from '../../lib/worker/task-hub-worker.js';
import { recordingLogger } from '../contract/harness.js';
import { Account, Counter, Greetings, Hello, Nap, Transfer } from '../engine/bank.js';
import { MemoryClient } from '../engine/surroundings.js';

const hosted = { entities: [Account, Counter], orchestrators: [Hello, Nap, Transfer], activities: [new Greetings()] };
const partitions = 8;

/** A task hub of eight partitions in virtual time, and workers on it. */
function surroundings() {
  const away = new Set<string>();
  const faults: FaultPlan = { next: ({ connection }) => (away.has(connection) ? 'requestLost' : 'none') };
  const world = new MemoryWorld({ faults });
  const hub = world.createHub('test', partitions);
  const lines: string[] = [];
  const client = new MemoryClient(hub, 'client');
  const settle = <T>(promise: Promise<T>): Promise<T> => world.scheduler.settle(promise);
  const advance = (ms: number) => world.scheduler.advance(ms);
  const start = async (name: string, options: TaskHubWorkerOptions = hosted) => {
    const connection = hub.connect(name);
    const keep = (line: string): void => void lines.push(`${name}: ${line}`);
    const logger = { ...recordingLogger([]), warn: keep, error: keep };
    const worker = await settle(TaskHubWorker.start({ ports: memoryHubPorts(connection, logger) }, options));
    return { name, worker, connection };
  };
  /** Which worker holds the lease of each partition, by the name of its connection's log lines: its id. */
  const leases = () =>
    Array.from({ length: partitions }, (_, partition) => {
      const stored = hub.bucket.latest(`leases.${partition}`);
      const lease = stored && decodeLease(stored.body, 'lease');
      return lease?.state === 'held' ? lease.owner : undefined;
    });
  const shares = () => {
    const counts = new Map<string | undefined, number>();
    for (const owner of leases()) counts.set(owner, (counts.get(owner) ?? 0) + 1);
    return [...counts.values()].toSorted((a, b) => a - b);
  };
  const epochs = () =>
    Array.from({ length: partitions }, (_, partition) => {
      const { log } = hub.streams(partition);
      const last = JSON.parse(new TextDecoder().decode(log.get(log.last)?.body)) as { epoch: number };
      return last.epoch;
    });
  return { away, world, hub, lines, client, settle, advance, start, leases, shares, epochs };
}

/** A key of a counter in each partition. */
const keys = Array.from({ length: partitions }, (_, partition) => {
  for (let n = 0; ; n++) if (partitionOf(`e.counter.k${n}`, partitions) === partition) return `k${n}`;
});

type World = ReturnType<typeof surroundings>;

/** Signals every partition, and says how long it takes until all heads show it. */
async function served({ client, settle, advance, world }: World, id: string): Promise<number> {
  const begun = world.scheduler.now;
  for (const key of keys) await settle(client.signal('counter', key, 'add', id));
  for (const key of keys) {
    const seen = async (): Promise<boolean> => {
      const head = await settle(client.entityHead('counter', key));
      return (head?.state as { seen: string[] } | undefined)?.seen.includes(id) ?? false;
    };
    while (!(await seen())) {
      await advance(10);
      if (world.scheduler.now - begun > 60_000) throw new Error(`${key} does not show ${id}`);
    }
  }
  return world.scheduler.now - begun;
}

/** Every counter has seen these, each once and in order. */
async function counted({ client, settle }: World, ids: readonly string[]): Promise<boolean> {
  const heads = [];
  for (const key of keys) heads.push(await settle(client.entityHead('counter', key)));
  return heads.every((head) => JSON.stringify(head?.state) === JSON.stringify({ seen: ids }));
}

test('workers that join share the partitions evenly, and each join moves no more than it must', async (t) => {
  const world = surroundings();
  await world.start('one');
  t.deepEqual(world.shares(), [8]);
  t.deepEqual(
    world.epochs(),
    Array.from({ length: 8 }, () => 1),
  );
  await world.start('two');
  await world.advance(1_000);
  t.deepEqual(world.shares(), [4, 4]);
  t.deepEqual(
    world.epochs().toSorted((a, b) => a - b),
    [1, 1, 1, 1, 2, 2, 2, 2],
  );
  const before = world.leases();
  await world.start('three');
  await world.advance(1_000);
  t.deepEqual(world.shares(), [2, 3, 3]);
  t.is(world.leases().filter((owner, partition) => owner !== before[partition]).length, 2);
  t.true((await served(world, 'a')) < 1_000);
  await world.advance(120_000);
  t.deepEqual(world.shares(), [2, 3, 3]); // nothing moves while nobody comes or goes
  t.deepEqual(
    world.epochs().reduce((sum, epoch) => sum + epoch),
    8 + 4 + 2,
  );
  t.deepEqual(world.lines, []);
});

test('what a worker that stops had is served by the others within a second, and nothing else moves', async (t) => {
  const world = surroundings();
  const one = await world.start('one');
  await world.start('two');
  await world.start('three');
  await served(world, 'a');
  const before = world.leases();
  const stopped = one.worker.stop();
  t.true((await served(world, 'b')) < 1_000);
  await world.settle(stopped);
  t.deepEqual(world.shares(), [4, 4]);
  const moved = world.leases().filter((owner, partition) => owner !== before[partition]).length;
  t.is(moved, 8 - before.filter((owner) => world.leases().includes(owner)).length);
  t.true(await counted(world, ['a', 'b']));
  t.deepEqual(world.lines, []);
});

test('what a worker that died had is served by the others within 11 seconds', async (t) => {
  const world = surroundings();
  const [one, two] = [await world.start('one'), await world.start('two')];
  await world.start('three');
  await served(world, 'a');
  for (const [victim, id] of [
    [one, 'b'],
    [two, 'c'],
  ] as const) {
    victim.connection.kill();
    const time = await served(world, id);
    t.true(time > 5_000 && time <= 11_000, `${time} ms`);
  }
  t.deepEqual(world.shares(), [8]);
  t.true(await counted(world, ['a', 'b', 'c']));
});

test('P21: a worker that was away commits nothing, goes on, and takes its share again after it has rested', async (t) => {
  const world = surroundings();
  const one = await world.start('one');
  await world.start('two');
  await served(world, 'a');
  world.away.add('one');
  t.true((await served(world, 'b')) <= 11_000);
  t.deepEqual(world.shares(), [8]);
  await world.advance(5_000);
  const epochs = world.epochs();
  world.away.delete('one');
  await world.advance(8_000);
  t.deepEqual([world.shares(), world.epochs()], [[8], epochs]);
  await world.advance(12_000);
  t.deepEqual(world.shares(), [4, 4]);
  t.true((await served(world, 'c')) < 1_000);
  t.true(await counted(world, ['a', 'b', 'c']));
  let isOver = false;
  void one.worker.untilStopped().then(() => (isOver = true));
  await world.advance(1_000);
  t.false(isOver);
  await world.settle(one.worker.stop());
  t.true(isOver);
});

const onLinux = process.platform === 'linux' ? test : test.skip;

onLinux(
  'on Linux (elsewhere that is not looked at), a worker on the machine of one that died takes over at once',
  async (t) => {
    const world = surroundings();
    const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
    const identity = identityOf(child.pid!);
    const ended = once(child, 'close');
    const { store } = world.client.ports;
    const former = { v: 1, id: 'former', name: 'former', state: 'ready', owns: true, process: identity! } as const;
    const names = { entities: [], orchestrators: [], activities: [] };
    await world.settle(store.put('workers.former', encodeWorker({ ...former, ...names }), 0));
    const lease = encodeLease({ v: 1, owner: 'former', state: 'held', epoch: 1, sequence: 1 });
    for (let partition = 0; partition < partitions; partition++)
      await world.settle(store.put(`leases.${partition}`, lease, 0));
    const early = await world.start('early');
    t.deepEqual(new Set(world.leases()), new Set(['former'])); // it lives
    await world.settle(early.worker.stop());
    child.kill('SIGKILL');
    await ended;
    const begun = world.world.scheduler.now;
    await world.start('later');
    t.true(world.world.scheduler.now - begun < 100);
    t.deepEqual(world.shares(), [8]);
    t.false(world.leases().includes('former'));
  },
);

test('P21: a worker whose clock was far ahead takes its share again after it has rested, not when its time has come', async (t) => {
  const around = surroundings();
  const { start, advance, shares, lines } = around;
  const { connection } = await start('ahead');
  await start('other');
  await advance(20_000);
  t.deepEqual(shares(), [4, 4]);
  connection.clock.leap(600_000); // for the worker it is as if it had been away for so long
  await advance(5_000);
  t.regex(lines.join('\n'), /^ahead: Others may have taken over/m);
  await start('third');
  await advance(15_000);
  t.deepEqual(shares(), [2, 3, 3]);
});

test('an outage of the server makes no worker take what another has', async (t) => {
  const world = surroundings();
  await world.start('one');
  await world.start('two');
  await world.advance(5_000);
  const before = [world.leases(), world.epochs()];
  for (const outage of [4_000, 8_000, 30_000, 300_000]) {
    world.away.add('one').add('two');
    await world.advance(outage);
    world.away.delete('one'); // it comes back first, and must not take the other one for dead
    await world.advance(4_000);
    world.away.delete('two');
    await world.advance(30_000);
    t.deepEqual([world.leases(), world.epochs()], before, `${outage} ms`);
  }
  t.true((await served(world, 'a')) < 1_000);
});

test('a worker that has activities only owns nothing', async (t) => {
  const world = surroundings();
  await world.start('activities', { activities: [new Greetings()] });
  await world.advance(10_000);
  t.deepEqual(
    Array.from({ length: partitions }, (_, partition) => world.hub.streams(partition).log.last),
    Array.from({ length: partitions }, () => 0),
  );
  await world.start('one');
  t.deepEqual(world.shares(), [8]);
});

test('a worker tells what it registered while it lives, and a stopped one is forgotten', async (t) => {
  const world = surroundings();
  const { worker } = await world.start('one', { entities: [Counter], activities: [new Greetings()] });
  const workers = () =>
    [...world.hub.bucket.all()]
      .filter(({ subject }) => subject.startsWith('workers.'))
      .map(({ body }) => decodeWorker(body, 'worker'));
  t.like(workers()[0], {
    state: 'ready',
    owns: true,
    entities: ['counter'],
    orchestrators: [],
    activities: ['hello'],
  });
  await world.advance(100_000);
  t.is(workers().length, 1);
  await world.settle(worker.stop());
  t.deepEqual(workers(), []);
  const { connection } = await world.start('two');
  connection.kill();
  await world.advance(65_000);
  t.deepEqual(workers(), []);
});

test('a record of a newer version in the bucket is left alone, and so is its partition', async (t) => {
  const world = surroundings();
  const { store } = world.client.ports;
  const newer = new TextEncoder().encode('{"v":2}');
  await world.settle(store.put('leases.3', newer, 0));
  await world.settle(store.put('workers.newer', newer, 0));
  await world.start('one');
  await world.advance(30_000);
  t.is(world.hub.streams(3).log.last, 0);
  t.true([0, 1, 2, 4, 5, 6, 7].every((partition) => world.hub.streams(partition).log.last > 0));
  t.deepEqual((await world.settle(store.get('leases.3')))?.value, newer);
  t.is(world.lines.length, 2);
  t.regex(world.lines.join('\n'), /"leases\.3" of the task hub's bucket has format version 2/);
});
