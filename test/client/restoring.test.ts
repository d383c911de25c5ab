import test, { type ExecutionContext } from 'ava';
import {
  InstanceExistsError,
  OrchestrationContext,
  type HistoryEvent,
  type Orchestration,
  type OrchestrationStatus,
} from 'perdure';
import { Orchestrator, Run } from 'perdure/decorators';
import { CartV1, CartV2 } from '../engine/carts.js';
import { hostOf, MemoryClient, outcomesAt } from '../engine/surroundings.js';
import { Work } from './lifecycle-classes.js';
import { Ledger } from './readonly-classes.js';
import { rejection, Surroundings } from './surroundings.js';
import { everyDeath, lastCalls, type Mortal } from './worker-deaths.js';

/** Instances and entities that were told of, brought back in a hub that never had them. */

@Orchestrator('job', { version: '3' })
class Job {
  @Run({ input: String }) *run(name: string, ctx: OrchestrationContext): Orchestration<string> {
    ctx.setCustomStatus({ at: 'first' });
    const first = yield* ctx.callActivity(Work).work(`${name} first`);
    if (name === 'wait') yield* ctx.waitForExternalEvent('Go');
    yield* ctx.createTimer(1_000);
    if (name === 'again') return ctx.continueAsNew('large') as never;
    const second = yield* ctx.callActivity(Work).work(`${name} second`);
    return name === 'large' ? 'x'.repeat(600_000) : `${first}, ${second}`;
  }
}

type Told = OrchestrationStatus & { readonly history: readonly HistoryEvent[] };

const labels = { tags: { customer: 'ada' }, memo: { note: 'é' } };

/** Instances that have ended in each way: each as its status tells it, with its history. */
async function exported(): Promise<readonly Told[]> {
  const around = new Surroundings();
  const work = new Work();
  work.failing.add('bad second');
  await around.work('worker', hostOf({ orchestrators: [Job], activities: [work] }));
  const { client } = around;
  for (const name of ['good', 'bad', 'wait', 'again'])
    await around.settle(client.startNew(Job, name, { instanceId: name, ...labels }));
  await around.advance(5_000);
  await around.settle(client.terminate('wait', { paid: 0 }, { reason: 'late' }));
  await around.advance(1_000);
  const told: Told[] = [];
  for (const id of ['good', 'bad', 'wait', 'again']) told.push(await statusOf(around, id));
  return told;
}

async function statusOf(around: Surroundings, instanceId: string): Promise<Told> {
  const status = await around.settle(around.client.getHandle(instanceId).status({ fetchHistory: true }));
  return { ...status, history: status.history! };
}

test('an instance that had ended is brought back as it was, and none of its code runs', async (t) => {
  const told = await exported();
  t.deepEqual(
    told.map(({ runtimeStatus }) => runtimeStatus),
    ['Completed', 'Failed', 'Terminated', 'Completed'],
  );
  const around = new Surroundings();
  const { client } = around;
  const first = await around.work('first', hostOf({ entities: [Ledger] })); // nobody has the code
  for (const { instanceId, history, customStatus } of told)
    await around.settle(client.restoreInstance(instanceId, { history, customStatus }));
  const isAsTold = async (how: string): Promise<void> => {
    for (const one of told) t.deepEqual(await statusOf(around, one.instanceId), one, `${one.instanceId} ${how}`);
  };
  await isAsTold('at once');
  await around.advance(1_000);
  const work = new Work();
  await around.settle(first.stop());
  const { instances } = await around.settle(
    client.listInstances({ runtimeStatus: 'Failed', tags: { customer: 'ada' } }),
  );
  t.deepEqual(
    instances.map(({ instanceId, createdTime }) => [instanceId, createdTime]),
    [['bad', told[1]!.createdTime]],
  );
  await around.work('second', hostOf({ orchestrators: [Job], activities: [work] }));
  await isAsTold('with another owner');
  t.is(await around.settle(client.getHandle('good').result()), 'done good first, done good second');
  t.is(((await around.settle(client.getHandle('again').result())) as string).length, 600_000);
  t.is((await rejection(around, () => client.getHandle('wait').result())).code, 'PERDURE_ORCHESTRATION_TERMINATED');
  t.deepEqual(work.done, []);

  await around.settle(client.rewind('bad'));
  t.is(await around.settle(client.getHandle('bad').result()), 'done bad first, done bad second');
  t.deepEqual(work.done, ['bad second'], 'what had succeeded is kept');
  const again = await around.settle(client.restart('good', { newInstanceId: true }));
  t.is(await around.settle(again.result()), 'done good first, done good second');
});

