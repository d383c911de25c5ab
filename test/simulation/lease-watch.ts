import type { MemoryConnection } from '../../lib/memory/connection.js';
import type { MemoryHub } from '../../lib/memory/hub.js';
import { decodeLease } from '../../lib/wire/ownership-codec.js';
import { leaseMilliseconds, ownershipKeys, type LeaseRecord } from '../../lib/wire/ownership.js';
import { decodeRecord } from '../../lib/wire/record-codec.js';
import type { Violation } from './instance-watch.js';

/** What a worker says when it sees that another has taken what it had. */
const FENCED = /has a new owner|was taken by another worker|belongs to epoch|written by a later owner/;

interface SeenLease {
  readonly record: LeaseRecord;
  readonly at: number;
}

/** Looks at every lease as it is stored, and holds it to rule P21. */
export class LeaseWatch {
  readonly #hub: MemoryHub;
  readonly #violation: Violation;
  readonly #leases = new Map<number, SeenLease>();
  /** The names of workers' connections by their ids. */
  readonly #names = new Map<string, string>();
  /** When workers were seen to be fenced last, by name. */
  readonly #fenced = new Map<string, number>();
  /** The name of the host that claimed a partition last, as its log says. */
  readonly #owners = new Map<number, string>();
  /** Epochs so far. */
  claims = 0;

  constructor(hub: MemoryHub, violation: Violation) {
    this.#hub = hub;
    this.#violation = violation;
    hub.bucket.observe(({ subject, body, time }) => {
      const [kind, key] = subject.split('.') as [string, string];
      if (kind === ownershipKeys.leases) this.#onLease(Number(key), decodeLease(body, subject), time);
    });
    for (let partition = 0; partition < hub.partitions; partition++)
      hub.streams(partition).log.observe(({ body }) => {
        const record = decodeRecord(body, 'record');
        if (record.type !== 'epoch') return;
        this.claims++;
        this.#owners.set(partition, record.owner);
      });
  }

  /** A worker has drawn its id. */
  begins({ name }: MemoryConnection, id: string): void {
    this.#names.set(id, name);
  }

  /** A worker logged a warning. */
  warned(name: string, message: string): void {
    if (FENCED.test(message)) this.#fenced.set(name, this.#hub.world.time);
  }

  /** What a worker has, as its leases say. */
  partitionsOf({ name }: MemoryConnection): readonly number[] {
    return Array.from(this.#leases).flatMap(([partition, { record }]) =>
      record.state === 'held' && this.#nameOf(record.owner) === name ? [partition] : [],
    );
  }

  /** The worker that claimed a partition last, as its log says. */
  runsAt(partition: number): string {
    const id = this.#owners.get(partition)?.split('.').at(-1) ?? '';
    return this.#nameOf(id);
  }

  /** Every partition is held by one that lives, who owns it, and they have equal shares. */
  atRest(lives: readonly string[]): void {
    const shares = new Map(lives.map((name) => [name, 0]));
    for (let partition = 0; partition < this.#hub.partitions; partition++) {
      const lease = this.#leases.get(partition);
      const holder = lease ? this.#nameOf(lease.record.owner) : 'nobody';
      if (lease?.record.state !== 'held' || !shares.has(holder))
        this.#violation(`P21: in the end partition ${partition} is ${lease?.record.state} by ${holder}`);
      else if (this.runsAt(partition) !== holder)
        this.#violation(
          `P21: in the end partition ${partition} is held by ${holder} and owned by ${this.runsAt(partition)}`,
        );
      shares.set(holder, (shares.get(holder) ?? 0) + 1);
    }
    const counts = [...shares.values()];
    if (Math.max(...counts) - Math.min(...counts) > 1)
      this.#violation(`P21: in the end the shares are ${JSON.stringify([...shares])}`);
  }

  #nameOf(id: string): string {
    return this.#names.get(id) ?? id;
  }

  #onLease(partition: number, record: LeaseRecord, time: number): void {
    const former = this.#leases.get(partition);
    this.#leases.set(partition, { record, at: time });
    if (record.state !== 'held' || former?.record.owner === record.owner) return;
    const name = this.#nameOf(record.owner);
    if (former?.record.state === 'held' && time - former.at < leaseMilliseconds)
      this.#violation(
        `P21: ${name} takes the lease of partition ${partition}, which ${this.#nameOf(former.record.owner)} renewed ${time - former.at} ms before`,
      );
    const fenced = this.#fenced.get(name) ?? -Infinity;
    // What was free before may have been on its way to it already.
    if (former && former.at > fenced && time < fenced + leaseMilliseconds)
      this.#violation(`P21: ${name} takes partition ${partition} ${time - fenced} ms after it was fenced`);
  }
}
