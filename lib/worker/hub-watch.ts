import type { ListedEntry } from '../engine/hub-store.js';
import type { HubPorts } from '../engine/ports.js';
import { PerdureError } from '../errors.js';
import { isNear, isRunning } from '../nats/server/process-identity.js';
import { decodeLease, decodeWorker } from '../wire/ownership-codec.js';
import { leaseMilliseconds, ownershipKeys, type LeaseRecord, type WorkerRecord } from '../wire/ownership.js';
import { RENEWAL } from './lease.js';

/** A partition's lease as seen. */
export interface SeenLease {
  readonly revision: number;
  /** Undefined: it cannot be read, so nobody here touches it. */
  readonly record: LeaseRecord | undefined;
  /** Nobody renewed it for too long, or its owner's process is known to have ended. */
  readonly isLapsed: boolean;
}

/** The workers and leases of a hub at one look. */
export interface SeenHub {
  /** The workers that live, by id. */
  readonly workers: ReadonlyMap<string, WorkerRecord>;
  readonly leases: ReadonlyMap<number, SeenLease>;
  /** When the first of them lapses if nothing is heard of it; Infinity: there is none. */
  readonly lapsesAt: number;
}

/**
 * Looks who lives and who holds what. Time is the server's, by the stored messages; while this worker could not look, or
 * did not run, nobody's silence counts: the others may have been as far from the server.
 */
export class HubWatch {
  readonly #ports: HubPorts;
  #lookedAt: number | undefined;
  /** Silence before this moment does not count. */
  #hearsSince = -Infinity;
  /** Keys that were complained of. */
  readonly #unreadable = new Set<string>();

  constructor(ports: HubPorts) {
    this.#ports = ports;
  }

  /** Rejects with ClosedError. */
  async look(): Promise<SeenHub> {
    const { store, clock } = this.#ports;
    const [workers, leases] = await Promise.all([store.list(ownershipKeys.workers), store.list(ownershipKeys.leases)]);
    const now = clock.now();
    if (this.#lookedAt !== undefined && now - this.#lookedAt > leaseMilliseconds - RENEWAL) this.#hearsSince = now;
    this.#lookedAt = now;
    const live = new Map<string, WorkerRecord>();
    const ended = new Set<string>();
    let lapsesAt = Infinity;
    for (const entry of workers) {
      const record = this.#read(entry, decodeWorker);
      if (!record) continue;
      if (hasEnded(record)) ended.add(record.id);
      else if (this.#lapse(entry) > now) {
        live.set(record.id, record);
        lapsesAt = Math.min(lapsesAt, this.#lapse(entry));
      }
    }
    const seen = new Map<number, SeenLease>();
    for (const entry of leases) {
      const record = this.#read(entry, decodeLease);
      const isLapsed = this.#lapse(entry) <= now || (record !== undefined && ended.has(record.owner));
      seen.set(Number(entry.key.slice(ownershipKeys.leases.length + 1)), {
        revision: entry.revision,
        record,
        isLapsed,
      });
      if (record?.state === 'held' && !isLapsed) lapsesAt = Math.min(lapsesAt, this.#lapse(entry));
    }
    return { workers: live, leases: seen, lapsesAt };
  }

  #lapse({ time }: ListedEntry): number {
    return Math.max(time, this.#hearsSince) + leaseMilliseconds;
  }

  /** What a newer version wrote is left to it. */
  #read<T>(entry: ListedEntry, decode: (body: Uint8Array, where: string) => T): T | undefined {
    try {
      return decode(entry.value, `"${entry.key}" of the task hub's bucket`);
    } catch (error) {
      if (!(error instanceof PerdureError)) throw error;
      if (!this.#unreadable.has(entry.key))
        this.#ports.logger.warn(`It is left alone: ${error.message}`, { instance: this.#ports.name });
      this.#unreadable.add(entry.key);
      return undefined;
    }
  }
}

/** Whether a worker's process is seen to have ended: only that of the same machine and process table can be looked at. */
function hasEnded({ process }: WorkerRecord): boolean {
  return process?.where !== undefined && isNear(process) && !isRunning(process);
}
