import test from 'ava';
import { partitionOf } from '../../lib/wire/addresses.js';
import { begun, elsewhere, isResolved, nodes as host, opened, states } from './node-scenes.js';
import { gate, Node, slow } from './nodes.js';
import { bytes, MemoryWorker, recordingLogger, surroundings } from './surroundings.js';

for (const partitions of [1, 3])
  for (const length of [2, 3, 6])
    test.serial(
      `${length} operations that come to wait for each other, each begun by itself, are told the cycle at once; the others go on: ${partitions} partitions`,
      async (t) => {
        const scene = await opened(partitions);
        const keys = Array.from({ length }, (_, at) => `${at}`);
        const began = scene.world.scheduler.now;
        await begun(scene, Object.fromEntries(keys.map((key, at) => [key, [keys[(at + 1) % length]!]])));
        await scene.advance(300);
        t.true(scene.world.scheduler.now - began < 1_500);
        await isResolved(t, scene, keys, 2 * length);
      },
    );

test.serial('calls on the way of operations that were begun far apart close a cycle, too', async (t) => {
  const scene = await opened();
  await begun(scene, { '0': ['1', '2'], '2': ['3', '0'] });
  await isResolved(t, scene, ['0', '1', '2', '3'], 6);
});

test.serial('the call that closes a cycle alone is refused, however long the others have waited', async (t) => {
  const scene = await opened();
  const { client, settle, advance } = scene;
  gate.shut();
  const last = gate.open;
  await settle(client.signal('node', '2', 'go', ['0']));
  await advance(200);
  await begun(scene, { '1': ['2'], '0': ['1'] });
  await advance(5_000); // they are parked (P4)
  last();
  await advance(300);
  t.deepEqual(await states(scene, ['0', '1', '2']), [
    { ended: 1, refused: [] },
    { ended: 2, refused: [] },
    { ended: 2, refused: ['PERDURE_CALL_CYCLE e.node.0 e.node.1 e.node.2 e.node.0'] },
  ]);
});

test.serial('to wait for whoever waits is no cycle', async (t) => {
  const scene = await opened();
  slow.shut();
  await begun(scene, { '0': ['1'], '1': ['2'], '2': ['slow'], '3': ['0'] });
  await scene.advance(5_000);
  slow.open();
  t.deepEqual(
    await states(scene, ['0', '1', '2', '3']),
    [2, 2, 2, 1].map((ended) => ({ ended, refused: [] })),
  );
});

test.serial('a look along calls that do not wait, or no more, refuses none', async (t) => {
  const scene = await opened();
  const { client, settle, advance } = scene;
  slow.shut();
  await begun(scene, { '0': ['1'], '1': ['slow'] });
  await advance(2_000);
  const callOf = async (key: string) => {
    const [journal] = (await settle(client.entityHead('node', key)))!.journals!;
    return { address: `e.node.${key}`, executionId: journal!.id, taskId: 1 };
  };
  const zero = await callOf('0');
  const look = (address: string, calls: readonly object[]) => {
    const { queries } = client.ports.subjects.partition(partitionOf(address, 3));
    client.ports.bus.publish(queries, bytes({ v: 1, kind: 'circle', address, calls }));
  };
  await begun(scene, { '4': ['0'] });
  await advance(600);
  const four = await callOf('4');
  look('e.node.4', [zero]); // it waits elsewhere
  look('e.node.0', [{ ...zero, executionId: 'former' }, four]);
  look('e.node.0', [{ ...zero, taskId: 2 }, four]);
  look('e.node.nobody', [zero, four]);
  look('e.node.0', []);
  await advance(500);
  slow.open();
  const nodes = await states(scene, ['0', '1', '4']);
  t.deepEqual(
    nodes,
    [2, 2, 1].map((ended) => ({ ended, refused: [] })),
  );
  t.deepEqual(scene.lines, []);
});

test.serial('a call that is refused stays so when the owner dies', async (t) => {
  const { hub, client, settle, advance } = surroundings(3);
  const lines: string[] = [];
  const one = new MemoryWorker(hub, 'one', host, {}, recordingLogger(lines));
  await settle(one.claim());
  await begun({ client, settle, advance }, { '0': ['1'], '1': ['0'] });
  await advance(60); // the answers are recorded, and no head is stored
  one.connection.kill();
  const two = new MemoryWorker(hub, 'two', host, {}, recordingLogger(lines));
  await settle(two.claim());
  await advance(10_000);
  const nodes = await Promise.all(['0', '1'].map((key) => settle(client.entityHead('node', key))));
  const told = nodes.map((head) => head?.state as Node['state']);
  const refused = told.flatMap((node) => node.refused);
  t.true(refused.length > 0);
  t.is(told.reduce((sum, { ended }) => sum + ended, 0) + refused.length, 4);
  t.deepEqual(lines, []);
});

test.serial('operations whose code another worker has are told their cycle as well', async (t) => {
  const scene = await elsewhere();
  await begun(scene, { '0': ['1'], '1': ['0'] });
  await isResolved(t, scene, ['0', '1'], 4);
  scene.server.close();
});
