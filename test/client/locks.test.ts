import test, { type ExecutionContext } from 'ava';
import type { OrchestrationHandle } from 'perdure';
import { memoryHubPorts } from '../../lib/memory/hub-ports.js';
import { entityAddress, orchestrationAddress, partitionOf } from '../../lib/wire/addresses.js';
import { encodeMessage } from '../../lib/wire/message-codec.js';
import { partitionSubjects } from '../../lib/wire/subjects.js';
import { hostOf, recordingLogger } from '../engine/surroundings.js';
import { Account, Failing, Fate, Holder, Nested, pausing, Slow, type Section } from './lock-classes.js';
import { rejection, Surroundings } from './surroundings.js';

const fate = new Fate();
const classes = { entities: [Account], orchestrators: [Holder, Slow, Nested, Failing], activities: [fate] };

/** A hub in memory with accounts that orchestrations lock. */
async function bank() {
  const around = new Surroundings();
  const { client, world } = around;
  const settle = <T>(promise: Promise<T>): Promise<T> => around.settle(promise);
  const worker = await around.work('worker', hostOf(classes));
  pausing.pause = (milliseconds) => new Promise((resolve) => world.scheduler.after(milliseconds, resolve));
  const hold = (section: Partial<Section> & Pick<Section, 'name'>): Promise<OrchestrationHandle<unknown>> =>
    settle(client.startNew('holder', { keys: ['a', 'b'], ...section }, { instanceId: section.name }));
  const account = (key: string) => settle(client.readEntityState(Account, key));
  const log = async (key: string): Promise<readonly string[]> => (await account(key)).entityState?.log ?? [];
  const go = (name: string) => settle(client.raiseEvent(name, 'Go'));
  const locked = async () =>
    (await settle(client.inspect())).flatMap((status) => (status.worker === undefined ? [] : (status.locked ?? [])));
  return { around, client, worker, settle, advance: around.advance.bind(around), hold, account, log, go, locked };
}

type Bank = Awaited<ReturnType<typeof bank>>;

/** Nothing is locked, and nothing is remembered of locks that have ended. */
async function isFree(t: ExecutionContext, { locked, around }: Bank): Promise<void> {
  t.deepEqual(await locked(), []);
  await around.advance(2_000);
  for (const partition of [0, 1])
    for (const [subject, body] of heads(around, partition)) t.notRegex(body, /"(held|lost|voided)"/, subject);
}

function heads({ hub }: Surroundings, partition: number): readonly (readonly [string, string])[] {
  const { state } = hub.streams(partition);
  return [...state.subjects()]
    .filter((subject) => subject.includes('.s.e.'))
    .map((subject) => [subject, new TextDecoder().decode(state.latest(subject)!.body)] as const);
}

test.serial(
  'P22: while it is locked an entity takes the operations of the holder alone, others wait in their order',
  async (t) => {
    const scene = await bank();
    const { client, settle, advance, hold, log, go, locked } = scene;
    const first = await hold({ name: 'first' });
    await advance(100);
    t.like(await settle(first.status()), { customStatus: 'locked' });
    await settle(client.signalEntity(Account, 'a').note('signal'));
    const call = client.callEntity(Account, 'a').note('call');
    const second = await hold({ name: 'second', keys: ['a'] });
    const third = await hold({ name: 'third', keys: ['b', 'a'] });
    await settle(client.signalEntity(Account, 'a').note('last'));
    await advance(5_000);
    t.deepEqual(await log('a'), ['first+']);
    const [a, b] = (await locked()).toSorted((left, right) => (left.address < right.address ? -1 : 1));
    t.like(a, { address: 'e.account.a', lockedBy: 'first', fencingNumber: 1, waiting: 5 });
    t.is(a!.until - a!.since, 300_000);
    t.like(b, { address: 'e.account.b', lockedBy: 'first', waiting: 0 });
    await go('first');
    t.is(await settle(first.result()), 'done');
    t.is(await settle(call), 4);
    await advance(100);
    t.like(await settle(second.status()), { customStatus: 'locked' });
    t.is((await settle(third.status()))?.customStatus, undefined, 'fair: it came later');
    await go('second');
    await advance(100);
    await go('third');
    t.is(await settle(third.result()), 'done');
    await advance(100);
    t.deepEqual(await log('a'), [
      'first+',
      'first-',
      'signal',
      'call',
      'second+',
      'second-',
      'third+',
      'third-',
      'last',
    ]);
    await isFree(t, scene);
  },
);

