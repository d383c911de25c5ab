import test, { type ExecutionContext } from 'ava';
import {
  ActivityContext,
  OrchestrationContext,
  OrchestrationTerminatedError,
  type Orchestration,
  type OrchestrationHandle,
} from 'perdure';
import { Activity, Orchestrator, Run } from 'perdure/decorators';
import type { FaultPlan } from '../../lib/memory/faults.js';
import { hostOf } from '../engine/surroundings.js';
import {
  Booking,
  Fan,
  Family,
  Fleeting,
  Gather,
  Late,
  orchestrators,
  Planner,
  Rounds,
  Stubborn,
  Tree,
  Weekly,
  Work,
} from './lifecycle-classes.js';
import { rejection, Surroundings } from './surroundings.js';

/** A hub in memory whose worker has the classes of the lifecycle. */
async function lifecycle() {
  const around = new Surroundings();
  const work = new Work();
  const start = (name = 'worker') => around.work(name, hostOf({ orchestrators, activities: [work] }));
  const worker = await start();
  const settle = <T>(promise: Promise<T>): Promise<T> => around.settle(promise);
  const status = async (handle: OrchestrationHandle) => (await settle(handle.status())).runtimeStatus;
  /** The subjects of what is stored of instances. */
  const stored = (): string[] =>
    [0, 1]
      .flatMap((partition) => [...around.hub.streams(partition).state.subjects()])
      .filter((subject) => /^pd\.test\.\d\.[shw]\./.test(subject));
  return {
    around,
    client: around.client,
    work,
    worker,
    start,
    settle,
    status,
    stored,
    advance: around.advance.bind(around),
  };
}

async function refused(
  t: ExecutionContext,
  { around }: { around: Surroundings },
  call: () => unknown,
  code: string,
): Promise<void> {
  t.is((await rejection(around, call)).code, code);
}

test('a suspended instance takes nothing until it is resumed, and then all of it in order', async (t) => {
  const { client, settle, status, advance } = await lifecycle();
  const handle = await settle(client.startNew(Gather, 3));
  await settle(handle.raiseEvent('Item', 1));
  await settle(handle.suspend('the night'));
  t.like(await settle(handle.status()), { runtimeStatus: 'Suspended', reason: 'the night' });
  await settle(handle.suspend('again'));
  for (const item of [2, 3]) await settle(handle.raiseEvent('Item', item));
  await advance(5_000);
  t.like(await settle(handle.status()), { runtimeStatus: 'Suspended', reason: 'the night' });
  await settle(handle.resume('the day'));
  t.deepEqual(await settle(handle.result()), [1, 2, 3]);
  t.is(await status(handle), 'Completed');
  const types = (await settle(handle.history())).map(({ type }) => type);
  t.deepEqual(
    types.filter((type) => /Suspended|Resumed/.test(type)),
    ['ExecutionSuspended', 'ExecutionResumed'],
  );
});

test('what runs in parallel goes on while the instance is suspended, also over another worker', async (t) => {
  const { client, work, worker, start, settle, status, advance } = await lifecycle();
  const handle = await settle(client.startNew(Rounds, 3));
  await settle(handle.suspend());
  await advance(5_000);
  t.is(work.done.length, 3, 'the first round is done, and no other begins');
  await settle(worker.stop());
  await start('next');
  await advance(5_000);
  t.is(await status(handle), 'Suspended');
  t.is(work.done.length, 3);
  await settle(handle.resume());
  await settle(handle.resume('of no effect'));
  t.is((await settle(handle.result())).length, 9);
});

test('R5: what a suspension does not bring about in memory it does not bring about on replay', async (t) => {
  const { around, client, start, worker, settle, status, advance } = await lifecycle();
  const handle = await settle(client.startNew(Late, undefined, { instanceId: 'late' }));
  await advance(5_000);
  await settle(handle.suspend());
  await settle(handle.resume());
  await advance(1_000);
  await settle(handle.raiseEvent('Anything'));
  await settle(worker.stop());
  await start('successor');
  await settle(around.client.raiseEvent('late', 'End'));
  await advance(1_000);
  t.is(await status(handle), 'Completed');
  t.is((await settle(handle.status())).output, 'done late');
});

