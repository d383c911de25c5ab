import { ClosedError, type OwnershipLostError } from '../errors.js';
import { ActivationCache } from './activation-cache.js';
import type { Directory } from './delegation.js';
import { shareActivities, type SharedActivities } from './shared-activities.js';
import { Loops } from './loops.js';
import { inTime } from './in-time.js';
import { mailLimits, type MailLimits } from './mail-limits.js';
import type { Position } from './barrier.js';
import { PartitionRun } from './partition-run.js';
import type { RunOptions } from './run-options.js';
import type { Host } from './host.js';
import type { HubPorts, PartitionPorts } from './ports.js';
import { takeOver } from './recovery.js';
import { reasonOf } from './successors.js';
import { Watchdog } from './watchdog.js';

/** How an owner keeps its partition. */
export interface OwnerOptions {
  /** The instances that are loaded and idle, shared by the owners of a worker. Default: a cache of its own, of 32 MiB. */
  readonly activations?: ActivationCache | undefined;
  /** How long `stop` waits for running activities and operations, in milliseconds. Default 10,000. */
  readonly stopTimeoutInMilliseconds?: number | undefined;
  /** What all partitions of a worker share. Default: shared with nobody, 100 activities at a time. */
  readonly activities?: SharedActivities | undefined;
  /** Bounds of what waits, where they are to be others than by default. */
  readonly mail?: Partial<MailLimits> | undefined;
  /** The other workers and what they registered. Default: there is none. */
  readonly directory?: Directory | undefined;
}

/**
 * Owns one partition of a task hub: takes it over, runs it until it stops or another worker takes it over, and leaves
 * it so that the next owner finds everything in the streams.
 */
export class PartitionOwner {
  readonly #ports: PartitionPorts;
  readonly #hub: HubPorts;
  readonly #host: Host;
  readonly #options: RunOptions;
  readonly #loops: Loops;
  readonly #watchdog: Watchdog;
  readonly #shared: SharedActivities;
  #claiming: Promise<unknown> = Promise.resolve();
  #run: PartitionRun | undefined;
  #isStopped = false;
  #end!: (error: Error | undefined) => void;

  /** Settles when it no longer owns: undefined after `stop`, else why. */
  readonly ended: Promise<Error | undefined>;

  constructor(partition: number, hub: HubPorts, host: Host, options: OwnerOptions = {}) {
    this.#ports = hub.partition(partition);
    this.#hub = hub;
    this.#host = host;
    this.#loops = new Loops(hub.clock);
    this.#watchdog = new Watchdog(this.#ports, `partition ${partition}`, this.#loops, () => this.#dump());
    this.#shared = options.activities ?? shareActivities(host, hub);
    this.#options = {
      loops: this.#loops,
      code: this.#shared.code,
      activations: options.activations ?? new ActivationCache(),
      stopTimeoutInMilliseconds: options.stopTimeoutInMilliseconds ?? 10_000,
      mail: { ...mailLimits, ...options.mail },
      directory: options.directory,
    };
    this.ended = new Promise((resolve) => {
      this.#end = (error) => {
        this.#watchdog.stop();
        resolve(error);
      };
    });
  }

  /**
   * Takes the partition over and runs it. Rejects with StorageRegressedError, CorruptHistoryError, OwnershipLostError or
   * ClosedError.
   */
  async claim(): Promise<void> {
    this.#watchdog.start();
    try {
      await (this.#claiming = this.#loops.watch('the takeover', this.#claim()));
    } catch (error) {
      this.#watchdog.stop();
      throw error;
    }
  }

  /** What is known of the partition by now. */
  #dump(): object {
    return this.#run?.inspect() ?? { waits: this.#loops.waits };
  }

  async #claim(): Promise<void> {
    const recovered = await takeOver(this.#ports, this.#host.worker);
    if (this.#isStopped) throw new ClosedError('The owner was stopped while it took its partition over.');
    this.#run = new PartitionRun(this.#ports, this.#hub, this.#host, recovered, this.#options, this.#shared, this.#end);
    try {
      await this.#run.start();
    } catch (error) {
      this.#run.close();
      throw await reasonOf(error, this.#ports, recovered.tables.epoch);
    }
  }

  /**
   * Resolves with the epoch and the last record known once it is seen that the partition is still owned here (C11).
   * Rejects with OwnershipLostError when it is not, which also ends it, and with ClosedError when it does not run.
   */
  confirm(): Promise<Position> {
    return this.#run ? this.#run.confirm() : Promise.reject(new ClosedError('The partition is not owned here yet.'));
  }

  /** Ends it at once with a reason, such as that another worker has the lease: nothing is committed any more. */
  abandon(reason: OwnershipLostError): void {
    this.#run?.abandon(reason);
  }

  /** Graceful: takes no new input, commits what runs, and stores heads and checkpoint. */
  async stop(): Promise<void> {
    if (this.#isStopped) return;
    this.#isStopped = true;
    try {
      if (!this.#run) await this.#callOff();
      await this.#run?.stop();
    } finally {
      this.#end(undefined); // also when it finds then that it does not own the partition any more
    }
  }

  /** The epoch record of a takeover that is under way would end whoever takes the partition next: that comes first. */
  #callOff(): Promise<unknown> {
    const claimed = this.#claiming.catch(() => {}); // why it failed, `claim` tells
    return inTime(this.#ports.clock, this.#options.stopTimeoutInMilliseconds, claimed, () => {});
  }

  /** About how many bytes of messages that wait are in memory. */
  get waitingBytes(): number {
    return this.#run?.waitingBytes ?? 0;
  }

  /** How many history events were replayed to rebuild instances; resident ones are never replayed. */
  get replayedEvents(): number {
    return this.#run?.replayedEvents ?? 0;
  }
}
