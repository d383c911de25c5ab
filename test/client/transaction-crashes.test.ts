import test, { type ExecutionContext } from 'ava';
import { hostOf } from '../engine/surroundings.js';
import { Account, Quiet, Trade, transfer } from './transaction-classes.js';
import { everyDeath, lastCalls, type Mortal } from './worker-deaths.js';

const hosted = () => hostOf({ entities: [Account], orchestrators: [Trade, Quiet] });

/** Two transactions over the same accounts, the first of which may be terminated. */
async function tradedOver(t: ExecutionContext, { around, what, outlived }: Mortal, isEnded: boolean): Promise<void> {
  const { client } = around;
  const steps = { one: [[0, 'tell', 'c'], ...transfer(5)], two: transfer(1) } as const;
  const start = (name: 'one' | 'two') =>
    client.startNew('trade', { keys: ['a', 'b'], steps: steps[name] }, { instanceId: name });
  const end = (async () => {
    const [one, two] = [await start('one'), await start('two')];
    if (isEnded) await one.terminate().catch(() => {}); // it may have ended
    await two.result();
    await one.result().catch(() => {});
    return [await one.history(), await two.history()];
  })();
  const histories = await outlived(end);
  const [one, two] = histories.map((history) => history.some((event) => event.type === 'LockReleased' && event.commit));
  t.true(two, what);
  if (!isEnded) t.true(one, what);
  await around.advance(3_000);
  const moved = one ? 6 : 1;
  const [a, b, c] = await around.settle(
    Promise.all(['a', 'b', 'c'].map((key) => client.readEntityState(Account, key))),
  );
  t.deepEqual([a!.entityState?.balance, b!.entityState?.balance], [100 - moved, 100 + moved], what);
  t.deepEqual([a!.lockedBy, b!.lockedBy], [undefined, undefined], what);
  t.deepEqual(c!.entityState?.log, one ? ['told by a'] : undefined, what);
}

for (const isEnded of [false, true])
  for (const fault of lastCalls)
    test(`P23: an owner that dies at each of its calls splits no transaction: ${fault}${isEnded ? ', terminated' : ''}`, (t) =>
      everyDeath(t, fault, hosted, (mortal) => tradedOver(t, mortal, isEnded)));
