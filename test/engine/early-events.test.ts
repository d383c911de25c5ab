import test from 'ava';
import { OrchestrationContext, type Orchestration } from 'perdure';
import { Orchestrator, Run } from 'perdure/decorators';
import { orchestrationAddress, partitionOf } from '../../lib/wire/addresses.js';
import type { Message } from '../../lib/wire/messages.js';
import { MemoryWorld } from '../../lib/memory/world.js';
import { KillAt, type LastCall } from './kill-at.js';
import { ask, hostOf, MemoryClient, MemoryWorker, recordingLogger, surroundings } from './surroundings.js';

/** Gathers what is said until the end is said. */
@Orchestrator('listener')
class Listener {
  @Run() *run(_: void, ctx: OrchestrationContext): Orchestration<string[]> {
    const heard: string[] = [];
    for (;;) {
      const word = yield* ctx.waitForExternalEvent<string>('say');
      if (word === 'end') return heard;
      heard.push(word);
    }
  }
}

@Orchestrator('deaf')
class Deaf {
  @Run() run(): string {
    return 'heard nothing';
  }
}

/** Sends to an instance that nobody has started. */
@Orchestrator('speaker')
class Speaker {
  @Run({ input: [String] }) run([to, ...words]: string[], ctx: OrchestrationContext): void {
    for (const word of words) ctx.sendEvent(to!, 'say', word);
  }
}

const HOUR = 3_600_000;

function stage(seed = 1) {
  const around = surroundings(2, seed, { maxInlineValueBytes: 1_024 });
  const host = { ...hostOf({ orchestrators: [Listener, Deaf, Speaker] }), earlyEventsKept: HOUR };
  const { client, settle, hub } = around;
  const lines: string[] = [];
  return {
    ...around,
    host,
    lines,
    say: (id: string, input: string) =>
      settle(client.send(orchestrationAddress(id), { kind: 'event', name: 'say', input } as Message)),
    work: async (name = 'worker') => {
      const worker = new MemoryWorker(hub, name, host, {}, recordingLogger(lines));
      await settle(worker.claim());
      return worker;
    },
  };
}

test('events that come before the start are taken behind it, in order, and before what comes later', async (t) => {
  const { client, say, work, settle, advance } = stage();
  await work();
  for (const word of ['one', 'two']) await say('l', word);
  await advance(1_000);
  await settle(client.start('listener', 'l'));
  for (const word of ['three', 'end']) await say('l', word);
  await advance(1_000);
  const head = await settle(client.orchestrationHead('l'));
  t.deepEqual(head?.output, ['one', 'two', 'three']);
  t.is(head?.history[0]?.type, 'ExecutionStarted');
});

test('they outlive their owner, in the log and in the head', async (t) => {
  for (const rest of [0, 5_000]) {
    const { client, say, work, settle, advance } = stage();
    const first = await work('first');
    for (const word of ['one', 'two', 'end']) await say('l', word);
    await advance(rest);
    first.connection.kill();
    const second = await work('second');
    await advance(rest);
    await settle(second.stop());
    await work('third');
    await settle(client.start('listener', 'l'));
    await advance(1_000);
    t.deepEqual((await settle(client.orchestrationHead('l')))?.output, ['one', 'two'], `after ${rest} ms`);
  }
});

/** Events, then a start, then one more event, of an owner that dies at its nth call; what the next one made of it. */
async function told(n: number, fault: LastCall): Promise<{ calls: number; output: unknown }> {
  const plan = new KillAt(n, fault);
  const world = new MemoryWorld({ seed: n, faults: plan });
  const hub = world.createHub('test', 2);
  const host = hostOf({ orchestrators: [Listener, Speaker] });
  const victim = new MemoryWorker(hub, 'victim', host);
  plan.onKill = () => victim.connection.kill();
  const client = new MemoryClient(hub, 'client');
  const { scheduler } = world;
  const settle = <T>(promise: Promise<T>): Promise<T> => scheduler.settle(promise, 60_000);
  victim.claim().catch(() => {}); // it may be killed before it has claimed them all
  await scheduler.advance(20);
  const say = (input: string) =>
    settle(client.send(orchestrationAddress('l'), { kind: 'event', name: 'say', input } as Message));
  for (const word of ['one', 'two']) await say(word);
  await scheduler.advance(200); // the head is stored
  await settle(client.start('listener', 'l'));
  await say('end');
  await scheduler.advance(200);
  await settle(new MemoryWorker(hub, 'successor', host).claim());
  await scheduler.advance(1_000);
  return { calls: plan.calls, output: (await settle(client.orchestrationHead('l')))?.output };
}

for (const fault of ['requestLost', 'responseLost'] as const)
  test(`an owner that dies at any of its calls loses none of them and repeats none: ${fault}`, async (t) => {
    let n = 1;
    for (; ; n++) {
      const { calls, output } = await told(n, fault);
      t.deepEqual(output, ['one', 'two'], `killed at call ${n}`);
      if (calls < n) break;
    }
    t.true(n > 25, `${n} calls`);
  });

