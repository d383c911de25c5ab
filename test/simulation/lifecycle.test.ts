import test from 'ava';
import { amount } from '../amount.js';
import { simulateLives } from './lifecycle.js';
import type { LifeStep } from './lifecycle-script.js';
import type { Program } from './script.js';

const seeds = amount(100, 1_500);

test(`instances that clients suspend, end, repeat and talk with are what they were told, under faults: ${seeds} seeds`, async (t) => {
  t.timeout(1_800_000);
  const totals = { takeovers: 0, faults: 0, unjudged: 0 };
  const steps = new Map<string, number>();
  for (let seed = 1; seed <= seeds; seed++) {
    const { violations, unjudged, counts, program } = await simulateLives({ seed });
    t.deepEqual(violations, [], `npm run simulate -- --family lifecycle --seed ${seed}`);
    totals.takeovers += counts.takeovers;
    totals.faults += counts.faults;
    if (unjudged.length > 0) totals.unjudged++;
    for (const step of stepsOf(program)) steps.set(step.do, (steps.get(step.do) ?? 0) + 1);
  }
  t.log(totals, Object.fromEntries(steps));
  t.true(totals.takeovers > 3 * seeds && totals.faults > 10 * seeds);
  t.true(totals.unjudged <= 0.02 * seeds);
  for (const kind of ['suspend', 'terminate', 'cancel', 'rewind', 'restart', 'purge', 'update', 'slow', 'query'])
    t.true((steps.get(kind) ?? 0) > 0.05 * seeds, kind);
});

function stepsOf({ clients }: Program): readonly LifeStep[] {
  return clients.flatMap(({ actions }) => actions.flatMap((action) => (action.do === 'live' ? action.steps : [])));
}

test('the same seed gives the same lives, to the byte', async (t) => {
  for (const seed of [1, 2, 3]) {
    const [first, second] = [await simulateLives({ seed }), await simulateLives({ seed })];
    t.is(first.hash, second.hash);
  }
  t.not((await simulateLives({ seed: 1 })).hash, (await simulateLives({ seed: 2 })).hash);
});

test('a life that waits for what never comes is told', async (t) => {
  const start = { token: 'life-0~0', actions: [{ do: 'notes', count: 2 }], ifExists: 'reject' } as const;
  const steps = [{ do: 'starts', of: [start] }, { do: 'raise', count: 1 }, { do: 'end' }] as const;
  const program: Program = {
    partitions: 1,
    clients: [{ name: 'c0', mayDie: false, actions: [{ do: 'live', name: 'c0.0', instanceId: 'life-0', steps }] }],
  };
  const { violations } = await simulateLives({ seed: 1, program, plan: { incidents: [] } });
  t.regex(violations[0]!, /^stuck: clients wait; life-0 is Running/);
});
