import test from 'ava';
import { EntityContext, OrchestrationContext, type Orchestration, type RetryOptions } from 'perdure';
import { Activity, Entity, Operation, Orchestrator, Run } from 'perdure/decorators';
import type { MemoryHub } from '../../lib/memory/hub.js';
import { entityAddress, partitionOf } from '../../lib/wire/addresses.js';
import { partitionSubjects } from '../../lib/wire/subjects.js';
import { Counter, Greetings } from './bank.js';
import { bytes, hostOf, MemoryWorker, recordingLogger, surroundings } from './surroundings.js';

/** Three bytes of UTF-8 to a character. */
const han = (count: number): string => '漢'.repeat(count);

function mailTo(hub: MemoryHub, subject: string, message: object): void {
  hub.streams(0).mail.store(subject, bytes({ v: 1, ...message }), hub.world.time);
}

const keysOf = (name: string, partition: number): string[] =>
  Array.from({ length: 60 }, (_, i) => `k${i}`).filter(
    (key) => partitionOf(entityAddress({ name, key }), 2) === partition,
  );

@Entity('scale')
class Scale {
  state = { texts: 0, length: 0 };
  @Operation({ input: String }) weigh(text: string): void {
    this.state.texts++;
    this.state.length += text.length;
  }
}

@Entity('fan')
class Fan {
  state = { n: 0 };
  @Operation({ input: String }) send(to: string, context: EntityContext): void {
    this.state.n++;
    for (let i = 0; i < 3; i++) context.signalEntity(Scale, to).weigh(han(45_000));
  }
}

test('channels cut envelopes by bytes, and a takeover sends what was not received', async (t) => {
  const { hub, client, settle, advance } = surroundings(2);
  const host = () => hostOf({ entities: [Fan, Scale] });
  const first = new MemoryWorker(hub, 'w1', host());
  await settle(first.claim());
  const to = keysOf('scale', 1)[0]!;
  for (const key of keysOf('fan', 0).slice(0, 4)) await settle(client.signal('fan', key, 'send', to));
  await advance(2);
  first.connection.kill();
  const second = new MemoryWorker(hub, 'w2', host());
  await settle(second.claim());
  await advance(3_000);
  t.deepEqual((await settle(client.entityHead('scale', to)))?.state, { texts: 12, length: 12 * 45_000 });
});

test('an envelope of a partition that there is not, and one full of foreign messages, harm nothing', async (t) => {
  const { hub, client, settle, advance } = surroundings(2);
  const lines: string[] = [];
  const host = () => hostOf({ entities: [Counter] });
  const first = new MemoryWorker(hub, 'w1', host(), {}, recordingLogger(lines));
  await settle(first.claim());
  const { envelopes } = partitionSubjects('test', 0);
  const [mine, foreign] = [keysOf('counter', 0)[0]!, keysOf('counter', 1)[0]!];
  const add = (key: string, input: string) => [`e.counter.${key}`, { kind: 'operation', name: 'add', input }];
  mailTo(hub, envelopes, { from: 1e12, entries: [{ n: 1, prev: 0, messages: [add(mine, 'nowhere')] }] });
  const many = Array.from({ length: 14_000 }, () => add(foreign, 'x'));
  mailTo(hub, envelopes, { from: 1, entries: [{ n: 1, prev: 0, messages: [...many, add(mine, 'right')] }] });
  await advance(500);
  first.connection.kill();
  const second = new MemoryWorker(hub, 'w2', host(), {}, recordingLogger(lines));
  await settle(second.claim());
  await settle(client.signal('counter', mine, 'add', 'after'));
  await advance(500);
  t.deepEqual((await settle(client.entityHead('counter', mine)))?.state, { seen: ['right', 'after'] });
  t.is(lines.filter((line) => line.includes('goes to the dead letters')).length, 2);
  t.regex(lines.join('\n'), /13999 more of this envelope/);
});

class Press {
  @Activity({ input: Number }) print(count: number): string {
    return han(count);
  }
}

@Orchestrator('wide')
class Wide {
  @Run() *run(_none: void, context: OrchestrationContext): Orchestration<number> {
    const texts = yield* context.all([1, 2, 3, 4].map(() => context.callActivity(Press).print(80_000)));
    yield* context.createTimer(500);
    return texts.join('').length;
  }
}

test('a long history is cut by bytes', async (t) => {
  const { hub, client, settle, advance } = surroundings(1);
  const worker = new MemoryWorker(hub, 'w', hostOf({ orchestrators: [Wide], activities: [new Press()] }));
  await settle(worker.claim());
  await settle(client.start('wide', 'w'));
  await advance(3_000);
  const head = await settle(client.orchestrationHead('w'));
  t.is(head?.output, 320_000);
  t.true(head!.segments.length > 1);
});

@Orchestrator('heavy')
class Heavy {
  @Run({ input: String }) *run(_text: string, context: OrchestrationContext): Orchestration<void> {
    for (let i = 0; i < 200; i++) yield* context.createTimer(150);
  }
}

