import { hostname } from 'node:os';
import { advertOf } from '../core/orchestrator-version.js';
import { FIRST_VERSION } from '../core/state-migration.js';
import type { Hosted } from '../definitions/registry.js';
import { ActivationCache } from '../engine/activation-cache.js';
import type { Host } from '../engine/host.js';
import { Loops } from '../engine/loops.js';
import { PartitionOwner, type OwnerOptions } from '../engine/partition-owner.js';
import type { HubPorts } from '../engine/ports.js';
import { DEFAULT_SLOTS, shareActivities } from '../engine/shared-activities.js';
import { StepServer } from '../engine/step-server.js';
import { TaskWorker } from '../engine/task-worker.js';
import { Watchdog } from '../engine/watchdog.js';
import { ClosedError, ConfigError } from '../errors.js';
import { identityOf } from '../nats/server/process-identity.js';
import type { WorkerRecord } from '../wire/ownership.js';
import { builtInFor } from './built-in.js';
import { createHost } from './host.js';
import type { HttpOptions } from './http-requests.js';
import { publishNames } from './known-names.js';
import { Lease } from './lease.js';
import { Membership } from './membership.js';
import { PartitionKeeper } from './partition-keeper.js';
import { Partitions } from './partitions.js';
import { onSignal } from './process-signals.js';
import { WorkerDirectory } from './worker-directory.js';

/** What a worker hosts, and how it stops. */
export interface TaskHubWorkerOptions extends Hosted {
  /**
   * How long `stop` waits for running activities, and then again for running operations, in milliseconds: 0 to 600,000
   * (10 minutes). An activity that has not ended by then is told so by its signal; it is done again by the next worker,
   * as is an operation. Default 10,000.
   */
  readonly stopTimeoutInMilliseconds?: number | undefined;
  /**
   * How many activities run at a time in this worker, of those that its orchestrations call and of those that come from
   * work queues: 1 to 100,000. Default 100. `@Activity({ concurrency })` sets a limit for one of them.
   */
  readonly maxConcurrentActivities?: number | undefined;
  /**
   * How much memory idle entities and orchestration instances may take in this process, about, in bytes: 0 or more. Beyond
   * it those idle for longest are unloaded, as are all that were idle for 10 minutes; they are loaded again when a message
   * comes. Those in use are not counted. Default 33,554,432 (32 MiB): some 10,000 small entities.
   */
  readonly idleMemoryBytes?: number | undefined;
  /**
   * How this worker sends the requests of `ctx.callHttp`, as each does that hosts orchestrators or activities; false: it
   * sends none, and they wait for a worker that does. Default: with Node's `fetch`, without token sources.
   */
  readonly http?: HttpOptions | false | undefined;
  /**
   * How long external events for an instance that nobody has started are kept for its start, in milliseconds: 3,600,000 (an
   * hour) to 315,360,000,000 (10 years). Within the hour after that they are dropped, and the log tells the instance's id. Of
   * each instance 100 events are kept, and none that comes when those before take 16 KiB. It holds for the partitions that
   * this worker has. Default 604,800,000 (7 days).
   */
  readonly earlyEventRetentionInMilliseconds?: number | undefined;
  /**
   * What becomes of an orchestration instance that is loaded here, and whose code asks for the same things as its history
   * says, in the same order, but with other values: inputs, due times of timers, tags, memos, what is returned. `suspend`: it
   * is suspended with NonDeterminismError. `warn`: the differences are logged, with the instance's id and the lines of the
   * code, and it goes on with what was recorded, as in Durable Functions; unless the values change from one replay to the
   * next. Every other difference suspends it. Default `suspend`.
   */
  readonly valueDifferences?: 'suspend' | 'warn' | undefined;
}

/** A connection to a task hub, as `connectTaskHub` makes it. */
interface ConnectedHub {
  readonly ports: HubPorts;
}

const DEFAULT_STOP_TIMEOUT = 10_000;
const LONGEST_STOP_TIMEOUT = 600_000;
const MOST_SLOTS = 100_000;
/** Ten years. */
const LONGEST_RETENTION = 315_360_000_000;

/** How much longer a stop may take in all, in milliseconds; its partitions take 5 s of it to store what was committed. */
const STORING_TIMEOUT = 6_000;
/** A worker that stops tells the others before it gives anything back, but does not wait longer for that, in milliseconds. */
const LEAVING_TIMEOUT = 500;

