import test, { type ExecutionContext } from 'ava';
import { hostOf } from '../engine/surroundings.js';
import { Account, Bare, Holder } from './lock-classes.js';
import { everyDeath, lastCalls, type Mortal } from './worker-deaths.js';

const hosted = () => hostOf({ entities: [Account], orchestrators: [Bare, Holder] });

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

/** Sections one after the other, some of which last until something is stored of them, over what does not exist. */
async function lockedBare(t: ExecutionContext, { around, what, outlived }: Mortal): Promise<void> {
  const { client } = around;
  const end = (async () => {
    const told: (readonly number[])[] = [];
    for (const wait of [0, 300, 0]) told.push((await (await client.startNew(Bare, wait)).result()) as number[]);
    return told;
  })();
  const told = await outlived(end);
  for (const at of [0, 1]) {
    const numbers = told.map((fences) => fences[at]!);
    t.deepEqual(
      numbers,
      [...new Set(numbers)].toSorted((a, b) => a - b),
      what,
    );
  }
  await around.advance(5_000);
  const subjects = [0, 1].flatMap((partition) => [...around.hub.streams(partition).state.subjects()]);
  t.deepEqual(
    subjects.filter((subject) => /\.[sw]\.e\./.test(subject)),
    [],
    what,
  );
}

for (const fault of lastCalls)
  test(`P22: an owner that dies at each of its calls leaves nothing of what was locked and does not exist: ${fault}`, (t) =>
    everyDeath(t, fault, hosted, (mortal) => lockedBare(t, mortal)));

for (const fault of lastCalls)
  test(`P22: an owner that dies at each of its calls leaves no lock to a holder that was terminated: ${fault}`, (t) =>
    everyDeath(t, fault, hosted, (mortal) => lockedOver(t, mortal)));
