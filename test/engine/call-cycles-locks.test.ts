import test, { type ExecutionContext } from 'ava';
import { begun, isResolved, opened, succeeded, type Scene } from './node-scenes.js';
import { gate, slow, type Held } from './nodes.js';

async function started(scene: Scene, name: 'holding' | 'trading', id: string, held: Held): Promise<void> {
  await scene.settle(scene.client.start(name, id, held));
  await scene.advance(200);
}

async function hasEnded(t: ExecutionContext, { client, settle }: Scene, ...ids: string[]): Promise<void> {
  for (const id of ids) {
    const head = await settle(client.orchestrationHead(id));
    t.like(head, { status: 'Completed' }, id);
  }
}

for (const name of ['holding', 'trading'] as const)
  test.serial(
    `an operation that calls what is locked by a request which waits for its entity is told the cycle: ${name}`,
    async (t) => {
      const scene = await opened();
      gate.shut();
      await scene.settle(scene.client.signal('node', 'b', 'go', ['a']));
      await scene.advance(200);
      await started(scene, name, 'h', { keys: ['a', 'b'] });
      gate.open();
      await scene.advance(500);
      await isResolved(t, scene, ['a', 'o.h', 'b'], name === 'trading' ? 4 : 2);
      await hasEnded(t, scene, 'h');
    },
  );

test.serial('the request of a lock that closes a cycle is not refused, but the call is', async (t) => {
  const scene = await opened();
  slow.shut();
  await begun(scene, { b: ['slow'] });
  gate.shut();
  await scene.settle(scene.client.signal('node', 'c', 'go', ['a']));
  await scene.advance(200);
  await started(scene, 'holding', 'h', { keys: ['a', 'b', 'c'] });
  gate.open();
  await scene.advance(100);
  slow.open();
  await scene.advance(250);
  await hasEnded(t, scene, 'h'); // before any look is repeated
  await isResolved(t, scene, ['a', 'o.h', 'c'], 2);
});

test.serial('what is called under a lock and what waits for that lock are told their cycle', async (t) => {
  const scene = await opened();
  gate.shut();
  await scene.settle(scene.client.signal('node', 'g', 'go', ['a']));
  await started(scene, 'holding', 'h', { keys: ['a', 'f'], path: ['f', 'g'] });
  gate.open();
  await scene.advance(500);
  await isResolved(t, scene, ['a', 'o.h', 'f', 'g'], 4);
  await hasEnded(t, scene, 'h');
});

test.serial('a cycle of two locks and two calls is told', async (t) => {
  const scene = await opened();
  gate.shut();
  await scene.settle(scene.client.signal('node', 'd', 'go', ['b']));
  await scene.settle(scene.client.signal('node', 'c', 'go', ['a']));
  await scene.advance(200);
  await started(scene, 'holding', 'one', { keys: ['a', 'd'] });
  await started(scene, 'holding', 'two', { keys: ['b', 'c'] });
  gate.open();
  await scene.advance(500);
  const told = (await scene.settle(scene.client.entityHead('node', 'c')))?.state as { refused: string[] };
  const other = (await scene.settle(scene.client.entityHead('node', 'd')))?.state as { refused: string[] };
  const refused = [...told.refused, ...other.refused];
  t.true(refused.length > 0);
  for (const text of refused) t.regex(text, /^PERDURE_CALL_CYCLE (e\.node\.[a-d]|o\.(one|two))( \S+){4,6}$/);
  await scene.advance(2_000);
  await hasEnded(t, scene, 'one', 'two');
  t.deepEqual(scene.lines, []);
});

for (const age of [300, 5_000])
  test.serial(`a cycle through a lock outlives its owner, and is told then: after ${age} ms`, async (t) => {
    const first = await opened();
    first.looks.areLost = true;
    gate.shut();
    await first.settle(first.client.signal('node', 'b', 'go', ['a']));
    await first.advance(200);
    await started(first, 'holding', 'h', { keys: ['a', 'b'] });
    gate.open();
    await first.advance(age);
    const scene = await succeeded(first);
    await scene.advance(4_000);
    await isResolved(t, scene, ['a', 'o.h', 'b'], 2);
    await hasEnded(t, scene, 'h');
  });

test.serial('to wait for a lock that is given in time is no cycle', async (t) => {
  const scene = await opened();
  slow.shut();
  await begun(scene, { b: ['slow'] });
  await started(scene, 'holding', 'h', { keys: ['a', 'b'] });
  await begun(scene, { c: ['a'], d: ['c'] });
  await scene.advance(20_000);
  slow.open();
  await scene.advance(4_000);
  for (const key of ['a', 'b', 'c', 'd'])
    t.deepEqual(
      ((await scene.settle(scene.client.entityHead('node', key)))!.state as { refused: [] }).refused,
      [],
      key,
    );
  await hasEnded(t, scene, 'h');
  t.deepEqual(scene.lines, []);
});