test('they survive the death of their owner between the start and the next step', async (t) => {
  for (let last = 1; last <= 6; last++) {
    const { client, say, work, settle, advance } = stage(last);
    const first = await work('first');
    for (const word of ['one', 'two', 'end']) await say('l', word);
    await advance(500);
    await settle(client.start('listener', 'l'));
    await advance(last);
    first.connection.kill();
    await work('second');
    await advance(1_000);
    t.deepEqual((await settle(client.orchestrationHead('l')))?.output, ['one', 'two'], `after ${last} ms`);
  }
});

test('an instance with early events is none to whoever asks', async (t) => {
  const around = stage();
  await around.work();
  await around.say('l', 'one');
  const [answer] = await ask(around, orchestrationAddress('l'), { kind: 'status', instanceId: 'l' });
  t.deepEqual(answer, { v: 1, kind: 'status' });
  const head = (await around.settle(around.client.orchestrationHead('l'))) as unknown as { type: string };
  t.is(head.type, 'early');
});

test('an orchestration may send events to one that is started later', async (t) => {
  const { client, work, settle, advance } = stage();
  await work();
  await settle(client.start('speaker', 's', ['l', 'one', 'two', 'end']));
  await advance(1_000);
  await settle(client.start('listener', 'l'));
  await advance(1_000);
  t.deepEqual((await settle(client.orchestrationHead('l')))?.output, ['one', 'two']);
});

test('a hundred events wait for a start, and no more; the log tells of those that are dropped', async (t) => {
  const { client, say, work, settle, advance, lines } = stage();
  await work();
  for (let n = 0; n < 103; n++) await say('l', `w${n}`);
  await settle(client.start('listener', 'l'));
  await say('l', 'end');
  await advance(1_000);
  t.deepEqual(
    (await settle(client.orchestrationHead('l')))?.output,
    Array.from({ length: 100 }, (_, n) => `w${n}`),
  );
  t.is(
    lines.filter((line) => /^o\.l: .*too many events wait for its start: event "say" is dropped/.test(line)).length,
    3,
  );
});

test('when the first ones take 16 KiB no other one waits for a start', async (t) => {
  const { client, say, work, settle, advance } = stage();
  await work();
  for (let n = 0; n < 20; n++) await say('l', `${n} ${'x'.repeat(900)}`);
  await settle(client.start('listener', 'l'));
  await say('l', 'end');
  await advance(1_000);
  const head = await settle(client.orchestrationHead('l'));
  t.is(head?.status, 'Completed');
  t.is(head?.history.filter(({ type }) => type === 'EventRaised').length, 17 + 1, 'and the last one');
});

test('large early events go by reference, and nothing of them is left behind', async (t) => {
  const around = stage();
  const { client, hub, work, settle, advance } = around;
  await work();
  const data = 'x'.repeat(5_000);
  const address = orchestrationAddress('l');
  for (const input of [data, 'end']) {
    const text = JSON.stringify(input);
    const inputRef = text.length > 1_024 ? await settle(client.large.put(address, text)) : undefined;
    await settle(
      client.send(address, { kind: 'event', name: 'say', ...(inputRef ? { inputRef } : { input }) } as Message),
    );
  }
  await advance(500);
  await settle(client.start('listener', 'l'));
  await advance(1_000);
  const head = await settle(client.orchestrationHead('l'));
  t.is(head?.status, 'Completed');
  t.is(head?.values?.length, 2, 'the event, and the output with it');
  t.is(hub.objects.size, 2);
});

test('early events of an instance that ends without looking at them are dropped', async (t) => {
  const { client, say, work, settle, advance } = stage();
  const worker = await work();
  await say('d', 'one');
  await settle(client.start('deaf', 'd'));
  await advance(1_000);
  t.like(await settle(client.orchestrationHead('d')), { status: 'Completed', output: 'heard nothing' });
  await say('d', 'late');
  await settle(client.start('listener', 'd'));
  await say('d', 'end');
  await advance(1_000);
  t.deepEqual((await settle(client.orchestrationHead('d')))?.output, []);
  await settle(worker.stop());
});

/** What is stored of an instance that nobody has started. */
const storedOf = (around: ReturnType<typeof stage>): string[] =>
  [0, 1]
    .flatMap((partition) => [...around.hub.streams(partition).state.subjects()])
    .filter((subject) => subject.endsWith('.o.l'));

test('events of an instance that is never started are dropped when they are too old; nothing is left, and the log tells', async (t) => {
  const around = stage();
  const { say, work, advance, lines, hub, client, settle } = around;
  await work();
  const large = await settle(client.large.put(orchestrationAddress('l'), JSON.stringify('x'.repeat(5_000))));
  await settle(client.send(orchestrationAddress('l'), { kind: 'event', name: 'say', inputRef: large } as Message));
  await say('l', 'two');
  await advance(0.9 * HOUR);
  t.is(storedOf(around).length, 1);
  t.deepEqual(lines, []);
  await advance(1.2 * HOUR);
  t.deepEqual(storedOf(around), []);
  t.is(hub.objects.size, 0);
  t.is(lines.length, 1);
  t.regex(lines[0]!, /^o\.l: Nobody has started this instance: 2 events .* are dropped \("say"\) .*"instanceId":"l"/);
  await settle(client.start('listener', 'l'));
  await say('l', 'end');
  await advance(1_000);
  t.deepEqual((await settle(client.orchestrationHead('l')))?.output, []);
});

