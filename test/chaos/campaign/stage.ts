import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { ConfigError, type Logger } from 'perdure';
import type { SeededRandom } from '../../../lib/memory/random.js';
import type { Subscription } from '../../../lib/engine/ports.js';
import { connectSession } from '../../../lib/nats/connect.js';
import { openHub, type NatsHub } from '../../../lib/nats/hub.js';
import type { Session } from '../../../lib/nats/session.js';
import type { StreamKind } from '../../../lib/wire/subjects.js';
import { startClient, stopClient, type ProxiedClient } from './clients.js';
import { Fleet } from './fleet.js';
import { LogAudit } from './log-audit.js';
import { readLogs } from './log-reader.js';
import type { NatsNode } from './nats-node.js';
import type { SendCounts } from './retrying-mail.js';
import { startNodes } from './servers.js';

const HUB = 'chaos';
const PARTITIONS = 8;
const CLIENTS = ['c1', 'c2'];
/** A new cluster may need so many milliseconds until it knows its own nodes. */
const FORMING = 30_000;
/** The audit is beside the workers, and has at most so many milliseconds to catch up in the end. */
const CATCH_UP = 30_000;
/** So often the workers hear what it has read, which their logs may forget, in milliseconds. */
const TOLD = 100;

/** How the stage is set. */
export interface StageOptions {
  readonly workers: number;
  readonly replicas: number;
  readonly execArgv?: readonly string[] | undefined;
}

/** Servers, workers and clients as processes and connections of their own, and those who watch them. */
export class Stage implements AsyncDisposable {
  readonly sends: SendCounts = { acknowledged: 0, unknown: 0, copies: 0 };
  readonly nodes: readonly NatsNode[];
  readonly version: string;
  readonly folder: string;
  readonly hub!: NatsHub;
  readonly audit!: LogAudit;
  readonly fleet!: Fleet;
  readonly clients!: readonly ProxiedClient[];
  #reader: Subscription | undefined;
  readonly #cleanUp: (() => Promise<unknown>)[] = [];

  private constructor(folder: string, { nodes, version }: Awaited<ReturnType<typeof startNodes>>) {
    this.folder = folder;
    this.nodes = nodes;
    this.version = version;
    this.#cleanUp.push(
      () => rm(folder, { recursive: true, force: true }),
      () => Promise.all(nodes.map((node) => node.end('SIGKILL'))),
    );
  }

  static async set(options: StageOptions, random: SeededRandom): Promise<Stage> {
    const folder = await mkdtemp(join(tmpdir(), 'perdure-chaos-'));
    const stage = new Stage(folder, await startNodes(options.replicas, folder));
    try {
      await stage.#fill(options, random);
      return stage;
    } catch (error) {
      await stage[Symbol.asyncDispose]();
      throw error;
    }
  }

  async #fill({ workers, replicas, execArgv }: StageOptions, random: SeededRandom): Promise<void> {
    const servers = this.nodes.map(({ port }) => port);
    const session = await connectSession({ servers: this.nodes.map(({ url }) => url), logger: silent });
    this.#cleanUp.push(() => session.close());
    const hub = await openFormedHub(session, { name: HUB, partitions: PARTITIONS, replicas });
    const audit = new LogAudit(PARTITIONS);
    this.#reader = readLogs(hub, this.folder, audit, silent);
    const fleet = await Fleet.start(workers, { hub: HUB, folder: this.folder, servers, execArgv }, random.fork());
    this.#cleanUp.push(() => fleet.stop());
    const telling = setInterval(() => fleet.tell({ readUpTo: audit.readUpTo }), TOLD);
    this.#cleanUp.push(async () => clearInterval(telling));
    const clients = await Promise.all(
      CLIENTS.map((name) => startClient(name, HUB, servers, random.fork(), this.sends)),
    );
    this.#cleanUp.push(() => Promise.all(clients.map(stopClient)));
    await fleet.whenUp();
    Object.assign(this, { hub, audit, fleet, clients });
  }

  /** The names of the partitions' streams of a kind. */
  streams(kind: StreamKind): string[] {
    const { subjects, partitions } = this.hub;
    return Array.from({ length: partitions }, (_, partition) => subjects.partition(partition).streamName(kind));
  }

  /** How many messages all mail streams have taken. */
  async mailStored(): Promise<number> {
    const infos = await Promise.all(this.streams('mail').map((stream) => this.hub.jetStream.info(stream)));
    return infos.reduce((sum, { state }) => sum + state.last_seq, 0);
  }

  /** How many tasks the work queues have taken. */
  async tasksStored(): Promise<number> {
    return (await this.hub.jetStream.info(this.hub.subjects.tasksStream)).state.last_seq;
  }

  /** Ends the audit once it has read all that is stored. */
  async endAudit(): Promise<void> {
    const deadline = performance.now() + CATCH_UP;
    for (const [partition, stream] of this.streams('log').entries()) {
      const { last_seq } = (await this.hub.jetStream.info(stream)).state;
      while (this.audit.readUpTo[partition]! < last_seq && performance.now() < deadline) await delay(20);
      const read = this.audit.readUpTo[partition]!;
      if (read < last_seq) this.audit.violations.push(`${stream} was audited up to ${read} of ${last_seq} only`);
    }
    this.#reader?.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const clean of this.#cleanUp.splice(0).toReversed()) await clean();
  }
}

/** A hub on servers that may still have to find each other. */
export async function openFormedHub(
  session: Session,
  options: { readonly name: string; readonly partitions: number; readonly replicas: number },
): Promise<NatsHub> {
  for (const deadline = performance.now() + FORMING; ; await delay(500))
    try {
      return await openHub(session, options);
    } catch (error) {
      if (!(error instanceof ConfigError) || options.replicas === 1 || performance.now() > deadline) throw error;
    }
}

const silent: Logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
