import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { SeededRandom } from '../../../lib/memory/random.js';
import { noCounts, type PortCounts } from './counting-ports.js';
import { TcpProxy } from './tcp-proxy.js';
import type { AuditPlace } from './worker.js';
import { WorkerProcess } from './worker-process.js';

/** What all workers have in common. */
export interface FleetOptions {
  readonly hub: string;
  readonly folder: string;
  /** The ports of the servers: each worker has a proxy for each. */
  readonly servers: readonly number[];
  readonly execArgv?: readonly string[] | undefined;
}

/** How a worker ended that was stopped, and what it had logged last. */
export interface Stopped {
  readonly end: string | number;
  readonly lines: readonly string[];
}

/** One that is told to stop may block for 20 s first, and has 16 s to stop then, in milliseconds. */
const STOP = 60_000;
const LAST_LINES = 5;

/** The place of one worker: when its process ends another one is started in it. */
export class Slot {
  readonly proxies: readonly TcpProxy[];
  readonly #options: FleetOptions;
  readonly #random: SeededRandom;
  readonly #former: WorkerProcess[] = [];
  #worker: WorkerProcess;
  #isOver = false;

  constructor(
    readonly name: string,
    proxies: readonly TcpProxy[],
    options: FleetOptions,
    random: SeededRandom,
  ) {
    this.proxies = proxies;
    this.#options = options;
    this.#random = random;
    this.#worker = this.#start();
  }

  get worker(): WorkerProcess {
    return this.#worker;
  }

  /** All its processes so far. */
  get workers(): readonly WorkerProcess[] {
    return [...this.#former, this.#worker];
  }

  /** Ends its worker gracefully, for good. */
  async stop(): Promise<Stopped> {
    this.#isOver = true;
    const worker = this.#worker;
    worker.signal('SIGCONT');
    worker.signal('SIGTERM');
    const late = setTimeout(() => worker.signal('SIGKILL'), STOP);
    const end = await worker.ended;
    clearTimeout(late);
    for (const proxy of this.proxies) await proxy.close();
    return { end, lines: worker.lines.slice(-LAST_LINES) };
  }

  #start(): WorkerProcess {
    const { hub, folder, execArgv } = this.#options;
    const worker = new WorkerProcess({
      url: this.proxies.map(({ url }) => url).join(','),
      hub,
      ledger: join(folder, `${this.name}-${this.#former.length}.ledger`),
      execArgv,
    });
    void worker.ended.then(() => this.#replace(worker));
    return worker;
  }

  async #replace(worker: WorkerProcess): Promise<void> {
    await delay(200 + this.#random.below(800));
    if (this.#isOver) return;
    this.#former.push(worker);
    this.#worker = this.#start();
  }
}

/** The worker processes of a run. */
export class Fleet {
  private constructor(readonly slots: readonly Slot[]) {}

  static async start(size: number, options: FleetOptions, random: SeededRandom): Promise<Fleet> {
    const slots = Array.from({ length: size }, async (_, at) => {
      const proxies = await Promise.all(options.servers.map((port) => TcpProxy.start(port)));
      return new Slot(`worker-${at}`, proxies, options, random);
    });
    return new Fleet(await Promise.all(slots));
  }

  /** Resolves when all workers host their programs. */
  async whenUp(): Promise<void> {
    await Promise.all(this.slots.map(({ worker }) => worker.ready));
  }

  /** What all processes counted together. A process that was killed has not told its last tenth of a second. */
  get counts(): PortCounts {
    const sum = noCounts();
    for (const { workers } of this.slots)
      for (const { counts } of workers)
        for (const key of Object.keys(sum) as (keyof PortCounts)[]) sum[key] += counts[key];
    return sum;
  }

  /** What all its processes logged as warnings or worse, each line behind its process. */
  get lines(): readonly string[] {
    return this.slots.flatMap(({ name, workers }) =>
      workers.flatMap(({ pid, lines }) => lines.map((line) => `${name} ${pid}: ${line}`)),
    );
  }

  tell(place: AuditPlace): void {
    for (const { worker } of this.slots) worker.tell(place);
  }

  async stop(): Promise<Stopped[]> {
    return Promise.all(this.slots.map((slot) => slot.stop()));
  }
}
