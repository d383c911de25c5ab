import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { connectTaskHub, TaskHubClient, type TaskHub } from 'perdure';
import { startEmbeddedServer, type EmbeddedServer } from '../../lib/nats/server/embedded-server.js';
import { entityAddress, partitionOf } from '../../lib/wire/addresses.js';
import { encodeMessage } from '../../lib/wire/message-codec.js';
import { until } from '../until.js';

const service = fileURLToPath(new URL('service.js', import.meta.url));

/** As `perdure worker` does and docs/guide/workers.md advises: else a worker's garbage grows with the machine's memory. */
const HEAP = ['--max-old-space-size=1024'];

/** The kernel counts CPU time in hundredths of a second, and so much of it in memory pages of 4 KiB. */
const TICK = 10_000;
const PAGE = 4_096;

const failed = (): never => {
  throw new Error('The worker ended before it was ready');
};

/** Whether the server writes each message to the disk before it acknowledges it, or as it does by default. */
export type Sync = 'default' | 'always';

/** As an option says it. */
export function syncOf(text: string): Sync {
  if (text === 'default' || text === 'always') return text;
  throw new Error(`--sync: default or always, not ${text}`);
}

/** How a rig is set up. */
export interface RigOptions {
  readonly name?: string;
  readonly sync?: Sync;
  readonly workers?: number;
  /** How Node.js is told to run the workers. Default: as `perdure worker` does. */
  readonly nodeOptions?: readonly string[];
}

/** CPU time in microseconds, and memory in bytes. */
export interface ProcessUsage {
  readonly cpu: number;
  readonly rss: number;
}

/** What the processes have taken since their starts, and what the streams hold. */
export interface Usage {
  readonly server: ProcessUsage;
  readonly workers: readonly ProcessUsage[];
  readonly client: ProcessUsage;
  readonly storedBytes: number;
  /** Records of all logs that were ever stored. */
  readonly commits: number;
}

/** A server, workers in processes of their own, and a client in this one. */
export class Rig implements AsyncDisposable {
  readonly workers: ChildProcess[] = [];

  private constructor(
    readonly server: EmbeddedServer,
    readonly hub: TaskHub,
    readonly client: TaskHubClient,
    readonly folder: string | undefined,
    private readonly nodeOptions: readonly string[],
  ) {}

  static async start(options: RigOptions = {}): Promise<Rig> {
    const { name = 'bench', sync = 'default', workers = 1, nodeOptions = HEAP } = options;
    // A kept folder is written as a user's is: each message is on the disk before it is acknowledged.
    const folder = sync === 'always' ? await mkdtemp(join(tmpdir(), 'perdure-bench-')) : undefined;
    const onProgress = (): void => {};
    const server = await startEmbeddedServer(
      folder === undefined ? { temporary: true, onProgress } : { folder, onProgress },
    );
    const hub = await connectTaskHub({ name, servers: server.url });
    const rig = new Rig(server, hub, new TaskHubClient(hub, { timeoutInMilliseconds: 600_000 }), folder, nodeOptions);
    for (let i = 0; i < workers; i++) await rig.startWorker();
    return rig;
  }

