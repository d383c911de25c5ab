import test, { type ExecutionContext } from 'ava';
import { KillAt, type LastCall } from '../engine/kill-at.js';
import { hostOf } from '../engine/surroundings.js';
import { Surroundings } from './surroundings.js';
import { Account, Quiet, Trade, transfer } from './transaction-classes.js';

const hosted = () => hostOf({ entities: [Account], orchestrators: [Trade, Quiet] });

/** Two transactions over the same accounts, the first of which may be terminated, with a worker that dies at its nth call. */
async function tradedOver(t: ExecutionContext, n: number, fault: LastCall, isEnded: boolean): Promise<number> {
  const plan = new KillAt(n, fault);
  const around = new Surroundings({ seed: n, faults: plan });
  const { client } = around;
  const victim = around.begin('victim', hosted());
  plan.onKill = () => victim.connection.kill();
  await around.advance(20);
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
  await around.advance(1_000);
  await around.work('successor', hosted());
  const what = `killed at call ${n} (${fault}${isEnded ? ', terminated' : ''})`;
  const histories = await around.settle(end);
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
  return plan.calls;
}

for (const isEnded of [false, true])
  for (const fault of ['requestLost', 'responseLost'] as const)
    test(`P23: an owner that dies at each of its calls splits no transaction: ${fault}${isEnded ? ', terminated' : ''}`, async (t) => {
      t.timeout(600_000);
      let n = 1;
      while ((await tradedOver(t, n, fault, isEnded)) >= n) n++; // until it does not die any more
      t.true(n > 20);
    });
