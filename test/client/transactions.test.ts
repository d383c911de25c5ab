import { isDeepStrictEqual } from 'node:util';
import test, { type ExecutionContext } from 'ava';
import type { OrchestrationHandle } from 'perdure';
import { memoryHubPorts } from '../../lib/memory/hub-ports.js';
import { entityAddress, partitionOf } from '../../lib/wire/addresses.js';
import { encodeMessage } from '../../lib/wire/message-codec.js';
import type { Message } from '../../lib/wire/messages.js';
import { hostOf, recordingLogger } from '../engine/surroundings.js';
import { rejection, Surroundings } from './surroundings.js';
import { Account, Luck, pausing, Quiet, Risky, Trade, transfer, type Plan } from './transaction-classes.js';

const luck = new Luck();
const classes = { entities: [Account], orchestrators: [Trade, Quiet, Risky], activities: [luck] };

/** A hub in memory with accounts of 100 each, and orchestrations that change several of them in transactions. */
async function bank() {
  const around = new Surroundings();
  const { client, world } = around;
  const settle = <T>(promise: Promise<T>): Promise<T> => around.settle(promise);
  const worker = await around.work('worker', hostOf(classes));
  pausing.pause = (milliseconds) => new Promise((resolve) => world.scheduler.after(milliseconds, resolve));
  const trade = (instanceId: string, plan: Partial<Plan>): Promise<OrchestrationHandle<unknown>> =>
    settle(client.startNew('trade', { keys: ['a', 'b'], steps: transfer(5), ...plan }, { instanceId }));
  const account = async (key: string) => (await settle(client.readEntityState(Account, key))).entityState;
  const view = async (key: string) =>
    (await settle(client.readEntityState(Account, key, { consistency: 'eventual' }))).entityState?.balance;
  const balances = async () => [(await account('a'))?.balance, (await account('b'))?.balance];
  const go = (name: string) => settle(client.raiseEvent(name, 'Go'));
  const locked = async () =>
    (await settle(client.inspect())).flatMap((status) => (status.worker === undefined ? [] : (status.locked ?? [])));
  return {
    around,
    client,
    worker,
    settle,
    advance: around.advance.bind(around),
    trade,
    account,
    view,
    balances,
    go,
    locked,
  };
}

type Bank = Awaited<ReturnType<typeof bank>>;

/** Nothing is locked, and nothing is prepared any more. */
async function isFree(t: ExecutionContext, { locked, around }: Bank): Promise<void> {
  t.deepEqual(await locked(), []);
  await around.advance(2_000);
  for (const partition of [0, 1]) {
    const { state } = around.hub.streams(partition);
    for (const subject of [...state.subjects()].filter((one) => one.includes('.s.e.'))) {
      const body = new TextDecoder().decode(state.latest(subject)!.body);
      t.notRegex(body, /"(held|lost|voided|prepared)"/, subject);
    }
  }
}

test.serial('P23: what a transaction does is seen by nobody before it is committed, and then by all', async (t) => {
  const scene = await bank();
  const { around, client, settle, advance, trade, view, balances, go, locked } = scene;
  const one = await trade('one', { steps: [[0, 'add', -5], [1, 'add', 5], [0, 'balance'], 'wait'] });
  await advance(1_000);
  t.like(await settle(one.status()), { customStatus: 'waits' });
  const [a] = (await locked()).toSorted((left, right) => (left.address < right.address ? -1 : 1));
  t.like(a, { address: 'e.account.a', lockedBy: 'one', prepared: 1, fencingNumber: 1 });
  t.deepEqual([await view('a'), await view('b')], [undefined, undefined], 'neither exists before it');
  let seen: unknown = 'nothing';
  const reads = Promise.all([client.readEntityState(Account, 'a'), client.callEntity(Account, 'b').balance()]);
  void reads.then(([state, balance]) => (seen = [state.entityState?.balance, balance]));
  const call = client.callEntity(Account, 'a').add(100);
  await advance(20_000);
  t.is(seen, 'nothing', 'exact reads and calls wait');
  await go('one');
  t.deepEqual(await settle(one.result()), [95, 105, 95]);
  await settle(reads);
  t.is(await settle(call), 195);
  t.true(isDeepStrictEqual(seen, [95, 105]) || isDeepStrictEqual(seen, [195, 105]), 'all of it');
  t.deepEqual(await balances(), [195, 105]);
  await around.advance(1_000);
  t.deepEqual([await view('a'), await view('b')], [195, 105]);
  await isFree(t, scene);
});

