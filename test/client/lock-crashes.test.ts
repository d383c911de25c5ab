import test, { type ExecutionContext } from 'ava';
import { hostOf } from '../engine/surroundings.js';
import { Account, Holder } from './lock-classes.js';
import { everyDeath, lastCalls, type Mortal } from './worker-deaths.js';

const hosted = () => hostOf({ entities: [Account], orchestrators: [Holder] });

/** Two sections over the same accounts, the first of which is terminated. */
async function lockedOver(t: ExecutionContext, { around, what, outlived }: Mortal): Promise<void> {
  const { client } = around;
  const section = (name: string) => client.startNew('holder', { name, keys: ['a', 'b'] }, { instanceId: name });
  const end = (async () => {
    const one = await section('one');
    const two = await section('two');
    await one.terminate();
    await two.raiseEvent('Go');
    return two.result();
  })();
  t.is(await outlived(end), 'done', what);
  await around.advance(3_000);
  for (const key of ['a', 'b']) {
    const { entityState, lockedBy } = await around.settle(client.readEntityState(Account, key));
    t.is(lockedBy, undefined, what);
    t.deepEqual(entityState?.log.slice(-2), ['two+', 'two-'], what);
    t.true(entityState!.log.length <= 3, what);
  }
}

for (const fault of lastCalls)
  test(`P22: an owner that dies at each of its calls leaves no lock to a holder that was terminated: ${fault}`, (t) =>
    everyDeath(t, fault, hosted, (mortal) => lockedOver(t, mortal)));
