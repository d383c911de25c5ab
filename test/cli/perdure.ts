import { spawn, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { ExecutionContext } from 'ava';

const main = fileURLToPath(new URL('../../lib/cli/main.js', import.meta.url));

/** A run of the command. */
export interface Run {
  readonly child: ChildProcess;
  readonly stdout: () => string;
  readonly stderr: () => string;
  /** The exit code, null when a signal ended it. */
  readonly ended: Promise<number | null>;
}

/** Runs `perdure` with these arguments, in a process group of its own; `cwd`: its folder, unless it is that of the test. */
export function perdure(t: ExecutionContext, args: readonly string[], env: NodeJS.ProcessEnv = {}, cwd?: string): Run {
  const child = spawn(process.execPath, [main, ...args], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
    ...(cwd !== undefined && { cwd }),
  });
  t.teardown(() => child.kill('SIGKILL'));
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk) => (stdout += chunk));
  child.stderr.on('data', (chunk) => (stderr += chunk));
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
  return { child, stdout: () => stdout, stderr: () => stderr, ended };
}

/** What has come of a run, once it has ended. */
export async function outcome(run: Run): Promise<{ code: number | null; stdout: string; stderr: string }> {
  return { code: await run.ended, stdout: run.stdout(), stderr: run.stderr() };
}