const abortions: Readonly<Record<string, readonly [plan: Partial<Plan>, output: RegExp]>> = {
  'the body throws': [{ steps: [...transfer(5), 'throw'] }, /^Error: thrown in the body/],
  'an operation fails': [
    {
      steps: [
        [1, 'add', 500],
        [0, 'add', -500],
      ],
    },
    /^EntityOperationFailedError: .*not enough/,
  ],
  'there is no such operation': [{ steps: [...transfer(5), [0, 'nothing']] }, /has no operation "nothing"/],
  'an operation sends too much': [
    { steps: [...transfer(5), [0, 'flood', 'c']] },
    /send from one entity is too large: 150192 > 65536 bytes/,
  ],
  'an operation calls an entity': [{ steps: [...transfer(5), [0, 'ask', 'c']] }, /must not call another entity/],
};

for (const [what, [plan, output]] of Object.entries(abortions))
  test.serial(`P23: nothing of it has happened when ${what}`, async (t) => {
    const scene = await bank();
    const { client, settle, trade, balances, account } = scene;
    await settle(client.callEntity(Account, 'a').add(0));
    await settle(client.callEntity(Account, 'b').add(0));
    t.regex(String(await settle((await trade('one', plan)).result())), output);
    t.deepEqual(await balances(), [100, 100]);
    t.deepEqual(await settle((await trade('two', {})).result()), [95, 105], 'and it can be done again');
    t.is(await account('c'), undefined);
    await isFree(t, scene);
  });

for (const what of ['terminate', 'cancel', 'replace'] as const)
  test.serial(`P23: what ends its orchestration before the decision aborts it: ${what}`, async (t) => {
    const scene = await bank();
    const { client, settle, advance, trade, balances, go } = scene;
    const one = await trade('one', { steps: [...transfer(5), 'wait', ...transfer(5)] });
    await advance(100);
    const two = await trade('two', { steps: transfer(1) });
    if (what === 'replace')
      await settle(client.startNew('quiet', undefined, { instanceId: 'one', ifExists: 'replace' }));
    else await settle(one[what]());
    t.deepEqual(await settle(two.result()), [99, 101]);
    await go('one').catch(() => {});
    t.deepEqual(await balances(), [99, 101]);
    if (what !== 'replace') await settle(client.purge('one'));
    await isFree(t, scene);
  });

for (const after of ['wait', 'fail', 'continue'] as const)
  test.serial(`P23: what ends its orchestration behind the decision changes nothing: ${after}`, async (t) => {
    const scene = await bank();
    const { client, settle, advance, trade, balances } = scene;
    const one = await trade('one', { after });
    await advance(100);
    if (after === 'wait') await settle(one.terminate());
    if (after === 'continue') t.deepEqual(await settle(one.result()), [90, 110]);
    await advance(100);
    await settle(client.purge('one'));
    t.deepEqual(await balances(), after === 'continue' ? [90, 110] : [95, 105]);
    await isFree(t, scene);
  });

test.serial('K4: its time limit does not break the lock: the entity asks, and the orchestration aborts', async (t) => {
  const scene = await bank();
  const { settle, advance, trade, balances, go } = scene;
  const one = await trade('one', { steps: [...transfer(5), 'wait', [0, 'add', -5]], timeout: 10_000 });
  await advance(9_000);
  const two = await trade('two', { steps: transfer(1) });
  await advance(500);
  t.is((await settle(two.status()))?.runtimeStatus, 'Running');
  t.deepEqual(await settle(two.result()), [99, 101]);
  await go('one');
  t.regex(String(await settle(one.result())), /^TransactionAbortedError: .* it took longer than it may/);
  t.deepEqual(await balances(), [99, 101]);
  const history = await settle(one.history());
  t.is(history.filter(({ type }) => type === 'LockReleased').length, 1);
  await isFree(t, scene);
});

