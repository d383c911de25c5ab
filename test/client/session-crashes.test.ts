import test, { type ExecutionContext } from 'ava';
import type { Fault, FaultPlan, PortCall } from '../../lib/memory/faults.js';
import { SeededRandom } from '../../lib/memory/random.js';
import { amount } from '../amount.js';
import { Counter, Nap } from '../engine/bank.js';
import { Surroundings } from './surroundings.js';

/** Kills the victim at its nth call, and loses each third send of the client or its answer. */
class KillAt implements FaultPlan {
  calls = 0;
  onKill = (): void => {};
  readonly #random: SeededRandom;

  constructor(
    readonly n: number,
    readonly fault: Fault,
  ) {
    this.#random = new SeededRandom(n);
  }

  next({ connection, operation }: PortCall): Fault {
    if (connection === 'client' && operation === 'send')
      return (['requestLost', 'responseLost', 'none', 'none', 'none', 'none'] as const)[this.#random.below(6)]!;
    if (connection !== 'victim' || ++this.calls !== this.n) return 'none';
    this.onKill();
    return this.fault;
  }
}

/** Calls, signals and starts of one client to two partitions, while their worker dies; what came of them. */
async function run(n: number, fault: Fault): Promise<{ readonly calls: number; readonly found: unknown }> {
  const plan = new KillAt(n, fault);
  const around = new Surroundings({ seed: n, faults: plan });
  const { client } = around;
  const names = await around.work('names');
  await around.settle(names.stop());
  const victim = around.begin('victim');
  plan.onKill = () => victim.connection.kill();
  await around.advance(20);
  const keys = ['k0', 'k1', 'k2'];
  const called = keys.map(async (key) => {
    const results = [await client.callEntity(Counter, key).add('a')];
    await client.signalEntity(Counter, key).add('b');
    results.push(...(await Promise.all(['c', 'd'].map((id) => client.callEntity(Counter, key).slowly(id)))));
    return results;
  });
  const started = ['i0', 'i1'].map(async (instanceId) => {
    const handle = await client.startNew(Nap, 10, { instanceId });
    return handle.result();
  });
  await around.advance(2_000);
  await around.work('successor');
  const results = await around.settle(Promise.all(called));
  const ends = await around.settle(Promise.all(started));
  const states = [];
  for (const key of keys) {
    const { entityState } = await around.settle(client.readEntityState(Counter, key));
    states.push(entityState?.seen.join(''));
  }
  return { calls: plan.calls, found: { results, ends, states } };
}

async function everyPoint(t: ExecutionContext, fault: Fault): Promise<void> {
  const expected = {
    results: Array(3).fill([1, 3, 4]),
    ends: Array(2).fill('rested'),
    states: Array(3).fill('abcd'),
  };
  let n = 1;
  for (; ; n += amount(3, 1)) {
    const { calls, found } = await run(n, fault);
    t.deepEqual(found, expected, `killed at call ${n}`);
    if (calls < n) break;
  }
  t.log(`${n} calls`);
  t.true(n > 50);
}

test('P5: each call returns its first outcome when its worker dies before a call of it arrives', (t) =>
  everyPoint(t, 'requestLost'));

test('P5: each call returns its first outcome when its worker dies after a call of it was carried out', (t) =>
  everyPoint(t, 'responseLost'));
