import test from 'ava';
import { Heads } from '../../lib/engine/heads.js';
import { Instance } from '../../lib/engine/instance.js';
import { Loops } from '../../lib/engine/loops.js';
import { SpentValues } from '../../lib/engine/spent-values.js';
import { reasonOf } from '../../lib/engine/successors.js';
import { OwnershipLostError, StorageRegressedError } from '../../lib/errors.js';
import { MemoryWorld } from '../../lib/memory/world.js';
import { bankHost, MemoryClient, MemoryWorker, recordingLogger, surroundings } from './surroundings.js';

test('a stop ends in time although the server does not answer, and the next owner finds all of it', async (t) => {
  let isAway = false;
  const world = new MemoryWorld({
    faults: { next: ({ connection }) => (isAway && connection === 'w1' ? 'requestLost' : 'none') },
  });
  const hub = world.createHub('test', 1);
  const client = new MemoryClient(hub, 'client');
  const settle = <T>(promise: Promise<T>): Promise<T> => world.scheduler.settle(promise, 60_000);
  const lines: string[] = [];
  const options = { stopTimeoutInMilliseconds: 2_000 };
  const first = new MemoryWorker(hub, 'w1', bankHost(), options, recordingLogger(lines));
  await settle(first.claim());
  await settle(client.signal('counter', 'k', 'add', 'one'));
  await world.scheduler.advance(0.6); // taken, and its commit under way
  isAway = true;
  await settle(client.signal('counter', 'k', 'add', 'two'));
  const begun = world.scheduler.now;
  await settle(first.stop());
  t.true(world.scheduler.now - begun <= 7_000);
  t.regex(lines.join('\n'), /did not stop in time/);
  const next = new MemoryWorker(hub, 'w2', bankHost());
  await settle(next.claim());
  await world.scheduler.advance(1_000);
  t.deepEqual((await settle(client.entityHead('counter', 'k')))?.state, { seen: ['one', 'two'] });
});

test('P21: a stop during a takeover has ended it: whoever takes the partition then keeps it', async (t) => {
  const { hub, settle, advance } = surroundings(1);
  const [first, second] = ['far', 'near'].map((name) => new MemoryWorker(hub, name, bankHost()));
  first!.connection.distance = 300;
  const claimed = t.throwsAsync(settle(first!.claim()));
  await advance(700);
  await settle(first!.stop());
  await settle(second!.claim());
  await advance(10_000);
  await t.notThrowsAsync(settle(second!.owners[0]!.confirm()));
  t.like(await claimed, { code: 'PERDURE_CLOSED' });
});

test('P12: an owner whose log lost acknowledged records says so and commits nothing more', async (t) => {
  const { hub, client, settle, advance } = surroundings(1);
  const worker = new MemoryWorker(hub, 'w', bankHost());
  await settle(worker.claim());
  await settle(client.signal('counter', 'k', 'add', 'one'));
  await advance(500);
  const { log } = hub.streams(0);
  log.purgeBelow(log.last + 1);
  const { last } = log;
  await settle(client.signal('counter', 'k', 'add', 'two'));
  const error = await settle(worker.owners[0]!.ended);
  t.like(error, { code: 'PERDURE_STORAGE_REGRESSED' });
  t.is(log.last, last);
});

test('P13: a former owner neither replaces nor removes the wake record of a later one', async (t) => {
  const { client, settle } = surroundings(1);
  const ports = client.ports.partition(0);
  const headsOf = (epoch: number): Heads =>
    new Heads(
      ports,
      { epoch, low: 1, firstCheckpoints: [], purged: new Map() },
      new SpentValues(ports, new Loops(ports.clock)),
    );
  const captured = (executionId: string, at?: number) => ({
    wake: at === undefined ? undefined : { executionId, at },
    head: (stamp: { epoch: number; logSeq: number; commit: string }) =>
      ({ v: 1, type: 'entity', name: 'x', key: 'x', updatedAt: 0, ...stamp }) as const,
  });
  const stamp = (epoch: number) => ({ epoch, logSeq: 1, commit: 'c' });
  const later = new Instance('o.x');
  await settle(headsOf(2).write(later, captured('second', 5_000), stamp(2)));
  const subject = ports.subjects.wake('o.x');
  const stored = await settle(ports.views.read(subject));
  for (const old of [captured('first', 9_000), captured('first')])
    await t.throwsAsync(settle(headsOf(1).write(new Instance('o.x'), old, stamp(1))), {
      code: 'PERDURE_OWNERSHIP_LOST',
    });
  t.deepEqual(await settle(ports.views.read(subject)), stored);
});

test('P13: a former owner that lost its head removes no wake record either', async (t) => {
  const { client, settle } = surroundings(1);
  const ports = client.ports.partition(0);
  const heads = (epoch: number): Heads =>
    new Heads(
      ports,
      { epoch, low: 1, firstCheckpoints: [], purged: new Map() },
      new SpentValues(ports, new Loops(ports.clock)),
    );
  const head = (stamp: { epoch: number; logSeq: number; commit: string }) =>
    ({ v: 1, type: 'entity', name: 'x', key: 'x', updatedAt: 0, ...stamp }) as const;
  const instance = new Instance('o.x');
  await settle(heads(1).write(instance, { wake: undefined, head }, { epoch: 1, logSeq: 1, commit: 'c' }));
  instance.wakeSequence = undefined;
  const wake = { executionId: 'second', at: 5_000 };
  const subject = ports.subjects.wake('o.x');
  // The later owner has stored the wake record, and its head is still to come.
  const body = new TextEncoder().encode(JSON.stringify({ v: 1, epoch: 2, ...wake }));
  await settle(ports.views.write(subject, body, 0));
  const late = heads(1).write(instance, { wake: undefined, head }, { epoch: 1, logSeq: 2, commit: 'd' });
  await t.throwsAsync(settle(late), { code: 'PERDURE_OWNERSHIP_LOST' });
  t.deepEqual((await settle(ports.views.read(subject)))?.body, body);
});

test('P12: nothing is called lost while nobody can say whether the partition has a new owner', async (t) => {
  let isAway = true;
  const world = new MemoryWorld({ faults: { next: () => (isAway ? 'requestLost' : 'none') } });
  const { ports } = new MemoryWorker(world.createHub('test', 1), 'w', bankHost());
  const missing = new StorageRegressedError('A record is gone.');
  const settle = <T>(promise: Promise<T>): Promise<T> => world.scheduler.settle(promise, 60_000);
  const undecided = await settle(reasonOf(missing, ports.partition(0), 1));
  t.true(undecided instanceof OwnershipLostError);
  t.regex(undecided.message, /^Partition 0 is given up: .*: A record is gone\.$/);
  isAway = false;
  t.is(await settle(reasonOf(missing, ports.partition(0), 1)), missing, 'the log names no other owner');
});
