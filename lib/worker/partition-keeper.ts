import type { Clock, Logger } from '../engine/ports.js';
import { ClosedError, OwnershipLostError, StorageRegressedError } from '../errors.js';
import { leaseMilliseconds } from '../wire/ownership.js';
import { RENEWAL } from './lease.js';

/** One claim of a partition, as the engine makes it. */
export interface Owner {
  /** Takes the partition over and runs it. Rejects when it cannot. */
  claim(): Promise<void>;
  /** Resolves once it is seen that the partition is still owned here; rejects when it is not. */
  confirm(): Promise<{ readonly epoch: number; readonly sequence: number }>;
  /** Ends at once. */
  abandon(reason: OwnershipLostError): void;
  /** No new input; what runs is committed, views and checkpoint are stored. */
  stop(): Promise<void>;
  /** Settles when the owner no longer owns: undefined after `stop`, else why. */
  readonly ended: Promise<Error | undefined>;
}

/** The partition's lease, as `Lease` has it. */
export interface KeptLease {
  claim(seen: number): Promise<boolean>;
  renew(position: { readonly epoch: number; readonly sequence: number }): Promise<boolean>;
  release(state: 'released' | 'failed'): Promise<boolean>;
}

/** Whom a keeper tells. */
export interface KeeperListener {
  /** The lease is free, or may be claimed again: all should look. */
  onFree(): void;
  /** Another worker has taken the partition. */
  onLost(): void;
  /** Nothing here may go on: why. */
  onEnd(reason: Error): void;
}

/** Before a failed partition is claimed again, in milliseconds: doubled with each failure, up to the longest. */
const FIRST_PAUSE = 1_000;
const LONGEST_PAUSE = 60_000;
/** A partition that ran for so many milliseconds has recovered. */
const STEADY = 60_000;
/** A claim that takes longer, in milliseconds, is not covered by its lease any more: others may try. */
const LONGEST_CLAIM = 60_000;

/** What ends an owner while its lease is renewed; it is dealt with where the owner ends. */
const endings = [ClosedError, OwnershipLostError, StorageRegressedError];

/**
 * One partition in the hands of one worker: claims it when told to, renews its lease while it runs (P21), and gives it
 * back. After a failure of this worker's own the partition is dropped (C10) and the lease is free at once.
 */
export class PartitionKeeper {
  readonly #newOwner: () => Owner;
  readonly #lease: KeptLease;
  readonly #surroundings: { readonly clock: Clock; readonly logger: Logger };
  readonly #listener: KeeperListener;
  #owner: Owner | undefined;
  #isClaiming = false;
  #giving: Promise<void> | undefined;
  #cancelRenewal = (): void => {};
  #notBefore = -Infinity;
  #pause = FIRST_PAUSE;
  #since = 0;

  constructor(
    /** The partition, for the log. */
    readonly name: string,
    newOwner: () => Owner,
    lease: KeptLease,
    surroundings: { readonly clock: Clock; readonly logger: Logger },
    listener: KeeperListener,
  ) {
    this.#newOwner = newOwner;
    this.#lease = lease;
    this.#surroundings = surroundings;
    this.#listener = listener;
  }

  /** Whether a claim may begin now. */
  get mayClaim(): boolean {
    return !this.holds && this.#surroundings.clock.now() >= this.#notBefore;
  }

  /** Whether it claims, owns, or gives back. */
  get holds(): boolean {
    return this.#owner !== undefined;
  }