test('a large input makes no segment of each flush', async (t) => {
  const { hub, client, settle, advance } = surroundings(1);
  const worker = new MemoryWorker(hub, 'w', hostOf({ orchestrators: [Heavy] }));
  await settle(worker.claim());
  await settle(client.start('heavy', 'h', 'x'.repeat(250_000)));
  await advance(20_000);
  const head = await settle(client.orchestrationHead('h'));
  t.is(head?.status, 'Running');
  t.is(head?.segments.length, 1);
});

@Orchestrator('rounds')
class Rounds {
  @Run({ input: Number }) *run(round: number, context: OrchestrationContext): Orchestration<number | void> {
    for (let i = 0; i < 300; i++) yield* context.callActivity(Greetings).hello('x'.repeat(300));
    yield* context.createTimer(500);
    return round < 4 ? context.continueAsNew(round + 1) : round;
  }
}

test('segments of executions that have ended are removed', async (t) => {
  const { hub, client, settle, advance } = surroundings(1);
  const worker = new MemoryWorker(hub, 'w', hostOf({ orchestrators: [Rounds], activities: [new Greetings()] }));
  await settle(worker.claim());
  await settle(client.start('rounds', 'r', 0));
  await advance(20_000);
  const head = await settle(client.orchestrationHead('r'));
  t.is(head?.output, 4);
  t.true(head!.segments.length > 0);
  const prefix = head!.segments[0]!.subject.split('.').slice(0, 6).join('.');
  const stored = [...hub.streams(0).state.all()].filter(({ subject }) => subject.startsWith(prefix));
  t.is(stored.length, head!.segments.length);
});

@Orchestrator('collector')
class Collector {
  @Run() *run(_none: void, context: OrchestrationContext): Orchestration<number> {
    let length = 0;
    for (let i = 0; i < 40; i++) length += (yield* context.waitForExternalEvent<string>('say')).length;
    return length;
  }
}

@Orchestrator('collector')
class Changed {
  @Run() *run(_none: void, context: OrchestrationContext): Orchestration<number> {
    yield* context.createTimer(1);
    return 0;
  }
}

test('what is held back for suspended code may be more than a head or a record holds', async (t) => {
  const { hub, client, settle, advance } = surroundings(1);
  const run = async (name: string, collector: typeof Collector) => {
    const worker = new MemoryWorker(hub, name, hostOf({ orchestrators: [collector] }));
    await settle(worker.claim());
    return worker;
  };
  const say = async (): Promise<void> => {
    for (let i = 0; i < 10; i++)
      await settle(client.send('o.c', { kind: 'event', name: 'say', input: 'x'.repeat(60_000) }));
    await advance(500);
  };
  const first = await run('w1', Collector);
  await settle(client.start('collector', 'c'));
  await say();
  await settle(first.stop());
  const second = await run('w2', Changed);
  await say();
  await say();
  const head = await settle(client.orchestrationHead('c'));
  t.is(head?.status, 'Suspended');
  t.true((head?.held?.length ?? 0) > 1);
  second.connection.kill();
  const third = await run('w3', Changed);
  await say();
  await settle(third.stop());
  await run('w4', Collector);
  await advance(2_000);
  t.is((await settle(client.orchestrationHead('c')))?.output, 40 * 60_000);
});

@Entity('stubborn')
class Stubborn {
  state = { n: 0 };
  @Operation() freeze(): void {
    this.state.n++;
    Object.freeze(this);
  }
  @Operation() count(): number {
    return ++this.state.n;
  }
}

const shifty: RetryOptions = {
  maxAttempts: 3,
  get firstRetryIntervalInMilliseconds(): number {
    if (reads++ > 0) throw new Error('read again');
    return 10;
  },
};
let reads = 0;

class Broken {
  @Activity() fail(): void {
    throw new Error('always');
  }
}

@Orchestrator('retrying')
class Retrying {
  @Run({ input: String }) *run(how: string, context: OrchestrationContext): Orchestration<string> {
    const changed = { maxAttempts: 2, firstRetryIntervalInMilliseconds: 10 };
    const task = context.callActivity('fail', undefined, { retry: how === 'shifty' ? shifty : changed });
    changed.firstRetryIntervalInMilliseconds = NaN;
    try {
      yield* task;
      return 'done';
    } catch {
      return 'failed';
    }
  }
}

test('an object that freezes itself, and options that change, fail nothing but their own', async (t) => {
  const { hub, client, settle, advance } = surroundings(1);
  const host = hostOf({ entities: [Stubborn], orchestrators: [Retrying], activities: [new Broken()] });
  const worker = new MemoryWorker(hub, 'w', host);
  await settle(worker.claim());
  await settle(client.signal('stubborn', 's', 'freeze'));
  await settle(client.start('retrying', 'changed', 'changed'));
  await settle(client.start('retrying', 'shifty', 'shifty'));
  await settle(client.signal('stubborn', 's', 'count'));
  await advance(1_000);
  t.deepEqual((await settle(client.entityHead('stubborn', 's')))?.state, { n: 1 });
  t.is((await settle(client.orchestrationHead('changed')))?.output, 'failed');
  t.is((await settle(client.orchestrationHead('shifty')))?.status, 'Completed');
  await settle(worker.stop());
  t.is(await settle(worker.owners[0]!.ended), undefined);
});