test('a timer that is due while the instance is suspended keeps its place among what comes', async (t) => {
  const { client, settle, advance } = await lifecycle();
  const handle = await settle(client.startNew(Rounds, 1));
  await advance(20);
  await settle(handle.suspend());
  await advance(5_000);
  await settle(handle.resume());
  t.is((await settle(handle.result())).length, 3);
  const history = await settle(handle.history());
  t.deepEqual(
    history.slice(-3).map(({ type }) => type),
    ['ExecutionResumed', 'TimerFired', 'ExecutionCompleted'],
  );
});

test('a tree of three levels is terminated from its root: activities are told, and nothing runs any more', async (t) => {
  const { client, work, settle, status, advance, around } = await lifecycle();
  const root = await settle(client.startNew(Tree, 2, { instanceId: 'root' }));
  await advance(1_000);
  t.is(work.done.length, 4);
  await settle(root.terminate({ done: false }, { reason: 'enough' }));
  await advance(1_000);
  t.is(work.aborted.length, 4);
  for (const id of ['root', 'root.a', 'root.b', 'root.a.a', 'root.a.b', 'root.b.a', 'root.b.b'])
    t.is(await status(client.getHandle(id)), 'Terminated', id);
  const error = (await rejection(around, () => root.result())) as OrchestrationTerminatedError;
  t.true(error instanceof OrchestrationTerminatedError);
  t.deepEqual([error.reason, error.output], ['enough', { done: false }]);
  t.like(await settle(root.status()), { reason: 'enough', output: { done: false } });
  t.is(work.done.length, 4, 'nothing was undone');
  await refused(t, { around }, () => root.terminate(), 'PERDURE_INSTANCE_ENDED');
  await refused(t, { around }, () => root.suspend(), 'PERDURE_INSTANCE_ENDED');
});

test('children are left alone when that is asked for, and their parent hears of one that is terminated', async (t) => {
  const { client, settle, status, advance, around } = await lifecycle();
  const root = await settle(client.startNew(Tree, 1, { instanceId: 'root' }));
  await advance(500);
  await settle(client.terminate('root.a'));
  await advance(500);
  t.is(await status(root), 'Running');
  await settle(client.terminate('root.b', undefined, { reason: 'both' }));
  t.regex((await rejection(around, () => root.result())).message, /root\.b was terminated: both/);
  const other = await settle(client.startNew(Tree, 1, { instanceId: 'other' }));
  await advance(500);
  await settle(other.terminate(undefined, { recursive: false }));
  await advance(500);
  t.is(await status(client.getHandle('other.a')), 'Running');
});

test('a suspended instance is terminated at once', async (t) => {
  const { client, settle, status } = await lifecycle();
  const handle = await settle(client.startNew(Gather, 1));
  await settle(handle.suspend());
  await settle(handle.raiseEvent('Item', 1));
  await settle(handle.terminate());
  t.is(await status(handle), 'Terminated');
});

test('a canceled instance undoes what it did, and ends as canceled', async (t) => {
  const { client, work, settle, advance, around } = await lifecycle();
  const handle = await settle(client.startNew(Booking, 'room'));
  await advance(500);
  await settle(handle.cancel('changed plans'));
  await settle(handle.cancel('again'));
  await advance(500);
  t.deepEqual(work.aborted, ['room'], 'the activity in flight is told at once');
  t.like(await settle(handle.status()), { runtimeStatus: 'Running', customStatus: 'cleaning up' });
  const error = await rejection(around, () => handle.result());
  t.is(error.code, 'PERDURE_ORCHESTRATION_CANCELED');
  t.deepEqual(work.done, ['book room', 'room', 'release room']);
  t.like(await settle(handle.status()), { runtimeStatus: 'Canceled', reason: 'changed plans' });
  await refused(t, { around }, () => handle.cancel(), 'PERDURE_INSTANCE_ENDED');
});

