import { cp } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { SeededRandom } from '../../../lib/memory/random.js';
import { entityAddress, partitionOf } from '../../../lib/wire/addresses.js';
import type { TaskHubClient } from 'perdure';
import { Accepted } from './accepted.js';
import { commandOf, usual } from './command.js';
import { Load } from './load.js';
import { Operator } from './operator.js';
import { judge } from './oracles.js';
import { DEPOSIT, purses } from './orders.js';
import { Journal, Purse } from './programs.js';
import { reportOf, type Report } from './report.js';
import { kinds, usualMix, type Mix } from './schedule.js';
import { Stage } from './stage.js';
import { Tormentor } from './tormentor.js';

/** What a run is like. */
export interface CampaignOptions {
  readonly seed: number;
  readonly minutes: number;
  readonly workers?: number | undefined;
  /** Servers, and copies of each stream: 1, or a cluster of 3. */
  readonly replicas?: number | undefined;
  readonly operationsPerSecond?: number | undefined;
  readonly mix?: Mix | undefined;
  /** Between the beginnings of two faults, in milliseconds: this, and up to as much again. */
  readonly pause?: number | undefined;
  /** Options of the workers' Node.js, such as a loader with a planted bug. */
  readonly execArgv?: readonly string[] | undefined;
  /** Where the servers' data and all records go when the run is not good. */
  readonly keep?: string | undefined;
  readonly onProgress?: ((line: string) => void) | undefined;
}

/** Without faults, in the beginning and in the end, in milliseconds. */
const WARM_UP = 4_000;
const COOL_DOWN = 6_000;
/** Everything must have ended so many milliseconds after the last fault. */
const GRACE = 60_000;
/** What waits in mailboxes then is waited for, for so long, and told; it is looked for so often, in milliseconds. */
const BACKLOG = 120_000;
const LOOK = 500;

/**
 * One run: faults by a seeded schedule while operations of every kind are asked for, and then the judgement of everything
 * that was accepted.
 */
export async function runCampaign(options: CampaignOptions): Promise<Report> {
  const { seed, minutes, execArgv, keep } = options;
  const { workers = usual.workers, replicas = usual.replicas } = options;
  const { operationsPerSecond = usual.operationsPerSecond } = options;
  const { mix = usualMix, pause, onProgress = () => {} } = options;
  const random = new SeededRandom(seed);
  await using stage = await Stage.set({ workers, replicas, execArgv }, random.fork());
  const { fleet, audit, sends, version } = stage;
  const { client } = stage.clients[0]!;
  for (const purse of purses) await client.callEntity(Purse, purse).pay(DEPOSIT);

  const accepted = new Accepted();
  const load = new Load(stage.clients, random.fork(), accepted);
  const tormentor = tormentorOf(stage, random.fork());
  const began = Date.now();
  load.start(operationsPerSecond);
  await delay(WARM_UP);
  await tormentor.run(kinds(mix, random.fork()), minutes * 60_000 - WARM_UP - COOL_DOWN, pause);
  const { faults } = tormentor;
  const lastFault = Math.max(began, ...faults.map(({ to }) => to));
  onProgress(`${faults.length} faults are over`);
  await delay(COOL_DOWN);
  await load.stop();
  const took = (Date.now() - began) / 60_000;
  const operator = new Operator(client);
  const open = await load.settle(lastFault + GRACE - Date.now(), () => operator.look());
  onProgress(`${accepted.operations} operations, ${open.length} of them without an answer; judging`);
  const consumed = await whenConsumed(stage, client);
  const findings = await judge(accepted, client, stage.folder);
  const mailStored = await stage.mailStored();
  const tasksStored = await stage.tasksStored();
  const inspection = await client.inspect();
  const ends = await fleet.stop();
  await stage.endAudit();
  const report = reportOf({
    seed,
    minutes: took,
    workers,
    replicas,
    version,
    command: commandOf(options),
    operationsPerSecond,
    faults,
    accepted,
    findings,
    open,
    lastFault,
    consumed,
    ends,
    sends,
    quarantined: [...operator.released],
    mailStored,
    tasksStored,
    audit,
    inspection,
    workerLines: fleet.lines,
    workerCounts: fleet.counts,
  });
  if (!report.isGood && keep !== undefined) await cp(stage.folder, keep, { recursive: true });
  return report;
}

/**
 * When all mail was seen to be consumed, or that it was not for a long time: before, no read shows what was accepted, and what
 * was begun by nobody knows whom may still come.
 */
async function whenConsumed(stage: Stage, client: TaskHubClient): Promise<number> {
  for (const deadline = Date.now() + BACKLOG; Date.now() < deadline; await delay(LOOK)) {
    const partitions = await client.inspect();
    // Mail that nothing follows from, such as late copies, is told by the next record. One that stands still makes none.
    await Promise.allSettled(
      partitions.map(({ partition }) => client.callEntity(Journal, keyIn(partition, partitions.length)).spin(0)),
    );
    const told = await client.inspect();
    const consumed = told.reduce((sum, partition) => sum + ('cursor' in partition ? partition.cursor : 0), 0);
    // The client then says once that it has the answer.
    if (consumed + partitions.length >= (await stage.mailStored())) return Date.now();
  }
  return Infinity;
}

function keyIn(partition: number, partitions: number): string {
  for (let n = 0; ; n++) {
    const key = `spin-last-${n}`;
    if (partitionOf(entityAddress({ name: 'journal', key }), partitions) === partition) return key;
  }
}

function tormentorOf(stage: Stage, random: SeededRandom): Tormentor {
  const { fleet, nodes, clients, hub, audit } = stage;
  const { client } = clients[0]!;
  let spins = 0;
  const surroundings = {
    slots: fleet.slots,
    nodes,
    proxies: [...fleet.slots, ...clients].flatMap(({ proxies }) => proxies),
    operator: hub.jetStream,
    mail: stage.streams('mail'),
    logs: stage.streams('log'),
    tasks: hub.subjects.tasksStream,
    hasSuccessors: (pid: number, at: number) =>
      audit.ownedAt(pid, at).every((reign) => audit.after(reign) !== undefined),
    spin: (milliseconds: number) =>
      client.signalEntity(Journal, `spin-${random.below(100)}-${++spins}`).spin(milliseconds),
  };
  return new Tormentor(surroundings, random);
}
