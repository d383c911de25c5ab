import { CorruptHistoryError, type FailureDetails } from '../errors.js';
import type { HistoryEvent } from '../core/history.js';
import type { EntityHead } from '../wire/head.js';
import type { Address } from '../wire/messages.js';
import type { StepEntry } from '../wire/record.js';
import type { Activation, Stamp } from './activation.js';
import type { Heads } from './heads.js';
import { inParallel } from './large-values.js';
import type { Host } from './host.js';
import { Instance } from './instance.js';
import { loaded, makingsFor } from './instance-reading.js';
import { OrchestrationActivation } from './orchestration-activation.js';
import type { OrchestrationState } from './orchestration-state.js';
import type { PartitionReading } from './partition-reading.js';
import type { PartitionPorts } from './ports.js';

/** Heads written at the same time. */
const WIDTH = 32;

/** With what the instances of a partition that lost records are brought to rest. */
export interface Cutting {
  readonly ports: PartitionPorts;
  readonly reading: PartitionReading;
  readonly heads: Heads;
  readonly host: Host;
  /** The reset's record. */
  readonly stamp: Stamp;
  readonly failure: FailureDetails;
}

/** What became of the instances. */
export interface CutInstances {
  readonly failed: readonly Address[];
  readonly interrupted: readonly Address[];
  readonly removed: readonly Address[];
}

type Done = { readonly [K in keyof CutInstances]: Address[] };

/**
 * Brings all instances of a partition to rest that may have done more than is known: what they did last may be lost, and
 * would be done twice if they went on from an earlier state. Orchestration instances fail, with all that they wait for, so
 * that somebody may rewind them; entities keep their state, and lose locks, running operations and operations that are
 * overdue. What the log still has behind the heads is stored in heads: the log is forgotten next.
 */
export async function cutInstances(cutting: Cutting): Promise<CutInstances> {
  const done: Done = { failed: [], interrupted: [], removed: [] };
  await inParallel([...(await addressesOf(cutting))], (address) => cut(address, cutting, done), WIDTH);
  return done;
}

/** Instances that cannot be read are removed: nobody could load them. */
export async function removeDamaged(
  { views, subjects }: PartitionPorts,
  addresses: Iterable<Address>,
): Promise<readonly Address[]> {
  const removed: Address[] = [];
  for (const address of addresses) {
    for (const subject of [subjects.wake(address), subjects.head(address)]) {
      const stored = await views.read(subject);
      if (stored) await views.remove(subject, stored.sequence);
    }
    removed.push(address);
  }
  return removed;
}

/** All that are there, for each gets a new head: a former owner that is only frozen stores none over it any more (P13). */
async function addressesOf({ ports, reading }: Cutting): Promise<ReadonlySet<Address>> {
  const { views, subjects } = ports;
  const addresses = new Set<Address>(reading.tail.keys());
  for await (const subject of views.subjects(subjects.heads)) {
    const address = subjects.addressOf(subject);
    if (address !== undefined) addresses.add(address);
  }
  return addresses;
}

async function cut(address: Address, cutting: Cutting, done: Done): Promise<void> {
  const { ports, heads, reading, host, stamp } = cutting;
  const instance = new Instance(address);
  try {
    const head = await heads.read(instance);
    const activation = await loaded(address, head, reading.tail, makingsFor(ports, heads.segments, host));
    const entries = endOf(address, activation, cutting);
    for (const entry of entries) activation.apply(entry);
    const captured = activation.capture();
    if (captured) await heads.write(instance, { dropped: activation.takeDropped(), ...captured }, stamp);
    if (entries.length > 0)
      (activation instanceof OrchestrationActivation ? done.failed : done.interrupted).push(address);
  } catch (error) {
    if (!(error instanceof CorruptHistoryError)) throw error;
    done.removed.push(...(await removeDamaged(ports, [address])));
  }
}

/** The steps that bring an instance to rest. */
function endOf(address: Address, activation: Activation, cutting: Cutting): readonly StepEntry[] {
  const now = cutting.ports.clock.now();
  if (activation instanceof OrchestrationActivation) return endOfOrchestration(address, activation.state, cutting, now);
  const head = activation.capture()?.head(cutting.stamp);
  return head?.type === 'entity' ? endOfEntity(address, head, now) : [];
}

/** One that is to begin later cannot have begun. */
function endOfOrchestration(
  address: Address,
  state: OrchestrationState,
  { failure }: Cutting,
  now: number,
): readonly StepEntry[] {
  if (!state.started) return state.buffered.length > 0 ? [{ to: address, purged: true }] : [];
  if (state.isEnded || (state.isScheduled && (state.dueAt ?? 0) > now)) return [];
  const at = Math.max(state.updatedAt, now);
  const causedBy: number[] = [];
  const events: HistoryEvent[] = [];
  for (const { id, type } of state.open.values()) {
    const failed = failureOf[type];
    if (!failed) continue;
    causedBy.push(id);
    events.push({ type: failed, at, id, failure });
  }
  return [{ to: address, events: [...events, { type: 'ExecutionFailed', at, failure, causedBy }] }];
}

/** How the tasks of an instance that waits for them fail; a rewind asks for them again. */
const failureOf = {
  TaskScheduled: 'TaskFailed',
  SubOrchestrationInstanceCreated: 'SubOrchestrationInstanceFailed',
  EntityOperationCalled: 'EntityOperationFailed',
  LockRequested: undefined,
  TimerCreated: undefined,
} as const;

/** Its locks do not outlive their holders' records; what is overdue may have been carried out. */
function endOfEntity(address: Address, { journals = [], locks, planned = [] }: EntityHead, now: number): StepEntry[] {
  const unplanned = planned.filter(({ at }) => at <= now).map(({ id }) => id);
  return [
    ...journals.map(({ id: ended }) => ({ to: address, ended })),
    ...(locks?.held ? [{ to: address, lock: { type: 'ended', why: 'broken' } as const }] : []),
    ...(unplanned.length > 0 ? [{ to: address, unplanned }] : []),
  ];
}