test('an instance that is canceled and returns has completed, also when another worker cleans up', async (t) => {
  const { client, settle, status, advance, worker, start } = await lifecycle();
  const handle = await settle(client.startNew(Booking, 'room'));
  await advance(500);
  await settle(handle.cancel('keep'));
  await settle(worker.stop());
  await start('next');
  t.is(await settle(handle.result()), 'kept');
  t.is(await status(handle), 'Completed');
});

test('a cancellation that is caught before the code continues as new is dealt with; the next execution may be canceled again', async (t) => {
  const { client, worker, start, settle, status, advance } = await lifecycle();
  const caught = await settle(client.startNew(Stubborn, 1));
  await settle(caught.cancel('first'));
  await advance(1_000);
  t.is(await status(caught), 'Running');
  t.is((await settle(caught.status())).input, 2);
  await settle(worker.stop());
  await start('next'); // replays the next execution, which has not been canceled
  await settle(caught.cancel('second'));
  await advance(1_000);
  t.like(await settle(caught.status()), { runtimeStatus: 'Canceled', reason: 'second' });

  const kept = await settle(client.startNew(Stubborn, 1));
  await settle(kept.cancel());
  await settle(kept.raiseEvent('Word', 'hi'));
  t.is(await settle(kept.result()), 'hi in round 2');
});

test('a cancellation that the code has not seen when it continues as new reaches the next execution', async (t) => {
  const { client, settle, advance } = await lifecycle();
  const handle = await settle(client.startNew(Stubborn, 1));
  await settle(handle.suspend());
  await settle(handle.raiseEvent('Word', 'round'));
  await settle(handle.cancel('enough'));
  await settle(handle.resume());
  await advance(1_000);
  const { runtimeStatus, reason, input } = await settle(handle.status());
  t.deepEqual({ runtimeStatus, reason, input }, { runtimeStatus: 'Canceled', reason: 'enough', input: 2 });
});

test('a canceled parent and its children all clean up', async (t) => {
  const { client, work, settle, status, advance } = await lifecycle();
  const root = await settle(client.startNew(Tree, 1, { instanceId: 'root' }));
  await advance(500);
  await settle(root.cancel('all of it'));
  await advance(2_000);
  t.deepEqual(work.done.filter((name) => name.startsWith('undo')).toSorted(), [
    'undo root',
    'undo root.a',
    'undo root.b',
  ]);
  for (const id of ['root', 'root.a', 'root.b']) t.is(await status(client.getHandle(id)), 'Canceled', id);
});

test('a canceled instance that is suspended cleans up once it is resumed', async (t) => {
  const { client, settle, status, advance } = await lifecycle();
  const handle = await settle(client.startNew(Booking, 'room'));
  await advance(500);
  await settle(handle.suspend());
  await settle(handle.cancel());
  await advance(2_000);
  t.is(await status(handle), 'Suspended');
  await settle(handle.resume());
  await advance(2_000);
  t.is(await status(handle), 'Canceled');
});

test('children that were suspended with their parent clean up when it is canceled, before or after it is resumed alone', async (t) => {
  const { client, work, settle, status, advance } = await lifecycle();
  for (const [id, first] of [
    ['resumed', 'resume'],
    ['canceled', 'cancel'],
  ] as const) {
    const root = await settle(client.startNew(Tree, 1, { instanceId: id }));
    await advance(500);
    await settle(root.suspend('the night', { recursive: true }));
    await advance(500);
    await settle(root[first]());
    await settle(first === 'resume' ? root.cancel() : root.resume());
    await advance(2_000);
    for (const each of [id, `${id}.a`, `${id}.b`]) t.is(await status(client.getHandle(each)), 'Canceled', each);
  }
  t.is(work.done.filter((name) => name.startsWith('undo')).length, 6);
  const resumed = await settle(client.getHandle('resumed.a').history());
  t.true(resumed.some(({ type }) => type === 'ExecutionResumed'));
});

