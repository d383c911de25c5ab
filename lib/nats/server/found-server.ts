import { NotAServerError, versionOf } from './version.js';
import { floorVersion, isAtLeast } from './versions.js';

/** Which step of the resolver found a server. */
export type ServerSource = 'PERDURE_NATS_SERVER' | 'PATH' | 'cache' | 'release' | 'debian';

/** A nats-server binary that is new enough. */
export interface FoundServer {
  readonly path: string;
  readonly version: string;
  readonly source: ServerSource;
}

/** What was tried in vain, in order, one line each. */
export type Tried = string[];

/** Takes a binary if it is a server and new enough; else says why not. */
export async function acceptServer(path: string, source: ServerSource, tried: Tried): Promise<FoundServer | undefined> {
  try {
    const version = await versionOf(path);
    if (isAtLeast(version, floorVersion)) return { path, version, source };
    tried.push(`${path}: version ${version} < ${floorVersion}, too old`);
  } catch (error) {
    if (!(error instanceof NotAServerError)) throw error;
    tried.push(error.message);
  }
  return undefined;
}