for (const end of ['complete', 'fail', 'continue'] as const)
  test.serial(`P22: the record that ends an execution releases its locks: ${end}`, async (t) => {
    const scene = await bank();
    const { hold, go, advance, account, log } = scene;
    await hold({ name: 'one', end });
    await advance(100);
    t.like(await account('a'), { lockedBy: { instanceId: 'one' } });
    await hold({ name: 'two', keys: ['a'] });
    await go('one');
    await advance(100);
    t.like(await account('a'), { lockedBy: { instanceId: 'two' } });
    t.is((await account('b')).lockedBy, undefined);
    await go('two');
    if (end === 'continue') await go('one');
    await advance(100);
    t.deepEqual(await log('a'), ['one+', 'one-', 'two+', 'two-']);
    await isFree(t, scene);
  });

for (const what of ['terminate', 'cancel', 'replace'] as const)
  test.serial(`P22: so does what ends it from outside: ${what}`, async (t) => {
    const scene = await bank();
    const { client, settle, hold, go, advance, log } = scene;
    const one = await hold({ name: 'one' });
    await advance(100);
    await hold({ name: 'two' });
    await advance(100);
    if (what === 'replace')
      await settle(client.startNew('holder', { keys: ['c'], name: 'one' }, { instanceId: 'one', ifExists: 'replace' }));
    else await settle(one[what]());
    await advance(100);
    await go('two');
    if (what === 'replace') await go('one');
    await advance(100);
    t.deepEqual(await log('b'), ['one+', 'two+', 'two-']);
    if (what !== 'replace') await settle(client.purge('one'));
    await isFree(t, scene);
  });

test.serial('P22: a cancellation follows the request from entity to entity, wherever that is', async (t) => {
  const scene = await bank();
  const { settle, hold, go, advance, log, locked } = scene;
  await hold({ name: 'last', keys: ['c'] });
  await advance(100);
  const waiting = await hold({ name: 'waiting', keys: ['a', 'b', 'c'] });
  await advance(100);
  const behind = await hold({ name: 'behind', keys: ['a', 'b'] });
  await advance(100);
  t.is((await locked()).length, 3);
  await settle(waiting.terminate());
  await advance(100);
  t.like(await settle(behind.status()), { customStatus: 'locked' });
  await settle(behind.terminate());
  await go('last');
  await advance(100);
  t.deepEqual(await log('c'), ['last+', 'last-']);
  await isFree(t, scene);
});

test.serial('a lease that runs out ends the lock, and the next use of it fails', async (t) => {
  const scene = await bank();
  const { settle, hold, go, advance, log } = scene;
  const one = await hold({ name: 'one', lease: 10_000 });
  await advance(100);
  const two = await hold({ name: 'two' });
  await advance(9_000);
  t.deepEqual(await log('a'), ['one+']);
  await advance(2_000);
  t.like(await settle(two.status()), { customStatus: 'locked' });
  t.deepEqual(
    (await settle(one.history())).filter(({ type }) => type === 'LockLost').map((event) => 'id' in event && event.id),
    [0, 0],
  );
  await go('one');
  t.is(await settle(one.result()), 'lost');
  await go('two');
  t.is(await settle(two.result()), 'done');
  t.deepEqual(await log('a'), ['one+', 'two+', 'two-']);
  await isFree(t, scene);
});

test.serial('the wait for the other entities counts for the lease, and fails the request', async (t) => {
  const scene = await bank();
  const { settle, hold, go, advance } = scene;
  await hold({ name: 'last', keys: ['b'] });
  await advance(100);
  const one = await hold({ name: 'one', keys: ['a', 'b'], lease: 1_000 });
  await advance(2_000);
  t.is(await settle(one.result()), 'lost');
  await go('last');
  await advance(100);
  await isFree(t, scene);
});

test.serial(
  'an operation that was called under a lock cannot call what is locked with it, also through others, and is told the cycle',
  async (t) => {
    const scene = await bank();
    const { around, client, settle, advance, worker, account } = scene;
    const nested = async (instanceId: string, path: readonly [string, ...string[]], waits = false) => {
      const handle = await settle(client.startNew(Nested, { keys: ['b', 'x', 'a'], path, waits }, { instanceId }));
      return () => rejection(around, () => handle.result());
    };
    const began = around.world.time;
    t.regex((await (await nested('one', ['a', 'b']))()).message, cycle('b', 'one', 'a'));
    t.regex((await (await nested('two', ['x', 'c', 'd', 'b']))()).message, cycle('b', 'two', 'x', 'c', 'd'));
    t.is(await settle((await settle(client.startNew(Nested, { keys: ['a', 'b'], path: ['a', 'c'] }))).result()), 101);
    t.true(around.world.time - began < 5_000, 'at once');
    const failure = await nested('three', ['a', 'b'], true);
    await advance(2_000);
    worker.connection.kill();
    await around.work('successor', hostOf(classes));
    await settle(client.raiseEvent('three', 'Go'));
    t.regex((await failure()).message, cycle('b', 'three', 'a'));
    await isFree(t, scene);
    t.is((await account('b')).entityExists, false, 'nothing was sent to it');
  },
);

