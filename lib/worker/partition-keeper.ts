import type { Clock, Logger } from '../engine/ports.js';
import { ClosedError, OwnershipLostError, StorageRegressedError } from '../errors.js';

/** One claim of a partition, as the engine makes it. */
export interface Owner {
  /** Takes the partition over and runs it. Rejects when it cannot. */
  claim(): Promise<void>;
  /** No new input; what runs is committed, views and checkpoint are stored. */
  stop(): Promise<void>;
  /** Settles when the owner no longer owns: undefined after `stop`, else why. */
  readonly ended: Promise<Error | undefined>;
}

/** Before a failed partition is claimed again, in milliseconds: doubled with each failure, up to the longest. */
const FIRST_PAUSE = 1_000;
const LONGEST_PAUSE = 60_000;
/** A partition that ran for so many milliseconds has recovered. */
const STEADY = 60_000;

/** Keeps a partition owned: after a failure of this worker's own it is recovered from the streams (C10). */
export class PartitionKeeper {
  readonly #newOwner: () => Owner;
  readonly #surroundings: { readonly clock: Clock; readonly logger: Logger };
  #owner: Owner;
  #isStopping = false;
  #endPause = (): void => {};
  #pauseTime = FIRST_PAUSE;
  #kept: Promise<Error | undefined> | undefined;

  constructor(
    /** The partition, for the log. */
    readonly name: string,
    newOwner: () => Owner,
    surroundings: { readonly clock: Clock; readonly logger: Logger },
  ) {
    this.#newOwner = newOwner;
    this.#surroundings = surroundings;
    this.#owner = newOwner();
  }

  /** Claims the partition for the first time. Rejects when that fails: nothing is tried again before a first success. */
  async claim(): Promise<void> {
    await this.#owner.claim();
    this.#kept = this.#keep();
  }

  /** Settles when the partition is kept no longer: undefined after `stop`, else who or what ended it for good. */
  get ended(): Promise<Error | undefined> {
    return this.#kept ?? Promise.resolve(undefined);
  }

  /** Gives the partition back gracefully, if it was claimed; resolves when that is done. */
  async stop(): Promise<void> {
    if (!this.#kept) return;
    this.#isStopping = true;
    this.#endPause();
    await this.#owner.stop();
    await this.#kept;
  }

  async #keep(): Promise<Error | undefined> {
    const { clock } = this.#surroundings;
    let since = clock.now();
    let reason = await this.#owner.ended;
    while (reason && !isFinal(reason) && !this.#isStopping) {
      if (clock.now() - since >= STEADY) this.#pauseTime = FIRST_PAUSE;
      this.#log(reason);
      await this.#pause();
      this.#pauseTime = Math.min(2 * this.#pauseTime, LONGEST_PAUSE);
      since = clock.now();
      reason = this.#isStopping ? undefined : await this.#claimAgain();
    }
    return this.#isStopping ? undefined : reason;
  }

  /** Runs a new owner; why it ended, or could not begin. */
  async #claimAgain(): Promise<Error | undefined> {
    this.#owner = this.#newOwner();
    try {
      await this.#owner.claim();
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error), { cause: error });
    }
    if (this.#isStopping) await this.#owner.stop();
    else this.#surroundings.logger.info('Partition claimed again', { instance: this.name });
    return this.#owner.ended;
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#surroundings.clock.after(this.#pauseTime, resolve);
      this.#endPause = () => {
        cancel();
        resolve();
      };
    });
  }

  #log(reason: Error): void {
    const text = `Partition failed and is claimed again in ${this.#pauseTime} ms: ${reason.stack ?? reason.message}`;
    this.#surroundings.logger.error(text, { instance: this.name });
  }
}

/** Claiming again would fight another worker, never succeed, or go on over what the streams have lost. */
function isFinal(reason: Error): boolean {
  return (
    reason instanceof OwnershipLostError || reason instanceof ClosedError || reason instanceof StorageRegressedError
  );
}