test('a child that somebody suspended by itself cleans up once it is resumed', async (t) => {
  const { client, settle, status, advance } = await lifecycle();
  const root = await settle(client.startNew(Tree, 1, { instanceId: 'root' }));
  await advance(500);
  await settle(client.suspend('root.a', 'is looked at'));
  await settle(root.cancel());
  await advance(2_000);
  t.deepEqual(
    [await status(client.getHandle('root.a')), await status(client.getHandle('root.b'))],
    ['Suspended', 'Canceled'],
  );
  await settle(client.resume('root.a'));
  await advance(2_000);
  t.is(await status(client.getHandle('root.a')), 'Canceled');
});

test('what a client has started is found by all its handles at once, also before its owner has taken it', async (t) => {
  // An owner takes no more mail until a letter that is kept has its place: until then it knows nothing of a start behind that.
  const slowLetters: FaultPlan = { next: ({ port }) => (port === 'deadLetters' ? { delay: 1_000 } : 'none') };
  const around = new Surroundings({ faults: slowLetters });
  await around.work('worker', hostOf({ orchestrators, activities: [new Work()] }));
  const { client, hub, world } = around;
  const start = async () => {
    for (const partition of [0, 1])
      hub.streams(partition).mail.store(`pd.test.${partition}.m.o.x`, Uint8Array.of(0xff), world.time);
    const { instanceId } = await around.settle(client.startNew(Gather, 1));
    return client.getHandle(instanceId);
  };
  t.is((await around.settle((await start()).status())).runtimeStatus, 'Running');
  t.is((await around.settle((await start()).history()))[0]?.type, 'ExecutionStarted');
  t.true(await around.settle((await start()).raiseEvent('Item', 0)));
  const asked = await start();
  t.is((await rejection(around, () => asked.query('none'))).code, 'PERDURE_QUERY_FAILED', 'it is there');
  const awaited = await start();
  const result = awaited.result();
  t.true(await around.settle(awaited.raiseEvent('Item', 0)));
  t.deepEqual(await around.settle(result), [0]);
  t.is((await rejection(around, () => client.getHandle('nobody').status())).code, 'PERDURE_NOT_FOUND');
});

test('of fifty starts of one id at once one holds, whatever becomes of the others', async (t) => {
  const { client, settle, around } = await lifecycle();
  const clients = Array.from({ length: 5 }, (_, n) => around.newClient(`client${n}`));
  const race = (instanceId: string, ifExists: 'attach' | 'reject' | 'replace') =>
    settle(
      Promise.allSettled(
        Array.from({ length: 50 }, (_, n) => clients[n % 5]!.startNew(Gather, 1, { instanceId, ifExists })),
      ),
    );
  const rejected = await race('one', 'reject');
  t.is(rejected.filter(({ status }) => status === 'fulfilled').length, 1);
  const attached = await race('two', 'attach');
  t.is(attached.filter(({ status }) => status === 'fulfilled').length, 50);
  const replaced = await race('three', 'replace');
  t.is(replaced.filter(({ status }) => status === 'fulfilled').length, 50);
  for (const id of ['one', 'two', 'three']) await settle(client.raiseEvent(id, 'Item', id));
  const results = await settle(
    Promise.all(attached.map((one) => (one as PromiseFulfilledResult<OrchestrationHandle>).value.result())),
  );
  t.true(
    results.every((result) => JSON.stringify(result) === '["two"]'),
    'all handles are of one run',
  );
  const ends = await settle(
    Promise.allSettled(replaced.map((one) => (one as PromiseFulfilledResult<OrchestrationHandle>).value.result())),
  );
  t.is(ends.filter(({ status }) => status === 'fulfilled').length, 1, 'each start but the last was replaced');
});

