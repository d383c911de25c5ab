import { compareVersions } from './compare-versions.js';

/** Which versions of instances, besides its own, the code of one version runs. */
export type VersionMatchStrategy = 'strict' | 'currentOrOlder' | 'none';

/** An orchestrator as it is told to other workers. */
export interface VersionedOrchestrator {
  readonly name: string;
  /** Absent: the code has none. */
  readonly version?: string | undefined;
  /** Default `strict`. */
  readonly versionMatchStrategy?: VersionMatchStrategy | undefined;
}

/**
 * Whether this code runs an instance of that version. An instance without a version was begun by code that had none, and
 * is run by any.
 */
export function accepts({ version: own, versionMatchStrategy }: VersionedOrchestrator, version: string | undefined) {
  if (version === undefined || version === own || versionMatchStrategy === 'none') return true;
  return versionMatchStrategy === 'currentOrOlder' && own !== undefined && compareVersions(version, own) <= 0;
}

/** `name`, or `name@version`: for people, and unique in a host. */
export function versionedName({ name, version }: Pick<VersionedOrchestrator, 'name' | 'version'>): string {
  return version === undefined ? name : `${name}@${version}`;
}

/**
 * What a worker tells of an orchestrator: its versioned name, and behind a colon which other versions it runs. Neither a
 * name nor a version has `@` or `:`.
 */
export function advertOf(orchestrator: VersionedOrchestrator): string {
  const { versionMatchStrategy: strategy = 'strict' } = orchestrator;
  return strategy === 'strict' ? versionedName(orchestrator) : `${versionedName(orchestrator)}:${strategy}`;
}

/** What an advert tells. A strategy of a later format counts as strict: nothing is asked for in vain. */
export function readAdvert(advert: string): VersionedOrchestrator {
  const [named = '', strategy] = advert.split(':');
  const [name = '', version] = named.split('@');
  return {
    name,
    version,
    versionMatchStrategy: strategy === 'none' || strategy === 'currentOrOlder' ? strategy : 'strict',
  };
}
