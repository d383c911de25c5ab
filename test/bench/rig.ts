import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { connectTaskHub, TaskHubClient, type TaskHub } from 'perdure';
import { entityAddress, partitionOf } from '../../lib/wire/addresses.js';
import { encodeMessage } from '../../lib/wire/message-codec.js';
import { startTestServer, type TestServer } from '../servers.js';

const script = fileURLToPath(new URL('service.js', import.meta.url));

/** As docs/guide/workers.md advises: else a worker's garbage grows with the machine's memory. */
const HEAP = '--max-old-space-size=1024';

const failed = (): never => {
  throw new Error('The worker ended before it was ready');
};

/** A server, a worker in a process of its own, and a client in this one. */
export class Rig implements AsyncDisposable {
  private constructor(
    readonly server: TestServer,
    readonly hub: TaskHub,
    readonly client: TaskHubClient,
    readonly worker: ChildProcess,
  ) {}

  static async start(name = 'bench'): Promise<Rig> {
    const server = await startTestServer();
    const hub = await connectTaskHub({ name, servers: server.url });
    const worker = fork(script, [server.url, name], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      execArgv: [HEAP],
    });
    await Promise.race([once(worker, 'message'), once(worker, 'exit').then(failed)]);
    const client = new TaskHubClient(hub, { timeoutInMilliseconds: 600_000 });
    return new Rig(server, hub, client, worker);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = once(this.worker, 'exit');
    this.worker.kill('SIGTERM');
    await ended;
    await this.client.close();
    await this.hub.close();
    await this.server.stop();
  }

  /** What the worker takes now: memory, and CPU time since its start in microseconds. */
  async usage(): Promise<{ readonly memory: NodeJS.MemoryUsage; readonly cpu: number }> {
    const answer = once(this.worker, 'message') as Promise<[{ memory: NodeJS.MemoryUsage; cpu: NodeJS.CpuUsage }]>;
    this.worker.send('usage');
    const [{ memory, cpu }] = await answer;
    return { memory, cpu: cpu.user + cpu.system };
  }

  /** Runs and says how many a second, and the worker's CPU time for each: the other processes' load is not in it. */
  async rate(what: string, count: number, run: () => Promise<void>): Promise<void> {
    const before = await this.usage();
    const begun = performance.now();
    await run();
    const took = performance.now() - begun;
    const { cpu } = await this.usage();
    const each = ((cpu - before.cpu) / count).toFixed(1);
    console.log(`${what}: ${Math.round((1_000 * count) / took)}/s, ${each} µs of the worker's CPU time each`);
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
    const send = async (): Promise<void> => {
      while (next < count) {
        const [partition, subject] = place(keyOf(next++));
        if ((await ports.mailOf(partition).send(subject, body)) === undefined) throw new Error('A send was lost');
      }
    };
    await Promise.all(Array.from({ length: 500 }, send));
  }

  /** The total of entities, asked with an operation: all that was sent to each before is in it. */
  async total(keys: readonly string[]): Promise<number> {
    let sum = 0;
    for (let at = 0; at < keys.length; at += 200) {
      const asked = keys.slice(at, at + 200).map((key) => this.client.callEntity<number>('tally', key, 'add', 0));
      for (const total of await Promise.all(asked)) sum += total;
    }
    return sum;
  }
}
