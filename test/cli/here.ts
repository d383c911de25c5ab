import { AsyncLocalStorage } from 'node:async_hooks';
import { run } from '../../lib/cli/run.js';

/** A command that runs in this process: what it has written, and its environment. */
interface Here {
  stdout: string;
  stderr: string;
  readonly env: NodeJS.ProcessEnv;
}

const here = new AsyncLocalStorage<Here>();

for (const name of ['stdout', 'stderr'] as const) {
  const stream = process[name];
  const write = stream.write.bind(stream) as (...args: readonly unknown[]) => boolean;
  stream.write = (...args: readonly unknown[]): boolean => {
    const command = here.getStore();
    if (command === undefined) return write(...args);
    command[name] += String(args[0]);
    return true;
  };
}

const own = process.env;
const env = (): NodeJS.ProcessEnv => here.getStore()?.env ?? own;
process.env = new Proxy(own, {
  get: (_, name) => Reflect.get(env(), name) as unknown,
  has: (_, name) => Reflect.has(env(), name),
  ownKeys: () => Reflect.ownKeys(env()),
  getOwnPropertyDescriptor: (_, name) => Reflect.getOwnPropertyDescriptor(env(), name),
});

/**
 * What comes of `perdure` with these arguments, run in this process: for commands that end by themselves and read no standard
 * input. Others may run beside it. Starting a process for each would be most of the work of a test.
 */
export async function perdureHere(
  args: readonly string[],
  given: NodeJS.ProcessEnv = {},
): Promise<{ code: number; stdout: string; stderr: string }> {
  const command: Here = { stdout: '', stderr: '', env: { ...own, ...given } };
  const code = await here.run(command, () => run(args));
  return { code, stdout: command.stdout, stderr: command.stderr };
}
