import { spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { rareMutants } from './mutants/rare.js';

/** What became of the test that has to find a rare bug, run in a process of its own with the bug planted. */
export interface Finding {
  readonly mutant: number;
  /** The test failed, and not something before or beside it. */
  readonly isFound: boolean;
  /** All that the run said. */
  readonly output: string;
}

const planted = new URL('./planted.js', import.meta.url).href;

/** Runs for each rare bug the test that has to find it, as many at a time as there are processors. */
export async function findRareMutants(): Promise<readonly Finding[]> {
  const waiting = rareMutants.keys();
  const findings: Finding[] = [];
  const find = async (): Promise<void> => {
    for (const mutant of waiting) findings.push(await findingOf(mutant));
  };
  await Promise.all(Array.from({ length: availableParallelism() }, find));
  return findings;
}

async function findingOf(mutant: number): Promise<Finding> {
  const { file, title } = rareMutants[mutant]!.foundBy;
  const args = ['--tap', '--no-worker-threads', `--node-arguments=--import=${planted}`, '--match', title, file];
  const child = spawn(process.execPath, ['node_modules/ava/entrypoints/cli.mjs', ...args], {
    env: { ...process.env, PERDURE_PLANTED: `${mutant}` },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk));
  await new Promise((resolve) => child.on('close', resolve));
  const isFound = output.split('\n').some((line) => line.startsWith('not ok ') && line.includes(title));
  return { mutant, isFound, output };
}
