import { fileURLToPath } from 'node:url';
import test, { type ExecutionContext } from 'ava';
import { amount } from '../amount.js';
import { runCampaign, type CampaignOptions } from './campaign/campaign.js';
import type { Report } from './campaign/report.js';
import { zombieMix } from './campaign/schedule.js';

const seed = Number(process.env['PERDURE_SEED'] ?? 1);
const planted = fileURLToPath(new URL('campaign/no-fence.js', import.meta.url));

const minutes = amount(1, 3);
const inVerify = minutes > 1 ? test.serial : test.serial.skip;

/** A run that has to be as promised. */
async function goodRun(t: ExecutionContext, options: Omit<CampaignOptions, 'seed'>): Promise<Report> {
  t.timeout(900_000);
  const report = await runCampaign({ seed, ...options });
  t.log(report.sentence);
  t.log(report.details.join('\n'));
  t.deepEqual(report.complaints, []);
  return report;
}

test.serial(`under every kind of fault nothing accepted is lost or done twice: PERDURE_SEED=${seed}`, async (t) => {
  const report = await goodRun(t, { minutes });
  const kinds = ['notes', 'updates', 'largeValues', 'transactions', 'activities'].map((kind) => `${kind}Checked`);
  for (const checked of ['orchestrations', ...kinds]) t.true(report.figures[checked]! > 0, checked);
});

inVerify('workers that append to the log without compare-and-set fail a chaos run (npm run verify)', async (t) => {
  t.timeout(900_000);
  const execArgv = ['--import', planted];
  const report = await runCampaign({ seed, minutes: 2, mix: zombieMix, execArgv });
  t.log(report.complaints.join('\n'));
  t.false(report.isGood);
  t.true(report.figures['staleCommits']! > 0 || report.complaints.some((text) => text.includes('x log:')));
});

inVerify(
  'partitions of a killed worker are taken over within 11 s, of a stopped one within 1 s (npm run verify)',
  async (t) => {
    const report = await goodRun(t, { minutes: 2, mix: { workerKill: 1, workerStop: 1 }, pause: 11_000 });
    for (const kind of ['killUndisturbed', 'stopUndisturbed']) t.true(report.takeovers[kind]!.count > 0, kind);
  },
);

inVerify('a cluster whose leaders are killed takes writes again within 10 s (npm run verify)', async (t) => {
  const report = await goodRun(t, { minutes: 2, replicas: 3, mix: { serverKill: 1 }, pause: 15_000 });
  t.true(report.takeovers['serverKill']!.count > 0);
});
