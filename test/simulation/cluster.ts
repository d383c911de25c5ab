import { Neighbours } from '../../lib/engine/neighbours.js';
import { PartitionOwner } from '../../lib/engine/partition-owner.js';
import { shareActivities } from '../../lib/engine/shared-activities.js';
import { Loops } from '../../lib/engine/loops.js';
import { TaskWorker } from '../../lib/engine/task-worker.js';
import type { Host } from '../../lib/engine/host.js';
import type { HubPorts, Logger } from '../../lib/engine/ports.js';
import { ClosedError, OwnershipLostError } from '../../lib/errors.js';
import type { MemoryConnection } from '../../lib/memory/connection.js';
import type { MemoryHub } from '../../lib/memory/hub.js';
import { memoryHubPorts } from '../../lib/memory/hub-ports.js';
import type { ActivityContext } from '../../lib/core/activity-context.js';
import type { Surroundings } from './actors.js';
import type { Limits } from './chaos.js';
import type { Hosts } from './hosts.js';
import { processOf } from './processes.js';
import { WatchedActivations } from './watched-activations.js';

/** What user code sees of its world beside its own process. */
export interface Observed extends Omit<Surroundings, 'pause' | 'hold' | 'activityBegins'> {
  /** An attempt of an activity begins in a life of a worker. */
  activityBegins(context: ActivityContext, id: string, life: string): void;
}

/** Where workers live. */
interface Setting {
  readonly observed: Observed;
  /** What every worker hosts. */
  readonly hosts: Hosts;
  /** The workers that claimed a partition, one for each epoch of its log. */
  ownersOf(partition: number): readonly string[];
  readonly limits: Limits;
  /** How much longer messages from and to a worker take each way, in virtual milliseconds. */
  readonly distanceOf: (name: string) => number;
  /** Whether an owner may end for this reason and be followed by another. */
  readonly mayFail: (reason: Error) => boolean;
}

/** So long a worker may be silent before another claims what it owns, in virtual milliseconds. */
const LEASE = 1_500;
/** So long a process is down after it died. */
const RESTART = 700;

/** One life of a worker process. */
class WorkerLife {
  readonly connection: MemoryConnection;
  readonly ports: HubPorts;
  readonly owners = new Map<number, PartitionOwner>();
  readonly #host: Host;
  readonly #activities: ReturnType<typeof shareActivities>;
  readonly #tasks: TaskWorker;
  readonly #limits: Limits;
  readonly activations: WatchedActivations;
  /** The activities that run until nobody wants them any more. */
  readonly holding = new Set<ActivityContext>();
  frozenSince: number | undefined;

