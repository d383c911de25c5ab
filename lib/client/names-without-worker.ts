import { accepts, readAdvert } from '../core/orchestrator-version.js';
import { isReservedName } from '../definitions/name-rule.js';
import type { HubPorts } from '../engine/ports.js';
import { decodeKnownNames } from '../wire/answer-codec.js';
import { decodeWorker } from '../wire/ownership-codec.js';
import { leaseMilliseconds, ownershipKeys, runsEntity, type WorkerRecord } from '../wire/ownership.js';
import { decodeTaskRequest } from '../wire/task-codec.js';
import type { OwnerQueries } from './owner-queries.js';

/** A name that no worker that lives has registered. */
export interface NameWithoutWorker {
  /** What has the name. */
  readonly kind: 'entity' | 'orchestrator' | 'activity';
  /** The name as it was registered, or as it was asked for; with its version behind an `@` when instances need that. */
  readonly name: string;
  /** Of an activity whose calls wait in a work queue of another name: that queue. Workers that have the activity do not serve it. */
  readonly queue?: string;
  /**
   * How many entities or orchestration instances have something to do and wait for it; of an activity: how many of its calls
   * wait. Where one queue holds calls of several activities, those among its 100 oldest ones are counted.
   */
  readonly waitingInstances: number;
}

/** The names that lack a worker. */
export interface NamesWithoutWorker {
  /** Those that something waits for first, the most waited for before all. */
  readonly names: readonly NameWithoutWorker[];
  /** Partitions of which nobody could tell what waits there, such as all of them while no worker lives. */
  readonly uncountedPartitions: number;
}

/** Asks who lives and what waits. */
export async function findNamesWithoutWorker(ports: HubPorts, queries: OwnerQueries): Promise<NamesWithoutWorker> {
  const asked = Array.from({ length: ports.partitions }, (_, partition) =>
    queries.askPartition(partition, { v: 1, kind: 'waiting' }),
  );
  const [answers, calls, known, live] = await Promise.all([
    Promise.all(asked),
    waitingCalls(ports),
    registeredNames(ports),
    liveWorkers(ports),
  ]);
  const waiting = new Map<string, NameWithoutWorker>();
  const add = (kind: NameWithoutWorker['kind'], name: string, instances: number, queue?: string): void => {
    const key = JSON.stringify([kind, name, queue]);
    const { waitingInstances = 0 } = waiting.get(key) ?? {};
    const entry = { kind, name, ...(queue !== undefined && { queue }), waitingInstances: waitingInstances + instances };
    if (!isLive(live, kind, name, queue)) waiting.set(key, entry);
  };
  for (const { name, queue, count } of calls) add('activity', name, count, queue === name ? undefined : queue);
  for (const answer of answers)
    if (typeof answer === 'object') for (const { kind, name, instances } of answer.names) add(kind, name, instances);
  const told = new Set(Array.from(waiting.values(), ({ kind, name }) => `${kind} ${name}`));
  for (const [kind, name] of known) if (!isReservedName(name) && !told.has(`${kind} ${name}`)) add(kind, name, 0);
  return {
    names: [...waiting.values()].toSorted(
      (a, b) => b.waitingInstances - a.waitingInstances || compare(a.name, b.name) || compare(a.kind, b.kind),
    ),
    uncountedPartitions: answers.filter((answer) => typeof answer === 'string').length,
  };
}

function compare(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1;
}

/** So many calls of a queue are looked at. */
const LOOKS = 100;

/** Calls of one activity in one work queue. */
interface WaitingCalls {
  readonly queue: string;
  readonly name: string;
  readonly count: number;
}

/** The calls in the work queues. Nobody may ever have registered what they are for, so that only the calls themselves tell. */
async function waitingCalls({ tasks }: HubPorts): Promise<readonly WaitingCalls[]> {
  const sizes = [...(await tasks.sizes())];
  const calls = await Promise.all(
    sizes.map(async ([queue, size]) => callsIn(queue, size, await tasks.look(queue, LOOKS))),
  );
  return calls.flat();
}

function callsIn(queue: string, size: number, looked: readonly Uint8Array[]): readonly WaitingCalls[] {
  const counts = new Map<string, number>();
  for (const body of looked) {
    const decoded = decodeTaskRequest(body);
    if ('refused' in decoded) continue; // the worker that takes it tells of it
    const { name } = decoded.value;
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  const [name, ...others] = counts.keys();
  if (name !== undefined && others.length === 0) return [{ queue, name, count: size }];
  return Array.from(counts, ([each, count]) => ({ queue, name: each, count }));
}

async function registeredNames({
  store,
}: HubPorts): Promise<readonly (readonly [NameWithoutWorker['kind'], string])[]> {
  const entry = await store.get('names');
  if (!entry) return [];
  const { entities, orchestrators, activities } = decodeKnownNames(entry.value, 'The list of registered names');
  return [
    ...Object.keys(entities).map((name) => ['entity', name] as const),
    ...orchestrators.map((name) => ['orchestrator', name] as const),
    ...activities.map((name) => ['activity', name] as const),
  ];
}

/** All workers that live and stay. */
async function liveWorkers({ store, clock }: HubPorts): Promise<readonly WorkerRecord[]> {
  const entries = await store.list(ownershipKeys.workers);
  return entries
    .filter(({ time }) => clock.now() - time <= leaseMilliseconds)
    .map(({ key, value }): WorkerRecord => decodeWorker(value, `"${key}" of the task hub's bucket`))
    .filter(({ state }) => state !== 'leaving');
}

function isLive(
  workers: readonly WorkerRecord[],
  kind: NameWithoutWorker['kind'],
  name: string,
  queue: string | undefined,
): boolean {
  if (kind === 'entity') {
    const { name: entity, version } = readAdvert(name);
    return workers.some((worker) => runsEntity(worker, entity, version));
  }
  if (kind === 'activity')
    return workers.some((worker) => worker.activities.includes(name) && serves(worker, queue ?? name));
  const wanted = readAdvert(name);
  return workers.some(({ orchestrators }) =>
    orchestrators.map(readAdvert).some((has) => has.name === wanted.name && accepts(has, wanted.version)),
  );
}

function serves({ activities, queues = [] }: WorkerRecord, queue: string): boolean {
  return activities.includes(queue) || queues.includes(queue);
}
