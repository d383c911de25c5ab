import test, { type ExecutionContext } from 'ava';
import { OrchestrationContext, type Orchestration, type Task } from 'perdure';
import { Activity, Entity, Operation, Orchestrator, Run } from 'perdure/decorators';
import type { HistoryEvent } from '../../lib/core/history.js';
import { KillAt, type LastCall } from '../engine/kill-at.js';
import { hostOf } from '../engine/surroundings.js';
import { rejection, Surroundings } from './surroundings.js';

/** What is asked of the outside: fails as long as the test says so. */
class Outside {
  static isBroken = true;
  static opened = Promise.resolve();
  @Activity({ input: String }) async work(name: string): Promise<string> {
    await Outside.opened;
    if (Outside.isBroken) throw new RangeError(`${name} fails`);
    return name;
  }
}

/** Counts what was paid in. An operation may wait for a gate, or be refused. */
@Entity('purse')
class Purse {
  static opened = Promise.resolve();
  static isShut = false;
  state = { paid: 0 };
  @Operation({ input: Number }) pay(amount: number): number {
    if (Purse.isShut) throw new RangeError('shut');
    return (this.state.paid += amount);
  }
  @Operation({ input: Number }) async payLater(amount: number): Promise<number> {
    this.state.paid += amount;
    await Purse.opened;
    return this.state.paid;
  }
  @Operation({ input: Number }) receipt(size: number): string {
    this.state.paid += 1;
    return 'x'.repeat(size);
  }
}

type Calls = readonly ('pay' | 'payLater' | 'receipt')[];

/** Returns more than can be stored, if the test says so. */
@Orchestrator('greedy')
class Greedy {
  static isGreedy = true;
  @Run() *run(_: void, ctx: OrchestrationContext): Orchestration<unknown> {
    const paid = yield* ctx.callEntity(Purse, 'a').pay(1);
    return Greedy.isGreedy ? 'x'.repeat(17 * 1024 * 1024) : paid;
  }
}

/** Fails with its activity, while what it called goes on. */
@Orchestrator('shopping')
class Shopping {
  @Run({ input: Object }) *run({ calls }: { calls: Calls }, ctx: OrchestrationContext): Orchestration<unknown> {
    const work = ctx.callActivity(Outside).work('work');
    const purse = ctx.callEntity(Purse, 'a');
    const called: Task<number | string>[] = calls.map((name) =>
      name === 'receipt' ? purse.receipt(400_000) : purse[name](1),
    );
    yield* work;
    const got = yield* ctx.all(called);
    return got.map((each) => (typeof each === 'string' ? each.length : each));
  }
}

const hosted = () => hostOf({ orchestrators: [Shopping, Greedy], entities: [Purse], activities: [new Outside()] });

/** An instance that has failed while an operation waits for its gate, and the others behind it. */
async function failed(t: ExecutionContext, calls: Calls) {
  Outside.isBroken = true;
  Outside.opened = Promise.resolve();
  Purse.isShut = false;
  let open = (): void => {};
  Purse.opened = new Promise((resolve) => (open = resolve));
  const around = new Surroundings();
  const { settle, client } = { settle: <T>(promise: Promise<T>) => around.settle(promise), client: around.client };
  const worker = await around.work('worker', hosted());
  const handle = await settle(client.startNew(Shopping, { calls }, { instanceId: 'shopping' }));
  const fails = async () => t.is((await rejection(around, () => handle.result())).code, 'PERDURE_ORCHESTRATION_FAILED');
  await fails();
  const paid = async (): Promise<unknown> => (await settle(client.readEntityState(Purse, 'a'))).entityState?.paid;
  const history = (): Promise<readonly HistoryEvent[]> => settle(handle.history());
  return { around, settle, worker, handle, open, fails, paid, history };
}

const typesOf = (history: readonly HistoryEvent[]) => history.map(({ type }) => type);

test.serial('C4: an operation that answers behind the failure is not carried out again by a rewind', async (t) => {
  const { around, settle, worker, handle, open, paid, history } = await failed(t, ['payLater', 'pay', 'receipt']);
  t.like((await history()).at(-1), { type: 'ExecutionFailed', unanswered: [1, 2, 3] });
  open();
  await around.advance(1_000);
  t.is(await paid(), 3);
  const answers = Array.from({ length: 3 }, () => 'EntityOperationCompleted');
  t.deepEqual(typesOf(await history()).slice(-4), ['ExecutionFailed', ...answers]);
  t.is((await settle(handle.status())).runtimeStatus, 'Failed');
  await settle(worker.stop());
  await around.work('successor', hosted());
  Outside.isBroken = false;
  await settle(handle.rewind('mended'));
  t.deepEqual(await settle(handle.result()), [1, 2, 400_000]);
  t.is(await paid(), 3);
});