test('what is there is not replaced, ended or not; what was purged is brought back', async (t) => {
  const [good] = await exported();
  const around = new Surroundings();
  const { client } = around;
  await around.work('worker', hostOf({ orchestrators: [Job], activities: [new Work()] }));
  const restore = (id: string) => client.restoreInstance(id, good!);
  const handle = await around.settle(client.startNew(Job, 'wait', { instanceId: 'a' }));
  t.true((await rejection(around, () => restore('a'))) instanceof InstanceExistsError);
  await around.settle(handle.terminate());
  t.true((await rejection(around, () => restore('a'))) instanceof InstanceExistsError);
  await around.settle(client.purge('a'));
  await around.settle(restore('a'));
  t.like(await statusOf(around, 'a'), { instanceId: 'a', runtimeStatus: 'Completed', input: 'good' });
  t.true((await rejection(around, () => restore('a'))) instanceof InstanceExistsError);
  await around.settle(client.purge('a'));
  await around.advance(2_000);
  t.is((await around.settle(client.countInstances())).total, 0);
});

test('events that waited for its start come too late', async (t) => {
  const [good] = await exported();
  const around = new Surroundings();
  const { client } = around;
  const first = await around.work('first', hostOf({ entities: [Ledger] }));
  await around.settle(new MemoryClient(around.hub, 'sender').send('o.good', { kind: 'event', name: 'Go' }));
  await around.advance(1_000);
  await around.settle(client.restoreInstance('good', good!));
  await around.advance(1_000);
  await around.settle(first.stop());
  await around.work('second', hostOf({ entities: [Ledger] }));
  t.deepEqual(await statusOf(around, 'good'), good);
});

test('what is no history of an execution that has ended is refused: nothing is sent', async (t) => {
  const [good] = await exported();
  const around = new Surroundings();
  await around.work('worker', hostOf({ orchestrators: [Job] }));
  const before = around.stored;
  const { history } = good!;
  const [started] = history;
  const end = history.at(-1)!;
  for (const [what, given] of Object.entries({
    nothing: undefined,
    'an empty one': [],
    'one that goes on': history.slice(0, -1),
    'one that continues as new': [...history.slice(0, -1), { type: 'ContinuedAsNew', at: 9 }],
    'two executions': [started, end, started, end],
    'one without its start': history.slice(1),
    'something behind the end': [...history, { type: 'TimerFired', at: 9, id: 0 }],
    'a value that is elsewhere': [{ ...started, inputRef: { key: 'k', bytes: 1, hash: 'h' } }, end],
    'no events': [started, { type: 'Nothing' }, end],
    'a time that is none': [{ ...started, at: 'now' }, end],
  })) {
    const error = await rejection(around, () => around.client.restoreInstance('a', { history: given as never }));
    t.is(error.code, 'PERDURE_CONFIG', what);
  }
  t.is((await rejection(around, () => around.client.restoreInstance('a/b', good!))).code, 'PERDURE_INVALID_ID');
  t.is(around.stored, before);
});

test('an owner believes no client, and refuses the same', async (t) => {
  const around = new Surroundings();
  await around.work('worker', hostOf({ orchestrators: [Job] }));
  const sender = new MemoryClient(around.hub, 'sender');
  const outcomes = outcomesAt(sender.ports, '_INBOX.sender');
  const request = { kind: 'control', action: 'restore', output: { history: [] }, reply: '_INBOX.sender' } as const;
  await around.settle(sender.send('o.a', request));
  await around.advance(1_000);
  t.regex(outcomes[0]?.failure?.message ?? '', /does not begin with ExecutionStarted/);
  t.is((await rejection(around, () => around.client.getHandle('a').status())).code, 'PERDURE_NOT_FOUND');
});

