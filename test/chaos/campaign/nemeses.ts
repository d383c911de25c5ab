import { setTimeout as delay } from 'node:timers/promises';
import type { SeededRandom } from '../../../lib/memory/random.js';
import type { JetStream } from '../../../lib/nats/jetstream.js';
import { askServerInfo } from '../../../lib/nats/server/server-info.js';
import { until } from '../../until.js';
import type { Slot } from './fleet.js';
import type { NatsNode } from './nats-node.js';
import type { TcpProxy } from './tcp-proxy.js';
import { isFrozen, type Standstill, type WorkerProcess } from './worker-process.js';

/** One fault as it was done. */
export interface Fault {
  readonly kind: FaultKind;
  /** What it was done to. */
  readonly target: string;
  /** The process that it was done to, if it was one. */
  readonly pid?: number | undefined;
  /** From when to when, of `Date.now()`. */
  readonly from: number;
  readonly to: number;
  /** From when to when the process stood still, as it told itself. */
  readonly stood?: Standstill | undefined;
  /** How it is known that it acted; undefined: it did not, and the run does not count. */
  readonly proof: string | undefined;
}

export type FaultKind = keyof typeof nemeses;

/** What nemeses may take hold of. */
export interface Surroundings {
  readonly slots: readonly Slot[];
  readonly nodes: readonly NatsNode[];
  /** All proxies: those of the workers and those of the clients. */
  readonly proxies: readonly TcpProxy[];
  readonly operator: JetStream;
  /** The hub's mail and log streams. */
  readonly mail: readonly string[];
  readonly logs: readonly string[];
  /** The stream of its work queues. */
  readonly tasks: string;
  /** Whether all that a process owned at a moment has another owner by now. */
  readonly hasSuccessors: (pid: number, at: number) => boolean;
  /** Has an entity of some worker block its process for so many milliseconds. */
  readonly spin: (milliseconds: number) => Promise<void>;
  /** Takes something that no other nemesis has hold of; resolves when there is one. */
  readonly take: <T extends object>(all: readonly T[], isGood: (one: T) => boolean) => Promise<T>;
}

type Done = Pick<Fault, 'target' | 'pid' | 'stood' | 'proof'>;
type Nemesis = (surroundings: Surroundings, random: SeededRandom) => Promise<Done & { readonly release: object[] }>;

const takeWorker = ({ slots, take }: Surroundings): Promise<Slot> => take(slots, ({ worker }) => worker.isUp);

/** One server at a time; of a cluster, the leader of some partition's log. */
async function takeServer({ nodes, logs, operator, take }: Surroundings, random: SeededRandom) {
  const release = await take([nodes], () => nodes.every(({ isRunning }) => isRunning));
  const stream = logs[random.below(logs.length)]!;
  const { cluster } = await operator.demand<{ cluster?: { leader?: string } }>(`STREAM.INFO.${stream}`);
  const node = nodes.find(({ name }) => name === cluster?.leader) ?? nodes[random.below(nodes.length)]!;
  return { node, target: nodes.length > 1 ? `${node.name}, leader of ${stream}` : node.name, release: [release] };
}

async function endWorker(surroundings: Surroundings, signal: 'SIGKILL' | 'SIGTERM', end: string | number) {
  const slot = await takeWorker(surroundings);
  const { worker } = slot;
  worker.signal(signal);
  const ended = await worker.ended;
  const proof = ended === end ? `process ${worker.pid} ended with ${ended}` : undefined;
  return { target: slot.name, pid: worker.pid, proof, release: [slot] };
}

