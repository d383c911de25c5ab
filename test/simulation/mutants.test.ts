import test from 'ava';
import { amount } from '../amount.js';
import { mutants } from './mutants.js';
import { names, runMutants } from './mutation.js';
import type { Verdict } from './mutant-worker.js';

const limit = amount(60, 500);
const isWhole = limit > 60;

test(`each of the bugs is found within ${limit} seeds`, async (t) => {
  t.timeout(3_600_000);
  const seeds = Array.from({ length: limit }, (_, at) => at + 1);
  const wanted = mutants.flatMap(({ isOpen }, mutant) => (isOpen && !isWhole ? [] : [mutant]));
  const verdicts: Verdict[] = [];
  await runMutants(
    wanted.map((mutant) => ({ mutant, seeds })),
    (verdict) => void verdicts.push(verdict),
  );
  for (const { mutant, seed, violation, fault } of verdicts) {
    const { isHealthy = false, isOpen } = mutants[mutant]!;
    const outcome = `${names[mutant]}: ${seed === undefined ? `survives ${limit} seeds` : `seed ${seed}: ${violation}`}`;
    t.is(fault, undefined, names[mutant]);
    if (isOpen) t.log(outcome);
    else t.is(seed === undefined, isHealthy, outcome);
  }
  t.is(verdicts.length, wanted.length);
  t.true(wanted.length > 25);
});