test('an entity is brought back with its state, which is migrated when it is used', async (t) => {
  const around = new Surroundings();
  const { client } = around;
  const first = await around.work('first', hostOf({ entities: [CartV1, Ledger] }));
  await around.settle(client.callEntity(CartV1, 'old').add('nails'));
  const large = { entries: Array.from({ length: 100_000 }, (_, at) => at) };
  await around.settle(first.stop());
  const second = await around.work('second', hostOf({})); // nobody has the class
  const restore = (entity: string, key: string, entityState: unknown, stateVersion?: number) =>
    around.settle(client.entities.restore(entity, key, { entityState, stateVersion }));
  t.true(await restore('cart', 'one', ['glue', 'glue']));
  t.true(await restore('cart', 'two', { items: { pins: 5 } }, 2));
  t.true(await restore('ledger', 'large', large));
  t.false(await restore('cart', 'one', ['other']), 'it exists');
  t.false(await restore('cart', 'old', ['other']));
  await around.advance(1_000);
  await around.settle(second.stop());
  await around.work('third', hostOf({ entities: [CartV2, Ledger] }));
  t.deepEqual(await around.settle(client.callEntity(CartV2, 'one').look()), { glue: 2 });
  t.is(await around.settle(client.callEntity(CartV2, 'two').add('pins')), 6);
  t.deepEqual(await around.settle(client.callEntity(CartV2, 'old').look()), { nails: 1 });
  t.is(await around.settle(client.callEntity(Ledger, 'large').add(1)), 100_001);
  t.true(await around.settle(client.entities.delete('cart', 'one')));
  t.true(await restore('cart', 'one', { items: {} }, 2), 'it was deleted');
  t.is(await around.settle(client.callEntity(CartV2, 'one').add('glue')), 1);
});

test('what is no state or version of an entity is refused, and so is an entity that nobody knows', async (t) => {
  const around = new Surroundings();
  await around.work('worker', hostOf({ entities: [Ledger] }));
  const before = around.stored;
  const code = async (entity: string, former: object) =>
    (await rejection(around, () => around.client.entities.restore(entity, 'a', former as never))).code;
  t.is(await code('ledger', {}), 'PERDURE_CONFIG');
  t.is(await code('ledger', { entityState: 1, stateVersion: 0 }), 'PERDURE_CONFIG');
  t.is(await code('ledger', { entityState: 1, stateVersion: 1.5 }), 'PERDURE_CONFIG');
  t.is(await code('ledger', { entityState: new Map() }), 'PERDURE_UNSERIALIZABLE');
  t.is(await code('absent', { entityState: 1 }), 'PERDURE_UNKNOWN_ENTITY');
  t.is(around.stored, before);
});

const host = () => hostOf({ entities: [Ledger] });

/** Both are brought back while their owner dies, then asked for once more. */
async function restoredOver(t: ExecutionContext, { around, what, outlived }: Mortal): Promise<void> {
  const { client } = around;
  const history = [
    { type: 'ExecutionStarted', at: 1, name: 'job', executionId: 'e', input: 'x' },
    { type: 'ExecutionCompleted', at: 2, output: 'y' },
  ] as const;
  await outlived(
    (async () => {
      await client.restoreInstance('i', { history, customStatus: 's' });
      t.true(await client.entities.restore(Ledger, 'k', { entityState: { entries: [7] } }), what);
      await client.callEntity(Ledger, 'k').add(8);
    })(),
  );
  t.like(await statusOf(around, 'i'), { runtimeStatus: 'Completed', output: 'y', customStatus: 's', history }, what);
  t.deepEqual(await around.settle(client.callEntity(Ledger, 'k').all()), [7, 8], what);
  t.true((await rejection(around, () => client.restoreInstance('i', { history }))) instanceof InstanceExistsError);
}

for (const fault of lastCalls)
  test(`C4: what is brought back is there once, whichever call of its worker is the last (${fault})`, (t) =>
    everyDeath(t, fault, host, (mortal) => restoredOver(t, mortal)));