test('only those are dropped that are too old', async (t) => {
  const { say, work, advance, client, settle } = stage();
  await work();
  await say('l', 'old');
  await advance(0.6 * HOUR);
  await say('l', 'new');
  await advance(0.9 * HOUR);
  await settle(client.start('listener', 'l'));
  await say('l', 'end');
  await advance(1_000);
  t.deepEqual(
    (await settle(client.orchestrationHead('l')))?.output,
    ['old', 'new'],
    'not before the sweep that finds them',
  );

  await say('m', 'old');
  await advance(0.6 * HOUR);
  await say('m', 'new');
  await advance(0.95 * HOUR);
  await settle(client.start('listener', 'm'));
  await say('m', 'end');
  await advance(1_000);
  t.deepEqual((await settle(client.orchestrationHead('m')))?.output, ['new']);
});

test('the next owner drops what former ones have left, be it in a head or in the log', async (t) => {
  for (const rest of [5_000, 1]) {
    const around = stage(rest);
    const first = await around.work('first');
    await around.say('l', 'one');
    await around.advance(rest);
    first.connection.kill();
    await around.advance(2 * HOUR);
    await around.work('second');
    await around.advance(2.1 * HOUR);
    t.deepEqual(storedOf(around), []);
    t.is(around.lines.filter((line) => /Nobody has started/.test(line)).length, 1);
  }
});

for (const [what, version, text] of [
  ['is damaged', '0', /^o\.\w+: It is kept: Head \S+ cannot be read/],
  ['a newer version has written', '9', /^o\.\w+: It is kept: Head \S+ has format version 9/],
] as const)
  test(`a head that ${what} is passed over and kept, and those behind it are looked at`, async (t) => {
    const around = stage();
    const { say, advance, settle, client, hub, lines } = around;
    const partition = partitionOf(orchestrationAddress('l'), 2);
    const other = ['a', 'b', 'c', 'd'].find((id) => partitionOf(orchestrationAddress(id), 2) === partition)!;
    const first = await around.work('first');
    for (const id of [other, 'l']) await say(id, 'one');
    await advance(2_000);
    await settle(first.stop());
    const subject = client.ports.partition(partition).subjects.head(orchestrationAddress(other));
    const { body } = hub.streams(partition).state.latest(subject)!;
    body.set(new TextEncoder().encode(version), new TextDecoder().decode(body).indexOf('"v":') + 4);
    await around.work('second');
    await advance(2.1 * HOUR);
    t.deepEqual(storedOf(around), []);
    t.truthy(hub.streams(partition).state.latest(subject));
    t.true(
      lines.some((line) => text.test(line)),
      lines.join('\n'),
    );
  });

test('C4: an owner that dies at any of its calls drops them once', async (t) => {
  let n = 1;
  for (let isDead = true; isDead; n++) {
    const plan = new KillAt(0, 'responseLost');
    const world = new MemoryWorld({ seed: 5, faults: plan });
    const hub = world.createHub('test', 1);
    const host = { ...hostOf({ orchestrators: [Listener] }), earlyEventsKept: HOUR };
    const client = new MemoryClient(hub, 'client');
    const settle = <T>(promise: Promise<T>): Promise<T> => world.scheduler.settle(promise, 60_000);
    const first = new MemoryWorker(hub, 'first', host);
    await settle(first.claim());
    await settle(client.send(orchestrationAddress('l'), { kind: 'event', name: 'say', input: 'old' }));
    await world.scheduler.advance(500);
    await settle(first.stop());
    const victim = new MemoryWorker(hub, 'victim', host);
    await settle(victim.claim());
    await world.scheduler.advance(HOUR - 2_000);
    const until = new KillAt(plan.calls + n, 'responseLost');
    until.calls = plan.calls;
    plan.next = (call) => until.next(call);
    until.onKill = () => victim.connection.kill();
    await world.scheduler.advance(6_000);
    isDead = !victim.connection.isOpen;
    await settle(new MemoryWorker(hub, 'successor', host).claim());
    await world.scheduler.advance(1.1 * HOUR);
    t.deepEqual(
      [...hub.streams(0).state.subjects()].filter((subject) => subject.includes('.o.l')),
      [],
      `call ${n}`,
    );
    await settle(client.start('listener', 'l'));
    await settle(client.send(orchestrationAddress('l'), { kind: 'event', name: 'say', input: 'end' }));
    await world.scheduler.advance(500);
    t.deepEqual((await settle(client.orchestrationHead('l')))?.output, [], `call ${n}`);
  }
  t.true(n > 5, `${n} calls`);
});