/** Every nemesis: does its work, heals it, and says how it is known that it acted. */
export const nemeses = {
  workerKill: (surroundings) => endWorker(surroundings, 'SIGKILL', 'SIGKILL'),

  workerStop: (surroundings) => endWorker(surroundings, 'SIGTERM', 0),

  workerFreeze: async (surroundings, random) => {
    const { hasSuccessors } = surroundings;
    const slot = await takeWorker(surroundings);
    const { worker } = slot;
    const since = performance.now();
    const from = Date.now();
    worker.signal('SIGSTOP');
    await until(() => worker.isFrozen, 'the worker to be stopped');
    await delay(6_000 + random.below(3_000));
    // Half of them wake as owners, if late ones; the others when what they owned has other owners.
    if (random.next() < 0.5) await replaced(() => hasSuccessors(worker.pid, from));
    const time = performance.now() - since;
    worker.signal('SIGCONT');
    // Another fault may keep it busy for 20 s: then it tells behind that.
    const hasTold = (): boolean => worker.isOver || worker.longestGap(since) > 0.9 * time;
    await until(hasTold, 'the woken worker to tell of its gap', 45);
    const gap = worker.longestGap(since);
    const proof = gap > 0.9 * time ? `it stood still for ${Math.round(gap)} ms` : undefined;
    return { target: slot.name, pid: worker.pid, stood: worker.standstill(since), proof, release: [slot] };
  },

  serverKill: async (surroundings, random) => {
    const { node, target, release } = await takeServer(surroundings, random);
    const { pid } = node;
    const ended = await node.end('SIGKILL');
    await delay(200 + random.below(800));
    await node.start();
    const proof = ended === 'SIGKILL' ? `process ${pid} ended with ${ended}, ${node.pid} took its place` : undefined;
    return { target, pid, proof, release };
  },

  serverFreeze: async (surroundings, random) => {
    const { node, target, release } = await takeServer(surroundings, random);
    const { pid } = node;
    process.kill(pid, 'SIGSTOP');
    await until(() => isFrozen(pid), 'the server to be stopped');
    const time = 3_000 + random.below(3_000);
    // It is asked with a patience of 2 s.
    const [info] = await Promise.all([askServerInfo(node.url), delay(time)]);
    process.kill(pid, 'SIGCONT');
    return { target, pid, proof: info ? undefined : `it answered nothing for ${time} ms`, release };
  },

  reset: async ({ proxies }) => {
    // Behind the death of a server there may be none for a moment.
    await until(() => proxies.some(({ isUsed }) => isUsed), 'a connection to be cut');
    const cut = proxies.reduce((sum, proxy) => sum + proxy.reset(), 0);
    return { target: 'all connections', proof: cut > 0 ? `${cut} were cut` : undefined, release: [] };
  },

  blackHole: async ({ proxies, take }, random) => {
    const proxy = await take(proxies, ({ isUsed }) => isUsed);
    const hole = proxy.blackHole();
    await delay(4_000 + random.below(4_000));
    // Who is blocked, or has lost its connection just now, says nothing for a while.
    for (const deadline = performance.now() + 30_000; hole.bytes() === 0 && performance.now() < deadline;)
      await delay(50);
    const bytes = hole.end();
    return { target: proxy.url, proof: bytes > 0 ? `${bytes} bytes were lost in it` : undefined, release: [proxy] };
  },

  jam: async (surroundings, random) => {
    const slot = await takeWorker(surroundings);
    const { pid } = slot.worker;
    const jams = slot.proxies.map((proxy) => proxy.jam());
    // Longer than its lease: what it has sent arrives when others own its partitions.
    await delay(11_000 + random.below(3_000));
    const bytes = jams.reduce((sum, jam) => sum + jam.end(), 0);
    const proof = bytes > 0 ? `${bytes} bytes arrived late` : undefined;
    return { target: `the connections of process ${pid}`, pid, proof, release: [slot] };
  },

  /** Shorter than a lease. */
  busy: (surroundings) => block(surroundings, 4_000),

  /** Longer than a lease: what it owned has other owners when it goes on. */
  longBusy: (surroundings) => block(surroundings, 20_000),

  /** One of a partition's mail, and one of a work queue. */
  deleteConsumers: async ({ operator, mail, tasks }, random) => {
    const first = random.below(mail.length);
    const streams = [...mail.slice(first), ...mail.slice(0, first)];
    const ofMail = await deleteSoon(operator, streams, random);
    const ofTasks = await deleteSoon(operator, [tasks], random);
    if (!ofMail || !ofTasks) return { target: ofMail ? tasks : 'all mail', proof: undefined, release: [] };
    const [target, proof] = [`${ofMail.stream}, ${tasks}`, `${ofMail.name} and ${ofTasks.name} were deleted`];
    // Whoever takes over a partition makes a consumer of its own; that of a queue comes back by its name.
    await until(() => isNew(operator, tasks, ofTasks), `the consumer ${ofTasks.name} to be made again`, 45);
    return { target, proof: `${proof}, ${ofTasks.name} was made again`, release: [] };
  },
} satisfies Record<string, Nemesis>;

