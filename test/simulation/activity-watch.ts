import type { OrchestrationWatch } from './instance-watch.js';
import type { PartitionWatch } from './partition-watch.js';
import { processOf } from './processes.js';

/** What is known where an activity begins. */
interface Beginning {
  readonly instance: OrchestrationWatch;
  readonly partition: PartitionWatch;
  /** Execution and number. */
  readonly task: string;
  /** The worker in whose process it begins, without the number of its life. */
  readonly process: string;
}

/**
 * Activities run at least once, and no more often than something made needed: each owner that a partition has had since an
 * activity was committed may begin it once. One of a work queue may also come again because something went wrong since with
 * a process that ran it, or with its owner.
 */
export class ActivityWatch {
  /** The processes that ran an activity, by its idempotency key. */
  readonly #runs = new Map<string, readonly string[]>();
  /** Until when something went wrong with a process last. */
  readonly #mishaps = new Map<string, number>();
  #ofServer = -Infinity;
  /** Runs beside the first ones. */
  repeated = 0;

  /** Something goes wrong with a process until then; undefined: with the server. */
  mishap(process: string | undefined, until: number): void {
    if (process === undefined) this.#ofServer = Math.max(this.#ofServer, until);
    else if (until > (this.#mishaps.get(process) ?? -Infinity)) this.#mishaps.set(process, until);
  }

  /** Whether a run that begins now was needed. */
  begins(key: string, { instance, partition, task, process }: Beginning): boolean {
    const runs = [...(this.#runs.get(key) ?? []), process];
    this.#runs.set(key, runs);
    const asked = instance.scheduled.get(task);
    if (runs.length === 1 || !asked) return true;
    this.repeated++;
    const owners = partition.ownersSince(asked.sequence);
    if (runs.length <= owners.length) return true;
    if (!instance.queued.has(task)) return false;
    const last = [...runs, ...owners.map(processOf)].map((name) => this.#mishaps.get(name) ?? -Infinity);
    return Math.max(this.#ofServer, ...last) >= asked.stored;
  }
}
