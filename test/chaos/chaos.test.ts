import { fileURLToPath } from 'node:url';
import test from 'ava';
import { amount } from '../amount.js';
import { runCampaign } from './campaign/campaign.js';
import { zombieMix } from './campaign/schedule.js';

const seed = Number(process.env['PERDURE_SEED'] ?? 1);
const planted = fileURLToPath(new URL('campaign/no-fence.js', import.meta.url));

// Minutes of real time. On a machine under load, seed 1 told of a timer that went on twice, which is not explained yet, and of
// consumers that were gone before they were deleted (docs/testing.md).
const inVerify = amount(0, 1) > 0 ? test.serial : test.serial.skip;

inVerify(
  `under every kind of fault nothing accepted is lost or done twice: PERDURE_SEED=${seed} (npm run verify)`,
  async (t) => {
    t.timeout(900_000);
    const report = await runCampaign({ seed, minutes: 3 });
    t.log(report.sentence);
    t.log(JSON.stringify(report.figures));
    t.deepEqual(report.complaints, []);
    t.true(report.figures['orchestrations']! > 0 && report.figures['notesChecked']! > 0);
  },
);

inVerify('workers that append to the log without compare-and-set fail a chaos run (npm run verify)', async (t) => {
  t.timeout(900_000);
  const execArgv = ['--import', planted];
  const report = await runCampaign({ seed, minutes: 2, mix: zombieMix, execArgv });
  t.log(report.complaints.join('\n'));
  t.false(report.isGood);
  t.true(report.figures['staleCommits']! > 0 || report.complaints.some((text) => text.includes('x log:')));
});
