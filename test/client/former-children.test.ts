import test from 'ava';
import { hostOf } from '../engine/surroundings.js';
import { Careless, Mechanic, Monitor, monitors, Part, Stayer } from './monitors.js';
import { Surroundings } from './surroundings.js';

/** A purge reaches the children of executions whose history is gone (docs/adr/0034). */

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
