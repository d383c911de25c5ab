import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { codeOf, textOf } from './system-error.js';

/** The oldest nats-server that Perdure works with: older ones silently ignore what it asks of streams. */
export const floorVersion = '2.12.0';

/** The nats-server that Perdure is tested with, and that it fetches. */
export const testedVersion = '2.15.1';

/** Thrown by `versionOf`: the program is missing, cannot run here, or is something else. */
export class NotAServerError extends Error {}

/** Asks a nats-server binary for its version, such as `2.15.1`. */
export async function versionOf(path: string): Promise<string> {
  const { stdout } = await run(path);
  const version = /^nats-server: v(\d+\.\d+\.\d+\S*)/m.exec(stdout)?.[1];
  if (version === undefined) throw new NotAServerError(`"${path} --version" does not answer as nats-server does`);
  return version;
}

/** Whether version `a` is `b` or newer; a pre-release counts as its release. */
export function isAtLeast(a: string, b: string): boolean {
  return compareVersions(a, b) >= 0;
}

/** Orders versions from old to new. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [numbersIn(a), numbersIn(b)];
  for (const at of [0, 1, 2]) {
    const difference = (left[at] ?? 0) - (right[at] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

function numbersIn(version: string): number[] {
  return version.split('.', 3).map((part) => parseInt(part, 10));
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