  /**
   * Claims the partition whose lease was seen free at a revision; resolves when it runs, or when another worker was
   * faster. Rejects with why it cannot run, which is dealt with by then.
   */
  async claim(seen: number): Promise<void> {
    const owner = this.#newOwner();
    this.#owner = owner;
    this.#isClaiming = true;
    this.#since = this.#surroundings.clock.now();
    try {
      if (!(await this.#lease.claim(seen))) return void (this.#owner = undefined);
      if (this.#giving || this.#owner !== owner) return; // told to give it back meanwhile
      this.#armRenewal(owner);
      await owner.claim();
      this.#isClaiming = false;
      void owner.ended.then((reason) => reason && this.#dropped(owner, reason));
      void this.#renew(owner);
    } catch (error) {
      const reason = error instanceof Error ? error : new Error(String(error), { cause: error });
      if (this.#giving || this.#owner !== owner) return; // called off: who gives it back lets go of it
      await this.#dropped(owner, reason);
      if (!(reason instanceof OwnershipLostError)) throw reason;
    } finally {
      this.#isClaiming = false;
    }
  }

  /** Gives the partition back gracefully, if it is held; resolves when another worker may claim it. */
  giveBack(): Promise<void> {
    if (!this.#owner) return Promise.resolve();
    this.#giving ??= this.#giveBack(this.#owner).finally(() => (this.#giving = undefined));
    return this.#giving;
  }

  async #giveBack(owner: Owner): Promise<void> {
    try {
      await owner.stop();
    } catch (error) {
      // It is another worker's by now, or cannot be stored: nothing is left to give back.
      return this.#dropped(owner, error instanceof Error ? error : new Error(String(error), { cause: error }));
    }
    if (this.#owner !== owner) return; // it was lost meanwhile
    this.#letGo();
    await this.#release('released');
  }

  #letGo(): void {
    this.#owner = undefined;
    this.#cancelRenewal();
  }

  /** It does not run here any more, and nobody asked for that. */
  async #dropped(owner: Owner, reason: Error): Promise<void> {
    if (this.#owner !== owner) return;
    this.#letGo();
    const { clock } = this.#surroundings;
    if (reason instanceof OwnershipLostError) return this.#lost();
    if (reason instanceof ClosedError) {
      if (!this.#giving) this.#listener.onEnd(reason);
      return;
    }
    if (clock.now() - this.#since >= STEADY) this.#pause = FIRST_PAUSE;
    this.#notBefore = clock.now() + this.#pause;
    if (reason instanceof StorageRegressedError) this.#listener.onEnd(reason);
    else this.#tryLater(reason);
    await this.#release('failed');
  }

  #lost(): void {
    this.#notBefore = this.#surroundings.clock.now() + leaseMilliseconds;
    this.#listener.onLost();
  }

  /**
   * Within a second the lease is free, so that another worker may try (P21); without a connection it lapses. A worker that
   * was frozen may have let go before it has seen that another took the partition: then it is lost nonetheless.
   */
  async #release(state: 'released' | 'failed'): Promise<void> {
    try {
      if (await this.#lease.release(state)) this.#listener.onFree();
      else this.#lost();
    } catch (error) {
      if (!(error instanceof ClosedError)) throw error;
    }
  }

  #tryLater(reason: Error): void {
    const { clock, logger } = this.#surroundings;
    const text = `Partition failed and may be claimed again in ${this.#pause} ms: ${reason.stack ?? reason.message}`;
    logger.error(text, { instance: this.name });
    clock.after(this.#pause, () => this.#listener.onFree());
    this.#pause = Math.min(2 * this.#pause, LONGEST_PAUSE);
  }

  #armRenewal(owner: Owner): void {
    this.#cancelRenewal = this.#surroundings.clock.about(RENEWAL, () => void this.#renew(owner));
  }

  /** A renewal says that the partition's own log was seen to be this owner's: a partition that is stuck lapses. */
  async #renew(owner: Owner): Promise<void> {
    this.#cancelRenewal();
    try {
      const position = await this.#position(owner);
      if (this.#owner !== owner) return;
      if (position && !(await this.#lease.renew(position)) && this.#owner === owner)
        owner.abandon(new OwnershipLostError(`The lease of partition ${this.name} was taken by another worker.`));
    } catch (error) {
      // What else it can be ends the owner, and is dealt with there.
      if (endings.some((ending) => error instanceof ending)) return;
      throw error;
    }
    if (this.#owner === owner) this.#armRenewal(owner);
  }

  /** Undefined: it is not to be renewed now. */
  async #position(owner: Owner): Promise<{ readonly epoch: number; readonly sequence: number } | undefined> {
    if (!this.#isClaiming) return owner.confirm();
    return this.#surroundings.clock.now() - this.#since < LONGEST_CLAIM ? { epoch: 0, sequence: 0 } : undefined;
  }
}
