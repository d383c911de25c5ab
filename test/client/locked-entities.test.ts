import test from 'ava';
import {
  BusyError,
  EntityContext,
  EntityOperationFailedError,
  OrchestrationContext,
  type Orchestration,
} from 'perdure';
import { Entity, Operation, Orchestrator, Run } from 'perdure/decorators';
import { hostOf } from '../engine/surroundings.js';
import { rejection, Surroundings } from './surroundings.js';

@Entity('agenda', { mailboxLimit: 5 })
class Agenda {
  state = [] as string[];
  @Operation({ input: String }) note(text: string): void {
    this.state.push(text);
  }
  @Operation({ input: Number }) remind(every: number, ctx: EntityContext): void {
    ctx.setReminder('note', { input: 'reminded', everyInMilliseconds: every });
  }
  @Operation() forget(_: void, ctx: EntityContext): void {
    ctx.deleteState();
  }
  @Operation({ readonly: true }) all(): string[] {
    return this.state;
  }
}

/** Locks an agenda until it is told to go on, and notes that it has. */
@Orchestrator('keeper')
class Keeper {
  @Run({ input: 'unknown' })
  *run(
    { key, note, lease }: { key: string; note?: string; lease?: number },
    ctx: OrchestrationContext,
  ): Orchestration<void> {
    using _lock = yield* ctx.lock([Agenda, key], { leaseInMilliseconds: lease });
    if (note !== undefined) yield* ctx.callEntity(Agenda, key).note(note);
    yield* ctx.waitForExternalEvent('Go');
  }
}

/** Forgets an agenda within a transaction. */
@Orchestrator('forgetful')
class Forgetful {
  @Run({ input: String }) *run(key: string, ctx: OrchestrationContext): Orchestration<void> {
    yield* ctx.transaction([[Agenda, key]], function* (agenda) {
      yield* agenda.note('soon forgotten');
      yield* agenda.forget();
    });
  }
}

const hosted = () => hostOf({ entities: [Agenda], orchestrators: [Keeper, Forgetful] });

async function opened() {
  const around = new Surroundings();
  const { client } = around;
  const settle = <T>(promise: Promise<T>): Promise<T> => around.settle(promise);
  const worker = await around.work('worker', hosted());
  const notes = async () => (await settle(client.readEntityState(Agenda, 'a'))).entityState ?? [];
  const keep = async (instanceId: string, options: { note?: string; lease?: number } = {}) => {
    await settle(client.startNew(Keeper, { key: 'a', ...options }, { instanceId }));
    await around.advance(100);
  };
  const go = async (instanceId: string) => {
    await settle(client.raiseEvent(instanceId, 'Go'));
    await around.advance(100);
  };
  return { around, client, worker, settle, notes, keep, go, advance: around.advance.bind(around) };
}

test('what a locked entity is to do at a time is done at the end of the lock, and the lease runs out all the same', async (t) => {
  const { client, settle, notes, keep, go, advance } = await opened();
  await settle(client.signalEntity(Agenda, 'a', { signalAt: 1_000 }).note('before the lock'));
  await keep('one', { note: 'one' });
  await settle(client.signalEntity(Agenda, 'a', { signalAt: 2_000 }).note('during the lock'));
  await settle(client.signalEntity(Agenda, 'a').remind(60_000));
  await advance(5_000);
  t.deepEqual(await notes(), ['one']);
  await go('one');
  await advance(100);
  t.deepEqual((await notes()).toSorted(), ['before the lock', 'during the lock', 'one']);
  await advance(50_000);
  await keep('two', { lease: 30_000 });
  await advance(20_000);
  t.is((await notes()).length, 3);
  await advance(20_000);
  t.is((await settle(client.readEntityState(Agenda, 'a'))).lockedBy, undefined, 'nobody has released it');
  t.is((await notes()).at(-1), 'reminded');
});

test('an entity that is locked and does not exist stays locked over a takeover, and its fencing numbers rise', async (t) => {
  const { around, client, worker, settle, keep, go, advance } = await opened();
  await keep('one');
  await advance(2_000);
  t.like(await settle(client.readEntityState(Agenda, 'a')), { entityExists: false, lockedBy: { instanceId: 'one' } });
  worker.connection.kill();
  await around.work('successor', hosted());
  t.like(await settle(client.readEntityState(Agenda, 'a')), { entityExists: false, lockedBy: { instanceId: 'one' } });
  await go('one');
  await advance(2_000);
  t.deepEqual((await settle(client.entities.list())).entities, []);
  await keep('two');
  const locked = (await settle(client.inspect())).flatMap((status) =>
    status.worker === undefined ? [] : (status.locked ?? []),
  );
  t.like(locked, [{ lockedBy: 'two', fencingNumber: 2 }]);
});

