import { Entity, Operation } from '../../decorators/index.js';
import { TaskHubClient } from '../../lib/client/task-hub-client.js';
import type { Logger } from '../../lib/engine/ports.js';
import type { MemoryConnection } from '../../lib/memory/connection.js';
import type { Fault, FaultPlan, PortCall } from '../../lib/memory/faults.js';
import { memoryHubPorts } from '../../lib/memory/hub-ports.js';
import type { MemoryHub } from '../../lib/memory/hub.js';
import { SeededRandom } from '../../lib/memory/random.js';
import { MemoryWorld } from '../../lib/memory/world.js';
import { entityAddress, partitionOf } from '../../lib/wire/addresses.js';
import { decodeHead } from '../../lib/wire/head-codec.js';
import { partitionSubjects } from '../../lib/wire/subjects.js';
import { TaskHubWorker } from '../../lib/worker/task-hub-worker.js';
import { hash } from './chaos.js';
import { LeaseWatch } from './lease-watch.js';
import { processOf, WORKERS } from './processes.js';
import { leap } from './trouble.js';

/** What happens to one worker, in virtual milliseconds. */
export interface WorkerIncident {
  readonly at: number;
  readonly target: string;
  /**
   * `stall`: one partition of it cannot reach its log; `refuse`: the server refuses what it sends, to the hub's bucket only if
   * the partition is even; `leap`: its clock leaps by so much, ahead or, if the partition is odd, back.
   */
  readonly do: 'kill' | 'freeze' | 'cut' | 'stop' | 'stall' | 'refuse' | 'leap';
  /** Also: how long it is down. */
  readonly for: number;
  readonly partition: number;
}

/** What came of one simulation of workers. */
export interface WorkersReport {
  readonly seed: number;
  readonly plan: WorkersPlan;
  readonly violations: readonly string[];
  readonly trace: readonly string[];
  readonly claims: number;
}

const PARTITIONS = 5;
/** The workers have shared the partitions out by then. */
const SETTLED = 15_000;
/** From one incident to the next: each shows by itself what it brings about. */
const SPACE = 30_000;
/** It begins so much later at the most. */
const LATEST = 2_000;
/** A partition of a worker that died has another owner within so many milliseconds. */
const TAKEOVER = 11_000;
/** A partition that was given back has one within so many. */
const HANDOVER = 1_000;
/** Four lost requests one after the other cost this much more: of some fifteen that a claim makes, up to one in ten is lost. */
const PATIENCE = 15_000;
/** A claim by a worker that is far away, some ten answers of up to 0.8 s one after the other, and what may be lost on top of that. */
const FAR_PATIENCE = 16_000;
const HUB = 'shared';
/** Tells the source of troubles from that of the other incidents. */
const TROUBLE = 0x7e0b1e;
/** What does not answer when a partition's log does not. */
const isOfLog = new Set<PortCall['port']>(['log', 'storage']);

/** What goes wrong in one simulation of workers. */
export interface WorkersPlan {
  readonly incidents: readonly WorkerIncident[];
  /** The share of calls that are lost, and that are not answered. */
  readonly loss: number;
  /** A worker that is far from the server, and how far, in milliseconds each way. */
  readonly far?: { readonly name: string; readonly by: number } | undefined;
}

/** Workers that share out the partitions of a hub under faults, drawn from the seed unless given. */
export function simulateWorkers(seed: number, isTraced = false, plan = workersPlan(seed)): Promise<WorkersReport> {
  return new WorkersSimulation(seed, isTraced, plan).run();
}

function workersPlan(seed: number): WorkersPlan {
  const random = new SeededRandom(seed);
  const loss = random.next() < 0.5 ? 0 : random.next() * 0.05;
  const incidents = Array.from({ length: 1 + random.below(3) }, (_, at) => incident(random, at));
  const ofTrouble = new SeededRandom(seed ^ TROUBLE); // its own source: the others draw what they drew without it
  const troubles = trouble(ofTrouble, incidents.length);
  const isFar = ofTrouble.next() < 0.15;
  const far = isFar && { name: WORKERS[ofTrouble.below(WORKERS.length)]!, by: 25 + ofTrouble.below(375) };
  return { loss, incidents: [...incidents, ...troubles], ...(far && { far }) };
}

@Entity('counter')
class Counter {
  state = { seen: [] as string[] };
  @Operation({ input: String }) add(id: string): void {
    this.state.seen.push(id);
  }
}

/** One life of a worker process. */
interface Life {
  readonly connection: MemoryConnection;
  worker: TaskHubWorker | undefined;
}

