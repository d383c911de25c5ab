import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type { Case } from './shrink.js';
import { shrink, shrinkWorkers } from './shrink.js';
import { simulateLives } from './lifecycle.js';
import { simulateLocks } from './locks.js';
import { simulate, type Report } from './simulation.js';
import { simulateTimes } from './times.js';
import { simulateTransactions } from './transactions.js';
import { simulateWorkers, type WorkersPlan, type WorkersReport } from './workers.js';

/**
 * `npm run simulate -- --seeds N [--seed S] [--trace] [--case FILE] [--family lifecycle|locks|transactions|times] [--workers]`: see
 * docs/testing.md.
 */
const { values } = parseArgs({
  options: {
    seeds: { type: 'string' },
    seed: { type: 'string' },
    trace: { type: 'boolean', default: false },
    case: { type: 'string' },
    workers: { type: 'boolean', default: false },
    family: { type: 'string' },
  },
});
const FOLDER = 'build/simulation';
const families = new Map([
  ['lifecycle', simulateLives],
  ['locks', simulateLocks],
  ['transactions', simulateTransactions],
  ['times', simulateTimes],
]);
const run = families.get(values.family ?? '') ?? simulate;
const family = run === simulate ? '' : ` --family ${values.family}`;
const given =
  values.case === undefined ? {} : (JSON.parse(readFileSync(values.case, 'utf8')) as Case & { readonly seed: number });
const seed = 'seed' in given ? given.seed : values.seed;
const first = Number(seed ?? 1);
const count = Number(values.seeds ?? (seed === undefined ? 1_000 : 1));
const totals = { calls: 0, faults: 0, records: 0, takeovers: 0, virtualMilliseconds: 0 };
let unjudged = 0;

const [began, beganAt] = [process.cpuUsage(), performance.now()];
let failed = 0;
const what = values.workers ? await runWorkers() : await runPartitions();
const { user, system } = process.cpuUsage(began);
const each = (user + system) / 1_000 / count;
const elapsed = (performance.now() - beganAt) / count;
console.log(
  `${count} seeds, ${failed} failed; ${what}; ` +
    `${each.toFixed(1)} ms of CPU per seed, ${Math.round(60_000 / each)} seeds a minute of one core ` +
    `(${Math.round(60_000 / elapsed)} a minute as the clock went)`,
);
process.exitCode = failed > 0 ? 1 : 0;

async function runPartitions(): Promise<string> {
  for (let seed = first; seed < first + count; seed++) {
    const report = await run({ ...given, seed, isTraced: values.trace });
    for (const key of Object.keys(totals) as (keyof typeof totals)[]) totals[key] += report.counts[key];
    if (report.unjudged.length > 0) unjudged++;
    if (values.trace) console.log(report.trace.join('\n'));
    if (report.violations.length === 0) continue;
    failed++;
    await explain(report);
  }
  return (
    `${unjudged} unjudged; ${totals.takeovers} takeovers, ${totals.faults} faults in ${totals.calls} calls, ` +
    `${totals.records} records, ${Math.round(totals.virtualMilliseconds / 3_600_000)} h of virtual time`
  );
}

/** The other simulation: workers that share partitions out. */
async function runWorkers(): Promise<string> {
  let claims = 0;
  const plan = 'plan' in given ? (given.plan as unknown as WorkersPlan) : undefined;
  for (let seed = first; seed < first + count; seed++) {
    const report = await simulateWorkers(seed, values.trace, plan);
    claims += report.claims;
    if (values.trace) console.log(report.trace.join('\n'));
    if (report.violations.length === 0) continue;
    failed++;
    await explainWorkers(report);
  }
  return `${claims} claims of partitions`;
}

/** The violation without what names it: a smaller case has to fail for the same reason. */
function kindOf(violation: string): string {
  return violation
    .replace(/[{[].*/s, '')
    .replace(/[A-Za-z0-9]{22}|\bc\d\S*/g, 'id')
    .replace(/\d+/g, '#');
}

/** Prints what failed, and how to see it again. */
function tell({ seed, violations }: Pick<Report, 'seed' | 'violations'>, option: string): void {
  console.log(`seed ${seed} failed:`);
  for (const line of violations.slice(0, 10)) console.log(`  ${line.slice(0, 500)}`);
  console.log(`  again: npm run simulate --${option} --seed ${seed} --trace`);
}

/** Keeps the trace of what failed, and the smallest case that fails in the same way. */
function keep(
  name: string,
  option: string,
  trace: readonly string[],
  small: { readonly seed: number; readonly plan: object },
): void {
  mkdirSync(FOLDER, { recursive: true });
  const file = `${FOLDER}/${name}`;
  writeFileSync(`${file}.trace`, trace.join('\n'));
  writeFileSync(`${file}.json`, JSON.stringify(small, null, 2));
  console.log(`  trace: ${file}.trace; shrunk: npm run simulate --${option} --case ${file}.json`);
  console.log(`  ${JSON.stringify(small.plan)}`);
}

async function explainWorkers(report: WorkersReport): Promise<void> {
  const { seed, plan, violations } = report;
  tell(report, ' --workers');
  const { trace } = await simulateWorkers(seed, true, plan);
  const kind = kindOf(violations[0]!);
  const small = await shrinkWorkers(plan, async (candidate) =>
    (await simulateWorkers(seed, false, candidate)).violations.some((violation) => kindOf(violation) === kind),
  );
  keep(`workers-${seed}`, ' --workers', trace, { seed, plan: small });
}

async function explain(report: Report): Promise<void> {
  const { seed } = report;
  tell(report, family);
  const { trace } = await run({ ...given, seed, isTraced: true });
  const whole = { program: report.program, plan: { ...report.plan, rates: undefined, calls: report.given } };
  const kind = kindOf(report.violations[0]!);
  const small = await shrink(whole, async (candidate) =>
    (await simulate({ ...candidate, seed })).violations.some((violation) => kindOf(violation) === kind),
  );
  keep(`seed-${seed}`, '', trace, { seed, ...small });
}
