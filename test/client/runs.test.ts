import test from 'ava';
import { OrchestrationContext, type Orchestration } from 'perdure';
import { Orchestrator, Run } from 'perdure/decorators';
import type { FaultPlan } from '../../lib/memory/faults.js';
import { Counter, Nap } from '../engine/bank.js';
import { hostOf } from '../engine/surroundings.js';
import { rejection, Surroundings } from './surroundings.js';

/** Says what it was given after as many continuations as that. */
@Orchestrator('echo')
class Echo {
  @Run({ input: Number }) *run(said: number, context: OrchestrationContext): Orchestration<number | void> {
    if (said % 10 > 0) return context.continueAsNew(said - 1);
    return (yield* [] as never[], said);
  }
}

const host = () => hostOf({ entities: [Counter], orchestrators: [Echo, Nap] });

test('a handle gives the result of its own run, not of the next one with its id', async (t) => {
  const around = new Surroundings();
  await around.work('worker', host());
  const [one, two] = [around.newClient('one'), around.newClient('two')];
  const start = (client: typeof one, said: number) =>
    around.settle(client.startNew(Echo, said, { instanceId: 'same' }));
  const first = await start(one, 10);
  t.is(await around.settle(first.result()), 10);
  const second = await start(two, 20);
  await around.advance(100);
  t.is(await around.settle(first.result()), 10);
  t.is(await around.settle(second.result()), 20);
  const third = await start(one, 30);
  t.is(await around.settle(third.result()), 30);
  t.is(await around.settle(one.getHandle<number>('same').result()), 30);
});

test('a run that continued as new is still the run that was started', async (t) => {
  const around = new Surroundings();
  await around.work('worker', host());
  const handle = await around.settle(around.client.startNew(Echo, 105, { instanceId: 'r' }));
  t.is(await around.settle(handle.result()), 100);
});

test('the result of a run whose end was missed and whose id was taken is not that of the other', async (t) => {
  let isMute = false;
  const faults: FaultPlan = {
    next: ({ connection, port }) => (isMute && connection === 'worker' && port === 'bus' ? 'requestLost' : 'none'),
  };
  const around = new Surroundings({ faults });
  await around.work('worker', host());
  const first = await around.settle(around.client.startNew(Nap, 50, { instanceId: 'same' }));
  isMute = true;
  await around.advance(500);
  isMute = false;
  await around.settle(around.newClient('two').startNew(Nap, 50, { instanceId: 'same' }));
  t.is((await rejection(around, () => first.result())).code, 'PERDURE_INSTANCE_REPLACED');
});

test('the result of a quick run is there at once, also with an id of its own, and again', async (t) => {
  const around = new Surroundings();
  await around.work('worker', host());
  const { scheduler } = around.world;
  const begun = scheduler.now;
  const handle = await around.settle(around.client.startNew(Echo, 10, { instanceId: 'quick' }));
  await around.settle(handle.result());
  await around.settle(handle.result());
  t.true(scheduler.now - begun < 50);
});

test('the results of many runs are there at once, however late they are asked for', async (t) => {
  const around = new Surroundings();
  await around.work('worker', host());
  const handles = await around.settle(
    Promise.all(Array.from({ length: 1_500 }, (_, i) => around.client.startNew(Echo, 10 * i))),
  );
  await around.advance(5_000);
  const begun = around.world.scheduler.now;
  for (const [i, handle] of handles.slice(0, 20).entries()) t.is(await around.settle(handle.result()), 10 * i);
  t.true(around.world.scheduler.now - begun < 100);
});

test('signals and events end with an error when they cannot be stored in time, and say what is known', async (t) => {
  let isAway = false;
  const faults: FaultPlan = { next: ({ operation }) => (isAway && operation === 'send' ? 'requestLost' : 'none') };
  const around = new Surroundings({ faults });
  const client = around.newClient('patient', { timeoutInMilliseconds: 2_000 });
  await around.work('worker', host());
  const nap = await around.settle(client.startNew(Nap, 60_000));
  isAway = true;
  const begun = around.world.scheduler.now;
  const signals = [1, 2, 3].map((i) => client.signalEntity(Counter, 'k').add(`s${i}`));
  const events = [1, 2, 3].map((i) => nap.raiseEvent('Go', i));
  const started = client.startNew(Nap, 1);
  const settled = await around.settle(Promise.allSettled([...signals, ...events, started]));
  const errors = settled.map((one) => (one as PromiseRejectedResult).reason as Error & { code?: string });
  for (const error of errors) t.is(error.code, 'PERDURE_TIMEOUT');
  t.regex(errors[0]!.message, /Whether it is stored is not known/);
  t.is(typeof (errors.at(-1) as { instanceId?: string }).instanceId, 'string');
  t.true(around.world.scheduler.now - begun < 2_100, `${around.world.scheduler.now - begun} ms`);
  isAway = false;
  await around.advance(2_000);
  const { entityState } = await around.settle(client.readEntityState(Counter, 'k'));
  t.deepEqual(entityState, { seen: ['s1', 's2', 's3'] }, 'what was sent once is sent until it is stored');
});

test('an id that cannot be is told by a rejected promise', async (t) => {
  const around = new Surroundings();
  const raised = around.client.raiseEvent('a/b', 'Go');
  await t.throwsAsync(raised, { code: 'PERDURE_INVALID_ID' });
});
