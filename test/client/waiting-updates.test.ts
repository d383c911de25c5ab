import test, { type ExecutionContext } from 'ava';
import { InstanceEndedError, UpdateCutOffError, UpdateFailedError, type OrchestrationHandle } from 'perdure';
import { Entity, Operation } from 'perdure/decorators';
import { hostOf } from '../engine/surroundings.js';
import { KillAt, type LastCall } from '../engine/kill-at.js';
import { MemoryTaskHub } from '../worker/memory-world.js';
import { Belt, Depot } from './depot.js';
import { Surroundings } from './surroundings.js';

/** Updates whose handlers wait, from end to end (docs/adr/0039). */

@Entity('counter')
class Counter {
  state = 0;
  @Operation() add(): number {
    return ++this.state;
  }
}

type DepotHandle = OrchestrationHandle<string[], Depot>;

async function depot() {
  const hub = new MemoryTaskHub(1);
  const belt = new Belt();
  const work = (name: string) => hub.start(name, { orchestrators: [Depot], activities: [belt] });
  const worker = await work('worker');
  const handle: DepotHandle = await hub.settle(hub.client.startNew(Depot, undefined, { instanceId: 'd' }));
  const raise = (name: string, data?: string) => hub.settle(handle.raiseEvent(name, data));
  /** What an update comes to that waits now. */
  const ship = async (item: string) => {
    const told = handle
      .update()
      .ship(item)
      .catch((error: unknown) => error);
    await hub.advance(200);
    return () => hub.settle(told);
  };
  return { hub, belt, work, worker, handle, raise, ship };
}

test('the caller of an update that waits is told what it returns, once that and all before it is stored', async (t) => {
  const { hub, handle, raise, ship, belt } = await depot();
  const [nails, screws] = [await ship('nails'), await ship('screws')];
  t.is(await hub.settle(handle.update().note('a note')), 1, 'others do not wait for it');
  await raise('Truck');
  t.is(await nails(), 'packed nails of d');
  t.deepEqual(await hub.settle(handle.query().shipped()), ['a note', 'nails']);
  belt.isBroken = true;
  await raise('Truck');
  const error = await screws();
  t.true(error instanceof UpdateFailedError && error.isCausedBy('RangeError'));
  await raise('End', 'now');
  t.deepEqual(await hub.settle(handle.result()), ['a note', 'nails'], 'its failure is no failure of the instance');
  const answered = (await hub.settle(handle.history())).filter(({ type }) => type === 'UpdateAnswered');
  t.is(answered.length, 2);
});

test('it goes on over takeovers, and over a suspension', async (t) => {
  const { hub, handle, raise, ship, belt, worker, work } = await depot();
  const nails = await ship('nails');
  await hub.stop(worker);
  await work('next');
  await hub.settle(handle.suspend());
  await raise('Truck');
  await hub.advance(500);
  t.deepEqual(belt.packed, []);
  await hub.settle(handle.resume());
  t.is(await nails(), 'packed nails of d');
  t.deepEqual(belt.packed, ['nails']);
});

test('it goes on where another worker has the code', async (t) => {
  const { hub, raise, ship, worker, belt } = await depot();
  const nails = await ship('nails');
  await hub.stop(worker);
  await hub.start('owner', { entities: [Counter] });
  await hub.start('code', { orchestrators: [Depot], activities: [belt] });
  const screws = await ship('screws');
  await raise('Truck');
  await raise('Truck');
  t.is(await nails(), 'packed nails of d');
  t.is(await screws(), 'packed screws of d');
});

/** What is told to the caller of an update that waits when its instance comes to an end. */
async function cutOff(t: ExecutionContext, end: (handle: DepotHandle, raise: (data: string) => unknown) => unknown) {
  const { hub, handle, raise, ship } = await depot();
  const nails = await ship('nails');
  await hub.settle(Promise.resolve(end(handle, (data) => raise('End', data))));
  const error = (await nails()) as Error;
  t.true(error instanceof Error);
  return { hub, handle, raise, error };
}

