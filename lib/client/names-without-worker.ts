import { accepts, readAdvert } from '../core/orchestrator-version.js';
import { isReservedName } from '../definitions/name-rule.js';
import type { HubPorts } from '../engine/ports.js';
import { decodeKnownNames } from '../wire/answer-codec.js';
import { decodeWorker } from '../wire/ownership-codec.js';
import { leaseMilliseconds, ownershipKeys, type WorkerRecord } from '../wire/ownership.js';
import type { OwnerQueries } from './owner-queries.js';

/** A name that no worker that lives has registered. */
export interface NameWithoutWorker {
  /** What has the name. */
  readonly kind: 'entity' | 'orchestrator' | 'activity';
  /** The name as it was registered, or as it was asked for; with its version behind an `@` when instances need that. */
  readonly name: string;
  /** How many entities or orchestration instances have something to do and wait for it. 0 for activities: they wait in their queue. */
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
  const [answers, known, live] = await Promise.all([Promise.all(asked), registeredNames(ports), liveWorkers(ports)]);
  const waiting = new Map<string, NameWithoutWorker>();
  const add = (kind: NameWithoutWorker['kind'], name: string, instances: number): void => {
    const key = `${kind} ${name}`;
    const { waitingInstances = 0 } = waiting.get(key) ?? {};
    if (!isLive(live, kind, name)) waiting.set(key, { kind, name, waitingInstances: waitingInstances + instances });
  };
  for (const [kind, name] of known) if (!isReservedName(name)) add(kind, name, 0);
  for (const answer of answers)
    if (typeof answer === 'object') for (const { kind, name, instances } of answer.names) add(kind, name, instances);
  return {
    names: [...waiting.values()].toSorted(
      (a, b) => b.waitingInstances - a.waitingInstances || (a.name < b.name ? -1 : 1),
    ),
    uncountedPartitions: answers.filter((answer) => typeof answer === 'string').length,
  };
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

function isLive(workers: readonly WorkerRecord[], kind: NameWithoutWorker['kind'], name: string): boolean {
  if (kind === 'entity') return workers.some(({ entities }) => entities.includes(name));
  if (kind === 'activity') return workers.some(({ activities }) => activities.includes(name));
  const wanted = readAdvert(name);
  return workers.some(({ orchestrators }) =>
    orchestrators.map(readAdvert).some((has) => has.name === wanted.name && accepts(has, wanted.version)),
  );
}
