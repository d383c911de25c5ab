import { hostname } from 'node:os';
import type { Hosted } from '../definitions/registry.js';
import type { Host } from '../engine/host.js';
import { PartitionOwner } from '../engine/partition-owner.js';
import type { HubPorts } from '../engine/ports.js';
import { ClosedError, ConfigError } from '../errors.js';
import { createHost } from './host.js';
import { publishNames } from './known-names.js';
import { PartitionKeeper } from './partition-keeper.js';
import { onSignal } from './process-signals.js';

/** What a worker hosts, and how it stops. */
export interface TaskHubWorkerOptions extends Hosted {
  /**
   * How long `stop` waits for running activities, and then again for running operations, in milliseconds: 0 to 600,000
   * (10 minutes). An activity that has not ended by then is told so by its signal; it is done again by the next worker,
   * as is an operation. Default 10,000.
   */
  readonly stopTimeoutInMilliseconds?: number | undefined;
}

/** A connection to a task hub, as `connectTaskHub` makes it. */
interface ConnectedHub {
  readonly ports: HubPorts;
}

const DEFAULT_STOP_TIMEOUT = 10_000;
const LONGEST_STOP_TIMEOUT = 600_000;

/** How much longer a stop may take in all, in milliseconds; its partitions take 5 s of it to store what was committed. */
const STORING_TIMEOUT = 6_000;

/**
 * Runs the entities, orchestrators and activities of this process for a task hub: it owns all partitions of the hub,
 * from `start` until `stop`, or until another worker takes one over. A worker that crashed is replaced by starting
 * another: everything that was acknowledged goes on from where it was.
 *
 * @example
 * ```ts
 * import { connectTaskHub, TaskHubWorker } from 'perdure';
 * import { Activity } from 'perdure/decorators';
 *
 * class Greetings {
 *   @Activity() hello(name: string): string {
 *     return `Hello, ${name}!`;
 *   }
 * }
 *
 * await using hub = await connectTaskHub({ name: 'greetings' });
 * await using worker = await TaskHubWorker.start(hub, { activities: [new Greetings()] });
 * await worker.untilStopped(); // until Ctrl-C
 * ```
 */
export class TaskHubWorker implements AsyncDisposable {
  readonly #ports: HubPorts;
  readonly #keepers: readonly PartitionKeeper[];
  readonly #stopTimeout: number;
  readonly #ended: Promise<Error | undefined>;
  #settle!: (reason: Error | undefined) => void;
  #stopping: Promise<void> | undefined;

