import test, { type ExecutionContext } from 'ava';
import { OrchestrationContext, type Orchestration } from 'perdure';
import { Orchestrator, Run } from 'perdure/decorators';
import type { Directory } from '../../lib/engine/delegation.js';
import type { FaultPlan } from '../../lib/memory/faults.js';
import { MemoryWorld } from '../../lib/memory/world.js';
import { orchestrationAddress } from '../../lib/wire/addresses.js';
import type { ControlMessage } from '../../lib/wire/messages.js';
import { KillAt } from './kill-at.js';
import { pagesOf, small } from './mailboxes.js';
import { hostOf, MemoryClient, MemoryWorker, surroundings } from './surroundings.js';

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

const withCode = hostOf({ orchestrators: [Listener] });
const withoutCode = hostOf({ orchestrators: [] });

const say = (client: MemoryClient, id: string, input: string): Promise<void> =>
  client.send(orchestrationAddress(id), { kind: 'event', name: 'say', input });

const tell = (client: MemoryClient, id: string, action: ControlMessage['action']): Promise<void> =>
  client.send(orchestrationAddress(id), { kind: 'control', action });

const words = (from: number, to: number): string[] => Array.from({ length: to - from }, (_, n) => `w${from + n}`);

/** A worker that is said to have the code, and says nothing, until it is said to be dead. */
function ghost() {
  const listeners = new Set<() => void>();
  let isAlive = true;
  const directory: Directory = {
    workersWith: () => (isAlive ? ['ghost'] : []),
    onChange: (listener) => {
      listeners.add(listener);
      return { close: () => void listeners.delete(listener) };
    },
  };
  const die = (): void => {
    isAlive = false;
    listeners.forEach((listener) => listener());
  };
  return { directory, die };
}

test('P4: what is asked of an instance is found among its parked messages, by this owner and by the next', async (t) => {
  for (const isNext of [false, true]) {
    const { hub, client, settle, advance } = surroundings(1);
    const { directory, die } = ghost();
    const begun = new MemoryWorker(hub, 'begun', withCode);
    await settle(begun.claim());
    for (const id of ['kept', 'ended', 'again']) await settle(client.start('listener', id));
    await advance(500);
    await settle(begun.stop());
    const first = new MemoryWorker(hub, 'first', withoutCode, { mail: small, directory });
    await settle(first.claim());
    for (const word of words(0, 30)) for (const id of ['kept', 'ended', 'again']) await settle(say(client, id, word));
    await settle(client.start('listener', 'again'));
    await settle(tell(client, 'kept', 'suspend'));
    await settle(tell(client, 'ended', 'terminate'));
    for (const word of words(30, 60)) for (const id of ['kept', 'ended', 'again']) await settle(say(client, id, word));
    await advance(2_000);
    t.true(pagesOf(hub).length > 10, 'all of it is parked');
    if (isNext) {
      first.connection.kill();
      const second = new MemoryWorker(hub, 'second', withoutCode, { mail: small });
      await settle(second.claim());
    } else die();
    await advance(20_000);
    t.is((await settle(client.orchestrationHead('ended')))?.status, 'Terminated');
    t.is((await settle(client.orchestrationHead('kept')))?.status, 'Suspended');
    t.is(
      (await settle(client.orchestrationHead('again')))?.buffered?.length,
      30,
      'held back for the start behind them',
    );
    await settle(tell(client, 'kept', 'resume'));
    for (const id of ['kept', 'again']) await settle(say(client, id, 'end'));
    await advance(2_000);
    t.is((await settle(client.orchestrationHead('kept')))?.status, 'Running');
    const last = new MemoryWorker(hub, 'last', withCode);
    first.connection.kill();
    await settle(last.claim());
    await advance(5_000);
    for (const id of ['kept', 'again']) t.deepEqual((await settle(client.orchestrationHead(id)))?.output, words(0, 60));
    t.deepEqual(pagesOf(hub), []);
  }
});

