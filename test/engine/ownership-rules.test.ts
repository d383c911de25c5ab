import test from 'ava';
import { PartitionOwner } from '../../lib/engine/partition-owner.js';
import { MemoryWorld } from '../../lib/memory/world.js';
import { Loops } from '../../lib/engine/loops.js';
import { Barrier } from '../../lib/engine/barrier.js';
import type { Committer } from '../../lib/engine/committer.js';
import type { PartitionPorts } from '../../lib/engine/ports.js';
import type { PartitionTables } from '../../lib/engine/tables.js';
import type { Fault, PortCall } from '../../lib/memory/faults.js';
import type { MemoryHub } from '../../lib/memory/hub.js';
import type { MemoryStream } from '../../lib/memory/stream.js';
import { memoryHubPorts } from '../../lib/memory/hub-ports.js';
import { entityAddress, partitionOf } from '../../lib/wire/addresses.js';
import { decodeDirectory } from '../../lib/wire/checkpoint-codec.js';
import { decodeEnvelope } from '../../lib/wire/message-codec.js';
import { decodeRecord, encodeEpoch } from '../../lib/wire/record-codec.js';
import { partitionSubjects } from '../../lib/wire/subjects.js';
import { Counter } from './bank.js';
import {
  ask,
  bankHost,
  bytes,
  hostOf,
  MemoryWorker,
  outcomesAt,
  recordingLogger,
  surroundings,
} from './surroundings.js';

/** A hub whose calls meet what `fault` says. */
function around(partitions: number, fault: (call: PortCall) => Fault) {
  const world = surroundings(partitions);
  world.world.faults = { next: fault };
  const seen = async (key: string) => (await world.settle(world.client.entityHead('counter', key)))?.state;
  const signal = (key: string, input: string, operation = 'add') =>
    world.settle(world.client.signal('counter', key, operation, input));
  return { ...world, seen, signal };
}

const counterHost = () => hostOf({ entities: [Counter] });

const recordsOf = (hub: MemoryHub) =>
  Array.from(hub.streams(0).log.all(), ({ body, sequence }) => ({ ...decodeRecord(body, 'A record'), sequence }));

test("C3: from its epoch record on the former owner's append is refused", async (t) => {
  let isSlow = false;
  // The next owner dies of its epoch record; the former one's record is on its way meanwhile.
  const { hub, signal, seen, settle, advance } = around(1, ({ connection, operation }) => {
    if (operation !== 'append') return 'none';
    if (connection === 'former') return isSlow ? { delay: 100 } : 'none';
    if (connection !== 'next') return 'none';
    next.connection.kill();
    return 'responseLost';
  });
  const former = new MemoryWorker(hub, 'former', counterHost());
  const next = new MemoryWorker(hub, 'next', counterHost());
  await settle(former.claim());
  await signal('k', 'one');
  await advance(10);
  isSlow = true;
  await signal('k', 'two');
  await advance(1);
  void next.claim();
  await advance(50);
  const last = recordsOf(hub).at(-1)!;
  t.like(last, { type: 'epoch', epoch: 2 }, 'nothing but the record of the takeover is stored');
  t.like(await settle(former.owners[0]!.ended), { code: 'PERDURE_OWNERSHIP_LOST' });
  t.is(hub.streams(0).log.last, last.sequence);
  await settle(new MemoryWorker(hub, 'third', counterHost()).claim());
  await advance(10_000);
  t.deepEqual(await seen('k'), { seen: ['one', 'two'] });
});

/** Keys of entities in a partition of two. */
function keysIn(partition: number, count: number): string[] {
  const isThere = (key: string): boolean => partitionOf(entityAddress({ name: 'counter', key }), 2) === partition;
  return Array.from({ length: 20 }, (_, i) => `k${i}`)
    .filter(isThere)
    .slice(0, count);
}

test('C5: a zombie sends its envelopes again and nothing is taken twice', async (t) => {
  const [a, b, c] = keysIn(0, 3) as [string, string, string];
  const [target] = keysIn(1, 1) as [string];
  let isReplaced = false;
  // The former owner never learns that its envelopes are stored, nor soon that it is replaced.
  const { hub, signal, seen, settle, advance } = around(2, ({ connection, operation }) => {
    if (connection !== 'former') return 'none';
    return operation === 'send' ? 'responseLost' : { delay: isReplaced ? 1_000 : 0 };
  });
  const own = async (name: string, partition: number) => {
    const connection = hub.connect(name);
    const owner = new PartitionOwner(partition, memoryHubPorts(connection, recordingLogger()), counterHost());
    await settle(owner.claim());
    return connection;
  };
  await own('receiver', 1);
  const former = await own('former', 0);
  for (const key of [a, b]) {
    await signal(key, target, 'forward');
    await advance(5);
  }
  former.process.freeze();
  former.isDeaf = true; // nor is it told what the receiver has of its successor: that alone would end it
  await own('next', 0);
  await advance(6_000);
  await signal(c, target, 'forward');
  await advance(1_000);
  /** The numbers of the entries that were sent. */
  const sent = (): number[] =>
    Array.from(hub.streams(1).mail.all()).flatMap(({ subject, body }) => {
      const decoded = subject === partitionSubjects('test', 1).envelopes && decodeEnvelope(body);
      return decoded && 'value' in decoded && 'entries' in decoded.value ? decoded.value.entries.map(({ n }) => n) : [];
    });
  const [first, again, second, third] = sent() as [number, number, number, number];
  t.is(first, again, 'the next owner sends again what may not have arrived');
  t.true(first < second && second < third);
  isReplaced = true;
  former.process.wake();
  await advance(500);
  t.is(sent()[4], first, 'and so does the former one, behind what is newer');
  await advance(500);
  t.deepEqual(await seen(target), { seen: [`via ${a}`, `via ${b}`, `via ${c}`] });
});

