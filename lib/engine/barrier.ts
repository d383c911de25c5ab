import { OwnershipLostError, StorageRegressedError } from '../errors.js';
import { decodeRecord } from '../wire/record-codec.js';
import type { Committer } from './committer.js';
import type { Loop, Loops } from './loops.js';
import type { PartitionPorts } from './ports.js';
import { refuseMissing } from './stream-loss.js';
import type { PartitionTables } from './tables.js';

/** The epoch of an owner, and the last record that it knows. */
export interface Position {
  readonly epoch: number;
  readonly sequence: number;
}

/**
 * The barrier behind which an exact read is answered (C11, P16): everything in memory is acknowledged, and this worker
 * still owned the partition at a moment after the read arrived. All reads that wait share one.
 */
export class Barrier {
  readonly #tables: PartitionTables;
  readonly #ports: PartitionPorts;
  readonly #committer: Committer;
  readonly #loop: Loop;
  #running: Promise<void> | undefined;
  #next: Promise<void> | undefined;

  constructor(tables: PartitionTables, ports: PartitionPorts, committer: Committer, loops: Loops) {
    this.#loop = loops.add('the barrier of reads');
    this.#tables = tables;
    this.#ports = ports;
    this.#committer = committer;
  }

  /** Resolves behind the barrier; rejects with OwnershipLostError or StorageRegressedError, or never settles when the owner stops. */
  async pass(): Promise<void> {
    const isOpen = !this.#committer.group.isEmpty;
    await this.#committer.whenAcknowledged();
    if (!isOpen) await this.#confirm(); // an open group is published later than this call: that says it all
  }

  /** Where the partition is, behind the barrier; tells when it must not go on here, and rejects as `pass` does. */
  async confirm(lost: (error: Error) => void): Promise<Position> {
    try {
      await this.pass();
    } catch (error) {
      if (error instanceof OwnershipLostError || error instanceof StorageRegressedError) lost(error);
      throw error;
    }
    const { epoch, sequence } = this.#tables;
    return { epoch, sequence };
  }

  /** A confirmation that begins after this call. */
  #confirm(): Promise<void> {
    if (!this.#running) return this.#begin();
    this.#next ??= this.#running.then(
      () => this.#begin(),
      () => this.#begin(),
    );
    return this.#next;
  }

  #begin(): Promise<void> {
    this.#next = undefined;
    this.#loop.begin();
    const running = this.#look().finally(() => {
      this.#loop.end();
      if (this.#running === running) this.#running = undefined;
    });
    this.#running = running;
    return running;
  }

  /** With one replica the stream's server answers for itself; a deposed leader of several may not, so a record must. */
  async #look(): Promise<void> {
    const { log, subjects } = this.#ports;
    if (log.replicas > 1) return this.#committer.barrier();
    const known = this.#tables.sequence;
    const last = await log.last();
    if (last?.sequence === this.#tables.sequence) return;
    refuseMissing(subjects.streamName('log'), { first: 0, last: last?.sequence ?? 0 }, 0, known);
    const record = last && decodeRecord(last.body, `Record ${last.sequence} of ${subjects.log}`);
    if (record?.epoch !== this.#tables.epoch)
      throw new OwnershipLostError(
        `Partition ${subjects.partition} has a new owner: its log is in epoch ${record?.epoch}, mine is ${this.#tables.epoch}.`,
      );
  }
}
