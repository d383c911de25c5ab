import test from 'ava';
import type { OrchestrationHandle, OrchestrationStatus } from 'perdure';
import { hostOf } from '../engine/surroundings.js';
import { Parcel } from './parcel.js';
import { rejection, Surroundings } from './surroundings.js';

const host = () => hostOf({ orchestrators: [Parcel] });

async function opened() {
  const around = new Surroundings();
  const worker = await around.work('worker', host());
  const say = (handle: OrchestrationHandle, word: string) => around.settle(handle.raiseEvent('Word', word));
  return { around, worker, client: around.client, say };
}

type Statuses = AsyncGenerator<OrchestrationStatus, void>;

/** The next status in short; undefined: that was all. */
async function next(around: Surroundings, statuses: Statuses): Promise<unknown> {
  return inShort(await around.settle(statuses.next()));
}

function inShort({ done, value }: IteratorResult<OrchestrationStatus, void>): unknown {
  return done === true ? undefined : [value.runtimeStatus, value.customStatus, value.source];
}

test('a watch tells how an instance stands, each change as soon as it is committed, and ends with its end', async (t) => {
  const { around, client, say } = await opened();
  const parcel = await around.settle(client.startNew(Parcel, 1, { instanceId: 'p' }));
  await around.advance(10_000);
  const statuses = parcel.watch();
  t.deepEqual(await next(around, statuses), ['Running', 'round 1', 'owner']);
  const timed = async (change: () => Promise<unknown>) => {
    const waiting = statuses.next();
    const before = around.world.time;
    await change();
    const told = inShort(await around.settle(waiting));
    t.true(around.world.time - before < 300, 'it was told, and not found by looking again');
    return told;
  };
  t.deepEqual(await timed(() => say(parcel, 'packed')), ['Running', 'packed', 'owner']);
  t.deepEqual(await timed(() => around.settle(parcel.suspend('rain'))), ['Suspended', 'packed', 'owner']);
  t.deepEqual(await timed(() => around.settle(parcel.resume())), ['Running', 'packed', 'owner']);
  t.deepEqual(await timed(() => say(parcel, 'again')), ['Running', 'round 2', 'owner']);
  t.deepEqual(await timed(() => say(parcel, 'end')), ['Completed', 'round 2', 'owner']);
  t.is(await next(around, statuses), undefined);
  t.deepEqual(
    await next(around, client.getHandle('p').watch()),
    ['Completed', 'round 2', 'owner'],
    'also once it has ended',
  );
});

test('what does not change the status is not told, and of changes that come too fast the last one is', async (t) => {
  const { around, say } = await opened();
  const parcel = await around.settle(around.client.startNew(Parcel, 1, { instanceId: 'p' }));
  const statuses = parcel.watch();
  await next(around, statuses);
  const waiting = next(around, statuses);
  for (let i = 0; i < 5; i++) await say(parcel, 'quiet');
  await around.advance(20_000);
  for (const word of ['a', 'b', 'c']) await say(parcel, word);
  const words = [(await waiting) as unknown[]];
  while (words.at(-1)![1] !== 'c') words.push((await next(around, statuses)) as unknown[]);
  t.true(words.length <= 3);
  const order = ['a', 'b', 'c'];
  t.deepEqual(
    words.map(([, word]) => word),
    order.filter((word) => words.some(([, told]) => told === word)),
    'in their order, each once',
  );
  await around.settle(statuses.return());
});

test('a run that no worker has taken is pending, and one that nobody can tell of is waited for', async (t) => {
  const around = new Surroundings();
  const waiting = next(around, around.client.getHandle('p').watch());
  await around.advance(60_000);
  const parcel = await around.settle(around.client.startNew('parcel', 1));
  const statuses = parcel.watch();
  t.deepEqual(await next(around, statuses), ['Pending', undefined, 'view']);
  const started = around.client.startNew('parcel', 1, { instanceId: 'p' });
  await around.work('worker', host());
  t.deepEqual(await next(around, statuses), ['Running', 'round 1', 'owner']);
  t.deepEqual(await waiting, ['Running', 'round 1', 'owner']);
  await around.settle(started);
});

test('a watch goes on as of the view while no worker is up, says so, and is exact again with the next one', async (t) => {
  const { around, worker, say } = await opened();
  const parcel = await around.settle(around.client.startNew(Parcel, 1, { instanceId: 'p' }));
  await say(parcel, 'packed');
  const statuses = parcel.watch();
  t.deepEqual(await next(around, statuses), ['Running', 'packed', 'owner']);
  await around.advance(1_000);
  worker.connection.kill();
  t.deepEqual(await next(around, statuses), ['Running', 'packed', 'view']);
  await say(parcel, 'sent');
  await around.work('successor', host());
  t.deepEqual(await next(around, statuses), ['Running', 'sent', 'owner']);
});

