/** `npm run chaos -- --minutes M --seed S`: one chaos run, a sentence, and a file with everything that was counted. */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { parseArgs } from 'node:util';
import { runCampaign } from './campaign.js';
import { mixOf } from './command.js';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '1' },
    seed: { type: 'string', default: String(Date.now() % 100_000) },
    workers: { type: 'string', default: '3' },
    replicas: { type: 'string', default: '1' },
    only: { type: 'string', multiple: true, default: [] },
    rate: { type: 'string', default: '200' },
    pause: { type: 'string' },
    out: { type: 'string' },
  },
});
const [minutes, seed] = [Number(values.minutes), Number(values.seed)];
if (!(minutes >= 0.5) || !Number.isInteger(seed)) {
  console.error(
    'Usage: npm run chaos -- --minutes M (from 0.5) --seed S (a whole number) [--workers 3] [--replicas 1|3] ' +
      '[--rate 200] [--pause MS] [--only KIND ...] [--out FILE]',
  );
  process.exit(2);
}
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));
console.error(`Chaos: ${minutes} minutes, seed ${seed}`);
const out = values.out ?? `build/chaos/seed-${seed}.json`;
const report = await runCampaign({
  minutes,
  seed,
  workers: Number(values.workers),
  replicas: Number(values.replicas),
  operationsPerSecond: Number(values.rate),
  mix: mixOf(values.only),
  ...(values.pause !== undefined && { pause: Number(values.pause) }),
  keep: `${out}.data`,
  onProgress: (line) => console.error(line),
});
await mkdir(dirname(out), { recursive: true });
await writeFile(out, `${JSON.stringify(report, null, 2)}\n`);
console.log(report.sentence);
for (const line of report.details) console.log(`  ${line}`);
for (const complaint of report.complaints) console.log(`- ${complaint}`);
console.log(`${report.isGood ? 'All as promised.' : 'NOT as promised.'} Counts: ${out}`);
process.exitCode = report.isGood ? 0 : 1;