function cycle(first: string, holder: string, ...others: string[]): RegExp {
  const entities = others.map((key) => `e\\.account\\.${key} -> `).join('');
  return new RegExp(`: e\\.account\\.${first} -> o\\.${holder} -> ${entities}e\\.account\\.${first}\\.`);
}

test.serial('an operator breaks a lock: whoever waits has its turn, and the holder is told', async (t) => {
  const scene = await bank();
  const { client, settle, hold, go, advance, log } = scene;
  const one = await hold({ name: 'one' });
  await advance(100);
  const call = client.callEntity(Account, 'a').note('call');
  await advance(100);
  t.true(await settle(client.breakLock(Account, 'a')));
  t.is(await settle(call), 2);
  t.false(await settle(client.breakLock('account', 'a')));
  await go('one');
  t.is(await settle(one.result()), 'lost');
  await advance(100);
  t.deepEqual(await log('b'), ['one+']);
  await isFree(t, scene);
});

test.serial(
  'an operation that is under way when its lease runs out is carried out, and the ones behind it are not',
  async (t) => {
    const scene = await bank();
    const { client, settle, advance, log } = scene;
    const slow = await settle(client.startNew('slow', { keys: ['a', 'b'], milliseconds: 3_000, lease: 1_000 }));
    await advance(100);
    await settle(client.signalEntity(Account, 'a').note('behind'));
    t.is(await settle(slow.result()), 'lost');
    await advance(100);
    t.deepEqual([await log('a'), await log('b')], [['slow', 'behind'], []]);
    await isFree(t, scene);
  },
);

test.serial('locks outlive their owners, with all who wait: parked, passivated, and taken over', async (t) => {
  const scene = await bank();
  const { around, client, worker, settle, hold, go, advance, log, locked } = scene;
  await hold({ name: 'one' });
  await advance(100);
  for (const name of ['two', 'three']) await hold({ name, keys: ['a'] });
  for (let number = 0; number < 300; number++) await settle(client.signalEntity(Account, 'a').note(String(number)));
  await advance(5_000);
  await settle(worker.stop());
  const next = await around.work('next', hostOf(classes));
  await advance(3_000);
  t.is((await locked()).find(({ address }) => address === 'e.account.a')?.waiting, 302);
  await go('one');
  await advance(500);
  next.connection.kill();
  await around.work('last', hostOf(classes));
  await advance(3_000);
  t.deepEqual(await log('a'), ['one+', 'one-', 'two+']);
  await go('two');
  await advance(100);
  await go('three');
  await advance(2_000);
  const all = await log('a');
  t.deepEqual(all.slice(0, 6), ['one+', 'one-', 'two+', 'two-', 'three+', 'three-']);
  t.deepEqual(
    all.slice(6),
    Array.from({ length: 300 }, (_, number) => String(number)),
  );
  await isFree(t, scene);
});

test.serial('K3: the slow operation of a holder has its turn at the next owner, before all who wait', async (t) => {
  const scene = await bank();
  const { around, client, worker, settle, advance, log } = scene;
  const slow = await settle(client.startNew('slow', { keys: ['a', 'b'], milliseconds: 10_000 }));
  await advance(100);
  for (const key of ['a', 'b']) await settle(client.signalEntity(Account, key).note('behind'));
  await advance(5_000); // others are parked by now
  worker.connection.kill();
  await around.work('next', hostOf(classes));
  await advance(30_000);
  t.is(await settle(slow.result()), 'done');
  await advance(100);
  t.deepEqual(
    [await log('a'), await log('b')],
    [
      ['slow', 'behind'],
      ['slow', 'behind'],
    ],
  );
  await isFree(t, scene);
});

