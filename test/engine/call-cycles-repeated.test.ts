import test from 'ava';
import { mailLimits } from '../../lib/engine/mail-limits.js';
import { partitionOf } from '../../lib/wire/addresses.js';
import { begun, elsewhere, isResolved, opened, type Scene, states, succeeded } from './node-scenes.js';
import { gate, slow } from './nodes.js';
import { bytes } from './surroundings.js';

/** Two operations that wait for each other, and no look has found it for so long. */
async function unnoticed(milliseconds: number, scene: Scene): Promise<void> {
  scene.looks.areLost = true;
  await begun(scene, { '0': ['1'], '1': ['0'] });
  await scene.advance(milliseconds);
  scene.looks.areLost = false;
}

test.serial('a look that is lost is repeated within two seconds', async (t) => {
  const scene = await opened();
  await unnoticed(300, scene);
  await scene.advance(2_000);
  await isResolved(t, scene, ['0', '1'], 4);
});

test.serial('nor does it take longer when the clock of the owner is set back', async (t) => {
  const scene = await opened();
  scene.looks.areLost = true;
  await begun(scene, { '0': ['1'], '1': ['0'] });
  scene.worker.connection.clock.leap(-3_600_000);
  await scene.advance(300);
  scene.looks.areLost = false;
  await scene.advance(2_000);
  await isResolved(t, scene, ['0', '1'], 4);
});

for (const kept of [mailLimits.kept, 0])
  for (const length of [2, 5])
    test.serial(
      `${length} operations are told their cycle when all its calls are parked, of which ${kept} bytes are in memory: one is refused, and passed over in its turn`,
      async (t) => {
        const scene = await opened(3, { mail: { ...mailLimits, kept } });
        scene.looks.areLost = true;
        const keys = Array.from({ length }, (_, at) => `${at}`);
        await begun(scene, Object.fromEntries(keys.map((key, at) => [key, [keys[(at + 1) % length]!]])));
        await scene.advance(8_000);
        scene.looks.areLost = false;
        await scene.advance(12_000);
        await isResolved(t, scene, keys, 2 * length);
        for (const key of keys)
          t.is((await scene.settle(scene.client.entityHead('node', key)))?.locks, undefined, 'nothing is remembered');
      },
    );

test.serial('a call is found among many that are parked', async (t) => {
  const scene = await opened(1, { mail: { ...mailLimits, kept: 0, pageMessages: 2 } });
  const { client, settle, advance, looks } = scene;
  looks.areLost = true;
  gate.shut();
  for (const [key, path] of [
    ['0', ['1']],
    ['1', ['0']],
  ] as const)
    await settle(client.signal('node', key, 'go', path));
  for (let at = 0; at < 7; at++) for (const key of ['0', '1']) await settle(client.signal('node', key, 'mark'));
  await advance(2_000);
  gate.open();
  await advance(8_000);
  looks.areLost = false;
  await advance(12_000);
  await isResolved(t, scene, ['0', '1'], 4 + 14);
});

for (const kept of [mailLimits.kept, 0])
  test.serial(`whoever takes over begins looks for what it has restored: ${kept} bytes in memory`, async (t) => {
    const first = await opened();
    first.looks.areLost = true;
    await begun(first, { '0': ['1'], '1': ['0'] });
    await first.advance(kept === 0 ? 5_000 : 500);
    const scene = await succeeded(first, { mail: { ...mailLimits, kept } });
    await scene.advance(4_000);
    await isResolved(t, scene, ['0', '1'], 4);
  });

test.serial('looks become rare, and there is none where nothing waits for what waits itself', async (t) => {
  const scene = await opened();
  const { advance, looks } = scene;
  slow.shut();
  await begun(scene, { '1': ['slow'], '0': ['1'], '2': ['1'] });
  await advance(50_000);
  t.deepEqual(looks.sent, [], 'what waits for a slow operation alone is in no circle');
  await begun(scene, { '3': ['0'] });
  const began = looks.sent.length;
  t.true(began <= 2);
  await advance(40_000);
  const count = looks.sent.length - began;
  t.true(count >= 3 && count <= 24, `${count} looks`);
  slow.open();
  await advance(20_000);
  const { length } = looks.sent;
  await advance(60_000);
  t.is(looks.sent.length, length);
});

/** Makes an owner believe that operations of two nodes wait for each other: that one waits for `key`, and the other in its mailbox. */
async function told({ client, settle }: Scene, key: string, other: string): Promise<void> {
  const callOf = async (caller: string) => {
    const [journal] = (await settle(client.entityHead('node', caller)))!.journals!;
    return { address: `e.node.${caller}`, executionId: journal!.id, taskId: 1 };
  };
  const calls = [await callOf(key), await callOf(other)];
  const { queries } = client.ports.subjects.partition(partitionOf(`e.node.${key}`, 3));
  client.ports.bus.publish(queries, bytes({ v: 1, kind: 'circle', address: `e.node.${key}`, calls }));
}

test.serial('a parked call that was refused is passed over by the next owner, and after a second look', async (t) => {
  const first = await opened();
  const { client, settle, advance } = first;
  first.looks.areLost = true;
  slow.shut();
  gate.shut();
  await settle(client.signal('node', '0', 'go', ['1']));
  await settle(client.signal('node', '1', 'go', ['slow']));
  await advance(200);
  await settle(client.signal('node', '0', 'mark'));
  gate.open();
  await advance(200);
  await begun(first, { '2': ['0'] });
  await advance(3_000);
  await told(first, '0', '2');
  await advance(20);
  await told(first, '0', '2');
  await advance(500);
  const refused = (await states(first, ['2']))[0]!;
  t.deepEqual(refused, { ended: 1, refused: ['PERDURE_CALL_CYCLE e.node.0 e.node.2 e.node.0'] });
  t.is((await settle(client.entityHead('node', '0')))?.locks?.voided?.length, 1);
  const scene = await succeeded(first);
  await advance(2_000);
  slow.open();
  await advance(1_000);
  t.deepEqual(await states(scene, ['0', '1', '2']), [{ ended: 2, refused: [] }, { ended: 2, refused: [] }, refused]);
  t.is((await settle(client.entityHead('node', '0')))?.locks, undefined);
  t.deepEqual(scene.lines, []);
});

test.serial('who has stopped looks no more', async (t) => {
  const scene = await opened();
  scene.looks.areLost = true;
  await begun(scene, { '0': ['1'], '1': ['0'] });
  await scene.advance(100);
  await scene.settle(scene.worker.stop());
  const { length } = scene.looks.sent;
  await scene.advance(20_000);
  t.is(scene.looks.sent.length, length);
});

test.serial('a parked call is refused where another worker has the code, and passed over without it', async (t) => {
  const scene = await elsewhere();
  const { looks, advance } = scene;
  looks.areLost = true;
  await begun(scene, { '0': ['1'], '1': ['0'] });
  await advance(4_000);
  looks.areLost = false;
  await advance(12_000);
  await isResolved(t, scene, ['0', '1'], 4);
  scene.server.close();
});
