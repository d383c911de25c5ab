import test from 'ava';
import { OrchestrationContext, type Orchestration } from 'perdure';
import { Orchestrator, Run } from 'perdure/decorators';
import { orchestrationAddress } from '../../lib/wire/addresses.js';
import type { Message } from '../../lib/wire/messages.js';
import { hostOf, MemoryWorker, surroundings } from './surroundings.js';

interface Turn {
  readonly left: number;
  readonly sum: number;
  readonly keepEvents?: boolean;
}

/** Adds one event in each execution. */
@Orchestrator('eternal')
class Eternal {
  @Run({ input: 'unknown' }) *run(
    { left, sum, keepEvents = true }: Turn,
    ctx: OrchestrationContext,
  ): Orchestration<number> {
    ctx.setCustomStatus(left % 2 === 0 ? { left } : undefined);
    if (left === 0) return sum;
    const added = yield* ctx.waitForExternalEvent<number>('add');
    yield* ctx.createTimer(50);
    ctx.continueAsNew({ left: left - 1, sum: sum + added, keepEvents }, { keepEvents });
    return -1;
  }
}

/** Goes from one version to the next, all of them run by the same code. */
@Orchestrator('evolving', { version: '1', versionMatchStrategy: 'none' })
class Evolving {
  @Run({ input: [String] }) run(seen: string[], ctx: OrchestrationContext): string[] {
    const all = [...seen, `${ctx.version} ${ctx.tags['of']}`];
    if (all.length < 4) ctx.continueAsNew(all, all.length < 3 ? { version: String(all.length + 1) } : {});
    return all;
  }
}

/** Waits for one that goes through many executions. */
@Orchestrator('patient')
class Patient {
  @Run() *run(_: void, ctx: OrchestrationContext): Orchestration<number> {
    return yield* ctx.callSubOrchestrator(Eternal, { left: 5, sum: 0 }, { instanceId: 'child' });
  }
}

async function stage() {
  const around = surroundings(1);
  const worker = new MemoryWorker(around.hub, 'w', hostOf({ orchestrators: [Eternal, Patient, Evolving] }));
  await around.settle(worker.claim());
  const { client, settle } = around;
  const add = (id: string, input: number) =>
    settle(client.send(orchestrationAddress(id), { kind: 'event', name: 'add', input } as Message));
  return { ...around, worker, add };
}

test('an eternal orchestration keeps a bounded history, and leaves nothing of former executions behind', async (t) => {
  const { client, hub, settle, advance, add } = await stage();
  await settle(client.start('eternal', 'e', { left: 201, sum: 0 }));
  const kept = new Set<number>();
  for (let n = 0; n < 200; n++) {
    await add('e', 1);
    await advance(200);
    kept.add([...hub.streams(0).state.all()].length);
  }
  const head = await settle(client.orchestrationHead('e'));
  t.is(head?.status, 'Running');
  t.is(head?.history.length, 1);
  t.deepEqual(head?.input, { left: 1, sum: 200, keepEvents: true });
  t.true(Math.max(...kept) < 10, [...kept].join());
});

test('events of a whole life arrive once, however many come at a time', async (t) => {
  const { client, settle, advance, add } = await stage();
  await settle(client.start('eternal', 'e', { left: 50, sum: 0 }));
  for (let n = 0; n < 50; n++) await add('e', 2 ** (n % 10));
  await advance(5_000);
  t.is((await settle(client.orchestrationHead('e')))?.output, 5 * 1_023);
});

test('without keepEvents, what came before the next execution is gone, and what comes after counts', async (t) => {
  const { client, settle, advance, add } = await stage();
  await settle(client.start('eternal', 'e', { left: 2, sum: 0, keepEvents: false }));
  for (const value of [1, 10, 100]) await add('e', value);
  await advance(500);
  t.is((await settle(client.orchestrationHead('e')))?.status, 'Running');
  await add('e', 1_000);
  await advance(500);
  t.is((await settle(client.orchestrationHead('e')))?.output, 1_001);
});

test('a custom status does not outlive its execution', async (t) => {
  const { client, settle, advance, add } = await stage();
  await settle(client.start('eternal', 'e', { left: 2, sum: 0 }));
  await advance(500);
  t.deepEqual((await settle(client.orchestrationHead('e')))?.customStatus, { left: 2 });
  await add('e', 1);
  await advance(500);
  t.is((await settle(client.orchestrationHead('e')))?.customStatus, undefined);
});

test('an instance goes on with its version, or with that which continueAsNew says', async (t) => {
  const { client, settle, advance } = await stage();
  const start = { kind: 'start', name: 'evolving', input: [], tags: { of: 'a' } } as const;
  await settle(client.send(orchestrationAddress('e'), start));
  await advance(500);
  const head = await settle(client.orchestrationHead('e'));
  t.deepEqual(head?.output, ['1 a', '2 a', '3 a', '3 a']);
  t.like(head, { version: '3', tags: { of: 'a' } });
});

test('a parent waits for the last execution of its child', async (t) => {
  const { client, settle, advance, add } = await stage();
  await settle(client.start('patient', 'p'));
  for (let n = 0; n < 5; n++) {
    await advance(100);
    t.is((await settle(client.orchestrationHead('p')))?.status, 'Running');
    await add('child', 1);
  }
  await advance(500);
  t.is((await settle(client.orchestrationHead('p')))?.output, 5);
});
