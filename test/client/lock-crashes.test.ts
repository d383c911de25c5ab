import test, { type ExecutionContext } from 'ava';
import { KillAt, type LastCall } from '../engine/kill-at.js';
import { hostOf } from '../engine/surroundings.js';
import { Account, Holder } from './lock-classes.js';
import { Surroundings } from './surroundings.js';

const hosted = () => hostOf({ entities: [Account], orchestrators: [Holder] });

/** Two sections over the same accounts, the first of which is terminated, with a worker that dies at its nth call. */
async function lockedOver(t: ExecutionContext, n: number, fault: LastCall): Promise<number> {
  const plan = new KillAt(n, fault);
  const around = new Surroundings({ seed: n, faults: plan });
  const { client } = around;
  const victim = around.begin('victim', hosted());
  plan.onKill = () => victim.connection.kill();
  await around.advance(20);
  const section = (name: string) => client.startNew('holder', { name, keys: ['a', 'b'] }, { instanceId: name });
  const end = (async () => {
    const one = await section('one');
    const two = await section('two');
    await one.terminate();
    await two.raiseEvent('Go');
    return two.result();
  })();
  await around.advance(1_000);
  await around.work('successor', hosted());
  const what = `killed at call ${n} (${fault})`;
  t.is(await around.settle(end), 'done', what);
  await around.advance(3_000);
  for (const key of ['a', 'b']) {
    const { entityState, lockedBy } = await around.settle(client.readEntityState(Account, key));
    t.is(lockedBy, undefined, what);
    t.deepEqual(entityState?.log.slice(-2), ['two+', 'two-'], what);
    t.true(entityState!.log.length <= 3, what);
  }
  return plan.calls;
}

for (const fault of ['requestLost', 'responseLost'] as const)
  test(`P22: an owner that dies at each of its calls leaves no lock to a holder that was terminated: ${fault}`, async (t) => {
    t.timeout(600_000);
    let n = 1;
    while ((await lockedOver(t, n, fault)) >= n) n++; // until it does not die any more
    t.true(n > 20);
  });
