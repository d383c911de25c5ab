import type { Loop, Loops } from '../engine/loops.js';
import type { HubPorts } from '../engine/ports.js';
import { encodeLease } from '../wire/ownership-codec.js';
import { ownershipKeys, type LeaseRecord } from '../wire/ownership.js';

/** The time between two renewals, in milliseconds: two of three may fail. */
export const RENEWAL = 3_000;

/** Where the lease of a partition is stored. */
const leaseKey = (partition: number): string => `${ownershipKeys.leases}.${partition}`;

/**
 * One partition's lease in the hands of one worker (P21). It says who tries to own the partition and keeps nobody from
 * committing: that is the log's part (C2, C3).
 */
export class Lease {
  readonly #ports: Pick<HubPorts, 'store'>;
  readonly #key: string;
  readonly #owner: string;
  readonly #loop: Loop;
  #revision = 0;
  /** One write at a time: a release must not meet a renewal under way. */
  #line: Promise<unknown> = Promise.resolve();

  constructor(ports: Pick<HubPorts, 'store'>, partition: number, owner: string, loops: Loops) {
    this.#loop = loops.add('the storing of a lease', () => `partition ${partition}`);
    this.#ports = ports;
    this.#key = leaseKey(partition);
    this.#owner = owner;
  }

  /** Takes the lease that was seen free at a revision (0: none yet); false: another worker was faster. */
  claim(seen: number): Promise<boolean> {
    return this.#inLine(() => {
      this.#revision = seen;
      return this.#store('held', { epoch: 0, sequence: 0 });
    });
  }

  /** Tells that the partition runs here; false: another worker has taken the lease. */
  renew(position: Pick<LeaseRecord, 'epoch' | 'sequence'>): Promise<boolean> {
    return this.#inLine(() => this.#store('held', position));
  }

  /** Gives the lease back; false: another worker has taken it. */
  release(state: 'released' | 'failed'): Promise<boolean> {
    return this.#inLine(() => this.#store(state, { epoch: 0, sequence: 0 }));
  }

  #inLine<T>(run: () => Promise<T>): Promise<T> {
    const turn = this.#line.then(() => {
      this.#loop.begin();
      return run().finally(() => this.#loop.end());
    });
    this.#line = turn.catch(() => {});
    return turn;
  }

  /** Stores until it is known what came of it. */
  async #store(
    state: LeaseRecord['state'],
    { epoch, sequence }: Pick<LeaseRecord, 'epoch' | 'sequence'>,
  ): Promise<boolean> {
    const { store } = this.#ports;
    const body = encodeLease({ v: 1, owner: this.#owner, state, epoch, sequence });
    for (;;) {
      const before = this.#revision;
      const revision = await store.put(this.#key, body, before);
      if (revision !== undefined) {
        this.#revision = revision;
        return true;
      }
      const stored = await store.get(this.#key);
      if (stored?.revision === before) continue; // nothing was stored, though the bytes may be those of the renewal before
      const isMine = stored && isEqual(stored.value, body); // the answer to my write was lost
      // What is another's keeps the revision that I know: no later write of mine may pass for a continuation of theirs.
      if (stored && !isMine) return false;
      this.#revision = stored?.revision ?? 0; // none: somebody purged the bucket, which is for the engine to refuse
      if (isMine) return true;
    }
  }
}

function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, at) => byte === b[at]);
}