for (const fault of ['responseLost', 'requestLost', { delay: 1_510 }, { delay: 2_000 }] as const)
  test(`C10: an unknown append that is mine, or still expected, is the same record: ${JSON.stringify(fault)}`, async (t) => {
    const faults: Fault[] = [];
    const { hub, signal, seen, settle, advance } = around(1, ({ connection, operation }) =>
      connection === 'w' && operation === 'append' ? (faults.shift() ?? 'none') : 'none',
    );
    const worker = new MemoryWorker(hub, 'w', counterHost());
    await settle(worker.claim());
    const { log } = hub.streams(0);
    const before = log.last;
    faults.push(fault);
    await signal('k', 'one');
    await advance(1_400);
    await signal('k', 'two');
    const stored = log.last;
    t.is(stored, fault === 'responseLost' ? before + 1 : before, 'nothing is stored behind what is not known');
    await advance(3_000);
    t.is(log.last, before + 2, 'the record, and the next one');
    await advance(1_000);
    t.deepEqual(await seen('k'), { seen: ['one', 'two'] });
    const next = new MemoryWorker(hub, 'next', counterHost());
    await settle(next.claim());
    await advance(6_000);
    t.deepEqual(await seen('k'), { seen: ['one', 'two'] });
  });

test("C10: an unknown append behind which another's record stands ends the owner, and nothing of it is left", async (t) => {
  let isLost = false;
  let appends = 0;
  // Only the log tells the former owner that it is replaced: it reaches nothing else.
  const { hub, client, signal, seen, settle, advance } = around(1, ({ connection, port, operation }) =>
    isLost && connection === 'former' && (port === 'views' || (operation === 'append' && appends++ === 0))
      ? 'requestLost'
      : 'none',
  );
  const former = new MemoryWorker(hub, 'former', counterHost());
  await settle(former.claim());
  await signal('k', 'zero');
  await advance(500);
  const told = outcomesAt(client.ports, '_INBOX.told');
  isLost = true;
  const call = { v: 1, kind: 'operation', name: 'add', input: 'one', id: 'x', reply: '_INBOX.told' };
  hub.streams(0).mail.store(partitionSubjects('test', 0).mail('e.counter.k'), bytes(call), hub.world.time);
  await advance(100);
  const next = new MemoryWorker(hub, 'next', counterHost());
  await settle(next.claim());
  const error = await settle(former.owners[0]!.ended);
  t.like(error, { code: 'PERDURE_OWNERSHIP_LOST' });
  t.regex(error!.message, /has a new owner: .* epoch 2, mine is 1/);
  await advance(6_000);
  t.is(appends, 1);
  t.is(told.length, 1, 'the next owner answers, the former one does not');
  t.deepEqual(await seen('k'), { seen: ['zero', 'one'] });
});

/**
 * A former owner whose second checkpoint is on its way for so many milliseconds while the next owner takes over, and what
 * the next ones find.
 */