/** Deletes a consumer of the first stream that has one. In the middle of a takeover none may have. */
async function deleteSoon(operator: JetStream, streams: readonly string[], random: SeededRandom) {
  for (const deadline = performance.now() + 20_000; performance.now() < deadline; await delay(100))
    for (const stream of streams) {
      const consumer = await deleteConsumer(operator, stream, random);
      if (consumer) return { stream, ...consumer };
    }
  return undefined;
}

interface Consumer {
  readonly name: string;
  readonly created: string;
}

/** Deletes a consumer of a stream that has one, and tells which it was. */
async function deleteConsumer(operator: JetStream, stream: string, random: SeededRandom) {
  const names = (await operator.demand<{ consumers: string[] | null }>(`CONSUMER.NAMES.${stream}`)).consumers ?? [];
  const first = random.below(names.length);
  for (const name of [...names.slice(first), ...names.slice(0, first)]) {
    const found = await operator.ask<Consumer>(`CONSUMER.INFO.${stream}.${name}`);
    const { error } = await operator.ask<{ success: boolean }>(`CONSUMER.DELETE.${stream}.${name}`);
    if (!found.error && !error) return { name, created: found.value.created };
  }
  return undefined;
}

/** Whether there is another consumer of the name now. */
async function isNew(operator: JetStream, stream: string, { name, created }: Consumer): Promise<boolean> {
  await delay(50);
  const found = await operator.ask<Consumer>(`CONSUMER.INFO.${stream}.${name}`);
  return !found.error && found.value.created !== created;
}

/** So long a process is asked again and again to be busy, until no other fault has come between, in milliseconds. */
const LONGEST_ATTEMPTS = 600_000;

/** A handler that keeps its process from everything else. */
async function block({ spin, slots }: Surroundings, milliseconds: number): ReturnType<Nemesis> {
  const since = performance.now();
  // Another fault may hit the worker in the middle of it: then it has not shown anything. Behind the last fault none does.
  for (const deadline = since + LONGEST_ATTEMPTS; performance.now() < deadline;) {
    const workers = slots.map(({ worker }) => worker);
    await spin(milliseconds);
    const worker = await blocked(workers, since, milliseconds);
    if (!worker) continue;
    const gap = Math.round(worker.longestGap(since));
    const proof = `its event loop stood still for ${gap} ms`;
    return { target: `process ${worker.pid}`, pid: worker.pid, stood: worker.standstill(since), proof, release: [] };
  }
  return { target: 'some worker', proof: undefined, release: [] };
}

/** The worker that tells that its event loop was blocked for so long, if one does within 11 s after it. */
async function blocked(workers: readonly WorkerProcess[], since: number, milliseconds: number) {
  const deadline = performance.now() + milliseconds + 11_000;
  while (performance.now() < deadline) {
    const found = workers.find((worker) => !worker.wasFrozen(since) && worker.longestGap(since) > 0.9 * milliseconds);
    if (found) return found;
    await delay(100);
  }
  return undefined;
}

/** Waits until all has other owners, or for a minute. */
async function replaced(isReplaced: () => boolean): Promise<void> {
  for (const deadline = performance.now() + 60_000; !isReplaced() && performance.now() < deadline;) await delay(50);
}