test('messages go on waiting behind a start, as long as nothing is asked of their instance', async (t) => {
  const { hub, client, settle, advance } = surroundings(1);
  const owner = new MemoryWorker(hub, 'owner', withoutCode, { mail: small });
  await settle(owner.claim());
  await settle(client.start('listener', 'l'));
  for (const word of words(0, 30)) await settle(say(client, 'l', word));
  await advance(2_000);
  const head = await settle(client.orchestrationHead('l'));
  t.is(head?.status, 'Pending');
  t.true(head!.buffered!.length < 5, 'the start, and what came with it');
  t.true(pagesOf(hub).length > 0);
});

/** What is asked of instances by an owner without their code, which dies at its nth call; then the code comes. */
async function live(plan: FaultPlan & Partial<Pick<KillAt, 'calls' | 'onKill'>>) {
  const world = new MemoryWorld({ seed: 11, faults: plan });
  const hub = world.createHub('test', 2);
  const faults: string[] = [];
  const logger = { debug() {}, info() {}, warn() {}, error: (m: string) => void faults.push(m) };
  const client = new MemoryClient(hub, 'client');
  const { scheduler } = world;
  const settle = <T>(promise: Promise<T>): Promise<T> => scheduler.settle(promise, 60_000);
  const former = new MemoryWorker(hub, 'former', withCode, {}, logger);
  await settle(former.claim());
  for (const id of ['ended', 'kept', 'both']) await settle(client.start('listener', id));
  await scheduler.advance(200);
  await settle(former.stop());
  const victim = new MemoryWorker(hub, 'victim', withoutCode, {}, logger);
  plan.onKill = () => victim.connection.kill();
  void victim.claim().catch((error: unknown) => faults.push(String(error)));
  await scheduler.advance(20);
  await settle(client.start('listener', 'unbegun'));
  for (const id of ['later', 'plain']) await settle(client.start('listener', id));
  for (const id of ['ended', 'kept', 'both', 'unbegun', 'later', 'plain']) await settle(say(client, id, 'one'));
  await scheduler.advance(50);
  await settle(
    Promise.all([
      tell(client, 'ended', 'terminate'),
      tell(client, 'kept', 'suspend'),
      tell(client, 'both', 'suspend'),
      tell(client, 'unbegun', 'terminate'),
      tell(client, 'later', 'suspend'),
    ]),
  );
  for (const id of ['kept', 'both', 'later']) await settle(say(client, id, 'two'));
  await settle(Promise.all([tell(client, 'kept', 'resume'), tell(client, 'both', 'resume')]));
  await settle(Promise.all([tell(client, 'later', 'resume'), tell(client, 'both', 'terminate')]));
  await settle(tell(client, 'unbegun', 'purge'));
  await settle(say(client, 'plain', 'two'));
  for (const id of ['kept', 'later', 'plain']) await settle(say(client, id, 'end'));
  await scheduler.advance(1_500);
  const successor = new MemoryWorker(hub, 'successor', withCode, {}, logger);
  await settle(successor.claim());
  await scheduler.advance(8_000);
  const found: Record<string, unknown> = {};
  for (const id of ['ended', 'kept', 'both', 'unbegun', 'later', 'plain']) {
    const head = await settle(client.orchestrationHead(id));
    found[id] = head ? [head.status, head.output] : 'gone';
  }
  return { calls: plan.calls ?? 0, faults, found };
}

const right = {
  ended: ['Terminated', undefined],
  kept: ['Completed', ['one', 'two']],
  both: ['Terminated', undefined],
  unbegun: 'gone',
  later: ['Completed', ['one', 'two']],
  plain: ['Completed', ['one', 'two']],
};

async function everyPoint(t: ExecutionContext, fault: 'requestLost' | 'responseLost'): Promise<void> {
  let n = 1;
  for (; ; n++) {
    const { calls, faults, found } = await live(new KillAt(n, fault));
    t.deepEqual({ faults, found }, { faults: [], found: right }, `killed at call ${n}`);
    if (calls < n) break;
  }
  t.true(n > 30, `${n}`);
}

test('C4, C6: an owner without the code that dies before any of its calls arrives loses and doubles nothing', (t) =>
  everyPoint(t, 'requestLost'));

test('C4, C6: an owner without the code that dies after any of its calls was carried out loses and doubles nothing', (t) =>
  everyPoint(t, 'responseLost'));