test.serial('C4: an operation that answers behind rewinds is waited for, and not called again', async (t) => {
  const { around, settle, handle, open, fails, paid, history } = await failed(t, ['payLater', 'pay']);
  await settle(handle.rewind());
  await fails();
  Outside.isBroken = false;
  await settle(handle.rewind());
  await around.advance(1_000);
  t.is((await settle(handle.status())).runtimeStatus, 'Running');
  const [started] = await history();
  const { origin, asked } = started?.type === 'ExecutionStarted' ? started.rewound! : {};
  t.deepEqual(asked, [
    { id: 1, executionId: origin!, taskId: 1 },
    { id: 2, executionId: origin!, taskId: 2 },
  ]);
  open();
  t.deepEqual(await settle(handle.result()), [1, 2]);
  t.is(await paid(), 2);
});

test.serial('an operation that failed behind the failure is called again by a rewind', async (t) => {
  const { around, settle, handle, open, paid, history } = await failed(t, ['payLater', 'pay']);
  Purse.isShut = true;
  open();
  await around.advance(1_000);
  t.deepEqual(typesOf(await history()).slice(-2), ['EntityOperationCompleted', 'EntityOperationFailed']);
  Outside.isBroken = Purse.isShut = false;
  await settle(handle.rewind());
  t.deepEqual(await settle(handle.result()), [1, 2]);
  t.is(await paid(), 2);
});

test.serial('C4: answers that were held back when the instance failed are kept for a rewind', async (t) => {
  Outside.isBroken = true;
  Purse.isShut = false;
  const gates: (() => void)[] = [];
  const gate = () => new Promise<void>((resolve) => gates.push(resolve));
  [Outside.opened, Purse.opened] = [gate(), gate()];
  const around = new Surroundings();
  await around.work('worker', hosted());
  const calls: Calls = ['payLater', 'pay'];
  const handle = await around.settle(around.client.startNew(Shopping, { calls }, { instanceId: 'shopping' }));
  await around.settle(handle.suspend());
  for (const open of gates) {
    open();
    await around.advance(1_000);
  }
  await around.settle(handle.resume());
  await around.advance(1_000);
  const history = await around.settle(handle.history());
  const answers = ['EntityOperationCompleted', 'EntityOperationCompleted'];
  t.deepEqual(typesOf(history).slice(-4), ['TaskFailed', 'ExecutionFailed', ...answers]);
  Outside.isBroken = false;
  await around.settle(handle.rewind());
  t.deepEqual(await around.settle(handle.result()), [1, 2]);
  t.deepEqual((await around.settle(around.client.readEntityState(Purse, 'a'))).entityState, { paid: 2 });
});

test.serial('C4: an answer whose step cannot be stored is kept for a rewind with mended code', async (t) => {
  Purse.isShut = false;
  Greedy.isGreedy = true;
  const around = new Surroundings();
  await around.work('worker', hosted());
  const handle = await around.settle(around.client.startNew(Greedy));
  const { message } = await rejection(around, () => handle.result());
  t.regex(message, /too large/);
  const history = await around.settle(handle.history());
  t.deepEqual(typesOf(history).slice(-2), ['ExecutionFailed', 'EntityOperationCompleted']);
  Greedy.isGreedy = false;
  await around.settle(handle.rewind());
  t.is(await around.settle(handle.result()), 1);
  t.deepEqual((await around.settle(around.client.readEntityState(Purse, 'a'))).entityState, { paid: 1 });
});

test.serial('answers behind the end of an instance that did not fail are refused', async (t) => {
  const { around, settle, handle, open, history } = await failed(t, ['payLater']);
  Outside.isBroken = false;
  await settle(handle.rewind());
  await settle(handle.terminate());
  open();
  await around.advance(1_000);
  t.is(typesOf(await history()).at(-1), 'ExecutionTerminated');
});

/** An instance that fails beside its calls and is rewound, with a worker that dies at its nth call and another that takes over. */
async function rewoundOver(t: ExecutionContext, n: number, fault: LastCall): Promise<number> {
  const plan = new KillAt(n, fault);
  const around = new Surroundings({ seed: n, faults: plan });
  Outside.isBroken = true;
  const victim = around.begin('victim', hosted());
  plan.onKill = () => victim.connection.kill();
  await around.advance(20);
  const calls: Calls = ['pay', 'pay'];
  const end = (async () => {
    const handle = await around.client.startNew(Shopping, { calls }, { instanceId: 'shopping' });
    await t.throwsAsync(handle.result(), { code: 'PERDURE_ORCHESTRATION_FAILED' });
    Outside.isBroken = false;
    await handle.rewind();
    return handle.result();
  })();
  await around.advance(1_000);
  await around.work('successor', hosted());
  t.deepEqual(await around.settle(end), [1, 2], `killed at call ${n} (${fault})`);
  const { entityState } = await around.settle(around.client.readEntityState(Purse, 'a'));
  t.deepEqual(entityState, { paid: 2 }, `killed at call ${n} (${fault})`);
  return plan.calls;
}

for (const fault of ['requestLost', 'responseLost'] as const)
  test.serial(
    `C4: operations beside a failure and a rewind are carried out once, whichever call is the last (${fault})`,
    async (t) => {
      Purse.isShut = false;
      let n = 1;
      while ((await rewoundOver(t, n, fault)) >= n) n++;
      t.true(n > 20);
    },
  );
