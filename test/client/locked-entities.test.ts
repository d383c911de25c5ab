import test from 'ava';
import { EntityContext, OrchestrationContext, type Orchestration } from 'perdure';
import { Entity, Operation, Orchestrator, Run } from 'perdure/decorators';
import { hostOf } from '../engine/surroundings.js';
import { Surroundings } from './surroundings.js';

@Entity('agenda')
class Agenda {
  state = [] as string[];
  @Operation({ input: String }) note(text: string): void {
    this.state.push(text);
  }
  @Operation({ input: Number }) remind(every: number, ctx: EntityContext): void {
    ctx.setReminder('note', { input: 'reminded', everyInMilliseconds: every });
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

const hosted = () => hostOf({ entities: [Agenda], orchestrators: [Keeper] });

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
