import { FIRST_VERSION } from '../core/state-migration.js';

/**
 * A worker or a lease of which nothing was stored for so many milliseconds, by the server's time, has lapsed: longer than a
 * cluster takes to elect a leader.
 */
export const leaseMilliseconds = 9_000;

/** Where workers tell of themselves, and where leases are: the first tokens of their keys. */
export const ownershipKeys = { workers: 'workers', leases: 'leases' } as const;

/** A worker as it tells the others of itself: under `workers.<id>` in the hub's store, rewritten every few seconds. */
export interface WorkerRecord {
  readonly v: 1;
  /** A random id: a worker that starts again is another one. */
  readonly id: string;
  /** Host, process and id, for people. */
  readonly name: string;
  /**
   * `ready`: it takes what is assigned to it. `resting`: it lost a partition to another worker, keeps what it has and
   * takes nothing for a while (P21). `leaving`: it gives back what it has.
   */
  readonly state: 'ready' | 'resting' | 'leaving';
  /** Whether it takes part in owning partitions: not a worker that has activities only. */
  readonly owns: boolean;
  /** The names that it registered. */
  readonly entities: readonly string[];
  /** Of those whose states have a version above 1: that version. */
  readonly stateVersions?: Readonly<Record<string, number>>;
  /** With their versions: `name@version`, and behind a colon which other versions it runs. */
  readonly orchestrators: readonly string[];
  readonly activities: readonly string[];
  /** The work queues that it serves beside those of its activities' names. */
  readonly queues?: readonly string[];
  /** The process, for workers that can look whether it runs: those of the same machine and process table. */
  readonly process?: ProcessRecord;
}

/** A process, told apart from others of the same number. */
export interface ProcessRecord {
  readonly pid: number;
  readonly started?: string;
  readonly where?: string;
}

/**
 * Who tries to own a partition: under `leases.<partition>` in the hub's store. It decides nothing but who claims: only
 * the log says who owns (C3).
 */
export interface LeaseRecord {
  readonly v: 1;
  /** The id of the worker that holds it, or held it last. */
  readonly owner: string;
  /** `released`: given back in good order. `failed`: dropped by its owner after a failure. Both are free. */
  readonly state: 'held' | 'released' | 'failed';
  /** The epoch under which the owner runs, and the last record that it knows; 0 while it takes over. */
  readonly epoch: number;
  readonly sequence: number;
}

/** Whether a worker runs the operations of an entity whose state has a version; undefined: the first, or there is none. */
export function runsEntity(
  { entities, stateVersions = {} }: Pick<WorkerRecord, 'entities' | 'stateVersions'>,
  name: string,
  version: string | undefined,
): boolean {
  const own = Object.hasOwn(stateVersions, name) ? stateVersions[name]! : FIRST_VERSION;
  return entities.includes(name) && Number(version ?? FIRST_VERSION) <= own;
}
