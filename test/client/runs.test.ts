import test from 'ava';
import { OrchestrationContext, type HandleOf, type Orchestration, type TimeoutError } from 'perdure';
import { Orchestrator, Query, Run, Update } from 'perdure/decorators';
import type { FaultPlan } from '../../lib/memory/faults.js';
import { partitionOf } from '../../lib/wire/addresses.js';
import { encodeMessage } from '../../lib/wire/message-codec.js';
import { partitionSubjects } from '../../lib/wire/subjects.js';
import { Counter, Nap } from '../engine/bank.js';
import { hostOf, MemoryClient } from '../engine/surroundings.js';
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
  t.is((errors[0] as TimeoutError).effect, 'unknown');
  t.is((errors.at(-1) as TimeoutError).effect, 'unknown');
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

/** Hears words until the end, over executions if it is told to turn. */
@Orchestrator('hearing')
class Hearing {
  #heard: string[] = [];
  @Run({ input: [String] }) *run(former: string[], context: OrchestrationContext): Orchestration<string[] | void> {
    this.#heard = [...former];
    for (;;) {
      const word = yield* context.waitForExternalEvent<string>('Word');
      if (word === 'end') return this.#heard;
      if (word === 'turn') return context.continueAsNew(this.#heard);
      this.#heard.push(word);
    }
  }
  @Update({ input: String }) hear(word: string): number {
    return this.#heard.push(word);
  }
  @Query() heard(): string[] {
    return this.#heard;
  }
}

const hearing = () => hostOf({ orchestrators: [Hearing] });

/** What is asked of a handle, each by its name. */
const operations: Readonly<Record<string, (handle: HandleOf<Hearing>) => Promise<unknown>>> = {
  raiseEvent: (handle) => handle.raiseEvent('Word', 'wrong'),
  query: (handle) => handle.query().heard(),
  update: (handle) => handle.update().hear('wrong'),
  status: (handle) => handle.status(),
  history: (handle) => handle.history(),
  suspend: (handle) => handle.suspend(),
  resume: (handle) => handle.resume(),
  cancel: (handle) => handle.cancel(),
  terminate: (handle) => handle.terminate(),
  rewind: (handle) => handle.rewind(),
  restart: (handle) => handle.restart(),
  purge: (handle) => handle.purge(),
};

/** Ways in which another run takes the place of the first one. */
const successions: Readonly<
  Record<string, (around: Surroundings, first: HandleOf<Hearing>) => Promise<HandleOf<Hearing>>>
> = {
  'a restart': async (around, first) => {
    await around.settle(first.terminate());
    return around.settle(around.newClient('other').getHandle(Hearing, first.instanceId).restart());
  },
  'a purge and a start': async (around, { instanceId }) => {
    const other = around.newClient('other');
    await around.settle(other.terminate(instanceId));
    await around.settle(other.purge(instanceId));
    return around.settle(other.startNew(Hearing, [], { instanceId }));
  },
  'a start that replaces': (around, { instanceId }) =>
    around.settle(around.newClient('other').startNew(Hearing, [], { instanceId, ifExists: 'replace' })),
};

for (const [what, succeed] of Object.entries(successions))
  for (const isUsed of [true, false])
    test(`nothing that is asked of a handle reaches the run that follows: ${what}, ${isUsed ? 'after' : 'before'} it was used`, async (t) => {
      const around = new Surroundings();
      await around.work('worker', hearing());
      const first = await around.settle(around.client.startNew(Hearing, []));
      if (isUsed) await around.settle(first.raiseEvent('Word', 'first'));
      await around.advance(1_500);
      const second = await succeed(around, first);
      await around.settle(second.raiseEvent('Word', 'right'));
      t.not(second.runId, first.runId);
      for (const [name, ask] of Object.entries(operations))
        t.is((await rejection(around, () => ask(first))).code, 'PERDURE_INSTANCE_REPLACED', name);
      const anyRun = around.client.getHandle(Hearing, first.instanceId);
      t.is(anyRun.runId, undefined);
      t.is(await around.settle(anyRun.update().hear('too')), 2);
      await around.settle(second.raiseEvent('Word', 'end'));
      t.deepEqual(await around.settle(second.result()), ['right', 'too']);
    });

test('a handle reaches its run through continueAsNew and a takeover, and may be made anew with the id of the run', async (t) => {
  const around = new Surroundings();
  const worker = await around.work('worker', hearing());
  const started = await around.settle(around.client.startNew(Hearing, []));
  for (const word of ['one', 'turn', 'two', 'turn']) await around.settle(started.raiseEvent('Word', word));
  await around.advance(500);
  t.is(await around.settle(started.update().hear('three')), 3);
  await around.settle(worker.stop());
  await around.work('next', hearing());
  const again = around.newClient('two').getHandle(Hearing, started.instanceId, { runId: started.runId });
  t.is(again.runId, started.runId);
  t.deepEqual(await around.settle(again.query().heard()), ['one', 'two', 'three']);
  await around.settle(again.suspend());
  await around.settle(again.resume());
  await around.settle(again.raiseEvent('Word', 'end'));
  t.deepEqual(await around.settle(again.result()), ['one', 'two', 'three']);
  const other = around.client.getHandle(started.instanceId, { runId: 'other' });
  t.is((await rejection(around, () => other.result())).code, 'PERDURE_INSTANCE_REPLACED');
  t.throws(() => around.client.getHandle(started.instanceId, { runId: 'a.b' }), { code: 'PERDURE_INVALID_ID' });
});

test('an event of a run that was purged does not wait for the next start', async (t) => {
  const around = new Surroundings();
  await around.work('worker', hearing());
  const first = await around.settle(around.client.startNew(Hearing, [], { instanceId: 'p' }));
  await around.settle(first.terminate());
  await around.settle(first.purge());
  t.is((await rejection(around, () => first.raiseEvent('Word', 'wrong'))).code, 'PERDURE_NOT_FOUND');
  const client = new MemoryClient(around.hub, 'raw');
  await around.settle(client.send('o.p', { kind: 'event', name: 'Word', input: 'wrong', runId: first.runId! }));
  const second = await around.settle(around.client.startNew(Hearing, [], { instanceId: 'p' }));
  await around.settle(client.send('o.p', { kind: 'event', name: 'Word', input: 'wrong', runId: first.runId! }));
  await around.settle(second.raiseEvent('Word', 'end'));
  t.deepEqual(await around.settle(second.result()), []);
});

test('C4: a start outside of a session may come twice, and does not choose the id of its run', async (t) => {
  const around = new Surroundings();
  await around.work('worker', hearing());
  const { ports } = new MemoryClient(around.hub, 'loose');
  const partition = partitionOf('o.loose', ports.partitions);
  const start = { kind: 'start', name: 'hearing', input: [], runId: 'mine' } as const;
  await around.settle(
    ports.mailOf(partition).send(partitionSubjects('test', partition).mail('o.loose'), encodeMessage(start)),
  );
  await around.advance(200);
  const loose = around.client.getHandle(Hearing, 'loose', { runId: 'mine' });
  t.is((await rejection(around, () => loose.status())).code, 'PERDURE_INSTANCE_REPLACED');
});
