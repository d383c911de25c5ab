import { writeFileSync } from 'node:fs';
import { knownSeeds, mutants, nameOf, SEEDS } from './mutants/all.js';
import { runMutants } from './mutation.js';

/**
 * `node build/test/simulation/search.js [text] [seeds] [--keep]`: searches the seeds that kill the mutants whose names
 * contain a text, and keeps them in `seeds.json`.
 */
const [text = '', count = '500'] = process.argv.slice(2).filter((word) => !word.startsWith('--'));
const seeds = Array.from({ length: Number(count) }, (_, at) => at + 1);
const orders = mutants.flatMap((mutant, number) => (nameOf(mutant).includes(text) ? [{ mutant: number, seeds }] : []));
const known: Record<string, number> = { ...knownSeeds };
await runMutants(orders, ({ mutant, seed, violation, fault }) => {
  const name = nameOf(mutants[mutant]!);
  delete known[name];
  if (seed !== undefined && !mutants[mutant]!.isHealthy) known[name] = seed;
  console.log(
    `${fault ?? (seed === undefined ? 'survives' : `seed ${seed}`)} | ${name} | ${(violation ?? '').slice(0, 200)}`,
  );
});
if (process.argv.includes('--keep')) {
  const kept = mutants.map(nameOf).flatMap((name) => (known[name] === undefined ? [] : [[name, known[name]]]));
  writeFileSync(SEEDS, `${JSON.stringify(Object.fromEntries(kept), null, 2)}\n`);
}