async function lateCheckpoint(milliseconds: number) {
  const state = (): MemoryStream => world.hub.streams(0).state;
  const stored = () => {
    const found = state().latest(partitionSubjects('test', 0).checkpoint);
    return found && decodeDirectory(found.body, 'The checkpoint');
  };
  let isAwaited = false;
  let isUnderWay = false;
  const world = around(1, ({ connection, port, operation }) => {
    if (!isAwaited || connection !== 'former' || port !== 'views' || operation !== 'write') return 'none';
    const pages = partitionSubjects('test', 0).checkpointPage(1, stored()!.generation + 1, 0);
    if (!state().latest(pages)) return 'none';
    isUnderWay = true;
    return { delay: milliseconds };
  });
  const { hub, signal, seen, settle, advance } = world;
  const directories: number[] = [];
  const former = new MemoryWorker(hub, 'former', counterHost());
  await settle(former.claim());
  for (let i = 0; i < 5; i++) await signal('k', `early${i}`);
  await advance(2_000);
  for (let i = 0; i < 5; i++) {
    await signal('k', `late${i}`);
    await advance(20);
  }
  state().observe(({ subject, body }) => {
    if (subject === partitionSubjects('test', 0).checkpoint)
      directories.push(decodeDirectory(body, 'The checkpoint').epoch);
  });
  isAwaited = true;
  for (let waited = 0; !isUnderWay; waited++) {
    if (waited > 3_000) throw new Error('The former owner stores no second checkpoint');
    await advance(1);
  }
  const next = new MemoryWorker(hub, 'next', counterHost());
  await settle(next.claim());
  await advance(100);
  await signal('k', 'last');
  await advance(50);
  next.connection.kill();
  await settle(new MemoryWorker(hub, 'third', counterHost()).claim());
  await advance(10_000);
  const names = ['early', 'late'].flatMap((word) => Array.from({ length: 5 }, (_, i) => `${word}${i}`));
  return { directories, state: await seen('k'), expected: { seen: [...names, 'last'] } };
}

test('P9: a checkpoint of the former owner that comes late is refused, and no record is missing', async (t) => {
  const seen = new Set<string>();
  for (let late = 0; late <= 12; late++) {
    const { directories, state, expected } = await lateCheckpoint(late);
    t.deepEqual(state, expected, `late by ${late} ms`);
    t.deepEqual(
      directories,
      directories.toSorted((a, b) => a - b),
      `late by ${late} ms: none of an epoch behind that of a later one`,
    );
    seen.add(directories.includes(1) ? 'before the takeover of the checkpoint' : 'refused');
  }
  t.is(seen.size, 2);
});

const status = { kind: 'status', instanceId: 'n' };

test('P16: a frozen owner that wakes answers no read; waiting reads share one barrier', async (t) => {
  let looks = 0;
  const world = around(1, ({ connection, operation }) => {
    if (connection === 'next' && operation === 'last') looks++;
    return 'none';
  });
  const { hub, client, settle, advance } = world;
  const former = new MemoryWorker(hub, 'former', bankHost());
  await settle(former.claim());
  await settle(client.start('nap', 'n', 1_000));
  await advance(100);
  former.connection.process.freeze();
  const next = new MemoryWorker(hub, 'next', bankHost());
  await settle(next.claim());
  await advance(6_000);
  const asking = ask(world, 'o.n', status); // both owners hear it
  former.connection.process.wake();
  t.deepEqual(
    (await asking).map((answer) => answer.kind === 'status' && answer.status?.runtimeStatus),
    ['Completed'],
  );
  t.like(await settle(former.owners[0]!.ended), { code: 'PERDURE_OWNERSHIP_LOST' });

  const { bus } = client.ports;
  let answers = 0;
  bus.subscribe('_INBOX.many', () => answers++);
  const { queries } = partitionSubjects('test', 0);
  const query = bytes({ v: 1, ...status, instanceId: 'm' });
  await settle(client.start('nap', 'm', 60_000));
  await advance(2_000);
  looks = 0;
  bus.publish(queries, query, '_INBOX.many');
  await advance(0.1); // the others arrive while its barrier is under way
  for (let i = 0; i < 50; i++) bus.publish(queries, query, '_INBOX.many');
  await advance(20);
  t.deepEqual([answers, looks], [51, 2]);
});

test('P16: a barrier that began before a read arrived does not answer it', async (t) => {
  const looks: ((isMine: boolean) => void)[] = [];
  const found = (epoch: number, sequence: number) => ({
    sequence,
    subject: 'l',
    time: 0,
    body: encodeEpoch({ epoch, commit: 'c', prev: 0, at: 0, owner: 'w', mail: 0 }),
  });
  const ports = {
    subjects: partitionSubjects('test', 0),
    log: {
      replicas: 1,
      last: () => new Promise((answer) => looks.push((isMine) => answer(isMine ? found(1, 5) : found(2, 6)))),
    },
  } as unknown as PartitionPorts;
  const { clock } = new MemoryWorld().createHub('test', 1).connect('w');
  const committer = { group: { isEmpty: true }, whenAcknowledged: () => Promise.resolve() } as unknown as Committer;
  const barrier = new Barrier({ epoch: 1, sequence: 5 } as PartitionTables, ports, committer, new Loops(clock));
  const turn = () => new Promise((resolve) => setImmediate(resolve));
  const first = barrier.pass();
  await turn();
  const second = barrier.pass(); // meanwhile another owner's record is stored
  await turn();
  t.is(looks.length, 1);
  looks[0]!(true);
  await t.notThrowsAsync(first);
  await turn();
  t.is(looks.length, 2);
  looks[1]!(false);
  await t.throwsAsync(second, { code: 'PERDURE_OWNERSHIP_LOST' });
});
