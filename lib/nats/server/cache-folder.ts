import { accessSync, constants, existsSync, lstatSync, mkdirSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { ConfigError } from '../../errors.js';

/**
 * Where this user's fetched servers are looked for: `PERDURE_CACHE`, or the folder `perdure` in the user's cache. That
 * one may hold servers although it cannot be written, as in an image for containers.
 */
export function cacheFolder(env: NodeJS.ProcessEnv): string {
  const own = env['PERDURE_CACHE'];
  return join(own ? resolve(own) : join(userCacheFolder(env), 'perdure'), 'nats-server');
}

/** Where a fetched server is kept: the same, or a private folder when that cannot be written. Throws ConfigError. */
export function writableCacheFolder(env: NodeJS.ProcessEnv): string {
  const folder = cacheFolder(env);
  return env['PERDURE_CACHE'] || canBeMade(folder) ? folder : join(privateTemporaryFolder(env), 'nats-server');
}

function userCacheFolder(env: NodeJS.ProcessEnv): string {
  if (process.platform === 'win32') return env['LOCALAPPDATA'] || join(homedir(), 'AppData', 'Local');
  if (process.platform === 'darwin') return join(homedir(), 'Library', 'Caches');
  return env['XDG_CACHE_HOME'] || join(homedir(), '.cache');
}

function canBeMade(folder: string): boolean {
  let nearest = folder;
  while (!existsSync(nearest)) nearest = dirname(nearest);
  try {
    accessSync(nearest, constants.W_OK | constants.X_OK);
    return true;
  } catch {
    // Not writable, for whatever reason: that is the answer.
    return false;
  }
}

/** For users without a home, such as `nobody`. What lies in it is run: nobody else may be able to write there. */
function privateTemporaryFolder(env: NodeJS.ProcessEnv): string {
  const user = process.getuid?.() ?? 'user';
  const folder = join(env['TMPDIR'] || tmpdir(), `perdure-cache-${user}`);
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw new ConfigError(
      `No folder can be made for fetched servers, neither in the user's cache nor as ${folder}. Set PERDURE_CACHE to a ` +
        'folder that can be written.',
      { cause: error },
    );
  }
  const { uid, mode } = lstatSync(folder);
  if (process.getuid !== undefined && (uid !== process.getuid() || (mode & 0o777) !== 0o700)) {
    throw new ConfigError(
      `The folder ${folder} belongs to another user or is open to others, so no server is kept there. ` +
        `Set PERDURE_CACHE to a folder of your own.`,
    );
  }
  return folder;
}