test.serial('a lease that ran out while nobody owned the entity ends with the next owner', async (t) => {
  const scene = await bank();
  const { around, worker, settle, hold, advance } = scene;
  await hold({ name: 'one', lease: 5_000 });
  const two = await hold({ name: 'two' });
  await advance(100);
  await settle(worker.stop());
  await advance(60_000);
  await around.work('next', hostOf(classes));
  await advance(100);
  t.like(await settle(two.status()), { customStatus: 'locked' });
  await settle(two.terminate());
});

test.serial(
  'what is locked can be deleted, and what was never there can be locked, also without its class',
  async (t) => {
    const scene = await bank();
    const { around, client, settle, hold, account, advance } = scene;
    const closing = await settle(client.startNew('holder', { keys: ['new'], name: 'one' }));
    await advance(100);
    t.like(await account('new'), { entityExists: true });
    const call = client.callEntity(Account, 'new').close();
    await settle(closing.terminate());
    await settle(call);
    t.like(await account('new'), { entityExists: false, lockedBy: undefined });
    const lost = await around.settle(rejection(around, () => client.breakLock('account', '')));
    t.is(lost.code, 'PERDURE_INVALID_ID');
    const two = await hold({ name: 'two', keys: ['new'] });
    await advance(100);
    t.like(await account('new'), { entityExists: true, lockedBy: { instanceId: 'two' } });
    await settle(two.terminate());
    await isFree(t, scene);
  },
);

test.serial('a read is answered whoever has locked the entity', async (t) => {
  const { hold, account, advance } = await bank();
  await hold({ name: 'one' });
  await advance(100);
  t.like(await account('a'), { entityState: { balance: 100, log: ['one+'] }, source: 'owner' });
});

test.serial(
  'an execution that failed in a critical section cannot be rewound, one that failed behind it can',
  async (t) => {
    const scene = await bank();
    const { around, client, settle, advance } = scene;
    fate.fails = true;
    const inside = await settle(client.startNew('failing', true));
    const outside = await settle(client.startNew('failing', false));
    await advance(100);
    fate.fails = false;
    const refused = await rejection(around, () => inside.rewind('again'));
    t.is(refused.code, 'PERDURE_NOT_REWINDABLE');
    t.regex(refused.message, /^Cannot rewind an orchestration with an unreleased entity lock: /);
    await settle(outside.rewind('again'));
    t.is(await settle(outside.result()), 'done');
    t.is((await settle(inside.status())).runtimeStatus, 'Failed');
    await isFree(t, scene);
  },
);

test.serial('locks whose holders have ended or are gone are ended by whoever cleans up, and no others', async (t) => {
  const scene = await bank();
  const { client, settle, hold, advance, locked, around, log } = scene;
  await hold({ name: 'first', keys: ['a'] });
  const ports = memoryHubPorts(around.hub.connect('stranger'), recordingLogger());
  const lock = (key: string, holder: string): Promise<unknown> => {
    const address = entityAddress({ name: 'account', key });
    const request = {
      kind: 'lockRequest',
      holder: { address: orchestrationAddress(holder), executionId: 'e', taskId: 1 },
      entities: [address],
      fences: [],
      lease: 86_400_000,
    } as const;
    const partition = partitionOf(address, 2);
    const subject = partitionSubjects('test', partition).mail(address);
    return settle(ports.mailOf(partition).send(subject, encodeMessage(request), `lock-${key}`));
  };
  await lock('c', 'never was');
  await settle(client.startNew('holder', { keys: ['x'], name: 'ended' }, { instanceId: 'ended' }));
  await settle(client.terminate('ended'));
  await lock('d', 'ended');
  await advance(1_000);
  t.deepEqual((await locked()).map(({ lockedBy }) => lockedBy).toSorted(), ['ended', 'first', 'never was']);
  await settle(client.signalEntity(Account, 'c').note('waits'));
  t.deepEqual(await settle(client.cleanEntityStorage({ releaseOrphanedLocks: false })), {
    emptyEntitiesRemoved: 0,
    orphanedLocksReleased: 0,
  });
  t.deepEqual(await settle(client.cleanEntityStorage()), { emptyEntitiesRemoved: 0, orphanedLocksReleased: 2 });
  await advance(1_000);
  t.deepEqual(
    (await locked()).map(({ lockedBy }) => lockedBy),
    ['first'],
  );
  t.deepEqual(await log('c'), ['waits']);
  const many = Array.from({ length: 250 }, (_, at) => `many-${at}`);
  for (const key of many) await lock(key, 'never was');
  await advance(1_000);
  t.like(await settle(client.cleanEntityStorage()), { orphanedLocksReleased: 250 });
});
