import test from 'ava';
import { OrchestrationContext, type Orchestration } from 'perdure';
import { Activity, Orchestrator, Run } from 'perdure/decorators';
import { orchestrationAddress } from '../../lib/wire/addresses.js';
import { Greetings, Hello, Nap } from './bank.js';
import { ask, hostOf, MemoryWorker, surroundings } from './surroundings.js';

/** Continues as new 5,000 times without waiting for anything, then waits for an event. */
@Orchestrator('restless')
class Restless {
  @Run({ input: Number }) *run(count: number, context: OrchestrationContext): Orchestration<string | void> {
    if (count < 5_000) return context.continueAsNew(count + 1);
    const said = yield* context.waitForExternalEvent<string>('say');
    return `${count} ${said}`;
  }
}

const restlessHost = () => hostOf({ orchestrators: [Restless, Hello], activities: [new Greetings()] });

test('code that continues as new without ever waiting keeps no other instance waiting', async (t) => {
  const { hub, client, settle, advance } = surroundings(1);
  const worker = new MemoryWorker(hub, 'w', restlessHost());
  await settle(worker.claim());
  await settle(client.start('restless', 'r', 0));
  await settle(client.start('hello', 'h'));
  await settle(client.send(orchestrationAddress('r'), { kind: 'event', name: 'say', input: 'hello' }));
  await advance(5);
  t.true(hub.streams(0).log.last < 30, 'still at it');
  await advance(1_000);
  t.is((await settle(client.orchestrationHead('h')))?.status, 'Completed');
  t.is((await settle(client.orchestrationHead('r')))?.output, '5000 hello');
});

test('a takeover between two executions goes on with the next one', async (t) => {
  for (const moment of [1.1, 1.5, 2, 2.5]) {
    const { hub, client, settle, advance } = surroundings(1);
    const first = new MemoryWorker(hub, 'w1', restlessHost());
    await settle(first.claim());
    await settle(client.start('restless', 'r', 0));
    await advance(moment);
    first.connection.kill();
    const second = new MemoryWorker(hub, 'w2', restlessHost());
    await settle(second.claim());
    await settle(client.send(orchestrationAddress('r'), { kind: 'event', name: 'say', input: 'again' }));
    await advance(1_000);
    t.is((await settle(client.orchestrationHead('r')))?.output, '5000 again');
  }
});

test('an execution whose orchestrator was taken away between two executions waits for it, and harms no other', async (t) => {
  const { hub, client, settle, advance } = surroundings(1);
  const first = new MemoryWorker(hub, 'w1', restlessHost());
  await settle(first.claim());
  await settle(client.start('restless', 'r', 0));
  while (hub.streams(0).log.last < 3) await advance(0.1);
  first.connection.kill();
  const second = new MemoryWorker(hub, 'w2', hostOf({ orchestrators: [Hello], activities: [new Greetings()] }));
  await settle(second.claim());
  await settle(client.start('hello', 'h'));
  await advance(1_000);
  t.is((await settle(client.orchestrationHead('h')))?.status, 'Completed');
  t.is((await settle(client.orchestrationHead('r')))?.reason, undefined);
  const query = { kind: 'status', instanceId: 'r' };
  const [answer] = await ask({ client, advance }, orchestrationAddress('r'), query);
  t.like(answer, { status: { runtimeStatus: 'Running' } });
  const waiting = await ask({ client, advance }, orchestrationAddress('r'), { kind: 'waiting' });
  t.deepEqual(waiting, [{ v: 1, kind: 'waiting', names: [{ kind: 'orchestrator', name: 'restless', instances: 1 }] }]);
  await settle(second.stop());
  const third = new MemoryWorker(hub, 'w3', restlessHost());
  await settle(third.claim());
  await settle(client.send(orchestrationAddress('r'), { kind: 'event', name: 'say', input: 'back' }));
  await advance(1_000);
  t.is((await settle(client.orchestrationHead('r')))?.output, '5000 back');
});

test('one that is suspended and resumed between two executions, by other owners, has nothing of it behind the end', async (t) => {
  const { hub, client, settle, advance } = surroundings(1);
  const first = new MemoryWorker(hub, 'w1', restlessHost());
  await settle(first.claim());
  await settle(client.start('restless', 'r', 0));
  while (hub.streams(0).log.last < 3) await advance(0.1);
  first.connection.kill();
  const status = async () => (await settle(client.orchestrationHead('r')))?.status;
  for (const [action, expected] of [
    ['suspend', 'Suspended'],
    ['resume', 'ContinuedAsNew'],
  ] as const) {
    const owner = new MemoryWorker(hub, `to ${action}`, hostOf({ orchestrators: [Hello], activities: [] }));
    await settle(owner.claim());
    await settle(client.send(orchestrationAddress('r'), { kind: 'control', action }));
    await advance(1_000);
    t.is(await status(), expected);
    await settle(owner.stop());
  }
  const head = await settle(client.orchestrationHead('r'));
  t.is(head?.history.at(-1)?.type, 'ContinuedAsNew');
  const last = new MemoryWorker(hub, 'w4', restlessHost());
  await settle(last.claim());
  await settle(client.send(orchestrationAddress('r'), { kind: 'event', name: 'say', input: 'on' }));
  await advance(1_000);
  t.is((await settle(client.orchestrationHead('r')))?.output, '5000 on');
});

