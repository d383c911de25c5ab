import test from 'ava';
import { OrchestrationContext, type Orchestration } from 'perdure';
import { Orchestrator, Run } from 'perdure/decorators';
import { hostOf } from '../engine/surroundings.js';
import { rejection, Surroundings } from './surroundings.js';

@Orchestrator('waiting', { version: '3', versionMatchStrategy: 'currentOrOlder' })
class Waiting {
  @Run() *run(_: void, ctx: OrchestrationContext): Orchestration<unknown> {
    return yield* ctx.waitForExternalEvent('go');
  }
}

@Orchestrator('parent', { versionMatchStrategy: 'none' })
class Parent {
  @Run() *run(_: void, ctx: OrchestrationContext): Orchestration<unknown> {
    return yield* ctx.callSubOrchestrator(Waiting, undefined, { instanceId: 'child', tags: { of: 'parent' } });
  }
}

const host = () => hostOf({ orchestrators: [Waiting, Parent] });
const labels = { version: '2.1', tags: { customer: 'alice' }, memo: { by: 'me' } };

test('labels are in the status from the start on: while no worker has begun, with an owner, and in the view', async (t) => {
  const around = new Surroundings();
  const worker = await around.work('worker', host());
  await around.settle(worker.stop());
  const handle = await around.settle(around.client.startNew(Waiting, undefined, labels));
  t.like(await around.settle(handle.status()), { runtimeStatus: 'Pending', ...labels });
  const next = await around.work('next', host());
  t.like(await around.settle(handle.status()), { source: 'owner', ...labels });
  await around.advance(1_000);
  await around.settle(next.stop());
  t.like(await around.settle(handle.status()), { source: 'view', ...labels });
  await around.work('last', host());
  t.true(await around.settle(handle.raiseEvent('go', 1)));
  t.is(await around.settle(handle.result()), 1);
  await around.advance(1_000);
  t.like(await around.settle(handle.status()), { runtimeStatus: 'Completed', ...labels });
});

test('an instance without a version has that of its code; without tags and memo it has none', async (t) => {
  const around = new Surroundings();
  await around.work('worker', host());
  const handle = await around.settle(around.client.startNew(Waiting));
  const { version, tags, memo } = await around.settle(handle.status());
  t.deepEqual([version, tags, memo], ['3', {}, undefined]);
});

test('a child has labels of its own, and the version of its code', async (t) => {
  const around = new Surroundings();
  await around.work('worker', host());
  await around.settle(around.client.startNew(Parent, undefined, { version: '9', tags: { of: 'client' } }));
  await around.advance(100);
  const status = await around.settle(around.client.getHandle('child').status());
  t.like(status, { version: '3', tags: { of: 'parent' }, memo: undefined });
});

test('labels that cannot be are refused before anything is sent', async (t) => {
  const around = new Surroundings();
  await around.work('worker', host());
  const { stored } = around;
  for (const [options, code] of [
    [{ tags: { '': 'x' } }, 'PERDURE_INVALID_TAGS'],
    [{ version: '' }, 'PERDURE_INVALID_NAME'],
    [{ memo: 'x'.repeat(20_000) }, 'PERDURE_PAYLOAD_TOO_LARGE'],
    [{ memo: 5n }, 'PERDURE_UNSERIALIZABLE'],
  ] as const)
    t.is((await rejection(around, () => around.client.startNew(Waiting, undefined, options))).code, code);
  t.is(around.stored, stored);
});

test('an event for an instance that has ended is ignored, and its sender is told so', async (t) => {
  const around = new Surroundings();
  await around.work('worker', host());
  const handle = await around.settle(around.client.startNew(Waiting));
  t.true(await around.settle(handle.raiseEvent('go')));
  await around.settle(handle.result());
  const { stored } = around;
  t.false(await around.settle(handle.raiseEvent('go')));
  t.false(await around.settle(around.client.raiseEvent(handle.instanceId, 'go')));
  t.is(around.stored, stored);
});
