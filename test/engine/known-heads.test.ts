import test from 'ava';
import { KnownHeads } from '../../lib/engine/known-heads.js';
import { PartitionOwner } from '../../lib/engine/partition-owner.js';
import type { PartitionPorts, Views } from '../../lib/engine/ports.js';
import { memoryHubPorts } from '../../lib/memory/hub-ports.js';
import { MemoryWorld } from '../../lib/memory/world.js';
import { partitionSubjects } from '../../lib/wire/subjects.js';
import { bankHost, MemoryClient, MemoryWorker, recordingLogger } from './surroundings.js';

const subjects = partitionSubjects('bank', 0);

function portsWith(stored: readonly string[], replicas = 1): Pick<PartitionPorts, 'views' | 'subjects' | 'log'> {
  const views = {
    subjects: () =>
      (async function* () {
        yield* stored.map((address) => subjects.head(address));
      })(),
  };
  return { subjects, log: { replicas }, views } as unknown as Pick<PartitionPorts, 'views' | 'subjects' | 'log'>;
}

test('before the heads are listed any instance may have one', async (t) => {
  const known = new KnownHeads(portsWith(['o.a']));
  t.true(known.mayHave('o.b'));
  await known.list();
  t.true(known.mayHave('o.a'));
  t.false(known.mayHave('o.b'));
});

test('a head that is written counts from before it is stored, also while they are listed', async (t) => {
  const known = new KnownHeads(portsWith([]));
  const listed = known.list();
  known.add('o.a');
  await listed;
  t.true(known.mayHave('o.a'));
});

test('however many there are, none is taken for new', async (t) => {
  const all = Array.from({ length: 50_000 }, (_, i) => `o.n${i}`);
  const known = new KnownHeads(portsWith(all));
  await known.list();
  t.true(all.every((address) => known.mayHave(address)));
  const strangers = Array.from({ length: 50_000 }, (_, i) => `o.m${i}`);
  const mistaken = strangers.filter((address) => known.mayHave(address));
  t.true(mistaken.length < 1_000, `${mistaken.length} of 50,000`);
});

test('P11: with several replicas a deposed leader may list, so any instance may have a head', async (t) => {
  const known = new KnownHeads(portsWith([], 3));
  await known.list();
  t.true(known.mayHave('o.a'));
});

test('a head that the server did not list is not written over: the owner gives up', async (t) => {
  const world = new MemoryWorld();
  const hub = world.createHub('bank', 1);
  const first = new MemoryWorker(hub, 'first', bankHost());
  const client = new MemoryClient(hub, 'client');
  const settle = <T>(promise: Promise<T>): Promise<T> => world.scheduler.settle(promise);
  await settle(first.claim());
  await settle(client.signal('counter', 'k', 'add', 'one'));
  await world.scheduler.advance(500);
  await settle(first.stop());
  const lines: string[] = [];
  const ports = memoryHubPorts(hub.connect('second'), recordingLogger(lines));
  const { views, ...partition } = ports.partition(0);
  const forgetful: Views = {
    read: (subject) => views.read(subject),
    write: (subject, body, after) => views.write(subject, body, after),
    remove: (...which) => views.remove(...which),
    scan: (...of) => views.scan(...of),
    subjects: async function* () {},
    notes: (...of) => views.notes(...of),
  };
  const owning = { ...ports, partition: () => ({ ...partition, views: forgetful }) };
  await settle(new PartitionOwner(0, owning, bankHost()).claim());
  await settle(client.signal('counter', 'k', 'add', 'two'));
  await world.scheduler.advance(1_000);
  t.true(
    lines.some((line) => line.includes('was not among the heads that the server listed')),
    lines.join('\n'),
  );
  t.deepEqual((await settle(client.entityHead('counter', 'k')))?.state, { seen: ['one'] });
});