test.serial(
  'K4: an orchestration that cannot decide keeps its entities, asked once a minute, and is told of it once',
  async (t) => {
    const scene = await bank();
    const { client, settle, advance, trade, balances, locked, go } = scene;
    const one = await trade('one', { steps: [...transfer(5), 'wait'], timeout: 1_000 });
    await advance(500);
    await settle(one.suspend());
    await advance(600_000);
    t.is((await locked()).length, 2);
    await go('one');
    t.is((await rejection(scene.around, () => client.readEntityState(Account, 'a'))).code, 'PERDURE_TIMEOUT');
    await settle(one.resume());
    t.regex(String(await settle(one.result())), /^TransactionAbortedError/, 'the question came first');
    t.deepEqual((await settle(one.history())).filter(({ type }) => type === 'LockLost').length, 1);
    t.deepEqual(await balances(), [undefined, undefined]);
    await isFree(t, scene);
  },
);

test.serial('an operator who breaks its lock has its orchestration asked', async (t) => {
  const scene = await bank();
  const { client, settle, advance, trade, balances, go } = scene;
  const one = await trade('one', { steps: [...transfer(5), 'wait'] });
  await advance(100);
  t.like(await settle(client.entities.inspect(Account, 'b')), { prepared: 1, lockedBy: { isTransaction: true } });
  t.true(await settle(client.breakLock(Account, 'b')));
  await advance(100);
  t.deepEqual(await balances(), [undefined, undefined]);
  t.false(await settle(client.breakLock(Account, 'b')));
  await go('one');
  t.regex(String(await settle(one.result())), /an operator ended it/);
  await isFree(t, scene);
});

test.serial('what its operations send is sent when it is committed, and never when it is not', async (t) => {
  const scene = await bank();
  const { client, settle, advance, trade, account, go } = scene;
  const steps = [[0, 'tell', 'c'], [0, 'reminded'], 'wait'] as const;
  const one = await trade('one', { steps: [...steps, 'throw'] });
  await advance(100);
  await go('one');
  await settle(one.result());
  const two = await trade('two', { steps });
  await advance(10_000);
  t.is(await account('c'), undefined);
  t.is((await rejection(scene.around, () => client.getHandle('of-a').status())).code, 'PERDURE_NOT_FOUND');
  await go('two');
  t.deepEqual(await settle(two.result()), ['of-a', 1], 'it sees its own reminder');
  await advance(100);
  t.deepEqual((await account('c'))?.log, ['told by a']);
  t.is(await settle(client.getHandle('of-a').result()), 'quiet');
  t.is(await settle(client.callEntity(Account, 'a').reminded()), 1);
  await isFree(t, scene);
});

test.serial('an entity comes to be, and goes, with its transaction', async (t) => {
  const scene = await bank();
  const { settle, trade, account } = scene;
  const made = await trade('made', { steps: [[0, 'isNew'], [0, 'isNew'], [1, 'add', 1], 'throw'] });
  await settle(made.result());
  t.is(await account('a'), undefined);
  await settle((await trade('kept', {})).result());
  const gone = await trade('gone', { steps: [[0, 'close'], 'throw'] });
  await settle(gone.result());
  t.is((await account('a'))?.balance, 95);
  const again = await trade('again', {
    steps: [
      [0, 'close'],
      [0, 'isNew'],
      [0, 'close'],
      [1, 'close'],
      [1, 'add', 1],
    ],
  });
  t.deepEqual(await settle(again.result()), [null, true, null, null, 101]);
  t.is(await account('a'), undefined);
  t.is((await account('b'))?.balance, 101);
  await isFree(t, scene);
});

test.serial('what is prepared outlives its owners: in records, in heads, and by reference', async (t) => {
  const scene = await bank();
  const { around, worker, settle, advance, trade, account, go } = scene;
  const large = 'x'.repeat(600_000);
  await settle(
    (
      await trade('first', {
        steps: [
          [0, 'pad', `${large}1`],
          [1, 'note', 'first'],
        ],
      })
    ).result(),
  );
  const one = await trade('one', {
    steps: [
      [0, 'pad', `${large}2`],
      [0, 'note', 'one'],
      [1, 'tell', 'c'],
      'wait',
      [0, 'note', 'behind'],
      [1, 'reminded'],
    ],
  });
  await advance(5_000); // heads are stored
  await settle(worker.stop());
  const next = await around.work('next', hostOf(classes));
  await advance(1_000);
  next.connection.kill();
  await around.work('last', hostOf(classes));
  await advance(1_000);
  await go('one');
  t.deepEqual(await settle(one.result()), [null, 1, 'of-b', 2, 1]);
  await advance(100);
  t.is((await account('a'))?.pad, `${large}2`);
  t.deepEqual((await account('a'))?.log, ['one', 'behind']);
  t.deepEqual((await account('c'))?.log, ['told by b']);
  const two = await trade('two', { steps: [[0, 'pad', `${large}3`], 'throw'] });
  await settle(two.result());
  t.is((await account('a'))?.pad, `${large}2`);
  await isFree(t, scene);
});

