// Runs AVA on the built tests and ends with one line `N passed, N failed`. Arguments go to AVA.
import { spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { createInterface } from 'node:readline';

// Tests on servers wait for much of their time: one file more at a time than there are processors.
const concurrency = `--concurrency=${availableParallelism() + 1}`;
const given = process.argv.slice(2);
// Runs of minutes that hold the times of real processes to bounds have the processors to themselves.
const long = 'test/chaos/chaos.test.ts';
const isWhole = process.env.PERDURE_VERIFY !== undefined && given.length === 0;
const rounds = isWhole ? [['test/**/*.test.ts', `!${long}`], [long]] : [given];

let [passed, failed] = [0, 0];
for (const round of rounds) {
  const args = ['node_modules/ava/entrypoints/cli.mjs', '--tap', concurrency, ...round];
  const ava = spawn(process.execPath, args, { stdio: ['inherit', 'pipe', 'inherit'] });
  const closed = new Promise((resolve) => ava.on('close', (code) => resolve(code ?? 1)));
  const before = failed;
  for await (const line of createInterface({ input: ava.stdout })) {
    if (line.startsWith('not ok ')) failed++;
    else if (/^ok (?!.*# SKIP)/.test(line)) passed++;
    if (!/^(?:TAP version|1\.\.|# (?:tests|pass|fail|skip) )/.test(line)) console.log(line);
  }
  const code = await closed;
  // AVA may fail without a failed test: no tests found, a file that does not load.
  if (code !== 0 && failed === before) failed++;
}
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;
