import { existsSync } from 'node:fs';
import { access, constants, mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { ConfigError } from '../../errors.js';
import { identityOf } from './process-identity.js';
import { codeOf, textOf } from './system-error.js';

/** The data folder of the project around `start`: `.perdure` beside the nearest package.json, else in `start` itself. */
export function projectDataFolder(start: string): string {
  for (let at = resolve(start); ; at = dirname(at)) {
    if (existsSync(join(at, 'package.json'))) return join(at, '.perdure');
    if (at === dirname(at)) return join(resolve(start), '.perdure');
  }
}

/** Creates a data folder that is to be kept; throws {@link ConfigError} when it cannot be created or written. */
export async function makeDataFolder(folder: string): Promise<string> {
  try {
    const made = await mkdir(folder, { recursive: true });
    await access(folder, constants.R_OK | constants.W_OK | constants.X_OK);
    // Data is no source: a project need not say so itself.
    if (made !== undefined) await writeFile(join(folder, '.gitignore'), '*\n');
    return resolve(folder);
  } catch (error) {
    throw new ConfigError(`The data folder ${folder} cannot be used: ${textOf(error)}. Name another folder.`, {
      cause: error,
    });
  }
}

// Process numbers mean something on one host only, and a folder for temporary files may be shared between hosts.
const temporaryPrefix = `perdure-nats-${hostname().replaceAll(/[^A-Za-z0-9]/g, '_')}-`;

/** Creates an empty data folder for one run of this process. */
export function makeTemporaryDataFolder(): Promise<string> {
  return mkdtemp(join(tmpdir(), `${temporaryPrefix}${process.pid}-`));
}

/** Removes the temporary data folders of this user whose processes were killed before they could do it. */
export async function sweepTemporaryDataFolders(): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    if (!name.startsWith(temporaryPrefix)) continue;
    const pid = parseInt(name.slice(temporaryPrefix.length), 10);
    if (identityOf(pid) === undefined) await removeIfMine(join(tmpdir(), name));
  }
}

async function removeIfMine(folder: string): Promise<void> {
  try {
    if (process.getuid !== undefined && (await stat(folder)).uid !== process.getuid()) return;
    await rm(folder, { recursive: true, force: true, maxRetries: 3 });
  } catch (error) {
    // Another process sweeps it at this moment, or its dying server still writes: the next sweep finds what is left.
    if (codeOf(error) !== 'ENOENT' && codeOf(error) !== 'ENOTEMPTY') throw error;
  }
}