test.serial('an asynchronous operation of it runs again when its process has died', async (t) => {
  const scene = await bank();
  const { around, worker, settle, advance, trade, balances } = scene;
  const one = await trade('one', {
    steps: [
      [1, 'add', 1],
      [0, 'slowly', 5_000],
      [1, 'add', 1],
    ],
  });
  await advance(2_000);
  worker.connection.kill();
  await around.work('next', hostOf(classes));
  t.deepEqual(await settle(one.result()), [101, null, 102]);
  t.deepEqual(await balances(), [101, 102]);
  await isFree(t, scene);
});

test.serial(
  'transactions over the same accounts follow each other, and one over one account twice is one',
  async (t) => {
    const scene = await bank();
    const { settle, trade, balances, account } = scene;
    const trades = [];
    for (let at = 0; at < 10; at++)
      trades.push(await trade(`t${at}`, { keys: at % 2 === 0 ? ['a', 'b'] : ['b', 'a'], steps: transfer(at) }));
    for (const one of trades) t.true(Array.isArray(await settle(one.result())));
    t.deepEqual(await balances(), [105, 95]);
    t.deepEqual(await settle((await trade('same', { keys: ['d', 'd'] })).result()), [95, 100]);
    t.is((await account('d'))?.balance, 100);
    await isFree(t, scene);
  },
);

test.serial('an execution that failed in its body cannot be rewound, one that failed behind it can', async (t) => {
  const scene = await bank();
  const { around, client, settle, balances } = scene;
  luck.isBad = true;
  const [inside, outside] = [
    await settle(client.startNew('risky', true)),
    await settle(client.startNew('risky', false)),
  ];
  for (const one of [inside, outside])
    t.is((await rejection(around, () => one.result())).code, 'PERDURE_ORCHESTRATION_FAILED');
  t.is((await balances())[0], 95, 'one is aborted, one committed');
  luck.isBad = false;
  const refused = await rejection(around, () => inside.rewind('again'));
  t.is(refused.code, 'PERDURE_NOT_REWINDABLE');
  t.regex(refused.message, /^Cannot rewind an orchestration with an unreleased entity lock: /);
  await settle(outside.rewind('again'));
  t.is(await settle(outside.result()), 'done');
  t.is((await balances())[0], 95, 'once');
  await settle(inside.restart());
  await around.advance(100);
  t.is((await balances())[0], 90);
  await isFree(t, scene);
});

test.serial('an entity whose orchestration nobody knows is told so, and forgets what is prepared', async (t) => {
  const scene = await bank();
  const { around, client, settle, balances, locked } = scene;
  const ports = memoryHubPorts(around.hub.connect('stranger'), recordingLogger());
  const address = entityAddress({ name: 'account', key: 'a' });
  const partition = partitionOf(address, 2);
  const send = (message: Message) =>
    settle(ports.mailOf(partition).send(ports.subjects.partition(partition).mail(address), encodeMessage(message)));
  const holder = { address: 'o.nobody', executionId: 'x1', taskId: 0 };
  await send({ kind: 'lockRequest', holder, entities: [address], fences: [], lease: 5_000, transaction: true });
  await send({
    kind: 'operation',
    name: 'add',
    input: -5,
    caller: { ...holder, taskId: 1 },
    lock: { id: 0, fence: 1 },
  });
  await around.advance(1_000);
  t.like((await locked())[0], { lockedBy: 'nobody', prepared: 1 });
  await around.advance(5_000);
  t.deepEqual(await locked(), []);
  t.is((await balances())[0], undefined);
  t.is(await settle(client.callEntity(Account, 'a').add(1)), 101);
});