test('an ended instance is attached to as well; one that goes on is replaced with its children', async (t) => {
  const { client, settle, status, advance, around } = await lifecycle();
  const first = await settle(client.startNew(Fan, 'f', { instanceId: 'fan' }));
  await settle(first.result());
  const second = await settle(
    around.newClient('other').startNew(Fan, 'other', { instanceId: 'fan', ifExists: 'attach' }),
  );
  const began = around.world.time;
  t.deepEqual(await settle(second.result()), await settle(first.result()));
  t.true(around.world.time - began < 100, 'asked for at once');
  const tree = await settle(client.startNew(Tree, 1, { instanceId: 'root' }));
  await advance(500);
  const next = await settle(client.startNew(Gather, 0, { instanceId: 'root', ifExists: 'replace' }));
  t.deepEqual(await settle(next.result()), []);
  t.is((await rejection(around, () => tree.result())).code, 'PERDURE_INSTANCE_REPLACED');
  await advance(500);
  t.is(await status(client.getHandle('root.a')), 'Terminated');
  await refused(t, { around }, () => client.startNew(Gather, 1, { ifExists: 'other' as 'attach' }), 'PERDURE_CONFIG');
});

test('an instance that is to begin later is pending until then, also over another worker', async (t) => {
  const { client, settle, advance, worker, start, around } = await lifecycle();
  const startAt = new Date(around.world.time + 60_000);
  const handle = await settle(client.startNew(Gather, 2, { instanceId: 'later', startAt }));
  await settle(handle.raiseEvent('Item', 'early'));
  await advance(30_000);
  t.like(await settle(handle.status()), { runtimeStatus: 'Pending', input: 2 });
  await refused(t, { around }, () => client.startNew(Gather, 1, { instanceId: 'later' }), 'PERDURE_INSTANCE_EXISTS');
  await settle(worker.stop());
  await start('next');
  await advance(29_000);
  t.is((await settle(handle.status())).runtimeStatus, 'Pending');
  await advance(2_000);
  const { runtimeStatus, createdTime } = await settle(handle.status());
  t.is(runtimeStatus, 'Running');
  t.true(createdTime.getTime() >= startAt.getTime());
  await settle(handle.raiseEvent('Item', 'late'));
  t.deepEqual(await settle(handle.result()), ['early', 'late']);
});

test('an orchestration may have another one begin later, which is pending until then, also over another worker', async (t) => {
  const { client, settle, advance, worker, start, status } = await lifecycle();
  const planner = await settle(client.startNew(Planner, 'planned'));
  t.is(await settle(planner.result()), 'planned');
  await advance(1_000);
  const planned = client.getHandle('planned');
  t.is(await status(planned), 'Pending');
  await settle(worker.stop());
  await start('next');
  await advance(57_000);
  t.is(await status(planned), 'Pending');
  await advance(4_000);
  t.is(await status(planned), 'Completed');
});

test('an instance that has not begun is canceled, terminated and suspended like any other', async (t) => {
  const { client, settle, status, advance, around, work } = await lifecycle();
  const later = (instanceId: string) =>
    settle(client.startNew(Fan, instanceId, { instanceId, startAt: new Date(around.world.time + 10_000) }));
  const [canceled, terminated, suspended] = [await later('c'), await later('t'), await later('s')];
  await settle(canceled.cancel('no'));
  await settle(terminated.terminate());
  await settle(suspended.suspend());
  await advance(20_000);
  t.is(await status(canceled), 'Canceled');
  t.is(await status(terminated), 'Terminated');
  t.is(await status(suspended), 'Suspended');
  t.deepEqual(work.done, []);
  await settle(suspended.resume());
  t.is((await settle(suspended.result())).length, 5);
});

test('a time that is past is now, and one that is none is refused', async (t) => {
  const { client, settle, around } = await lifecycle();
  const handle = await settle(client.startNew(Fan, 'now', { startAt: new Date(0) }));
  t.is((await settle(handle.result())).length, 5);
  for (const startAt of [new Date(NaN), 5 as unknown as Date, new Date(8.64e15)])
    await refused(t, { around }, () => client.startNew(Fan, 'no', { startAt }), 'PERDURE_INVALID_TIME');
});