  constructor(hub: MemoryHub, name: string, { observed, limits, hosts, distanceOf }: Setting, logger: Logger) {
    this.#limits = limits;
    this.activations = new WatchedActivations(limits.idleBytes);
    this.connection = hub.connect(name);
    this.connection.distance = distanceOf(processOf(name));
    this.ports = memoryHubPorts(this.connection, logger);
    const pause = (milliseconds: number): Promise<void> =>
      new Promise((resolve) => void this.connection.later(milliseconds, resolve));
    this.#host = hosts.take(name, {
      ...observed,
      pause,
      hold: (context) => this.#hold(context),
      activityBegins: (context, id) => observed.activityBegins(context, id, name),
    });
    this.#activities = shareActivities(this.#host, this.ports);
    this.#tasks = new TaskWorker(this.ports, this.#host, this.#activities, new Loops(this.ports.clock));
  }

  #hold(context: ActivityContext): Promise<void> {
    this.holding.add(context);
    return new Promise((resolve) =>
      context.signal.addEventListener('abort', () => {
        this.holding.delete(context);
        resolve();
      }),
    );
  }

  /** Takes activities of the work queues. */
  start(): void {
    this.#tasks.start();
  }

  /** Takes no more activities of the work queues. */
  stopTasks(): Promise<void> {
    return this.#tasks.stop(3_000);
  }

  newOwner(partition: number): PartitionOwner {
    const alone = !this.#limits.handsOver && { neighbours: new Neighbours() };
    const options = {
      stopTimeoutInMilliseconds: 3_000,
      activities: { ...this.#activities, ...alone },
      activations: this.activations,
      mail: this.#limits.mail,
    };
    const owner = new PartitionOwner(partition, this.ports, this.#host, options);
    this.owners.set(partition, owner);
    return owner;
  }
}

/** Who owns a partition, as far as the cluster knows. */
interface Holding {
  readonly life: WorkerLife;
  readonly owner: PartitionOwner;
  isClaiming: boolean;
  hasEnded: boolean;
}

/**
 * Worker processes that claim, die, freeze and go on as zombies, and somebody who sees to it that every partition is
 * claimed by one that lives: not trusted for anything but that something goes on.
 */
export class Cluster {
  readonly #hub: MemoryHub;
  readonly #setting: Setting;
  readonly #newLogger: (name: string) => Logger;
  readonly #violation: (text: string) => void;
  readonly #lives = new Map<string, WorkerLife>();
  readonly #numbers = new Map<string, number>();
  readonly #holdings = new Map<number, Holding>();
  /** Claims so far. */
  takeovers = 0;
  readonly #owners: PartitionOwner[] = [];
  #hasBegun = false;
  #isOver = false;

  constructor(
    hub: MemoryHub,
    names: readonly string[],
    setting: Setting,
    newLogger: (name: string) => Logger,
    violation: (text: string) => void,
  ) {
    this.#hub = hub;
    this.#setting = setting;
    this.#newLogger = newLogger;
    this.#violation = violation;
    for (const name of names) this.#start(name);
  }

  /** How many history events were replayed. */
  get replayed(): number {
    return this.#owners.reduce((sum, { replayedEvents }) => sum + replayedEvents, 0);
  }

  /** The activities that processes which live do until nobody wants them any more. */
  get holding(): readonly ActivityContext[] {
    return [...this.#lives.values()].flatMap(({ holding }) => [...holding]);
  }

  /** Begins to look after the partitions. */
  start(): void {
    if (this.#isOver) return;
    if (!this.#hasBegun) {
      this.#hasBegun = true;
      for (const life of this.#lives.values()) life.start();
    }
    this.#supervise();
    this.#hub.world.scheduler.after(250, () => this.start());
  }

  kill(name: string): void {
    const life = this.#lives.get(name);
    if (!life) return;
    life.connection.kill();
    this.#lives.delete(name);
    this.#hub.world.scheduler.after(RESTART, () => this.#start(name));
  }

  freeze(name: string, milliseconds: number): void {
    const life = this.#lives.get(name);
    if (!life || life.frozenSince !== undefined) return;
    life.connection.process.freeze();
    life.frozenSince = this.#now;
    this.#hub.world.scheduler.after(milliseconds, () => this.#wake(life));
  }

  skew(name: string, milliseconds: number): void {
    const life = this.#lives.get(name);
    if (life) life.connection.clock.skew = milliseconds;
  }

  /** What a worker that lives is connected by. */
  connectionOf(name: string): MemoryConnection | undefined {
    return this.#lives.get(name)?.connection;
  }

  /** One worker takes a partition over, whoever owns it. */
  steal(name: string, partition: number): void {
    const life = this.#lives.get(name);
    if (life && life.frozenSince === undefined) this.#claim(life, partition);
  }

  /** Gives back gracefully what a worker owns; others claim it. */
  stop(name: string): void {
    const life = this.#lives.get(name);
    if (!life) return;
    for (const owner of life.owners.values()) void this.#giveBack(owner);
    life.owners.clear();
  }

  /** One that lives takes everything over, whoever has it. */
  takeAll(): void {
    const [life] = this.#lives.values();
    for (let partition = 0; life && partition < this.#hub.partitions; partition++) this.#claim(life, partition);
  }

  wakeAll(): void {
    for (const life of this.#lives.values()) this.#wake(life);
  }

  /** What owners have in memory of messages that wait, although none does any more. */
  get waiting(): readonly string[] {
    return [...this.#holdings].flatMap(([partition, { life, owner, hasEnded }]) => {
      const isOwner = !hasEnded && this.#setting.ownersOf(partition).at(-1) === life.connection.name;
      const { waitingBytes } = owner;
      return isOwner && waitingBytes !== 0
        ? [`leak: the owner of partition ${partition} has ${waitingBytes} bytes of messages that wait, and none does`]
        : [];
    });
  }

  /** What workers that live have in memory of instances that cannot go on or are not stored, although all is at rest. */
  get busy(): readonly string[] {
    return [...this.#lives].flatMap(([name, { activations }]) => {
      const { ready, unwritten } = activations.load;
      return ready === 0 && unwritten === 0
        ? []
        : [`leak: ${name} counts ${ready} inputs and ${unwritten} heads to be done`];
    });
  }

  /** What workers that live have in memory of instances although they own nothing any more. */
  get kept(): readonly string[] {
    return [...this.#lives].flatMap(
      ([
        name,
        {
          activations: { bytes },
        },
      ]) => (bytes === 0 ? [] : [`leak: ${name} owns nothing, and keeps ${bytes} bytes of instances`]),
    );
  }

  /** Stops all that live, gracefully; resolves when nothing is owned any more. */
  async end(): Promise<void> {
    this.#isOver = true;
    const owners = [...this.#lives.values()].flatMap((life) => [...life.owners.values()]);
    await Promise.all(owners.map((owner) => this.#giveBack(owner)));
    await Promise.all([...this.#lives.values()].map((life) => life.stopTasks()));
  }

  /** One that has lost its partition meanwhile says so. */
  async #giveBack(owner: PartitionOwner): Promise<void> {
    try {
      await owner.stop();
    } catch (error) {
      if (error instanceof ClosedError || error instanceof OwnershipLostError) return;
      if (!(error instanceof Error && this.#setting.mayFail(error))) throw error;
    }
  }

  get #now(): number {
    return this.#hub.world.scheduler.now;
  }

  #start(name: string): void {
    if (this.#isOver || this.#lives.has(name)) return;
    const number = (this.#numbers.get(name) ?? 0) + 1;
    this.#numbers.set(name, number);
    const life = `${name}.${number}`;
    const started = new WorkerLife(this.#hub, life, this.#setting, this.#newLogger(life));
    this.#lives.set(name, started);
    if (this.#hasBegun) started.start();
  }

  #wake(life: WorkerLife): void {
    life.frozenSince = undefined;
    life.connection.process.wake();
  }

  /** Claims what nobody who lives owns. */
  #supervise(): void {
    for (let partition = 0; partition < this.#hub.partitions; partition++) {
      const holding = this.#holdings.get(partition);
      if (holding && !holding.hasEnded && this.#isUp(holding.life)) continue;
      const lives = [...this.#lives.values()].filter((life) => life.frozenSince === undefined);
      const life = lives[(partition + this.takeovers) % Math.max(1, lives.length)];
      if (life) this.#claim(life, partition);
    }
  }

  #isUp(life: WorkerLife): boolean {
    if (!life.connection.isOpen) return false;
    return life.frozenSince === undefined || this.#now - life.frozenSince < LEASE;
  }

  #claim(life: WorkerLife, partition: number): void {
    const holding = this.#holdings.get(partition);
    if (holding?.life === life && holding.isClaiming) return;
    this.takeovers++;
    const former = life.owners.get(partition);
    if (former) void this.#giveBack(former);
    const since = this.#setting.ownersOf(partition).length;
    const owner = life.newOwner(partition);
    this.#owners.push(owner);
    const held: Holding = { life, owner, isClaiming: true, hasEnded: false };
    this.#holdings.set(partition, held);
    const end = (reason: Error | undefined): void => {
      held.isClaiming = false;
      held.hasEnded = true;
      if (reason === undefined || reason instanceof ClosedError || this.#setting.mayFail(reason)) return;
      if (reason instanceof OwnershipLostError && !this.#isOwner(held, partition, since)) return;
      this.#violation(`partition ${partition} of ${life.connection.name} failed: ${String(reason)}`);
    };
    owner.claim().then(() => (held.isClaiming = false), end);
    void owner.ended.then(end);
  }

  /** Whether nobody has claimed the partition since, not even the same worker another time. */
  #isOwner({ life }: Holding, partition: number, since: number): boolean {
    const owners = this.#setting.ownersOf(partition).slice(since);
    return owners.at(-1) === life.connection.name && owners.indexOf(life.connection.name) === owners.length - 1;
  }
}
