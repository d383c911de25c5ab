import test from 'ava';
import type { OrchestrationHandle } from 'perdure';
import { hostOf } from '../engine/surroundings.js';
import { Careless, Foreman, Mechanic, Monitor, monitors, Nest, Part, Stayer } from './monitors.js';
import { MemoryTaskHub } from '../worker/memory-world.js';
import { Surroundings } from './surroundings.js';

/** What reaches the children of an instance reaches those of executions whose history is gone (docs/adr/0034). */

async function hub() {
  const around = new Surroundings();
  const part = new Part();
  const work = (name: string) => around.work(name, hostOf({ orchestrators: monitors, activities: [part] }));
  const worker = await work('worker');
  const { client } = around;
  const settle = <T>(promise: Promise<T>): Promise<T> => around.settle(promise);
  const count = async (orchestrator?: string) => (await settle(client.countInstances({ orchestrator }))).total;
  return { client, part, settle, count, work, worker, advance: around.advance.bind(around) };
}

test('a purge reaches the children of all executions, and theirs, and no others', async (t) => {
  const { client, settle, count, advance, work, worker } = await hub();
  const [one, two] = [await settle(client.startNew(Monitor, 3)), await settle(client.startNew(Monitor, 3))];
  await settle(Promise.all([one.result(), two.result()]));
  await advance(1_000);
  t.is(await count(), 2 * (1 + 3 + 3));
  await settle(worker.stop());
  await work('next'); // which knows of them what is stored
  await settle(one.purge());
  await advance(1_000);
  t.is(await count(), 7);
  await settle(two.purge({ recursive: false }));
  await advance(1_000);
  t.deepEqual([await count('monitor'), await count('look'), await count('leaf')], [0, 3, 3]);
});

test('a purge reaches children whose views were not stored when it was asked', async (t) => {
  const { client, settle, count, advance } = await hub();
  const handle = await settle(client.startNew(Monitor, 3));
  await settle(handle.result());
  t.true((await count('look')) < 3, 'the last one is not yet found by looking at views');
  await settle(handle.purge());
  await advance(1_000);
  t.is(await count(), 0);
});

test('so does a purge by filter', async (t) => {
  const { client, settle, count, advance } = await hub();
  const handles = await settle(client.startMany(Monitor, [[2], [2], [2], [2]]));
  await settle(Promise.all(handles.map((handle) => handle.result())));
  await advance(1_000);
  t.is(await settle(client.purgeInstances({ orchestrator: Monitor })), 4);
  await advance(1_000);
  t.is(await count(), 0);
});

test('children that have not ended go on', async (t) => {
  const { client, settle, advance } = await hub();
  const handle = await settle(client.startNew(Careless, 3));
  await settle(handle.result());
  await advance(1_000);
  const { instances } = await settle(client.listInstances({ orchestrator: Stayer }));
  for (const { instanceId } of instances.slice(1)) await settle(client.raiseEvent(instanceId, 'Go'));
  await advance(1_000);
  await settle(handle.purge());
  await advance(1_000);
  const left = await settle(client.listInstances());
  t.deepEqual(
    left.instances.map(({ instanceId, runtimeStatus }) => [instanceId, runtimeStatus]),
    [[instances[0]!.instanceId, 'Running']],
  );
});

test('children that a rewind has taken back are reached, too', async (t) => {
  const { client, settle, count, advance, part } = await hub();
  const handle = await settle(client.startNew(Mechanic));
  await t.throwsAsync(settle(handle.result()), { code: 'PERDURE_ORCHESTRATION_FAILED' });
  part.isBroken = false;
  await settle(handle.rewind());
  t.is(await settle(handle.result()), 'fits');
  await advance(1_000);
  t.is(await count('leaf'), 1);
  await settle(handle.purge());
  await advance(1_000);
  t.is(await count(), 0);
});

test('children of a former run under the same id are its own: the next run does not take them along', async (t) => {
  const { client, settle, count, advance } = await hub();
  const first = await settle(client.startNew(Monitor, 2));
  await settle(first.result());
  const second = await settle(first.restart()); // with the input of the last execution: no looks
  await settle(second.result());
  await advance(1_000);
  await settle(second.purge());
  await advance(1_000);
  t.deepEqual([await count('monitor'), await count('look')], [0, 2]);
});

/** A nest with a child of each of its executions; `states` are those of the children. */
async function nested(executions: number) {
  const around = await hub();
  const { client, settle, advance } = around;
  const nest = await settle(client.startNew(Nest, executions - 1, { instanceId: 'nest' }));
  await advance(200 * executions);
  const children = Array.from({ length: executions }, (_, n) => `nest.${n}`);
  const stateOf = async (id: string) => (await settle(client.getHandle(id).status())).runtimeStatus;
  const states = async () => {
    await advance(1_000);
    return Promise.all(children.map(stateOf));
  };
  return { ...around, nest, states, stateOf };
}