test('of a fan-out with one failed of five, a rewind runs that one again', async (t) => {
  const { client, work, settle, status, around } = await lifecycle();
  work.failing.add('f3');
  const handle = await settle(client.startNew(Fan, 'f', { instanceId: 'fan' }));
  await refused(t, { around }, () => handle.result(), 'PERDURE_ORCHESTRATION_FAILED');
  await settle(handle.rewind('once more'));
  await refused(t, { around }, () => handle.result(), 'PERDURE_ORCHESTRATION_FAILED');
  work.failing.clear();
  await settle(client.rewind('fan', 'mended'));
  t.deepEqual(
    await settle(client.getHandle('fan').result()),
    [0, 1, 2, 3, 4].map((n) => `done f${n}`),
  );
  t.deepEqual(work.done.toSorted(), ['f0', 'f1', 'f2', 'f3', 'f3', 'f3', 'f4']);
  t.is(await status(handle), 'Completed');
  const [started] = await settle(handle.history());
  t.true(started?.type === 'ExecutionStarted' && started.rewound?.reason === 'mended');
  await refused(t, { around }, () => handle.rewind(), 'PERDURE_NOT_REWINDABLE');
});

test('the end of a failed run that is told when it has been rewound is not the end of what goes on', async (t) => {
  const { client, work, worker, settle, around } = await lifecycle();
  const { bus } = worker.connection;
  const publish = bus.publish.bind(bus);
  const late: (() => void)[] = [];
  bus.publish = (...message) => {
    if (Buffer.from(message[1]).includes('"ended"')) late.push(() => publish(...message));
    else publish(...message);
  };
  work.failing.add('f3');
  const handle = await settle(client.startNew(Fan, 'f'));
  await refused(t, { around }, () => handle.result(), 'PERDURE_ORCHESTRATION_FAILED');
  t.is(late.length, 1);
  work.failing.clear();
  await settle(handle.rewind());
  late[0]!();
  await around.advance(10);
  t.is((await settle(handle.result())).length, 5);
});

test('a rewind reaches into a child that failed, and keeps the one that did not', async (t) => {
  const { client, work, worker, start, settle, around, advance } = await lifecycle();
  work.failing.add('fx2');
  const handle = await settle(client.startNew(Family, 'f'));
  await refused(t, { around }, () => handle.result(), 'PERDURE_ORCHESTRATION_FAILED');
  work.failing.clear();
  await advance(1_000);
  await settle(worker.stop());
  await start('next');
  await settle(handle.rewind());
  t.is((await settle(handle.result())).length, 11);
  t.deepEqual(
    work.done.filter((name, at) => work.done.indexOf(name) !== at),
    ['fx2'],
  );
});

test('a failed child that was purged is run from its beginning', async (t) => {
  const { client, work, settle, around, advance } = await lifecycle();
  work.failing.add('fx2');
  const handle = await settle(client.startNew(Family, 'f'));
  await refused(t, { around }, () => handle.result(), 'PERDURE_ORCHESTRATION_FAILED');
  work.failing.clear();
  const created = (await settle(handle.history())).find((event) => event.type === 'SubOrchestrationInstanceCreated');
  await settle(client.purge(created!.instanceId));
  await advance(1_000);
  await settle(handle.rewind());
  t.is((await settle(handle.result())).length, 11);
  t.is(work.done.filter((name) => name === 'fx0').length, 2);
  t.is(work.done.filter((name) => name === 'fy0').length, 1);
});

test('an ended instance is started again with its input, as itself or as another one', async (t) => {
  const { client, work, settle, around } = await lifecycle();
  const first = await settle(client.startNew(Fan, 'f', { instanceId: 'fan' }));
  await settle(first.result());
  const again = await settle(first.restart());
  t.is(again.instanceId, 'fan');
  t.is((await settle(again.result())).length, 5);
  t.is(work.done.length, 10);
  await refused(t, { around }, () => first.suspend(), 'PERDURE_INSTANCE_REPLACED');
  const other = await settle(client.restart<string[]>('fan', { newInstanceId: true }));
  t.not(other.instanceId, 'fan');
  t.is((await settle(other.result())).length, 5);
  const running = await settle(client.startNew(Gather, 1, { instanceId: 'g' }));
  await refused(t, { around }, () => running.restart(), 'PERDURE_INSTANCE_NOT_ENDED');
  const beside = await settle(running.restart({ newInstanceId: 'beside' }));
  await settle(beside.raiseEvent('Item', 1));
  t.deepEqual(await settle(beside.result()), [1]);
});

