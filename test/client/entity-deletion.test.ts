import test from 'ava';
import { EntityContext } from 'perdure';
import { Entity, Operation } from 'perdure/decorators';
import { Diary } from '../engine/plans.js';
import { hostOf } from '../engine/surroundings.js';
import { Ledger } from './readonly-classes.js';
import { rejection, Surroundings } from './surroundings.js';
import { Section } from './lock-deletion.js';

const host = () => hostOf({ entities: [Diary, Ledger], orchestrators: [Section] });

async function opened(): Promise<Surroundings> {
  const around = new Surroundings();
  await around.work('worker', host());
  return around;
}

/** The subjects of what is stored of entities. */
function stored({ hub }: Surroundings): readonly string[] {
  const subjects = [0, 1].flatMap((partition) => [...hub.streams(partition).state.subjects()]);
  return subjects.filter((subject) => /\.[sw]\.e\./.test(subject));
}

test.serial('a client deletes an entity in its turn, with its reminders, and nothing of it stays stored', async (t) => {
  const around = await opened();
  const { client } = around;
  const gone = () => around.settle(client.entities.delete(Diary, 'a'));
  t.false(await gone());
  await around.settle(client.callEntity(Diary, 'a').remind(10_000));
  await around.advance(1_000);
  t.is(stored(around).length, 2);
  const deleted = client.entities.delete('diary', 'a');
  const behind = client.callEntity(Diary, 'a').note('again');
  t.true(await around.settle(deleted));
  await around.settle(behind);
  await around.advance(60_000);
  const { entityState } = await around.settle(client.readEntityState(Diary, 'a'));
  t.is(entityState?.notes.length, 1, 'no reminder has come');
  t.true(await gone());
  await around.advance(5_000);
  t.deepEqual(stored(around), []);
});

test.serial('a deletion waits for the end of a lock, and nothing of that stays stored either', async (t) => {
  const around = await opened();
  const { client } = around;
  await around.settle(client.callEntity(Ledger, 'a').add(1));
  await around.settle(client.startNew(Section, 5_000, { instanceId: 'one' }));
  await around.advance(1_000);
  let isGone: boolean | undefined;
  const deleted = client.entities.delete(Ledger, 'a').then((gone) => (isGone = gone));
  await around.advance(2_000);
  t.is(isGone, undefined);
  t.true(await around.settle(deleted));
  t.is(await around.settle(client.getHandle('one').result()), 2);
  t.false((await around.settle(client.readEntityState(Ledger, 'a'))).entityExists);
  await around.advance(5_000);
  t.deepEqual(stored(around), []);
});

test.serial('a deletion is no operation that can be called by name, and unknown entities are told', async (t) => {
  const around = await opened();
  const { client } = around;
  const code = async (call: () => unknown) => (await rejection(around, call)).code;
  t.is(await code(() => client.callEntity('diary', 'a', '#delete')), 'PERDURE_UNKNOWN_OPERATION');
  t.is(await code(() => client.entities.delete('absent', 'a')), 'PERDURE_UNKNOWN_ENTITY');
  t.is(await code(() => client.entities.delete('diary', 'a/b')), 'PERDURE_INVALID_ID');
});

@Entity('crate', { stateVersion: 2 })
class Crate {
  static migrate(old: unknown): unknown {
    return old;
  }
  state = { text: '' };
  @Operation({ input: Number }) fill(length: number, ctx: EntityContext): void {
    this.state.text = 'x'.repeat(length);
    ctx.setReminder('again', { operation: 'fill', input: 1, firstTime: 3_600_000 });
  }
}

@Entity('crate')
class FormerCrate {
  state = '';
  @Operation() look(): string {
    return this.state;
  }
}

for (const [what, entities] of [
  ['which no worker has the class of any more', []],
  ['whose state is newer than the classes that there are', [FormerCrate]],
] as const)
  test.serial(`an entity can be deleted ${what}, also with a large state that is lost`, async (t) => {
    const around = new Surroundings();
    const { client, hub } = around;
    const first = await around.work('first', hostOf({ entities: [Crate] }));
    for (const key of ['small', 'large']) await around.settle(client.callEntity(Crate, key).fill(10));
    await around.settle(client.callEntity(Crate, 'large').fill(300_000));
    await around.advance(1_000);
    await around.settle(first.stop());
    for (const key of hub.objects.keys()) hub.objects.delete(key);
    await around.work('second', hostOf({ entities }));
    for (const key of ['small', 'large']) {
      t.true(await around.settle(client.entities.delete('crate', key)), key);
      t.false(await around.settle(client.entities.delete('crate', key)), key);
      t.false((await around.settle(client.readEntityState('crate', key))).entityExists);
    }
    await around.advance(5_000);
    t.deepEqual(stored(around), []);
  });
