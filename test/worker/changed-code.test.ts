import test from 'ava';
import { Orchestrator, Run } from 'perdure/decorators';
import { type Orchestration, OrchestrationContext } from 'perdure';
import { MemoryTaskHub } from './memory-world.js';
import { ChangedParcel, misfitOf, Parcel, PatchedParcel, Shop } from './parcels.js';

const keys = ['a', 'b', 'c', 'd', 'e', 'f'];

async function begun() {
  const hub = new MemoryTaskHub();
  const worker = await hub.start('first', { orchestrators: [Parcel], activities: [new Shop()] });
  for (const key of keys) await hub.settle(hub.client.startNew('parcel', key, { instanceId: key }));
  await hub.advance(1_000);
  await hub.stop(worker);
  return hub;
}

test('an instance that a deployment does not fit is suspended with the reason, loses nothing, and goes on after the next one', async (t) => {
  const hub = await begun();
  const changed = await hub.start('second', { orchestrators: [ChangedParcel], activities: [new Shop()] });
  for (const key of keys) await hub.settle(hub.client.raiseEvent(key, 'Address', 'Oslo'));
  await hub.advance(1_000);
  for (const key of keys) {
    const { runtimeStatus, reason } = await hub.settle(hub.client.getHandle(key).status());
    t.is(runtimeStatus, 'Suspended');
    t.regex(reason!, misfitOf(key));
  }
  const fresh = await hub.settle(hub.client.startNew('parcel', 'new'));
  await hub.settle(hub.client.raiseEvent(fresh.instanceId, 'Address', 'Rome'));
  t.is(await hub.settle(fresh.result()), 'wrapped new to Rome', 'others are not held up');
  await hub.stop(changed);
  await hub.start('third', { orchestrators: [Parcel], activities: [new Shop()] });
  for (const key of keys) t.is(await hub.settle(hub.client.getHandle(key).result()), `packed ${key} to Oslo`);
});

test('the same holds where steps are run for an owner that has not the code', async (t) => {
  const hub = await begun();
  await hub.start('owner', { activities: [new Shop()], orchestrators: [Other] });
  const elsewhere = await hub.start('elsewhere', { orchestrators: [ChangedParcel] });
  await hub.advance(1_000); // partitions have moved
  for (const key of keys) await hub.settle(hub.client.raiseEvent(key, 'Address', 'Oslo'));
  await hub.advance(1_000);
  for (const key of keys) t.like(await hub.settle(hub.client.getHandle(key).status()), { runtimeStatus: 'Suspended' });
  await hub.stop(elsewhere);
  await hub.start('mended', { orchestrators: [Parcel] });
  for (const key of keys) await hub.settle(hub.client.raiseEvent(key, 'Nudge')); // its owner looks again when something comes
  for (const key of keys) t.is(await hub.settle(hub.client.getHandle(key).result()), `packed ${key} to Oslo`);
});

@Orchestrator('other')
class Other {
  @Run() run(): void {}
}

test('with ctx.patched what was begun goes on as it began, and what is new does the new', async (t) => {
  const hub = await begun();
  const patched = await hub.start('second', { orchestrators: [PatchedParcel], activities: [new Shop()] });
  const fresh = await hub.settle(hub.client.startNew('parcel', 'new', { instanceId: 'new' }));
  await hub.advance(1_000);
  await hub.stop(patched);
  // Loaded by another worker, from heads.
  await hub.start('third', { orchestrators: [PatchedParcel], activities: [new Shop()] });
  for (const key of [...keys, 'new']) await hub.settle(hub.client.raiseEvent(key, 'Address', 'Oslo'));
  for (const key of keys) t.is(await hub.settle(hub.client.getHandle(key).result()), `packed ${key} to Oslo`);
  t.is(await hub.settle(fresh.result()), 'wrapped new to Oslo');
  t.deepEqual((await hub.settle(fresh.history())).map(({ type }) => type).slice(0, 3), [
    'ExecutionStarted',
    'Patched',
    'TaskScheduled',
  ]);
});

/** Asks for the same with another input. */
@Orchestrator('parcel')
class RewordedParcel {
  @Run({ input: String }) *run(item: string, ctx: OrchestrationContext): Orchestration<string> {
    const packed = yield* ctx.callActivity(Shop).pack(`${item}!`);
    const to = yield* ctx.waitForExternalEvent<string>('Address');
    return `${packed} to ${to}`;
  }
}

test('a worker may go on where only values differ, and logs them; the next one suspends for the same', async (t) => {
  const hub = await begun();
  const classes = { orchestrators: [RewordedParcel], activities: [new Shop()] };
  const lenient = await hub.start('lenient', { ...classes, valueDifferences: 'warn' });
  for (const key of keys.slice(1)) await hub.settle(hub.client.raiseEvent(key, 'Address', 'Oslo'));
  for (const key of keys.slice(1)) t.is(await hub.settle(hub.client.getHandle(key).result()), `packed ${key} to Oslo`);
  const told = hub.lines.filter((line) => line.startsWith('o.b: '));
  t.is(told.length, 1);
  t.regex(
    told[0]!,
    /It goes on with what its history says\. Event 1 .* differ in input, asked for at .*changed-code\.test/,
  );
  await hub.stop(lenient);
  await hub.start('strict', classes);
  await hub.settle(hub.client.raiseEvent('a', 'Address', 'Oslo'));
  await hub.advance(1_000);
  t.like(await hub.settle(hub.client.getHandle('a').status()), { runtimeStatus: 'Suspended' });
});

test('a worker may not go on where anything else differs', async (t) => {
  const hub = await begun();
  await hub.start('lenient', {
    orchestrators: [ChangedParcel],
    activities: [new Shop()],
    valueDifferences: 'warn',
  });
  await hub.settle(hub.client.raiseEvent('a', 'Address', 'Oslo'));
  await hub.advance(1_000);
  t.like(await hub.settle(hub.client.getHandle('a').status()), { runtimeStatus: 'Suspended' });
  const wrong = { orchestrators: [Parcel], valueDifferences: 'ignore' as 'warn' };
  await t.throwsAsync(hub.start('wrong', wrong), { code: 'PERDURE_CONFIG' });
});