test('a handler that waits is cut off by whatever ends the instance, and its caller is told', async (t) => {
  for (const end of [
    (_: DepotHandle, raise: (data: string) => unknown) => raise('now'),
    (_: DepotHandle, raise: (data: string) => unknown) => raise('fail'),
    (handle: DepotHandle) => handle.terminate(),
    (handle: DepotHandle) => handle.restart().catch(() => handle.terminate()),
  ])
    t.true((await cutOff(t, end)).error instanceof InstanceEndedError);
  const { error } = await cutOff(t, (handle) => handle.cancel());
  t.true(error instanceof UpdateFailedError && error.isCausedBy('CancelledError'), 'it might have cleaned up');
});

test('one that continues as new does not go on with it, and goes on', async (t) => {
  const { hub, handle, raise, error } = await cutOff(t, (_, again) => again('anew'));
  t.true(error instanceof UpdateFailedError && error.isCausedBy(UpdateCutOffError));
  await raise('Truck'); // for nobody
  t.is(await hub.settle(handle.update().note('kept')), 1);
  await raise('End', 'now');
  t.deepEqual(await hub.settle(handle.result()), ['kept']);
});

test('what a handler throws is told as that, also when it is an error which an owner would refuse with', async (t) => {
  const { hub, handle, raise, ship } = await depot();
  const ended = await hub.settle(handle.update('note', 'the end').catch((error: unknown) => error));
  t.true(ended instanceof UpdateFailedError && ended.isCausedBy(InstanceEndedError), String(ended));
  const nothing = await ship('nothing');
  await raise('Truck');
  const missing = await nothing();
  t.true(missing instanceof UpdateFailedError && missing.isCausedBy('NotFoundError'), String(missing));
  t.is((await hub.settle(handle.status())).runtimeStatus, 'Running');
});

test('run may wait for its handlers', async (t) => {
  const { hub, handle, raise, ship } = await depot();
  const nails = await ship('nails');
  await raise('End', 'careful');
  await raise('Truck');
  t.is(await nails(), 'packed nails of d');
  t.deepEqual(await hub.settle(handle.result()), ['nails']);
});

test('a handler that was cut off by a failure has no caller any more when its instance is rewound', async (t) => {
  const { hub, handle, raise, ship, belt } = await depot();
  const nails = await ship('nails');
  belt.isBroken = true;
  await raise('End', 'broken');
  t.true((await nails()) instanceof InstanceEndedError);
  belt.isBroken = false;
  await hub.settle(handle.rewind());
  t.deepEqual(await hub.settle(handle.result()), []);
  const history = await hub.settle(handle.history());
  t.is(history.find((event) => event.type === 'UpdateRequested')?.reply, undefined);
});

/** One update that waits, and an owner that dies at its nth call, for each n. */
async function everyPoint(t: ExecutionContext, fault: LastCall): Promise<void> {
  let n = 1;
  for (; ; n++) {
    const plan = new KillAt(n, fault);
    const around = new Surroundings({ seed: 3, faults: plan });
    const belt = new Belt();
    const host = hostOf({ orchestrators: [Depot], activities: [belt] });
    const victim = around.begin('victim', host);
    plan.onKill = () => victim.connection.kill();
    await around.advance(50);
    const { client } = around;
    const started = client.startNew(Depot, undefined, { instanceId: 'd' });
    const told = started.then((handle) => handle.update().ship('nails'));
    const raised = started.then((handle) => handle.raiseEvent('Truck'));
    await around.advance(400);
    await around.work('next', host);
    t.is(await around.settle(told), 'packed nails of d', `killed at call ${n}`);
    await around.settle(raised);
    const handle = await around.settle(started);
    await around.settle(handle.raiseEvent('End', 'now'));
    t.deepEqual(await around.settle(handle.result()), ['nails']);
    const history = await around.settle(handle.history());
    t.is(history.filter(({ type }) => type === 'UpdateAnswered').length, 1);
    if (plan.calls < n) break;
  }
  t.true(n > 20, `${n}`);
}

test('C1, C4: an owner that dies before any of its calls arrives leaves nobody without an answer, and answers nobody twice', (t) =>
  everyPoint(t, 'requestLost'));

test('C1, C4: so does one that dies after any of its calls was carried out', (t) => everyPoint(t, 'responseLost'));
