import { register } from 'node:module';
import { mutants } from './mutants/all.js';
import type { simulateLives as SimulateLives } from './lifecycle.js';
import type { simulateLocks as SimulateLocks } from './locks.js';
import type { simulate as Simulate } from './simulation.js';
import type { simulateTimes as SimulateTimes } from './times.js';
import type { simulateTransactions as SimulateTransactions } from './transactions.js';
import type { simulateWorkers as SimulateWorkers } from './workers.js';

/** A process that runs mutants as its parent asks: see mutation.ts. */

const root = new URL('../../', import.meta.url).href;
register(new URL('./mutation-hooks.js', import.meta.url), {
  data: { mutants, root },
});

/** What the parent asks for: the seeds are tried in order until one kills the mutant. */
export interface Order {
  readonly mutant: number;
  readonly seeds: readonly number[];
}

/** What came of it: the seed that killed it, and how it showed. */
export interface Verdict {
  readonly mutant: number;
  readonly seed?: number;
  readonly violation?: string;
  /** Why it could not be tried. */
  readonly fault?: string;
}

/** What a process says: that it begins a seed, or how all of them ended. */
export type Progress = { readonly begun: number } | { readonly verdict: Verdict };

const say = (progress: Progress): void => void process.send!(progress);

process.on('message', (order: Order) => {
  void run(order)
    .catch((error: unknown): Verdict => ({ mutant: order.mutant, fault: String(error) }))
    .then((verdict) => say({ verdict }));
});

async function run({ mutant, seeds }: Order): Promise<Verdict> {
  const run = await simulationOf(mutant);
  for (const seed of seeds) {
    say({ begun: seed });
    const { violations } = await run(seed);
    if (violations.length > 0) return { mutant, seed, violation: violations[0]! };
  }
  return { mutant };
}

/** The simulation that has to find the mutant, run with the mutant's library. */
async function simulationOf(mutant: number): Promise<(seed: number) => Promise<{ violations: readonly string[] }>> {
  if (mutants[mutant]!.simulation === 'workers') {
    const { simulateWorkers } = (await import(`./workers.js?mutant=${mutant}`)) as {
      simulateWorkers: typeof SimulateWorkers;
    };
    return (seed) => simulateWorkers(seed);
  }
  if (mutants[mutant]!.simulation === 'lives') {
    const { simulateLives } = (await import(`./lifecycle.js?mutant=${mutant}`)) as {
      simulateLives: typeof SimulateLives;
    };
    return (seed) => simulateLives({ seed });
  }
  if (mutants[mutant]!.simulation === 'locks') {
    const { simulateLocks } = (await import(`./locks.js?mutant=${mutant}`)) as { simulateLocks: typeof SimulateLocks };
    return (seed) => simulateLocks({ seed });
  }
  if (mutants[mutant]!.simulation === 'transactions') {
    const { simulateTransactions } = (await import(`./transactions.js?mutant=${mutant}`)) as {
      simulateTransactions: typeof SimulateTransactions;
    };
    return (seed) => simulateTransactions({ seed });
  }
  if (mutants[mutant]!.simulation === 'times') {
    const { simulateTimes } = (await import(`./times.js?mutant=${mutant}`)) as { simulateTimes: typeof SimulateTimes };
    return (seed) => simulateTimes({ seed });
  }
  const { simulate } = (await import(`./simulation.js?mutant=${mutant}`)) as { simulate: typeof Simulate };
  return (seed) => simulate({ seed });
}
