import test from 'ava';
import { amount } from '../amount.js';
import { SeededRandom } from '../../lib/memory/random.js';
import type { Plan } from './chaos.js';
import { generateProgram } from './generation.js';
import type { Action, Program } from './script.js';
import { simulate, type Report } from './simulation.js';

/** No instance is unloaded; every one that is idle is, before its next mail comes; every owner dies as soon as a step is stored. */
const plans = {
  resident: { incidents: [], limits: { idleBytes: 1e9 } },
  unloaded: { incidents: [], limits: { idleBytes: 0 }, between: 'unload' },
  crashed: { incidents: [], between: 'crash' },
} as const satisfies Record<string, Plan>;

/** Timers are so long that an instance is unloaded meanwhile; an instance with an activity of its own owner is in use. */
const PAUSE = 2_500;

function patient(action: Action): Action {
  if (action.do === 'work') return { ...action, isRemote: true };
  if (action.do === 'timer' || action.do === 'timeout') return { ...action, milliseconds: action.milliseconds + PAUSE };
  if (action.do === 'all') return { ...action, of: action.of.map((one) => patient(one) as (typeof action.of)[number]) };
  if (action.do === 'sub' || action.do === 'try') return { ...action, of: action.of.map(patient) };
  return action;
}

/** What its first client does, which starts instances, on partitions enough that few messages stay within one. */
function programOf(seed: number): Program {
  const { clients } = generateProgram(new SeededRandom(seed));
  const [{ actions, ...client }] = clients as [Program['clients'][number]];
  const all = actions.map((action) =>
    action.do === 'start' ? { ...action, actions: action.actions.map(patient) } : action,
  );
  return { partitions: 5, clients: [{ ...client, actions: all }] };
}

const programs = amount(60, 1_000);

test(`an orchestration ends with the same result whether it stays in memory, is unloaded between its steps, or its owner dies with every commit: ${programs} programs`, async (t) => {
  t.timeout(1_800_000);
  const totals = { unloaded: 0, crashed: 0, replayable: 0, takeovers: 0, unjudged: 0 };
  for (let seed = 1; seed <= programs; seed++) {
    const program = programOf(seed);
    const run = (plan: Plan): Promise<Report> => simulate({ seed, program, plan });
    const resident = await run(plans.resident);
    t.deepEqual(resident.violations, [], `seed ${seed}`);
    t.is(resident.counts.replayed, 0, `seed ${seed}`);
    totals.replayable += resident.counts.replayable;
    for (const how of ['unloaded', 'crashed'] as const) {
      const { violations, unjudged, result, counts } = await run(plans[how]);
      t.deepEqual(violations, [], `seed ${seed} ${how}`);
      if (unjudged.length > 0) totals.unjudged++;
      else t.deepEqual(result, resident.result, `seed ${seed} ${how}`);
      totals[how] += counts.replayed;
      if (how === 'crashed') totals.takeovers += counts.takeovers;
    }
  }
  t.log(totals);
  // Not all: what is in the same partition, and comes at the same time, is taken at once.
  t.true(totals.unloaded > 0.5 * totals.replayable && totals.crashed > 0.5 * totals.replayable);
  t.true(totals.unjudged <= 0.05 * programs);
});