  /** `script`: what runs as a worker, answers as the service does and takes the same arguments. */
  async startWorker(script = service): Promise<ChildProcess> {
    const worker = fork(script, [this.server.url, this.hub.ports.name], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      execArgv: [...process.execArgv, ...this.nodeOptions],
    });
    await Promise.race([once(worker, 'message'), once(worker, 'exit').then(failed)]);
    this.workers.push(worker);
    return worker;
  }

  async stopWorker(worker: ChildProcess, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    this.workers.splice(this.workers.indexOf(worker), 1);
    const ended = once(worker, 'exit');
    worker.kill(signal);
    await ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const worker of this.workers.slice()) await this.stopWorker(worker);
    await this.client.close();
    await this.hub.close();
    await this.server.stop();
    if (this.folder !== undefined) await rm(this.folder, { recursive: true, force: true });
  }

  /** Kills the server with -9 and waits until it serves again. */
  async killAndRestartServer(): Promise<void> {
    const { pid } = this.server;
    if (pid !== undefined) process.kill(pid, 'SIGKILL');
    await until(() => this.server.pid !== undefined && this.server.pid !== pid, 'the server to be started again');
  }

  /** What a worker takes now: memory, and CPU time since its start in microseconds. */
  async usageOf(worker: ChildProcess): Promise<{ readonly memory: NodeJS.MemoryUsage; readonly cpu: number }> {
    const answer = once(worker, 'message') as Promise<[{ memory: NodeJS.MemoryUsage; cpu: NodeJS.CpuUsage }]>;
    worker.send('usage');
    const [{ memory, cpu }] = await answer;
    return { memory, cpu: cpu.user + cpu.system };
  }

  async usage(): Promise<Usage> {
    const workers: ProcessUsage[] = [];
    for (const worker of this.workers) {
      const { memory, cpu } = await this.usageOf(worker);
      workers.push({ cpu, rss: memory.rss });
    }
    const { user, system } = process.cpuUsage();
    const client = { cpu: user + system, rss: process.memoryUsage.rss() };
    return { server: await this.#usageOfServer(), workers, client, ...(await this.#streams()) };
  }

  async serverVersion(): Promise<string> {
    const { version } = (await (await fetch(`${this.server.monitorUrl}/varz`)).json()) as { version: string };
    return version;
  }

  async #usageOfServer(): Promise<ProcessUsage> {
    // Linux tells it, by fields that follow the name in parentheses; elsewhere nobody does.
    const text = await readFile(`/proc/${this.server.pid}/stat`, 'utf8').catch(() => '');
    const fields = text
      .slice(text.lastIndexOf(')') + 2)
      .split(' ')
      .map(Number);
    const [user = 0, system = 0, pages = 0] = [fields[11], fields[12], fields[21]];
    return { cpu: (user + system) * TICK, rss: pages * PAGE };
  }

  async #streams(): Promise<Pick<Usage, 'storedBytes' | 'commits'>> {
    const streams = await streamsAt(this.server.monitorUrl);
    const logs = streams.filter(({ name }) => name.endsWith('-log'));
    return {
      storedBytes: streams.reduce((sum, { state }) => sum + state.bytes, 0),
      commits: logs.reduce((sum, { state }) => sum + state.last_seq, 0),
    };
  }

  /** Signals as other languages send them, without a session, several hundred at a time. */
  async flood(count: number, keyOf: (i: number) => string, operation = 'add', input = 1): Promise<void> {
    const { ports } = this.hub;
    const body = encodeMessage({ kind: 'operation', name: operation, input });
    const subjects = new Map<string, readonly [partition: number, subject: string]>();
    const place = (key: string) => {
      const known = subjects.get(key);
      if (known) return known;
      const address = entityAddress({ name: 'tally', key });
      const partition = partitionOf(address, ports.partitions);
      const made = [partition, ports.subjects.partition(partition).mail(address)] as const;
      subjects.set(key, made);
      return made;
    };
    let next = 0;
    await many(500, async () => {
      while (next < count) {
        const [partition, subject] = place(keyOf(next++));
        if ((await ports.mailOf(partition).send(subject, body)) === undefined) throw new Error('A send was lost');
      }
    });
  }

  /** The totals of entities, asked with an operation: all that was sent to each before is in it. */
  async totals(keys: readonly string[]): Promise<number[]> {
    const totals: number[] = [];
    for (let at = 0; at < keys.length; at += 200) {
      const asked = keys.slice(at, at + 200).map((key) => this.client.callEntity<number>('tally', key, 'add', 0));
      totals.push(...(await Promise.all(asked)));
    }
    return totals;
  }

  async total(keys: readonly string[]): Promise<number> {
    return (await this.totals(keys)).reduce((sum, total) => sum + total, 0);
  }
}

/** A stream as the server's monitoring tells of it. */
interface StreamDetail {
  readonly name: string;
  readonly state: { readonly messages: number; readonly bytes: number; readonly last_seq: number };
}

/** All streams of a server, by its monitoring. */
export async function streamsAt(monitorUrl: string): Promise<readonly StreamDetail[]> {
  const answer = (await (await fetch(`${monitorUrl}/jsz?streams=true`)).json()) as {
    readonly account_details: readonly { readonly stream_detail: readonly StreamDetail[] }[];
  };
  return answer.account_details.flatMap((account) => account.stream_detail);
}

/** Runs something several times beside itself. */
export async function many(width: number, run: () => Promise<void>): Promise<void> {
  await Promise.all(Array.from({ length: width }, run));
}
