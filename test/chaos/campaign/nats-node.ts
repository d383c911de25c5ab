import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { askServerInfo } from '../../../lib/nats/server/server-info.js';
import { until } from '../../until.js';

/** One node of a cluster: its name, and where it and the others listen for each other. */
export interface ClusterPlace {
  readonly name: string;
  readonly port: number;
  readonly routes: readonly number[];
}

/** How a node is run. */
export interface NodeOptions {
  readonly binary: string;
  readonly folder: string;
  readonly port: number;
  readonly cluster?: ClusterPlace | undefined;
}

/** One nats-server process, always on the same port and store, that can be killed, frozen and started again. */
export class NatsNode {
  readonly port: number;
  readonly name: string;
  readonly #options: NodeOptions;
  #child: ChildProcess | undefined;

  constructor(options: NodeOptions) {
    this.#options = options;
    this.port = options.port;
    this.name = options.cluster?.name ?? 'server';
    process.once('exit', () => this.#child?.kill('SIGKILL'));
  }

  get url(): string {
    return `nats://127.0.0.1:${this.port}`;
  }

  get isRunning(): boolean {
    return this.#child !== undefined;
  }

  get pid(): number {
    if (this.#child?.pid === undefined) throw new Error(`nats-server ${this.name} is down.`);
    return this.#child.pid;
  }

  /** What it has logged. */
  log(): Promise<string> {
    return readFile(this.#logFile, 'utf8');
  }

  get #logFile(): string {
    return join(this.#options.folder, 'server.log');
  }

  /** Starts it and waits until it takes connections. */
  async start(): Promise<void> {
    const { binary, folder } = this.#options;
    await mkdir(folder, { recursive: true });
    const file = join(folder, 'server.conf');
    await writeFile(file, configurationOf(this.#options));
    const child = spawn(binary, ['-c', file, '-l', this.#logFile], { stdio: 'ignore' });
    this.#child = child;
    child.once('exit', () => {
      if (this.#child === child) this.#child = undefined;
    });
    await until(async () => (await askServerInfo(this.url)) !== undefined, `nats-server ${this.name} to answer`);
  }

  /** Ends it with a signal; resolves with the signal or code that it really ended with. */
  async end(signal: 'SIGKILL' | 'SIGTERM'): Promise<string | number | null> {
    const child = this.#child;
    if (!child) return null;
    const ended = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>;
    child.kill('SIGCONT');
    child.kill(signal);
    const [code, by] = await ended;
    return by ?? code;
  }
}

function configurationOf({ folder, port, cluster }: NodeOptions): string {
  const own = `listen: "127.0.0.1:${port}"\njetstream { store_dir: "${folder}" }\n`;
  if (!cluster) return own;
  const routes = cluster.routes.map((route) => `nats-route://127.0.0.1:${route}`).join(', ');
  return `${own}server_name: ${cluster.name}
cluster { name: chaos, listen: "127.0.0.1:${cluster.port}", no_advertise: true, routes: [${routes}] }
`;
}

/** Ports that were free a moment ago. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'));
  await Promise.all(servers.map((server) => once(server, 'listening')));
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => once(server.close(), 'close')));
  return ports;
}
