// Runs AVA on the built tests and ends with one line `N passed, N failed`. Arguments go to AVA.
import { spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { createInterface } from 'node:readline';

// Tests on servers wait for much of their time: one file more at a time than there are processors.
const concurrency = `--concurrency=${availableParallelism() + 1}`;
const args = ['node_modules/ava/entrypoints/cli.mjs', '--tap', concurrency, ...process.argv.slice(2)];
const ava = spawn(process.execPath, args, { stdio: ['inherit', 'pipe', 'inherit'] });
const closed = new Promise((resolve) => ava.on('close', (code) => resolve(code ?? 1)));

let [passed, failed] = [0, 0];
for await (const line of createInterface({ input: ava.stdout })) {
  if (line.startsWith('not ok ')) failed++;
  else if (/^ok (?!.*# SKIP)/.test(line)) passed++;
  if (!/^(?:TAP version|1\.\.|# (?:tests|pass|fail|skip) )/.test(line)) console.log(line);
}
const code = await closed;
// AVA may fail without a failed test: no tests found, a file that does not load.
if (code !== 0 && failed === 0) failed = 1;
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : code;
