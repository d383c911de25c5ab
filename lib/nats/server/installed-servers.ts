import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { acceptServer, type FoundServer, type Tried } from './found-server.js';

/** The file name of the server's binary on this system. */
export const binaryName = process.platform === 'win32' ? 'nats-server.exe' : 'nats-server';

// Where package managers put servers, also when the PATH of an ordinary user does not say so.
export const usualFolders: readonly string[] =
  process.platform === 'win32' ? [] : ['/usr/sbin', '/usr/local/sbin', '/opt/homebrew/bin'];

/** The first installed server that is new enough: on the PATH, then where package managers put it. */
export async function findInstalledServer(
  env: NodeJS.ProcessEnv,
  furtherFolders: readonly string[],
  tried: Tried,
): Promise<FoundServer | undefined> {
  const folders = (env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  const candidates = [...new Set([...folders, ...furtherFolders])].map((folder) => join(folder, binaryName));
  const installed = candidates.filter((path) => existsSync(path));
  if (installed.length === 0)
    tried.push(`no ${binaryName} on the PATH${furtherFolders.map((folder) => `, in ${folder}`).join('')}`);
  for (const path of installed) {
    const found = await acceptServer(path, 'PATH', tried);
    if (found !== undefined) return found;
  }
  return undefined;
}