  private constructor(ports: HubPorts, host: Host, stopTimeout: number) {
    this.#ports = ports;
    this.#stopTimeout = stopTimeout;
    this.#ended = new Promise((resolve) => (this.#settle = resolve));
    const options = { stopTimeoutInMilliseconds: stopTimeout };
    this.#keepers = Array.from({ length: ports.partitions }, (_, partition) => {
      const name = `${ports.name}/${partition}`;
      return new PartitionKeeper(name, () => new PartitionOwner(partition, ports, host, options), ports);
    });
  }

  /**
   * Checks what is to be hosted, takes over all partitions of the task hub and runs them; resolves when they run.
   * Another worker that runs the hub stops with OwnershipLostError. Rejects, and has then taken nothing over or given
   * it back:
   *
   * @throws {DefinitionError} when a class cannot work as written, or a name is registered twice
   * @throws {InvalidNameError} for the name of an entity, orchestrator, activity or queue that is none
   * @throws {ConfigError} for a `stopTimeoutInMilliseconds` out of its range
   * @throws {OwnershipLostError} when another worker takes over at the same time
   * @throws {StorageRegressedError} when the streams have lost what was acknowledged
   * @throws {CorruptHistoryError} when what is stored cannot be read
   * @throws {VersionTooNewError} when it was written by a newer version
   * @throws {ClosedError} when the hub's connection is closed
   */
  static async start(hub: ConnectedHub, options: TaskHubWorkerOptions): Promise<TaskHubWorker> {
    const { ports } = hub;
    const { stopTimeoutInMilliseconds = DEFAULT_STOP_TIMEOUT, ...hosted } = options;
    if (!(stopTimeoutInMilliseconds >= 0 && stopTimeoutInMilliseconds <= LONGEST_STOP_TIMEOUT))
      throw new ConfigError(`stopTimeoutInMilliseconds: must be from 0 to 600000, not ${stopTimeoutInMilliseconds}`);
    const host = createHost(`${hostname()}.${process.pid}.${ports.random.id()}`, hosted);
    await publishNames(ports.store, host);
    const worker = new TaskHubWorker(ports, host, stopTimeoutInMilliseconds);
    await worker.#claim();
    return worker;
  }

  /**
   * Stops gracefully: takes no new messages, commits what is running, stores readable copies of all instances. Resolves
   * when that is done, or 6 s after `stopTimeoutInMilliseconds`; what was not committed by then is done again by the
   * next worker. Never rejects. Calling it again gives the same promise.
   */
  stop(): Promise<void> {
    this.#stopping ??= this.#shutDown(undefined);
    return this.#stopping;
  }

  /** As `stop`, at the end of the block of an `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  /**
   * Resolves when the worker was stopped, by `stop()` or by SIGINT or SIGTERM, which stop it gracefully while this is
   * waited for; a second signal ends the process at once. Rejects with the reason when the connection is closed for
   * good.
   *
   * @throws {OwnershipLostError} when another worker has taken over
   * @throws {ClosedError} when the hub was closed while the worker ran
   */
  async untilStopped(): Promise<void> {
    const endListening = onSignal(() => void this.stop());
    try {
      const reason = await this.#ended;
      if (reason) throw reason;
    } finally {
      endListening();
    }
  }

  async #claim(): Promise<void> {
    const claims = await Promise.allSettled(this.#keepers.map((keeper) => keeper.claim()));
    const failed = claims.find((claim) => claim.status === 'rejected');
    if (failed) {
      await this.stop();
      throw failed.reason;
    }
    for (const keeper of this.#keepers) void keeper.ended.then((reason) => reason && this.#fail(reason));
    void this.#ports.closed.then((reason) => this.#fail(reason ?? this.#closedError()));
  }

  /** Half a worker is none: what one partition lost, or the connection, ends all. */
  #fail(reason: Error): void {
    if (this.#stopping) return;
    this.#ports.logger.error(`The worker stops: ${reason.message}`, { instance: this.#ports.name });
    this.#stopping = this.#shutDown(reason);
  }

  async #shutDown(reason: Error | undefined): Promise<void> {
    const running = new Set(this.#keepers);
    const stopping = [...running].map((keeper) => this.#stopKeeper(keeper).then(() => running.delete(keeper)));
    const limit = this.#stopTimeout + STORING_TIMEOUT;
    let cancelTimeout = (): void => {};
    const timeout = new Promise<void>((resolve) => {
      cancelTimeout = this.#ports.clock.after(limit, resolve);
    });
    await Promise.race([Promise.all(stopping), timeout]);
    cancelTimeout();
    if (running.size > 0) this.#warn(`${running.size} partitions did not stop in ${limit} ms`);
    this.#settle(reason);
  }

  /** A partition that cannot be given back is recovered by its next owner. */
  async #stopKeeper(keeper: PartitionKeeper): Promise<void> {
    try {
      await keeper.stop();
    } catch (error) {
      this.#warn(`Partition ${keeper.name} did not stop gracefully: ${String(error)}`);
    }
  }

  #warn(message: string): void {
    this.#ports.logger.warn(`${message}; what is not committed is done again.`, { instance: this.#ports.name });
  }

  #closedError(): ClosedError {
    return new ClosedError(`The connection to task hub ${this.#ports.name} was closed while a worker ran on it.`);
  }
}