class Clerk {
  readonly done: string[] = [];
  readonly #isSlow: boolean;
  constructor(isSlow = false) {
    this.#isSlow = isSlow;
  }
  @Activity({ input: String }) async file(paper: string): Promise<string> {
    if (this.#isSlow) return new Promise(() => {});
    this.done.push(paper);
    return `filed ${paper}`;
  }
}

@Orchestrator('office')
class Office {
  @Run() *run(_none: void, context: OrchestrationContext): Orchestration<string> {
    const timer = context.createTimer(1_000);
    const filed = yield* context.callActivity(Clerk).file('letter');
    yield* timer;
    return filed;
  }
}

@Orchestrator('office')
class OtherOffice {
  @Run() *run(_none: void, context: OrchestrationContext): Orchestration<string> {
    return yield* context.callActivity(Clerk).file('parcel');
  }
}

test('what comes to a suspended instance comes once, however often it is loaded', async (t) => {
  const around = surroundings(1);
  const { hub, client, settle, advance } = around;
  const run = async (name: string, office: typeof Office, clerk: Clerk) => {
    const worker = new MemoryWorker(hub, name, hostOf({ orchestrators: [office], activities: [clerk] }));
    await settle(worker.claim());
    return worker;
  };
  const first = await run('w1', Office, new Clerk(true));
  await settle(client.start('office', 'o'));
  await advance(300);
  first.connection.kill();
  const [second, third] = [new Clerk(), new Clerk()];
  const suspending = await run('w2', OtherOffice, second);
  await advance(2_000);
  t.deepEqual(second.done, ['letter']);
  const [answer] = await ask(around, 'o.o', { kind: 'status', instanceId: 'o' });
  t.like(answer, { status: { runtimeStatus: 'Suspended' } });
  const records = hub.streams(0).log.last;
  await advance(60_000);
  t.is(hub.streams(0).log.last, records, 'a timer that is due does not stir it');
  await settle(suspending.stop());
  const still = await run('w3', OtherOffice, third);
  await advance(2_000);
  await settle(still.stop());
  await run('w4', Office, third);
  await advance(2_000);
  t.deepEqual(third.done, [], 'the activity has answered');
  t.is((await settle(client.orchestrationHead('o')))?.output, 'filed letter');
});

@Orchestrator('rounds')
class Rounds {
  @Run({ input: Number }) *run(count: number, context: OrchestrationContext): Orchestration<number[]> {
    const order: number[] = [];
    const at = new Date(context.currentUtcDateTime.getTime() + 1_000);
    const timers = Array.from({ length: count }, () => context.createTimer(at));
    const waiting = new Set(timers);
    while (waiting.size > 0) {
      const next = yield* context.any([...waiting]);
      waiting.delete(next);
      order.push(timers.indexOf(next));
    }
    return order;
  }
}

test('timers of one time fire in the order of their creation', async (t) => {
  const { hub, client, settle, advance } = surroundings(1);
  const worker = new MemoryWorker(hub, 'w', hostOf({ orchestrators: [Rounds] }));
  await settle(worker.claim());
  await settle(client.start('rounds', 'r', 40));
  await advance(3_000);
  t.deepEqual(
    (await settle(client.orchestrationHead('r')))?.output,
    Array.from({ length: 40 }, (_, i) => i),
  );
});

@Orchestrator('patient')
class Patient {
  @Run() *run(_none: void, context: OrchestrationContext): Orchestration<string[]> {
    const heard: string[] = [];
    for (let round = 0; round < 3; round++) {
      const timeout = context.createTimer(20_000);
      const event = context.waitForExternalEvent<string>('say');
      const winner = yield* context.any([event, timeout]);
      if (winner === event) timeout.cancel();
      heard.push(winner === event ? event.result : 'nothing');
    }
    return heard;
  }
}

test('a timer that was cancelled does not fire, and the next one has its own time', async (t) => {
  const { hub, client, settle, advance } = surroundings(1);
  const worker = new MemoryWorker(hub, 'w', hostOf({ orchestrators: [Patient, Nap] }));
  await settle(worker.claim());
  await settle(client.start('patient', 'p'));
  const say = (input: string) => client.send(orchestrationAddress('p'), { kind: 'event', name: 'say', input });
  await advance(15_000);
  await settle(say('one'));
  await advance(15_000);
  await settle(say('two'));
  await advance(19_000);
  t.is((await settle(client.orchestrationHead('p')))?.status, 'Running');
  await advance(2_000);
  t.deepEqual((await settle(client.orchestrationHead('p')))?.output, ['one', 'two', 'nothing']);
});