test('a purged instance is as if it had never been, and its id may be used again', async (t) => {
  const { client, settle, around, stored, advance, worker, start } = await lifecycle();
  const handle = await settle(client.startNew(Fan, 'f', { instanceId: 'fan' }));
  await settle(handle.result());
  await advance(1_000);
  t.is(stored().length, 1);
  await settle(client.purge('fan'));
  for (const call of [() => handle.status(), () => client.purge('fan'), () => client.rewind('fan')])
    await refused(t, { around }, call, 'PERDURE_NOT_FOUND');
  await advance(1_000);
  t.deepEqual(stored(), []);
  await settle(worker.stop());
  await start('next');
  await refused(t, { around }, () => client.getHandle('fan').status(), 'PERDURE_NOT_FOUND');
  const again = await settle(client.startNew(Fan, 'g', { instanceId: 'fan' }));
  t.is((await settle(again.result())).length, 5);
  await refused(t, { around }, () => client.purge('nobody'), 'PERDURE_NOT_FOUND');
  const running = await settle(client.startNew(Gather, 1));
  await refused(t, { around }, () => running.purge(), 'PERDURE_INSTANCE_NOT_ENDED');
});

test('a purge reaches the children, or leaves them', async (t) => {
  const { client, settle, stored, advance } = await lifecycle();
  const [one, two] = [await settle(client.startNew(Family, 'one')), await settle(client.startNew(Family, 'two'))];
  await settle(Promise.all([one.result(), two.result()]));
  await advance(1_000);
  t.is(stored().length, 6);
  await settle(one.purge());
  await advance(1_000);
  t.is(stored().length, 3);
  await settle(two.purge({ recursive: false }));
  await advance(1_000);
  t.is(stored().length, 2);
});

test('a filter purges what has ended and fits it', async (t) => {
  const { client, settle, stored, advance, around, work } = await lifecycle();
  work.failing.add('bad0');
  const start = async (name: string) => settle(client.startNew(Fan, name, { instanceId: name }));
  for (const name of ['a', 'b', 'bad']) await start(name);
  await settle(client.startNew(Gather, 1, { instanceId: 'open' }));
  await advance(60_000);
  const middle = new Date(around.world.time);
  await advance(1_000);
  for (const name of ['c', 'd']) await start(name);
  await advance(1_000);
  t.is(stored().length, 6);
  t.is(await settle(client.purgeInstances({ orchestrator: 'gather' })), 0);
  t.is(await settle(client.purgeInstances({ runtimeStatus: ['Failed'], createdTimeFrom: middle })), 0);
  t.is(await settle(client.purgeInstances({ runtimeStatus: ['Completed'], createdTimeTo: middle })), 2);
  t.is(await settle(client.purgeInstances({ orchestrator: 'fan', createdTimeFrom: middle })), 2);
  t.is(await settle(client.purgeInstances()), 1);
  await advance(1_000);
  t.is(stored().length, 1);
});

test('instances are kept as long as their class says, also over another worker', async (t) => {
  const { client, settle, stored, advance, around, worker, start } = await lifecycle();
  const [weekly, fleeting] = [await settle(client.startNew(Weekly, 'w')), await settle(client.startNew(Fleeting, 'f'))];
  t.is(await settle(fleeting.result()), 'f');
  await advance(30_000);
  t.is(await settle(around.newClient('other').getHandle(fleeting.instanceId).result()), 'f');
  await advance(60_000);
  await refused(t, { around }, () => fleeting.status(), 'PERDURE_NOT_FOUND');
  t.is(stored().length, 1);
  await advance(3 * 24 * 3_600_000);
  t.is(await settle(weekly.result()), 'w');
  await settle(worker.stop());
  await start('next');
  await advance(4 * 24 * 3_600_000 + 2 * 3_600_000);
  await refused(t, { around }, () => weekly.status(), 'PERDURE_NOT_FOUND');
  await advance(1_000);
  t.deepEqual(stored(), []);
});