test('a view that is behind what was told takes nothing back', async (t) => {
  const { around, worker, say } = await opened();
  const parcel = await around.settle(around.client.startNew(Parcel, 1, { instanceId: 'p' }));
  await around.advance(1_000);
  const statuses = parcel.watch();
  await next(around, statuses);
  const told = next(around, statuses);
  await say(parcel, 'packed');
  t.deepEqual(await told, ['Running', 'packed', 'owner']);
  worker.connection.kill(); // before it has stored the head
  t.deepEqual((await around.settle(around.client.listInstances())).instances[0]?.customStatus, 'round 1');
  t.deepEqual(await next(around, statuses), ['Running', 'packed', 'view']);
  await around.work('successor', host());
  t.deepEqual(await next(around, statuses), ['Running', 'packed', 'owner']);
});

test('a watch of one run ends when another takes its place, one of an instance goes on with it until that is purged', async (t) => {
  const { around, client } = await opened();
  const first = await around.settle(client.startNew(Parcel, 1, { instanceId: 'p' }));
  const [ofRun, ofInstance] = [first.watch(), client.getHandle('p').watch()];
  await next(around, ofRun);
  await next(around, ofInstance);
  await around.settle(client.startNew(Parcel, 7, { instanceId: 'p', ifExists: 'replace' }));
  t.is((await rejection(around, () => ofRun.next())).code, 'PERDURE_INSTANCE_REPLACED');
  t.deepEqual(await next(around, ofInstance), ['Running', 'round 7', 'owner']);
  const waiting = rejection(around, () => ofInstance.next());
  await around.settle(Promise.all([client.terminate('p'), client.purge('p')]));
  t.is((await waiting).code, 'PERDURE_NOT_FOUND');
  t.is((await rejection(around, () => client.getHandle('nobody').watch().next())).code, 'PERDURE_NOT_FOUND');
});

test('a watch ends by its signal, its time and the client, and tells which', async (t) => {
  const { around, client } = await opened();
  const parcel = await around.settle(client.startNew(Parcel, 1));
  const end = new AbortController();
  const aborted = parcel.watch({ signal: end.signal });
  await next(around, aborted);
  const reason = rejection(around, () => aborted.next());
  end.abort(new RangeError('enough'));
  t.is((await reason).message, 'enough');
  t.is((await rejection(around, () => parcel.watch({ signal: end.signal }).next())).message, 'enough');
  const late = parcel.watch({ timeoutInMilliseconds: 3_000 });
  await next(around, late);
  const before = around.world.time;
  t.is((await rejection(around, () => late.next())).code, 'PERDURE_TIMEOUT');
  t.true(around.world.time - before <= 3_001);
  t.is((await rejection(around, () => parcel.watch({ timeoutInMilliseconds: -1 }).next())).code, 'PERDURE_CONFIG');
  const closed = parcel.watch();
  await next(around, closed);
  const last = rejection(around, () => closed.next());
  await client.close();
  t.is((await last).code, 'PERDURE_CLOSED');
});

test('inputs and outputs are told unless they are not wanted', async (t) => {
  const { around, client, say } = await opened();
  const parcel = await around.settle(client.startNew(Parcel, 1));
  await say(parcel, 'end');
  const last = async (options: object) => {
    const { input, output } = (await around.settle(parcel.watch(options).next())).value!;
    return { input, output };
  };
  t.deepEqual(await last({}), { input: 1, output: 'delivered' });
  t.deepEqual(await last({ fetchInputsAndOutputs: false }), { input: undefined, output: undefined });
});

test('a status tells the history when it is asked for, and leaves values away when they are not wanted', async (t) => {
  const { around, client, say } = await opened();
  const parcel = await around.settle(client.startNew(Parcel, 1));
  await say(parcel, 'end');
  const plain = await around.settle(parcel.status());
  t.deepEqual([plain.history, plain.input, plain.output], [undefined, 1, 'delivered']);
  const whole = await around.settle(parcel.status({ fetchHistory: true }));
  t.deepEqual(whole.history, await around.settle(parcel.history()));
  t.is(whole.history?.[0]?.type, 'ExecutionStarted');
  const { input, output } = await around.settle(parcel.status({ fetchInputsAndOutputs: false }));
  t.deepEqual([input, output], [undefined, undefined]);
});
