import { readdirSync, readFileSync } from 'node:fs';
import test from 'ava';
import { amount } from '../amount.js';
import { CALM } from './chaos.js';
import { eventOf } from './expectation.js';
import { simulateLives } from './lifecycle.js';
import type { Program } from './script.js';
import { shrink, shrinkWorkers, type Case } from './shrink.js';
import { simulate } from './simulation.js';
import { simulateWorkers, type WorkersPlan } from './workers.js';

const seeds = amount(1_000, 5_000);

test(`programs under faults bring about what they have to, exactly once: ${seeds} seeds`, async (t) => {
  t.timeout(1_800_000);
  const totals = { takeovers: 0, faults: 0, repeated: 0, unjudged: 0 };
  for (let seed = 1; seed <= seeds; seed++) {
    const { violations, unjudged, counts } = await simulate({ seed });
    t.deepEqual(violations, [], `npm run simulate -- --seed ${seed}`);
    totals.takeovers += counts.takeovers;
    totals.faults += counts.faults;
    totals.repeated += counts.repeated;
    if (unjudged.length > 0) totals.unjudged++;
  }
  t.log(totals);
  t.true(totals.takeovers > 3 * seeds && totals.faults > 10 * seeds && totals.repeated > 0);
  t.true(totals.unjudged <= 0.02 * seeds);
});

const shared = amount(60, 500);

test(`workers that die, freeze and come and go share the partitions out: ${shared} seeds`, async (t) => {
  t.timeout(1_800_000);
  let claims = 0;
  for (let seed = 1; seed <= shared; seed++) {
    const report = await simulateWorkers(seed);
    t.deepEqual(report.violations, [], `npm run simulate -- --workers --seed ${seed}`);
    claims += report.claims;
  }
  t.log(`${claims} claims`);
  t.true(claims > 5 * shared);
});

const past = 'test/simulation/past';

for (const file of readdirSync(past))
  test(`a past failure: ${file.replace('.json', '').replaceAll('-', ' ')}`, async (t) => {
    const { seed, program, plan } = JSON.parse(readFileSync(`${past}/${file}`, 'utf8')) as Case & { seed: number };
    t.deepEqual((await simulate({ seed, program, plan })).violations, []);
  });

test('the same seed gives the same run, to the byte', async (t) => {
  for (const seed of [1, 2, 3, 4, 5]) {
    const [first, second] = [await simulate({ seed, isTraced: true }), await simulate({ seed, isTraced: true })];
    t.is(first.hash, second.hash);
    t.deepEqual(first.trace, second.trace);
  }
  t.not((await simulate({ seed: 1 })).hash, (await simulate({ seed: 2 })).hash);
});

const calm = amount(100, 1_000);

for (const [family, run] of [
  ['programs', simulate],
  ['lives', simulateLives],
] as const)
  test(`without faults no activity of ${family} is repeated, and nobody takes over but at the beginning and the end: ${calm} seeds`, async (t) => {
    t.timeout(600_000);
    for (let seed = 1; seed <= calm; seed++) {
      const { violations, counts, program } = await run({ seed, plan: { incidents: [] } });
      t.deepEqual(violations, [], `seed ${seed}`);
      t.deepEqual([counts.takeovers, counts.repeated, counts.faults], [2 * program.partitions, 0, 0], `seed ${seed}`);
    }
  });

test('what a program lacks is found', async (t) => {
  const program: Program = {
    partitions: 1,
    clients: [
      {
        name: 'c0',
        mayDie: false,
        actions: [{ do: 'start', instanceId: 'waiting', actions: [{ do: 'events', count: 1 }], isNamed: true }],
      },
    ],
  };
  const { violations, counts } = await simulate({ seed: 1, program, plan: { incidents: [] } });
  t.regex(violations[0]!, /^stuck: clients wait; waiting is Running, waits for/);
  t.true(violations.some((text) => text.startsWith('waiting is Running, expected Completed')));
  t.true(counts.virtualMilliseconds > CALM + 60_000);
  t.is(eventOf('waiting', 0), 'event 0 of waiting');
});

test('a failing case is shrunk to what makes it fail', async (t) => {
  const { program, plan, given } = await simulate({ seed: 11 });
  const whole = {
    program,
    plan: { incidents: [...plan.incidents, { do: 'kill', at: 5, target: 'w9' }], calls: given },
  };
  const fails = async ({ plan: { incidents }, program: { clients } }: Case): Promise<boolean> =>
    incidents.some((incident) => incident.do === 'kill' && incident.target === 'w9') && clients[0]!.actions.length > 0;
  const small = await shrink(whole as Case, fails);
  t.deepEqual(small.plan, { incidents: [{ do: 'kill', at: 5, target: 'w9' }], calls: {} });
  t.deepEqual(
    small.program.clients.map(({ actions }) => actions.length),
    program.clients.map((_, at) => (at === 0 ? 1 : 0)),
  );
});

test('so is a failing case of workers, which runs as it is given', async (t) => {
  const incident = (at: number, what: 'kill' | 'stop'): WorkersPlan['incidents'][number] => {
    return { at, target: 'w1', do: what, for: 500, partition: 0 };
  };
  const [stop, kill] = [incident(16_000, 'stop'), incident(46_000, 'kill')];
  const plan = { incidents: [stop, kill], loss: 0.02, far: { name: 'w0', by: 100 } };
  const small = await shrinkWorkers(plan, async ({ incidents, far }) => incidents.includes(kill) && far !== undefined);
  t.deepEqual(small, { incidents: [kill], loss: 0, far: plan.far });
  const report = await simulateWorkers(1, true, small);
  t.deepEqual(report.violations, []);
  t.is(report.plan, small);
  t.deepEqual(
    report.trace.flatMap((line) => /w\d: (\w+) for/.exec(line)?.[1] ?? []),
    ['kill'],
  );
});
