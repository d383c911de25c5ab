import { names, runMutants } from './mutation.js';
const [from = '1', count = '60', only = ''] = process.argv.slice(2);
const seeds = Array.from({ length: Number(count) }, (_, at) => Number(from) + at);
const orders = names.map((_, mutant) => ({ mutant, seeds })).filter(({ mutant }) => names[mutant]!.includes(only));
await runMutants(orders, ({ mutant, seed, violation, fault }) =>
  console.log(
    `${mutant} ${fault ? 'FAULT ' + fault : seed === undefined ? 'SURVIVED' : 'killed by ' + seed} | ${names[mutant]} | ${(violation ?? '').slice(0, 160)}`,
  ),
);
process.exit(0);
