import test from 'ava';
import { OrchestrationContext, type Orchestration } from 'perdure';
import { Orchestrator, Run } from 'perdure/decorators';
import { orchestrationAddress } from '../../lib/wire/addresses.js';
import type { Message } from '../../lib/wire/messages.js';
import { ask, hostOf, MemoryWorker, surroundings } from './surroundings.js';

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

function stage(seed = 1) {
  const around = surroundings(2, seed, { maxInlineValueBytes: 1_024 });
  const host = hostOf({ orchestrators: [Listener, Deaf, Speaker] });
  const { client, settle, hub } = around;
  return {
    ...around,
    host,
    say: (id: string, input: string) =>
      settle(client.send(orchestrationAddress(id), { kind: 'event', name: 'say', input } as Message)),
    work: async (name = 'worker') => {
      const worker = new MemoryWorker(hub, name, host);
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

test('a hundred events wait for a start, and no more', async (t) => {
  const { client, say, work, settle, advance } = stage();
  await work();
  for (let n = 0; n < 103; n++) await say('l', `w${n}`);
  await settle(client.start('listener', 'l'));
  await say('l', 'end');
  await advance(1_000);
  t.deepEqual(
    (await settle(client.orchestrationHead('l')))?.output,
    Array.from({ length: 100 }, (_, n) => `w${n}`),
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