test('a full mailbox is busy to calls, and a request to lock it waits all the same', async (t) => {
  const { around, client, settle, notes, keep, go } = await opened();
  await keep('one');
  for (const text of ['1', '2', '3', '4', '5']) await settle(client.signalEntity(Agenda, 'a').note(text));
  const refused = await rejection(around, () => client.callEntity(Agenda, 'a').note('6'));
  t.true(refused instanceof EntityOperationFailedError && refused.isCausedBy(BusyError), refused.message);
  await keep('two', { note: 'two' });
  t.like(await settle(client.entities.inspect(Agenda, 'a')), { waiting: 6, lockWaiters: ['two'] });
  await go('one');
  t.deepEqual(await notes(), ['1', '2', '3', '4', '5', 'two']);
});

/** The subjects of what is stored of agendas. */
function storedOf({ hub }: Surroundings): readonly string[] {
  const subjects = [0, 1].flatMap((partition) => [...hub.streams(partition).state.subjects()]);
  return subjects.filter((subject) => /\.[sw]\.e\./.test(subject));
}

type Scene = Awaited<ReturnType<typeof opened>>;

/** How a lock of agenda a ends, which does not exist then. */
const ends: Readonly<Record<string, (scene: Scene) => Promise<unknown>>> = {
  'its release': async ({ keep, go }) => {
    await keep('one');
    await go('one');
  },
  'its release long after it was stored': async ({ keep, go, advance }) => {
    await keep('one');
    await advance(10_000);
    await go('one');
  },
  'the end of its holder': async ({ keep, client, settle, advance }) => {
    await keep('one');
    await keep('two');
    await advance(2_000);
    await settle(client.terminate('two'));
    await settle(client.terminate('one'));
  },
  'the end of its lease': async ({ keep, go, advance }) => {
    await keep('one', { lease: 1_000 });
    await advance(5_000);
    await go('one');
  },
  'an operator': async ({ keep, go, client, settle, advance }) => {
    await keep('one');
    await advance(5_000);
    await settle(client.breakLock(Agenda, 'a'));
    await advance(5_000);
    await go('one');
  },
  'a deletion behind it': async ({ keep, go, client, settle }) => {
    await keep('one', { note: 'one' });
    await go('one');
    await settle(client.entities.delete(Agenda, 'a'));
  },
  'a deletion by its holder': async ({ keep, go, client, settle, advance }) => {
    await keep('zero', { note: 'zero' });
    await go('zero');
    await advance(2_000);
    const gone = await settle(client.startNew(Forgetful, 'a'));
    await settle(gone.result());
  },
  'the end of the process that owns it': async (scene) => {
    const { around, worker, keep, go, advance } = scene;
    await keep('one');
    await advance(2_000);
    worker.connection.kill();
    scene.worker = await around.work('successor', hosted());
    await go('one');
  },
};

for (const [what, end] of Object.entries(ends))
  test(`P22: of what does not exist nothing stays stored behind its lock, and its fencing numbers rise: ${what}`, async (t) => {
    const scene = await opened();
    const { around, client, settle, keep, advance } = scene;
    const fence = async () => {
      const told = (await settle(client.inspect())).flatMap((status) =>
        status.worker === undefined ? [] : (status.locked ?? []),
      );
      t.is(told.length, 1);
      return told[0]!.fencingNumber;
    };
    await keep('first');
    await settle(client.terminate('first'));
    await advance(5_000);
    t.deepEqual(storedOf(around), []);
    await end(scene);
    await advance(5_000);
    t.deepEqual(storedOf(around), []);
    await keep('next');
    const before = await fence();
    t.true(before > 2);
    await settle(client.terminate('next'));
    await advance(5_000);
    await settle(scene.worker.stop());
    await around.work('last', hosted());
    await keep('last');
    t.is(await fence(), before + 1, 'also when the checkpoint alone knows it');
  });

test('inspect tells who has locked an entity and who waits to; a readonly operation waits as any other', async (t) => {
  const { client, settle, keep, go, advance } = await opened();
  await keep('one', { note: 'one' });
  await keep('two');
  const all = client.callEntity(Agenda, 'a').all();
  await advance(500);
  const status = await settle(client.entities.inspect(Agenda, 'a'));
  t.like(status, { exists: true, waiting: 2, lockedBy: { instanceId: 'one' }, lockWaiters: ['two'] });
  await go('one');
  t.like(await settle(client.entities.inspect(Agenda, 'a')), { lockedBy: { instanceId: 'two' }, lockWaiters: [] });
  await go('two');
  t.deepEqual(await settle(all), ['one']);
});