/**
 * Runs the entities, orchestrators and activities of this process for a task hub, together with the hub's other
 * workers, in this process or elsewhere: the partitions of the hub are spread evenly over those that host entities or
 * orchestrators. When a worker joins or leaves, partitions move in good order; those of a worker that crashed or froze
 * are taken over after about 9 seconds. Everything that was acknowledged goes on from where it was.
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
  readonly #membership: Membership;
  readonly #partitions: Partitions | undefined;
  readonly #tasks: TaskWorker;
  readonly #steps: StepServer | undefined;
  readonly #stopTimeout: number;
  readonly #loops: Loops;
  readonly #watchdog: Watchdog;
  readonly #ended: Promise<Error | undefined>;
  #settle!: (reason: Error | undefined) => void;
  #stopping: Promise<void> | undefined;

  private constructor(
    ports: HubPorts,
    host: Host,
    id: string,
    stopTimeout: number,
    slots: number,
    activations: ActivationCache,
  ) {
    this.#ports = ports;
    this.#stopTimeout = stopTimeout;
    this.#ended = new Promise((resolve) => (this.#settle = resolve));
    const owns = host.entities.size > 0 || host.orchestrators.size > 0;
    const process = thisProcess();
    const queues = namedQueues(host);
    const identity = {
      id,
      name: host.worker,
      owns,
      entities: [...host.entities.keys()],
      ...stateVersionsOf(host),
      orchestrators: host.orchestrators.programs.map(advertOf),
      activities: [...host.activities.keys()],
      ...(queues.length > 0 && { queues }),
      ...(process && { process }),
    };
    const activities = shareActivities(host, ports, slots);
    const loops = (this.#loops = new Loops(ports.clock));
    this.#watchdog = new Watchdog(ports, host.worker, loops);
    this.#tasks = new TaskWorker(ports, host, activities, loops);
    this.#membership = new Membership(ports, identity, () => this.#partitions?.lookSoon(), loops);
    if (!owns) return;
    const directory = new WorkerDirectory(id);
    const keepers = this.#keepers(host, { activities, activations, directory });
    this.#partitions = new Partitions(ports, this.#membership, keepers, directory, loops);
    this.#steps = new StepServer(ports, host, id, { loops, code: activities.code });
  }

  #keepers(host: Host, shared: Omit<OwnerOptions, 'stopTimeoutInMilliseconds'>): PartitionKeeper[] {
    const ports = this.#ports;
    const options = { stopTimeoutInMilliseconds: this.#stopTimeout, ...shared };
    return Array.from({ length: ports.partitions }, (_, partition) => {
      const newOwner = () => new PartitionOwner(partition, ports, host, options);
      const lease = new Lease(ports, partition, this.#membership.id, this.#loops);
      return new PartitionKeeper(`${ports.name}/${partition}`, newOwner, lease, ports, {
        onFree: () => this.#membership.notify(),
        onLost: () => this.#membership.rest(),
        onEnd: (reason) => this.#fail(reason),
      });
    });
  }

  /**
   * Checks what is to be hosted, joins the workers of the task hub and takes its share of the partitions; resolves when
   * those run that were free. The others come as the workers that have them give them back, or are given up. Rejects, and
   * has then taken nothing or given it back:
   *
   * @throws {DefinitionError} when a class cannot work as written, or a name is registered twice
   * @throws {InvalidNameError} for the name of an entity, orchestrator, activity or queue that is none
   * @throws {ConfigError} for an option out of its range
   * @throws {StorageRegressedError} when the streams have lost what was acknowledged
   * @throws {CorruptHistoryError} when what is stored cannot be read
   * @throws {VersionTooNewError} when it was written by a newer version
   * @throws {ClosedError} when the hub's connection is closed
   */
  static async start(hub: ConnectedHub, options: TaskHubWorkerOptions): Promise<TaskHubWorker> {
    const { ports } = hub;
    const {
      stopTimeoutInMilliseconds = DEFAULT_STOP_TIMEOUT,
      maxConcurrentActivities = DEFAULT_SLOTS,
      idleMemoryBytes,
      http = {},
      earlyEventRetentionInMilliseconds: earlyEventsKept,
      valueDifferences = 'suspend',
      ...hosted
    } = options;
    if (!(stopTimeoutInMilliseconds >= 0 && stopTimeoutInMilliseconds <= LONGEST_STOP_TIMEOUT))
      throw new ConfigError(`stopTimeoutInMilliseconds: must be from 0 to 600000, not ${stopTimeoutInMilliseconds}`);
    if (!(
      Number.isInteger(maxConcurrentActivities) &&
      maxConcurrentActivities >= 1 &&
      maxConcurrentActivities <= MOST_SLOTS
    ))
      throw new ConfigError(
        `maxConcurrentActivities: must be a whole number from 1 to 100000, not ${maxConcurrentActivities}`,
      );
    if (idleMemoryBytes !== undefined && !(idleMemoryBytes >= 0))
      throw new ConfigError(`idleMemoryBytes: must be 0 or more, not ${idleMemoryBytes}`);
    if (earlyEventsKept !== undefined && !(earlyEventsKept >= 3_600_000 && earlyEventsKept <= LONGEST_RETENTION))
      throw new ConfigError(
        `earlyEventRetentionInMilliseconds: must be from 3600000 to ${LONGEST_RETENTION}, not ${earlyEventsKept}`,
      );
    if (valueDifferences !== 'suspend' && valueDifferences !== 'warn')
      throw new ConfigError(`valueDifferences: must be suspend or warn, not ${String(valueDifferences)}`);
    const id = ports.random.id();
    const made = createHost(`${hostname()}.${process.pid}.${id}`, hosted, builtInFor(hosted, http));
    const host = { ...made, earlyEventsKept, valueDifferences };
    const activations = new ActivationCache(idleMemoryBytes);
    const worker = new TaskHubWorker(ports, host, id, stopTimeoutInMilliseconds, maxConcurrentActivities, activations);
    await worker.#join(host);
    return worker;
  }

  /**
   * Stops gracefully: takes no new messages, commits what is running, stores readable copies of all instances. The other
   * workers take over each partition as soon as it is given back. Resolves when that is done, or 6 s after
   * `stopTimeoutInMilliseconds`; what was not committed by then is done again by the next owner. Never rejects. Calling it
   * again gives the same promise.
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
   * waited for; a second signal ends the process at once. Partitions that other workers take do not end it. Rejects when
   * nothing can go on here:
   *
   * @throws {ClosedError} when the hub was closed while the worker ran, or its connection is closed for good
   * @throws {StorageRegressedError} when the streams have lost what was acknowledged
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

  async #join(host: Host): Promise<void> {
    this.#watchdog.start();
    try {
      await this.#loops.watch('the storing of the names that it hosts', publishNames(this.#ports.store, host));
      await this.#membership.join();
      await this.#partitions?.start();
    } catch (error) {
      await this.stop();
      throw error;
    }
    this.#tasks.start();
    void this.#ports.closed.then((reason) => this.#fail(reason ?? this.#closedError()));
  }

  /** What nothing can go on after ends all. */
  #fail(reason: Error): void {
    if (this.#stopping) return;
    this.#ports.logger.error(`The worker stops: ${reason.message}`, { instance: this.#ports.name });
    this.#stopping = this.#shutDown(reason);
  }

  async #shutDown(reason: Error | undefined): Promise<void> {
    const limit = this.#stopTimeout + STORING_TIMEOUT;
    const isDone = await this.#within(limit, this.#leave());
    this.#steps?.close();
    if (!isDone) this.#warn(`The worker did not stop in ${limit} ms`);
    this.#tasks.close();
    this.#watchdog.stop();
    this.#settle(reason);
  }

  async #leave(): Promise<void> {
    try {
      await this.#within(LEAVING_TIMEOUT, this.#membership.leave());
      const [partitions, timeout] = [this.#partitions, this.#stopTimeout];
      await Promise.all([partitions?.stop(), this.#tasks.stop(timeout), this.#steps?.drain(timeout)]);
      await this.#membership.end();
    } catch (error) {
      if (!(error instanceof ClosedError)) this.#warn(`The worker did not stop gracefully: ${String(error)}`);
    }
  }

  /** Whether it settles in time. */
  async #within(milliseconds: number, promise: Promise<void>): Promise<boolean> {
    let cancel = (): void => {};
    const late = new Promise<false>((resolve) => {
      cancel = this.#ports.clock.after(milliseconds, () => resolve(false));
    });
    try {
      return await Promise.race([promise.then(() => true), late]);
    } finally {
      cancel();
    }
  }

  #warn(message: string): void {
    this.#ports.logger.warn(`${message}; what is not committed is done again.`, { instance: this.#ports.name });
  }

  #closedError(): ClosedError {
    return new ClosedError(`The connection to task hub ${this.#ports.name} was closed while a worker ran on it.`);
  }
}

/** The work queues that its activities name. */
function namedQueues({ activities, activitySettings }: Host): readonly string[] {
  const named = [...activities.keys()].flatMap((name) => activitySettings?.get(name)?.queue ?? []);
  return [...new Set(named)];
}

/** What the others have to know before they ask this worker to run operations of its entities. */
function stateVersionsOf({ entities }: Host): Pick<WorkerRecord, 'stateVersions'> {
  const versions = Array.from(entities.values(), ({ name, stateVersion }) => [name, stateVersion] as const);
  const later = versions.filter(([, version]) => version > FIRST_VERSION);
  return later.length > 0 ? { stateVersions: Object.fromEntries(later) } : {};
}

/** For workers on the same machine, which can see when it ends; elsewhere than on Linux that cannot be told cheaply. */
function thisProcess() {
  const own = identityOf(process.pid);
  return own?.where === undefined ? undefined : own;
}
