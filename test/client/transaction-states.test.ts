import test from 'ava';
import { OrchestrationContext, type Orchestration } from 'perdure';
import { Entity, Operation, Orchestrator, Run } from 'perdure/decorators';
import { hostOf } from '../engine/surroundings.js';
import { Surroundings } from './surroundings.js';

/** What transactions do to states that have versions, are large, and have a history. */

@Entity('till')
class FirstTill {
  state = 100;
  @Operation({ input: Number }) add(amount: number): number {
    return (this.state += amount);
  }
}

@Entity('till', { stateVersion: 2, keepHistory: 10 })
class Till {
  static migrate(old: number): Till['state'] {
    return { balance: old, pad: '' };
  }
  state = { balance: 100, pad: '' };
  @Operation({ input: Number }) add(amount: number): number {
    return (this.state.balance += amount);
  }
  @Operation({ input: Number }) fill(length: number): void {
    this.state.pad = 'x'.repeat(length);
  }
  @Operation() close(): void {
    throw new Error('never');
  }
}

@Orchestrator('swap')
class Swap {
  @Run({ input: Boolean }) *run(isGood: boolean, ctx: OrchestrationContext): Orchestration<void> {
    yield* ctx.transaction(
      [
        [Till, 'old'],
        [Till, 'large'],
      ],
      function* (old, large) {
        yield* old.add(-30);
        yield* large.add(10);
        ctx.setCustomStatus('prepared');
        yield* ctx.waitForExternalEvent('Go');
        yield* large.add(20);
        if (!isGood) yield* old.close();
      },
    );
  }
}

const classes = { entities: [Till], orchestrators: [Swap] };
/** More than fits a message: in the object store. */
const LARGE = 300_000;

/** One till whose state an earlier version of its class has stored, one with a large state, and a transaction of both that waits. */
async function prepared(isGood: boolean) {
  const around = new Surroundings();
  const { client } = around;
  const settle = <T>(promise: Promise<T>): Promise<T> => around.settle(promise);
  const first = await around.work('first', hostOf({ entities: [FirstTill] }));
  expectIs(await settle(client.callEntity(FirstTill, 'old').add(1)), 101);
  await settle(first.stop());
  const second = await around.work('second', hostOf(classes));
  await settle(client.callEntity(Till, 'large').fill(LARGE));
  const swap = await settle(client.startNew(Swap, isGood, { instanceId: 'swap' }));
  await around.advance(1_000);
  expectIs((await settle(swap.status()))?.customStatus, 'prepared');
  const committed = async (key: string) =>
    (await settle(client.readEntityState('till', key, { consistency: 'eventual' }))) as {
      entityState: number | Till['state'];
      stateVersion?: number;
    };
  const history = async (key: string) =>
    (await settle(client.entities.history(Till, key))).map(({ number, operation }) => `${number} ${operation}`);
  const balance = async (key: string, asOf?: number) =>
    (await settle(client.readEntityState(Till, key, { asOf }))).entityState?.balance;
  return { around, client, settle, swap, second, committed, history, balance };
}

function expectIs(seen: unknown, expected: unknown): void {
  if (seen !== expected) throw new Error(`${String(seen)}, expected ${String(expected)}`);
}

for (const isTakenOver of [false, true])
  test.serial(
    `P23: a transaction migrates, changes what is large, and is one change of each history${isTakenOver ? ', over a takeover' : ''}`,
    async (t) => {
      const { around, client, settle, swap, second, committed, history, balance } = await prepared(true);
      t.is((await committed('old')).entityState, 101, 'what is committed is as it was stored');
      if (isTakenOver) {
        second.connection.kill();
        await around.work('third', hostOf(classes));
      }
      await settle(client.raiseEvent('swap', 'Go'));
      await settle(swap.result());
      t.deepEqual([await balance('old'), await balance('large')], [71, 130]);
      t.deepEqual(await history('old'), ['1 add']);
      t.deepEqual(await history('large'), ['1 fill', '2 add'], 'two operations of it are one change');
      await around.advance(1_000);
      t.like(await committed('old'), { entityState: { balance: 71, pad: '' }, stateVersion: 2 });
      t.is(await balance('old', 0), 101, 'before the transaction, as the class has it');
      t.is(await balance('large', 1), 100);
      t.is(await settle(client.callEntity(Till, 'large').add(1)), 131);
      t.deepEqual((await history('large')).at(-1), '3 add');
    },
  );

test.serial(
  'P23: a transaction that is aborted leaves versions, large states and histories as they were',
  async (t) => {
    const { around, client, settle, swap, committed, history, balance } = await prepared(false);
    await settle(client.raiseEvent('swap', 'Go'));
    await t.throwsAsync(settle(swap.result()), { message: /never/ });
    t.deepEqual(await history('old'), []);
    t.deepEqual(await history('large'), ['1 fill']);
    t.deepEqual([await balance('old'), await balance('large')], [101, 100]);
    await around.advance(1_000);
    t.is((await committed('old')).entityState, 101);
    t.is(await settle(client.callEntity(Till, 'large').add(1)), 101);
  },
);
