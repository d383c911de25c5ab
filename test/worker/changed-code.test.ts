import test from 'ava';
import { Orchestrator, Run } from 'perdure/decorators';
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