class WorkersSimulation implements FaultPlan {
  readonly #seed: number;
  readonly #world: MemoryWorld;
  readonly #hub: MemoryHub;
  readonly #watch: LeaseWatch;
  readonly #plan: WorkersPlan;
  readonly #lives = new Map<string, Life>();
  readonly #numbers = new Map<string, number>();
  readonly #calls = new Map<string, number>();
  readonly #accepted = new Map<string, string[]>();
  readonly #violations: string[] = [];
  readonly #trace: string[] = [];
  readonly #isTraced: boolean;
  #isCalm = false;

  constructor(seed: number, isTraced: boolean, plan: WorkersPlan) {
    this.#seed = seed;
    this.#isTraced = isTraced;
    this.#plan = plan;
    this.#world = new MemoryWorld({ seed, faults: this });
    this.#hub = this.#world.createHub(HUB, PARTITIONS);
    this.#watch = new LeaseWatch(this.#hub, (text) => this.#violation(text));
    this.#hub.bucket.observe(({ subject, body }) => this.#note(`${subject} ${new TextDecoder().decode(body)}`));
  }

  async run(): Promise<WorkersReport> {
    const { scheduler } = this.#world;
    try {
      for (const [at, name] of WORKERS.entries()) scheduler.after(at * 100, () => this.#start(name));
      this.#signalAll();
      await scheduler.advance(SETTLED);
      for (const each of this.#plan.incidents) await this.#play(each);
      this.#isCalm = true;
      await scheduler.advance(SPACE);
      const claims = this.#watch.claims;
      await scheduler.advance(SPACE);
      if (this.#watch.claims !== claims) this.#violation('P21: partitions are claimed although nobody comes or goes');
      await this.#end();
    } catch (error) {
      this.#violation(`the simulation failed: ${error instanceof Error ? error.stack : String(error)}`);
    }
    const { claims } = this.#watch;
    return { seed: this.#seed, plan: this.#plan, violations: this.#violations, trace: this.#trace, claims };
  }

  next({ connection, port, operation, partition }: PortCall): Fault {
    const now = this.#world.scheduler.now;
    const name = processOf(connection);
    for (const { do: what, target, at, for: time, partition: stalled } of this.#plan.incidents) {
      if (target !== name || now < at || now >= at + time) continue;
      if (what === 'cut' || (what === 'stall' && isOfLog.has(port) && partition === stalled)) return 'requestLost';
      if (what === 'refuse' && (port === 'store' || stalled % 2 === 1)) return 'refused';
    }
    const { loss } = this.#plan;
    if (this.#isCalm || loss === 0) return 'none';
    const call = `${connection} ${port}.${operation} ${partition}`;
    const count = (this.#calls.get(call) ?? 0) + 1;
    this.#calls.set(call, count);
    const drawn = hash(`${call} #${count}`, this.#seed) / 2 ** 32;
    return drawn < loss ? 'requestLost' : drawn < 2 * loss ? 'responseLost' : 'none';
  }

  #start(name: string): void {
    const number = (this.#numbers.get(name) ?? 0) + 1;
    this.#numbers.set(name, number);
    const connection = this.#hub.connect(`${name}.${number}`);
    const { far } = this.#plan;
    if (far?.name === name) connection.distance = far.by;
    const life: Life = { connection, worker: undefined };
    this.#lives.set(name, life);
    const ports = memoryHubPorts(connection, this.#logger(connection));
    let isNew = true;
    const id = (): string => {
      const drawn = ports.random.id();
      if (isNew) this.#watch.begins(connection, drawn); // the first is the worker's own
      isNew = false;
      return drawn;
    };
    TaskHubWorker.start({ ports: { ...ports, random: { id } } }, { entities: [Counter] }).then(
      (worker) => (life.worker = worker),
      (error: unknown) => this.#violation(`${connection.name} did not start: ${String(error)}`),
    );
  }

  #logger({ name }: MemoryConnection): Logger {
    const note = (message: string): void => this.#note(`${name}: ${message}`);
    return {
      debug: note,
      info: note,
      warn: (message) => {
        note(message);
        this.#watch.warned(name, message);
      },
      error: (message) => {
        if (message.startsWith('The server refused something') && this.#isRefused(name)) note(message);
        else this.#violation(`${name} logged an error: ${message}`);
      },
    };
  }

  #isRefused(name: string): boolean {
    return this.#plan.incidents.some(({ do: what, target }) => what === 'refuse' && target === processOf(name));
  }

  async #play({ do: what, target, at, for: time, partition }: WorkerIncident): Promise<void> {
    const { scheduler } = this.#world;
    await scheduler.advance(at - scheduler.now);
    this.#note(`${target}: ${what} for ${time}, partition ${partition}`);
    const life = this.#lives.get(target)!;
    const had = this.#watch.partitionsOf(life.connection);
    const later = (run: () => void): void => void scheduler.after(time, run);
    if (what === 'kill') {
      life.connection.kill();
      later(() => this.#start(target));
    } else if (what === 'freeze') {
      life.connection.process.freeze();
      later(() => life.connection.process.wake());
    } else if (what === 'leap') life.connection.clock.leap(partition % 2 === 0 ? time : -time);
    else if (what === 'stop') {
      void life.worker?.stop().then(() => {
        later(() => this.#start(target));
        scheduler.after(HANDOVER + this.#patience, () => this.#taken(had, life, 'its stop'));
      });
    }
    const limit = TAKEOVER + this.#patience;
    const lost = what === 'kill' ? had : what === 'stall' && time > limit ? had.filter((one) => one === partition) : [];
    await scheduler.advance(limit);
    this.#taken(lost, life, `its ${what}, for ${limit} ms`);
    await scheduler.advance(at + SPACE - LATEST - scheduler.now);
  }

  get #patience(): number {
    if (this.#plan.far) return FAR_PATIENCE;
    return this.#plan.loss > 0 ? PATIENCE : 0;
  }

  /** Partitions that a worker had are others' by now. */
  #taken(partitions: readonly number[], { connection: { name } }: Life, since: string): void {
    for (const partition of partitions)
      if (this.#watch.runsAt(partition) === name)
        this.#violation(`P21: partition ${partition} is not taken over from ${name} since ${since}`);
  }

  /** A client signals all the time; what is acknowledged counts. */
  #signalAll(): void {
    const connection = this.#hub.connect('client');
    const client = new TaskHubClient(
      { ports: memoryHubPorts(connection, this.#logger(connection)) },
      { timeoutInMilliseconds: 3_000_000 },
    );
    let n = 0;
    const signal = (): void => {
      if (this.#isCalm) return;
      const [key, id] = [`k${n % 7}`, `s${n++}`];
      client.signalEntity('counter', key, 'add', id).then(
        () => this.#accepted.set(key, [...(this.#accepted.get(key) ?? []), id]),
        (error: unknown) => this.#violation(`${id} failed: ${String(error)}`),
      );
      this.#world.scheduler.after(700, signal);
    };
    signal();
  }

  async #end(): Promise<void> {
    const { scheduler } = this.#world;
    this.#watch.atRest(Array.from(this.#lives.values(), ({ connection }) => connection.name));
    const workers = [...this.#lives.values()].flatMap(({ worker }) => worker ?? []);
    await scheduler.settle(Promise.all(workers.map((worker) => worker.stop())));
    for (const [key, ids] of this.#accepted) {
      const address = entityAddress({ name: 'counter', key });
      const partition = partitionOf(address, PARTITIONS);
      const subject = partitionSubjects(HUB, partition).head(address);
      const stored = this.#hub.streams(partition).state.latest(subject);
      const head = stored && decodeHead(stored.body, subject);
      const seen = head?.type === 'entity' ? (head.state as { seen: string[] }).seen : [];
      if (JSON.stringify(seen) !== JSON.stringify(ids))
        this.#violation(`counter ${key} has ${JSON.stringify(seen)}, accepted were ${JSON.stringify(ids)}`);
    }
  }

  #violation(text: string): void {
    this.#violations.push(text);
    this.#note(`VIOLATION: ${text}`);
  }

  #note(text: string): void {
    if (this.#isTraced) this.#trace.push(`${this.#world.scheduler.now.toFixed(2).padStart(9)} ${text}`);
  }
}

function incident(random: SeededRandom, number: number): WorkerIncident {
  const kinds = ['kill', 'kill', 'freeze', 'freeze', 'cut', 'stop', 'stall'] as const;
  return {
    at: SETTLED + number * SPACE + random.below(LATEST),
    target: WORKERS[random.below(WORKERS.length)]!,
    do: kinds[random.below(kinds.length)]!,
    for: 500 + random.below(18_000),
    partition: random.below(PARTITIONS),
  };
}

/** In some of the seeds one more: what is wrong with permissions, or with a clock. */
function trouble(random: SeededRandom, number: number): WorkerIncident[] {
  const drawn = random.next();
  const common = {
    at: SETTLED + number * SPACE + random.below(LATEST),
    target: WORKERS[random.below(WORKERS.length)]!,
    partition: random.below(PARTITIONS),
  };
  if (drawn < 0.1) return [{ ...common, do: 'refuse', for: 500 + random.below(18_000) }];
  if (drawn < 0.2) return [{ ...common, do: 'leap', for: Math.abs(leap(random)) }];
  return [];
}