test('who asks something of an instance that is not there is told so', async (t) => {
  const { client, around } = await lifecycle();
  const calls = [
    () => client.suspend('x'),
    () => client.resume('x'),
    () => client.cancel('x'),
    () => client.terminate('x'),
    () => client.rewind('x'),
    () => client.restart('x'),
    () => client.purge('x'),
  ];
  for (const call of calls) await refused(t, { around }, call, 'PERDURE_NOT_FOUND');
  await refused(t, { around }, () => client.suspend('a/b'), 'PERDURE_INVALID_ID');
});

test('what is asked once is done once, whatever of the answers gets lost', async (t) => {
  let isMute = false;
  const lost = ({ connection, port, operation }: { connection: string; port: string; operation: string }) =>
    isMute && ((connection === 'worker' && port === 'bus') || (connection === 'asking' && operation === 'send'));
  let calls = 0;
  const around = new Surroundings({
    faults: { next: (call) => (lost(call) && ++calls % 2 === 1 ? 'responseLost' : 'none') },
  });
  const work = new Work();
  await around.work('worker', hostOf({ orchestrators, activities: [work] }));
  const client = around.newClient('asking', { timeoutInMilliseconds: 60_000 });
  const handle = await around.settle(client.startNew(Fan, 'f', { instanceId: 'fan' }));
  await around.settle(handle.result());
  isMute = true;
  const again = await around.settle(handle.restart());
  await around.settle(again.result());
  t.is(work.done.length, 10);
  await around.settle(client.purge('fan'));
  await refused(t, { around }, () => client.purge('fan'), 'PERDURE_NOT_FOUND');
  t.true(calls > 4);
});

test('a run that goes on can be replaced by one that begins later', async (t) => {
  const { client, settle, status, advance, around } = await lifecycle();
  const first = await settle(client.startNew(Gather, 1, { instanceId: 'one' }));
  const startAt = new Date(around.world.time + 10_000);
  const next = await settle(client.startNew(Fan, 'n', { instanceId: 'one', startAt, ifExists: 'replace' }));
  t.is(await status(next), 'Pending');
  await refused(t, { around }, () => first.result(), 'PERDURE_ORCHESTRATION_TERMINATED');
  const last = await settle(client.startNew(Gather, 0, { instanceId: 'one', ifExists: 'replace' }));
  t.deepEqual(await settle(last.result()), []);
  await advance(20_000);
  t.is(await status(client.getHandle('one')), 'Completed');
});

test('an activity that is asked for again after a rewind has as long as it had then, and another key', async (t) => {
  const around = new Surroundings();
  const keys: string[] = [];
  const durations: number[] = [];
  class Slow {
    @Activity() async slow(_: void, ctx: ActivityContext): Promise<void> {
      keys.push(ctx.idempotencyKey);
      const began = around.world.time;
      await new Promise<void>((resolve) => ctx.signal.addEventListener('abort', () => resolve()));
      durations.push(around.world.time - began);
    }
  }
  @Orchestrator('hasty')
  class Hasty {
    @Run() *run(_: void, ctx: OrchestrationContext): Orchestration<void> {
      yield* ctx.callActivity(Slow, { scheduleToCloseTimeoutInMilliseconds: 5_000 }).slow();
    }
  }
  await around.work('worker', hostOf({ orchestrators: [Hasty], activities: [new Slow()] }));
  const handle = await around.settle(around.client.startNew(Hasty));
  await refused(t, { around }, () => handle.result(), 'PERDURE_ORCHESTRATION_FAILED');
  await around.advance(60_000);
  await around.settle(handle.rewind());
  await refused(t, { around }, () => handle.result(), 'PERDURE_ORCHESTRATION_FAILED');
  t.is(new Set(keys).size, 2);
  t.true(durations.length === 2 && durations.every((each) => each >= 4_900 && each < 6_000), durations.join());
});
