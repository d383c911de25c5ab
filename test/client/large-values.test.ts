import test from 'ava';
import { OrchestrationContext, type Orchestration } from 'perdure';
import { Entity, Operation, Orchestrator, Run } from 'perdure/decorators';
import type { FaultPlan } from '../../lib/memory/faults.js';
import { hostOf, type MemoryWorker } from '../engine/surroundings.js';
import { rejection, Surroundings } from './surroundings.js';

/** P15: what clients are told of large values, which may be removed while they are looked for. */

/** Gives back what it was given, a moment later. */
@Orchestrator('returning')
class Returning {
  @Run({ input: String }) *run(text: string, context: OrchestrationContext): Orchestration<string> {
    yield* context.createTimer(50);
    return text;
  }
}

/** Has a large input, and a small result. */
@Orchestrator('measuring')
class Measuring {
  @Run({ input: String }) *run(text: string, context: OrchestrationContext): Orchestration<number> {
    yield* context.createTimer(50);
    return text.length;
  }
}

/** A large state, another one with each operation. */
@Entity('board')
class Board {
  state = { text: '' };
  @Operation({ input: String }) write(text: string): void {
    this.state.text = text;
  }
}

/** So long does a client's look for a value take while it is slow, in milliseconds. */
const SLOW = 1_400;

interface Scene {
  readonly around: Surroundings;
  readonly worker: MemoryWorker;
  /** Looks for values of the client take long, until it is told otherwise. */
  isSlow: boolean;
  /** How often the client has looked for a value. */
  looks: number;
}

async function scene(): Promise<Scene> {
  const slowness = { isSlow: false, looks: 0 };
  const faults: FaultPlan = {
    next({ connection, port, operation }) {
      if (connection !== 'client' || port !== 'objects' || operation !== 'get') return 'none';
      slowness.looks++;
      return slowness.isSlow ? { delay: SLOW } : 'none';
    },
  };
  const around = new Surroundings({ faults, limits: { maxInlineValueBytes: 1_024 } });
  const worker = await around.work('worker', hostOf({ entities: [Board], orchestrators: [Returning, Measuring] }));
  return Object.assign(slowness, { around, worker });
}

const long = (letter: string) => letter.repeat(5_000);

test('a result that went with its run while it was looked for is not taken for lost: the next run gives its own', async (t) => {
  const is = await scene();
  const { around } = is;
  const other = around.newClient('other');
  const first = await around.settle(other.startNew(Returning, long('a'), { instanceId: 'r' }));
  await around.settle(first.result());
  is.isSlow = true;
  const result = around.client.getHandle<string>('r').result();
  await around.advance(20);
  await around.settle(other.startNew(Returning, long('b'), { instanceId: 'r' }));
  await around.advance(SLOW - 100);
  is.isSlow = false;
  t.is(await around.settle(result), long('b'));
});

test('a client whose run is replaced, or purged, while it looks for the result is told so', async (t) => {
  for (const [next, code] of [
    ['purge', 'PERDURE_NOT_FOUND'],
    ['start', 'PERDURE_INSTANCE_REPLACED'],
  ] as const) {
    const is = await scene();
    const { around } = is;
    const handle = await around.settle(around.client.startNew(Returning, long('a'), { instanceId: 'r' }));
    await around.advance(40);
    is.isSlow = true;
    const refused = rejection(around, () => handle.result());
    await around.advance(100);
    const other = around.newClient('other');
    if (next === 'purge') await around.settle(other.getHandle('r').purge());
    else await around.settle(other.startNew(Returning, long('b'), { instanceId: 'r' }));
    t.is((await refused).code, code);
  }
});

test('while nobody owns the partition, what became of a result that is gone is not known: the client waits for who can tell', async (t) => {
  const is = await scene();
  const { around } = is;
  const handle = await around.settle(around.client.startNew(Returning, long('a'), { instanceId: 'r' }));
  await around.advance(40);
  is.isSlow = true;
  const refused = rejection(around, () => handle.result());
  await around.advance(100);
  await around.settle(around.newClient('other').getHandle('r').purge());
  await around.advance(500);
  await around.settle(is.worker.stop());
  await around.advance(SLOW);
  await around.work('second', hostOf({ orchestrators: [Returning] }));
  t.is((await refused).code, 'PERDURE_NOT_FOUND');
});

test('a result that is gone though its run is there is lost, and the client is told', async (t) => {
  const { around } = await scene();
  const other = around.newClient('other');
  const first = await around.settle(other.startNew(Returning, long('a'), { instanceId: 'r' }));
  await around.settle(first.result());
  around.hub.objects.clear();
  const refused = await rejection(around, () => around.client.getHandle('r').result());
  t.is(refused.code, 'PERDURE_CORRUPT_HISTORY');
});

test('for a small result of a large input no value is looked for', async (t) => {
  const is = await scene();
  const { around } = is;
  const other = around.newClient('other');
  await around.settle((await around.settle(other.startNew(Measuring, long('a'), { instanceId: 'r' }))).result());
  t.is(await around.settle(around.client.getHandle<number>('r').result()), 5_000);
  t.is(is.looks, 0);
});

for (const consistency of ['exact', 'eventual'] as const)
  test(`a state that changes while it is looked for is not taken for lost, however often: ${consistency}`, async (t) => {
    const is = await scene();
    const { around } = is;
    const other = around.newClient('other');
    const write = (text: string) => around.settle(other.callEntity(Board, 'k').write(text));
    await write(long('0'));
    await around.advance(500);
    is.isSlow = true;
    const read = around.client.readEntityState(Board, 'k', { consistency });
    read.catch(() => {}); // it is awaited below
    for (let times = 1; times < 80 && is.looks < 8; times++) {
      await write(long(String(times % 10)));
      await around.advance(400);
    }
    is.isSlow = false;
    await around.advance(SLOW);
    t.is((await around.settle(read)).entityState?.text.length, 5_000);
  });

test('a state that is gone though its entity is there is lost, and the client is told', async (t) => {
  const { around } = await scene();
  await around.settle(around.newClient('other').callEntity(Board, 'k').write(long('a')));
  await around.advance(500);
  around.hub.objects.clear();
  const refused = await rejection(around, () => around.client.readEntityState(Board, 'k'));
  t.is(refused.code, 'PERDURE_CORRUPT_HISTORY');
});

test('P13: what was stored once more after its entity or instance was removed, with its values, is in no list', async (t) => {
  const { around } = await scene();
  const { client, hub, world } = around;
  const heads = () =>
    [0, 1].flatMap((partition) => {
      const { state } = hub.streams(partition);
      const stored = [...state.all()].filter(({ subject }) => subject.includes('.s.'));
      return stored.map(({ subject, body }) => ({ state, subject, body }));
    });
  await around.settle(client.callEntity(Board, 'k').write(long('a')));
  const handle = await around.settle(client.startNew(Returning, long('a'), { instanceId: 'r' }));
  await around.settle(handle.result());
  await around.advance(500);
  const former = heads();
  t.is(former.length, 2);
  await around.settle(handle.purge());
  await around.settle(client.entities.delete(Board, 'k'));
  await around.advance(1_000);
  t.deepEqual([heads().length, hub.objects.size], [0, 0]);
  // The server carries the writes out once more.
  for (const { state, subject, body } of former) t.not(state.store(subject, body, world.time, { after: 0 }), undefined);
  const { entities } = await around.settle(client.entities.list({}, { fetchStates: true }));
  const { instances } = await around.settle(client.listInstances({}, { fetchInputsAndOutputs: true }));
  t.deepEqual([entities, instances], [[], []]);
});