const requests: readonly (readonly [string, (nest: OrchestrationHandle<void>) => Promise<void>, string])[] = [
  ['terminated', (nest) => nest.terminate(), 'Terminated'],
  ['suspended', (nest) => nest.suspend('a while', { recursive: true }), 'Suspended'],
  ['canceled', (nest) => nest.cancel(), 'Canceled'],
];

for (const [asked, ask, state] of requests)
  test(`children that earlier executions have left running are ${asked} with their parent, also by the next owner`, async (t) => {
    const { nest, states, settle, worker, work } = await nested(3);
    t.deepEqual(await states(), ['Running', 'Running', 'Running']);
    await settle(worker.stop());
    await work('next');
    await settle(ask(nest));
    t.deepEqual(await states(), [state, state, state]);
    if (state !== 'Suspended') return;
    await settle(nest.resume('on', { recursive: true }));
    t.deepEqual(await states(), ['Running', 'Running', 'Running']);
  });

test('they go on when their parent alone is terminated, or is replaced when they have ended', async (t) => {
  const { client, nest, states, settle, stateOf } = await nested(3);
  await settle(client.raiseEvent('nest.1', 'Go'));
  t.deepEqual(await states(), ['Running', 'Completed', 'Running']);
  await settle(nest.terminate(undefined, { recursive: false }));
  t.deepEqual(await states(), ['Running', 'Completed', 'Running']);
  t.is(await stateOf('nest'), 'Terminated');
});

test('they are terminated with a parent in whose place another run is started', async (t) => {
  const { client, states, settle } = await nested(3);
  await settle(client.startNew(Stayer, undefined, { instanceId: 'nest', ifExists: 'replace' }));
  t.deepEqual(await states(), ['Terminated', 'Terminated', 'Terminated']);
});

test('they are terminated with their parent also when it had more executions than one step takes', async (t) => {
  const { client, settle, advance } = await hub();
  const nest = await settle(client.startNew(Nest, 249, { instanceId: 'nest' }));
  await advance(12_000);
  await settle(nest.terminate());
  await advance(2_000);
  const ended = client.countInstances({ instanceIdPrefix: 'nest.', runtimeStatus: ['Terminated'] });
  t.is((await settle(ended)).total, 250);
});

test('a child that a rewind has taken back is terminated with its parent', async (t) => {
  const { client, settle, advance, part } = await hub();
  const handle = await settle(client.startNew(Foreman, undefined, { instanceId: 'foreman' }));
  await t.throwsAsync(settle(handle.result()), { code: 'PERDURE_ORCHESTRATION_FAILED' });
  part.isBroken = false;
  await settle(handle.rewind());
  await advance(1_000);
  const stateOf = async (id: string) => (await settle(client.getHandle(id).status())).runtimeStatus;
  t.deepEqual([await stateOf('foreman'), await stateOf('foreman.hand')], ['Running', 'Running']);
  await settle(handle.terminate());
  await advance(1_000);
  t.deepEqual([await stateOf('foreman'), await stateOf('foreman.hand')], ['Terminated', 'Terminated']);
});

test('an execution begins with the children that were left running and have not ended since', async (t) => {
  const { client, settle, advance, worker, work } = await hub();
  const nest = await settle(client.startNew(Nest, 3, { instanceId: 'nest' }));
  await settle(client.raiseEvent('nest.3', 'Go'));
  await settle(client.getHandle('nest.3').result());
  await settle(worker.stop()); // what was told is stored
  await work('next');
  await advance(1_000);
  const [first] = await settle(nest.history());
  t.true(first?.type === 'ExecutionStarted');
  if (first?.type === 'ExecutionStarted')
    t.deepEqual(
      first.left?.map(({ instanceId, taskId }) => [instanceId, taskId]),
      [
        ['nest.2', 0],
        ['nest.1', 0],
      ],
    );
});

test('they are canceled with their parent where another worker has the code', async (t) => {
  const around = new MemoryTaskHub(1);
  await around.start('owner', { activities: [new Part()] });
  await around.start('code', { orchestrators: monitors });
  const nest = await around.settle(around.client.startNew(Nest, 2, { instanceId: 'nest' }));
  await around.advance(2_000);
  const states = () =>
    Promise.all(
      ['nest.2', 'nest.1', 'nest.0'].map(
        async (id) => (await around.settle(around.client.getHandle(id).status())).runtimeStatus,
      ),
    );
  t.deepEqual(await states(), ['Running', 'Running', 'Running']);
  await around.settle(nest.cancel());
  await around.advance(2_000);
  t.deepEqual(await states(), ['Canceled', 'Canceled', 'Canceled']);
});
