import type { Loops } from '../engine/loops.js';
import type { HubPorts, Subscription } from '../engine/ports.js';
import { ClosedError } from '../errors.js';
import { assign } from './assignment.js';
import { HubWatch, type SeenHub, type SeenLease } from './hub-watch.js';
import type { Membership } from './membership.js';
import type { PartitionKeeper } from './partition-keeper.js';
import type { WorkerDirectory } from './worker-directory.js';

/** So many milliseconds after a lease has lapsed it is looked at. */
const AFTER_LAPSE = 20;
/** A word on the bus is followed by others: they are answered by one look. */
const GATHER = 5;

/**
 * The partitions that one worker owns: it looks at workers and leases whenever something may have changed, computes the
 * assignment that all compute, claims what is its own and free, and gives back what is another's.
 */
export class Partitions {
  readonly #ports: HubPorts;
  readonly #membership: Membership;
  readonly #keepers: readonly PartitionKeeper[];
  readonly #directory: WorkerDirectory;
  readonly #watch: HubWatch;
  readonly #loops: Loops;
  #subscription: Subscription | undefined;
  #cancelLook = (): void => {};
  #cancelLapse = (): void => {};
  #looking: Promise<void> | undefined;
  #mustLookAgain = false;
  #isOver = false;

  constructor(
    ports: HubPorts,
    membership: Membership,
    keepers: readonly PartitionKeeper[],
    directory: WorkerDirectory,
    loops: Loops,
  ) {
    this.#loops = loops;
    this.#ports = ports;
    this.#membership = membership;
    this.#keepers = keepers;
    this.#directory = directory;
    this.#watch = new HubWatch(ports);
  }

  /** Claims what is free for this worker; resolves when that runs. Rejects when a part of it cannot run. */
  async start(): Promise<void> {
    const { bus, subjects } = this.#ports;
    this.#subscription = bus.subscribe(subjects.workers, () => this.lookSoon());
    await Promise.all(await this.#look());
    this.lookSoon();
  }

  /** Something may have changed. */
  lookSoon(): void {
    if (this.#isOver) return;
    this.#cancelLook();
    this.#cancelLook = this.#ports.clock.after(GATHER, () => this.#lookNow());
  }

  /** Gives everything back; resolves when that is done. */
  async stop(): Promise<void> {
    this.#isOver = true;
    this.#cancelLook();
    this.#cancelLapse();
    this.#subscription?.close();
    await this.#looking;
    await Promise.all(this.#keepers.map((keeper) => keeper.giveBack()));
  }

  #lookNow(): void {
    if (this.#isOver) return;
    if (this.#looking) return void (this.#mustLookAgain = true);
    this.#looking = this.#look()
      // What a claim rejects with is dealt with by its keeper.
      .then((claims) => claims.forEach((claim) => void claim.catch(() => {})))
      .catch((error: unknown) => {
        if (!(error instanceof ClosedError)) throw error;
      })
      .finally(() => {
        this.#looking = undefined;
        if (this.#mustLookAgain) this.lookSoon();
        this.#mustLookAgain = false;
      });
  }

  /** Looks, and begins what follows; the claims that it began. */
  async #look(): Promise<Promise<void>[]> {
    const seen = await this.#loops.watch('the look at workers and leases', this.#watch.look());
    if (this.#isOver) return [];
    this.#directory.see(seen.workers.values());
    const { clock } = this.#ports;
    this.#cancelLapse();
    if (seen.lapsesAt < Infinity)
      this.#cancelLapse = clock.after(Math.max(0, seen.lapsesAt - clock.now()) + AFTER_LAPSE, () => this.#lookNow());
    const owners = this.#owners(seen);
    return this.#keepers.flatMap((keeper, partition) => {
      if (owners.get(partition) !== this.#membership.id) {
        void keeper.giveBack();
        return [];
      }
      const lease = seen.leases.get(partition);
      return keeper.mayClaim && this.#isFree(lease) ? [keeper.claim(lease?.revision ?? 0)] : [];
    });
  }

  #owners({ workers, leases }: SeenHub): ReadonlyMap<number, string> {
    const { id, record } = this.#membership;
    const all = new Map([...workers, [id, record] as const]);
    const ready = [...all.values()].filter(({ owns, state }) => owns && state === 'ready').map((worker) => worker.id);
    const held = new Map<number, string>();
    const shunned = new Map<number, string>();
    for (const [partition, { record: lease, isLapsed }] of leases) {
      if (!lease) continue;
      if (lease.state === 'failed' || (lease.state === 'held' && isLapsed)) shunned.set(partition, lease.owner);
      const owner = all.get(lease.owner);
      if (lease.state === 'held' && !isLapsed && owner && owner.state !== 'leaving') held.set(partition, lease.owner);
    }
    return assign({ partitions: this.#keepers.length, ready, held, shunned });
  }

  #isFree(lease: SeenLease | undefined): boolean {
    if (!lease) return true;
    const { record, isLapsed } = lease;
    return record !== undefined && (isLapsed || record.state !== 'held' || record.owner === this.#membership.id);
  }
}
