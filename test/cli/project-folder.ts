import { execFile, spawn } from 'node:child_process';
import { mkdirSync, symlinkSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { ExecutionContext } from 'ava';
import { until } from '../until.js';

export const execute = promisify(execFile);
/** The command, and the folder of this package. */
export const main = fileURLToPath(new URL('../../lib/cli/main.js', import.meta.url));
export const root = resolve(dirname(main), '../../..');

/** What is installed in a project, without npm: all of this package's, and the package. */
export function install(project: string): void {
  const folder = join(project, 'node_modules');
  mkdirSync(join(folder, '@types'), { recursive: true });
  for (const name of ['class-validator', 'typescript', '@types/node', 'undici-types', '.bin'])
    symlinkSync(join(root, 'node_modules', name), join(folder, name));
  symlinkSync(root, join(folder, 'perdure'));
}

const { NATS_URL: _, ...environment } = process.env;
/** Without the address of a server: projects run their own. */
export const env: NodeJS.ProcessEnv = environment;

/** A command that runs in a folder. */
export interface Running {
  readonly output: () => string;
  /** The exit code, null when a signal ended it. */
  readonly ended: Promise<number | null>;
  /** As Ctrl-C does. */
  readonly interrupt: () => void;
}

/** A command in a folder, until it prints what is waited for; killed with all that it began at the end of the test. */
export async function running(
  t: ExecutionContext,
  cwd: string,
  command: readonly string[],
  awaited: RegExp,
): Promise<Running> {
  const child = spawn(command[0]!, command.slice(1), { cwd, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  t.teardown(() => {
    try {
      process.kill(-child.pid!, 'SIGKILL');
    } catch {
      // it has ended
    }
  });
  let output = '';
  child.stdout.on('data', (chunk) => (output += chunk));
  child.stderr.on('data', (chunk) => (output += chunk));
  const ended = new Promise<number | null>((done) => child.on('close', done));
  let isOver = false;
  void ended.then(() => (isOver = true));
  await until(() => awaited.test(output) || isOver, `${command.join(' ')} to print ${awaited}`, 90);
  if (!awaited.test(output)) throw new Error(output);
  return { output: () => output, ended, interrupt: () => process.kill(-child.pid!, 'SIGINT') };
}
