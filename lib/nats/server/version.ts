import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { codeOf, textOf } from './system-error.js';

/** Thrown by `versionOf`: the program is missing, cannot run here, or is something else. */
export class NotAServerError extends Error {}

/** Asks a nats-server binary for its version, such as `2.15.1`. */
export async function versionOf(path: string): Promise<string> {
  const { stdout } = await run(path);
  const version = /^nats-server: v(\d+\.\d+\.\d+\S*)/m.exec(stdout)?.[1];
  if (version === undefined) throw new NotAServerError(`"${path} --version" does not answer as nats-server does`);
  return version;
}

async function run(path: string): Promise<{ stdout: string }> {
  try {
    return await promisify(execFile)(path, ['--version'], { timeout: 10_000 });
  } catch (error) {
    const code = codeOf(error);
    if (code === 'ENOENT') throw new NotAServerError(`${path} does not exist`, { cause: error });
    if (code === 'EACCES') throw new NotAServerError(`${path} is not a program that may be run`, { cause: error });
    throw new NotAServerError(`${path} cannot be run: ${textOf(error)}`, { cause: error });
  }
}
