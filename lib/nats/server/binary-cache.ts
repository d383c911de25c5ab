import { chmod, mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { FolderLock } from './folder-lock.js';
import { acceptServer, type FoundServer, type Tried } from './found-server.js';
import { binaryName } from './installed-servers.js';
import { codeOf } from './system-error.js';
import { compareVersions, floorVersion, isAtLeast, testedVersion } from './versions.js';

const platform = `${process.platform}-${process.arch}`;

/** The fetched servers of one user: `<folder>/<version>-<os>-<cpu>/nats-server`. */
export class BinaryCache {
  constructor(readonly folder: string) {}

  /** The tested version if it is there, else the newest one that is new enough. */
  async find(tried: Tried): Promise<FoundServer | undefined> {
    const versions = (await this.#versions()).filter((version) => isAtLeast(version, floorVersion));
    if (versions.length === 0) tried.push(`no server in the cache ${this.folder}`);
    for (const version of versions) {
      const found = await acceptServer(this.#pathOf(version), 'cache', tried);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** Puts a binary into the cache; whoever looks sees it whole or not at all. */
  async add({ path, version, source }: FoundServer): Promise<FoundServer> {
    const to = this.#pathOf(version);
    await mkdir(join(to, '..'), { recursive: true });
    await chmod(path, 0o755);
    await rename(path, to);
    return { path: to, version, source };
  }

  /** Runs `fetch` in one process at a time, with a folder for its files that is removed afterwards. */
  async exclusively<T>(onWait: () => void, fetch: (workFolder: string) => Promise<T>): Promise<T> {
    await mkdir(this.folder, { recursive: true });
    const lock = new FolderLock<null>(join(this.folder, 'lock'));
    let held = await lock.tryTake(() => null);
    if (held === undefined) onWait();
    while (held === undefined) {
      await delay(50);
      held = await lock.tryTake(() => null);
    }
    try {
      await this.#removeWorkFolders();
      return await fetch(await mkdtemp(join(this.folder, workPrefix)));
    } finally {
      await this.#removeWorkFolders();
      await held.release(null);
    }
  }

  /** Only the holder of the lock has one: others are left behind by killed processes. */
  async #removeWorkFolders(): Promise<void> {
    const names = (await readdir(this.folder)).filter((name) => name.startsWith(workPrefix));
    await Promise.all(names.map((name) => rm(join(this.folder, name), { recursive: true, force: true })));
  }

  #pathOf(version: string): string {
    return join(this.folder, `${version}-${platform}`, binaryName);
  }

  async #versions(): Promise<string[]> {
    const names = await namesIn(this.folder);
    const versions = names.flatMap((name) =>
      name.endsWith(`-${platform}`) ? [name.slice(0, -platform.length - 1)] : [],
    );
    return versions.sort((a, b) => Number(b === testedVersion) - Number(a === testedVersion) || compareVersions(b, a));
  }
}

const workPrefix = 'fetching-';

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return [];
    throw error;
  }
}
