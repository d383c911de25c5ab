import { scoreOf } from '../engine/rendezvous.js';

/** What an assignment is computed from. Who sees the same computes the same. */
export interface OwnershipView {
  readonly partitions: number;
  /** The workers that take partitions. */
  readonly ready: readonly string[];
  /** Who holds which partition now: only workers that live and are to keep what they have. */
  readonly held: ReadonlyMap<number, string>;
  /** Who dropped a partition and should have it again only when nobody else can. */
  readonly shunned: ReadonlyMap<number, string>;
}

/**
 * Which worker is to own each partition: rendezvous hashing with bounded load. Every ready worker gets its share, the
 * whole part or one more of partitions / workers. A partition stays where it is as long as its owner's share allows, so a
 * worker that joins or leaves moves no more than it must; the others go to the worker that scores highest for them.
 * What a worker holds that is not ready stays with it.
 */
export function assign({ partitions, ready, held, shunned }: OwnershipView): ReadonlyMap<number, string> {
  const owners = new Map<number, string>();
  const workers = new Set(ready);
  const kept = new Map<string, number[]>(ready.toSorted().map((worker) => [worker, []]));
  const free: number[] = [];
  for (let partition = 0; partition < partitions; partition++) {
    const owner = held.get(partition);
    if (owner === undefined) free.push(partition);
    else if (workers.has(owner)) kept.get(owner)!.push(partition);
    else owners.set(partition, owner);
  }
  if (kept.size === 0) return owners;
  const shares = new Shares(partitions - owners.size, kept.size);
  // Those that hold most get the larger shares, so that least moves.
  for (const [worker, mine] of [...kept].toSorted(([, a], [, b]) => b.length - a.length))
    for (const partition of mine.toSorted((a, b) => score(worker, b) - score(worker, a) || a - b))
      if (shares.take(worker)) owners.set(partition, worker);
      else free.push(partition);
  for (const [partition, worker] of ranked(free, [...kept.keys()], shunned))
    if (!owners.has(partition) && shares.take(worker)) owners.set(partition, worker);
  for (const [partition, worker] of [...shunned].toSorted(([a], [b]) => a - b))
    if (owners.get(partition) === worker && held.get(partition) !== worker)
      exchange(owners, partition, { workers, held, shunned });
  return owners;
}

/**
 * The only share that was left was that of the worker that dropped the partition: another one takes it, for one of its
 * own. Else a worker that is stuck with its only partition would be given it for ever.
 */
function exchange(
  owners: Map<number, string>,
  partition: number,
  { workers, held, shunned }: Pick<OwnershipView, 'held' | 'shunned'> & { readonly workers: ReadonlySet<string> },
): void {
  const worker = owners.get(partition)!;
  const [best] = [...owners]
    .filter(([other, owner]) => owner !== worker && workers.has(owner) && shunned.get(other) !== worker)
    .map(([other, owner]) => ({ other, owner, isFree: !held.has(other), rank: score(worker, other) }))
    .toSorted((a, b) => Number(b.isFree) - Number(a.isFree) || b.rank - a.rank || a.other - b.other);
  if (!best) return;
  owners.set(partition, best.owner);
  owners.set(best.other, worker);
}

/** How many partitions each worker may have: partitions / workers, and some of them one more. */
class Shares {
  readonly #whole: number;
  #larger: number;
  readonly #taken = new Map<string, number>();

  constructor(partitions: number, workers: number) {
    this.#whole = Math.floor(partitions / workers);
    this.#larger = partitions % workers;
  }

  /** One partition for a worker; false: it has its share. */
  take(worker: string): boolean {
    const taken = this.#taken.get(worker) ?? 0;
    if (taken > this.#whole || (taken === this.#whole && this.#larger === 0)) return false;
    if (taken === this.#whole) this.#larger--;
    this.#taken.set(worker, taken + 1);
    return true;
  }
}

/** Every way to place the free partitions, the best first. */
function ranked(
  free: readonly number[],
  workers: readonly string[],
  shunned: OwnershipView['shunned'],
): readonly (readonly [partition: number, worker: string])[] {
  const pairs = free.flatMap((partition) =>
    workers.map((worker) => {
      const rank = shunned.get(partition) === worker ? -1 : score(worker, partition);
      return { partition, worker, rank };
    }),
  );
  pairs.sort((a, b) => b.rank - a.rank || a.partition - b.partition || (a.worker < b.worker ? -1 : 1));
  return pairs.map(({ partition, worker }) => [partition, worker]);
}

const score = (worker: string, partition: number): number => scoreOf(worker, String(partition));
