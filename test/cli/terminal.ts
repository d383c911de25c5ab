import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { ExecutionContext } from 'ava';

const main = fileURLToPath(new URL('../../lib/cli/main.js', import.meta.url));

/** A run of the command as somebody at a terminal sees it: both outputs in one, with carriage returns. */
export interface TerminalRun {
  readonly shown: () => string;
  /** Types something. */
  type(keys: string): void;
  /** The exit code. */
  readonly ended: Promise<number | null>;
}

const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

/** Runs `perdure` in a pseudo-terminal of some columns, which `script` of util-linux makes. */
export function perdureInTerminal(
  t: ExecutionContext,
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
  columns = 100,
): TerminalRun {
  const command = `stty cols ${columns} -echo; exec ${[process.execPath, main, ...args].map(quoted).join(' ')}`;
  const { NO_COLOR: _, FORCE_COLOR: __, CI: ___, ...inherited } = process.env;
  const child = spawn('script', ['-qefc', command, '/dev/null'], {
    env: { ...inherited, TERM: 'xterm', SHELL: '/bin/sh', ...env },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  t.teardown(() => child.kill('SIGKILL'));
  let shown = '';
  child.stdout.on('data', (chunk) => (shown += chunk));
  return {
    shown: () => shown,
    type: (keys) => void child.stdin.write(keys),
    ended: new Promise((resolve) => child.on('close', resolve)),
  };
}
