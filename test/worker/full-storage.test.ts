import test from 'ava';
import type { FaultPlan, PortCall } from '../../lib/memory/faults.js';
import { memoryHubPorts } from '../../lib/memory/hub-ports.js';
import { MemoryWorld } from '../../lib/memory/world.js';
import { decodeLease } from '../../lib/wire/ownership-codec.js';
import { TaskHubWorker } from '../../lib/worker/task-hub-worker.js';
import { recordingLogger } from '../contract/harness.js';
import { Account, Counter, Greetings, Hello, Nap, Transfer } from '../engine/bank.js';
import { MemoryClient } from '../engine/surroundings.js';

const hosted = { entities: [Account, Counter], orchestrators: [Hello, Nap, Transfer], activities: [new Greetings()] };
const partitions = 4;

/** What needs room in some stream. */
const writes = new Set(['append', 'send', 'write', 'put', 'publish']);

test('workers whose server has no room for anything commit nothing, and go on by themselves when there is room', async (t) => {
  let isFull = false;
  const refused = new Map<string, number>();
  const faults: FaultPlan = {
    next: ({ connection, port, operation }: PortCall) => {
      if (!isFull || connection === 'client' || port === 'bus' || !writes.has(operation)) return 'none';
      refused.set(port, (refused.get(port) ?? 0) + 1);
      return 'full';
    },
  };
  const world = new MemoryWorld({ faults });
  const hub = world.createHub('test', partitions);
  const client = new MemoryClient(hub, 'client');
  const settle = <T>(promise: Promise<T>): Promise<T> => world.scheduler.settle(promise);
  const lines: string[] = [];
  const start = (name: string) => {
    const keep = (line: string): void => void lines.push(`${name}: ${line}`);
    const logger = { ...recordingLogger([]), warn: keep, error: keep };
    return settle(TaskHubWorker.start({ ports: memoryHubPorts(hub.connect(name), logger) }, hosted));
  };
  const workers = [await start('one'), await start('two')];
  let isEnded = false;
  for (const worker of workers)
    void worker.untilStopped().then(
      () => {},
      () => (isEnded = true),
    );
  await world.scheduler.advance(15_000); // each has its share
  const keys = Array.from({ length: 12 }, (_, at) => `k${at}`);
  const signalAll = async (id: string): Promise<void> => {
    for (const key of keys) await settle(client.signal('counter', key, 'add', id));
  };
  await signalAll('before');
  for (const key of keys) await settle(client.signal('counter', key, 'forward', `of-${key}`));
  for (let at = 0; at < 4; at++) await settle(client.start('nap', `n${at}`, 20_000));
  await world.scheduler.advance(5_000);

  isFull = true;
  const recorded = () => Array.from({ length: partitions }, (_, at) => hub.streams(at).log.last);
  const records = recorded();
  await signalAll('meanwhile'); // the mail stream still has room
  for (let at = 0; at < 4; at++) await settle(client.start('hello', `h${at}`, undefined));
  await world.scheduler.advance(40_000); // longer than leases, and the naps, last
  t.deepEqual(recorded(), records);
  for (const port of ['log', 'store']) t.true((refused.get(port) ?? 0) > 0, port);
  t.false(isEnded);
  t.true(
    lines.some((line) => line.includes('Stuck: the commit of a record')),
    lines.join('\n'),
  );

  isFull = false;
  await world.scheduler.advance(30_000);
  await signalAll('after');
  await world.scheduler.advance(5_000);
  for (const key of keys) {
    const head = await settle(client.entityHead('counter', key));
    t.deepEqual(head?.state, { seen: ['before', 'meanwhile', 'after'] }, key);
    t.deepEqual((await settle(client.entityHead('counter', `of-${key}`)))?.state, { seen: [`via ${key}`] });
  }
  for (let at = 0; at < 4; at++) {
    t.is((await settle(client.orchestrationHead(`n${at}`)))?.status, 'Completed');
    t.is((await settle(client.orchestrationHead(`h${at}`)))?.status, 'Completed');
  }
  const owners = Array.from({ length: partitions }, (_, at) => {
    const { body } = hub.bucket.latest(`leases.${at}`)!;
    return decodeLease(body, 'lease');
  });
  t.true(owners.every(({ state }) => state === 'held'));
  t.false(isEnded);
  for (const worker of workers) await settle(worker.stop());
});
