import { ConfigError, NatsServerMissingError, ServerTooOldError } from '../../errors.js';
import { BinaryCache } from './binary-cache.js';
import { cacheFolder, writableCacheFolder } from './cache-folder.js';
import { fetchDebianPackage } from './debian-package.js';
import { acceptServer, type FoundServer, type ServerSource, type Tried } from './found-server.js';
import { findInstalledServer, usualFolders } from './installed-servers.js';
import { fetchReleaseArchive } from './release-archive.js';
import { textOf } from './system-error.js';
import { NotAServerError, versionOf } from './version.js';
import { floorVersion, isAtLeast, testedVersion } from './versions.js';

/** How to look for a nats-server. */
export interface ResolveOptions {
  /** Receives one line when a server is being fetched, none otherwise. Default: the standard error. */
  readonly onProgress?: ((line: string) => void) | undefined;
  /** The environment variables to go by. Default: those of this process. */
  readonly env?: NodeJS.ProcessEnv | undefined;
  /** Where to look behind the PATH. Default: where package managers put servers. */
  readonly installFolders?: readonly string[] | undefined;
  /** Whether a server may be fetched. Default: true. */
  readonly fetch?: boolean | undefined;
}

/**
 * Finds a nats-server of version 2.12.0 or newer, and fetches one if there is none, once per user. In this order:
 * `PERDURE_NATS_SERVER` (never passed over), the PATH and the usual folders, the user's cache (`PERDURE_CACHE`), the
 * official release archive (`PERDURE_NATS_MIRROR`), Debian's package (`PERDURE_APT_SUITE`). `PERDURE_OFFLINE=1` forbids
 * to fetch.
 *
 * Throws ConfigError when a variable cannot work, ServerTooOldError when `PERDURE_NATS_SERVER` names an old server, and
 * NatsServerMissingError, which lists what was tried, when there is none.
 */
export async function resolveNatsServer(options: ResolveOptions = {}): Promise<FoundServer> {
  const { env = process.env, installFolders = usualFolders } = options;
  const named = env['PERDURE_NATS_SERVER'];
  if (named) return ownServer(named);
  const tried: Tried = ['PERDURE_NATS_SERVER: not set'];
  const installed = await findInstalledServer(env, installFolders, tried);
  if (installed !== undefined) return installed;
  const reason = tried.slice(1).join('; ');
  const cached = await new BinaryCache(cacheFolder(env)).find(tried);
  if (cached !== undefined) return cached;
  const cache = new BinaryCache(writableCacheFolder(env));
  const kept = cache.folder === cacheFolder(env) ? undefined : await cache.find(tried);
  const found = kept ?? (await fetchServer(cache, options, reason, tried));
  if (found === undefined) throw new NatsServerMissingError(missingText(tried));
  return found;
}

async function ownServer(path: string): Promise<FoundServer> {
  try {
    const version = await versionOf(path);
    if (isAtLeast(version, floorVersion)) return { path, version, source: 'PERDURE_NATS_SERVER' };
    throw new ServerTooOldError(version, floorVersion, `${path} (from PERDURE_NATS_SERVER)`);
  } catch (error) {
    if (!(error instanceof NotAServerError)) throw error;
    throw new ConfigError(
      `PERDURE_NATS_SERVER does not name a nats-server: ${error.message}. Give the path of a nats-server of version ` +
        `${floorVersion} or newer, or unset the variable to have one found or fetched.`,
      { cause: error },
    );
  }
}

async function fetchServer(
  cache: BinaryCache,
  options: ResolveOptions,
  reason: string,
  tried: Tried,
): Promise<FoundServer | undefined> {
  const { env = process.env, onProgress = toStandardError, fetch = true } = options;
  const forbidden = fetch
    ? env['PERDURE_OFFLINE'] === '1' && 'PERDURE_OFFLINE is 1'
    : 'run "perdure nats ensure" for it';
  if (forbidden !== false) {
    tried.push(`nothing was fetched: ${forbidden}`);
    return undefined;
  }
  const onWait = () => onProgress('Waiting for another process that fetches nats-server ...');
  return cache.exclusively(onWait, async (folder) => {
    const fetchedMeanwhile = await cache.find([]);
    if (fetchedMeanwhile !== undefined) return fetchedMeanwhile;
    onProgress(`Fetching nats-server ${testedVersion} (${reason}) ...`);
    const release = () => fetchReleaseArchive(folder, { env });
    const debian = () => fetchDebianPackage(folder, { env });
    const fetched =
      (await tryFetch('the official release', 'release', release, tried)) ??
      (process.platform === 'linux' ? await tryFetch("Debian's package", 'debian', debian, tried) : undefined);
    return fetched && cache.add(fetched);
  });
}

async function tryFetch(
  what: string,
  source: ServerSource,
  fetch: () => Promise<string>,
  tried: Tried,
): Promise<FoundServer | undefined> {
  try {
    return await acceptServer(await fetch(), source, tried);
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    tried.push(`${what}: ${textOf(error)}`);
    return undefined;
  }
}

function missingText(tried: Tried): string {
  return `No nats-server of version ${floorVersion} or newer was found, and none could be fetched. Tried:
${tried.map((line) => `  - ${line}`).join('\n')}
Install one, or name one with PERDURE_NATS_SERVER:
  macOS            brew install nats-server
  Windows          scoop install nats-server
  Debian, Ubuntu   apt install nats-server     (Debian 14 or newer)
  Docker           docker run --rm -p 4222:4222 nats:${testedVersion} -js     and NATS_URL=nats://127.0.0.1:4222`;
}

function toStandardError(line: string): void {
  process.stderr.write(`${line}\n`);
}
