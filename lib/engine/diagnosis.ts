import { decodeLease } from '../wire/ownership-codec.js';
import { ownershipKeys, type LeaseRecord } from '../wire/ownership.js';
import { surveyHeads, type DamagedInstance, type HeadSurvey } from './head-survey.js';
import { readPartition, type Loss, type PartitionReading } from './partition-reading.js';
import type { HubPorts, StreamBounds } from './ports.js';

/** What seems to be lost is looked for again: an owner that works moves everything. */
const LOOKS = 3;
const PAUSE = 1_000;

/** Losses of streams as such, which the server told, by partition. */
export type FoundLosses = ReadonlyMap<number, readonly Loss[]>;

/** How a partition was found. Nothing was written for it. */
export interface PartitionDiagnosis {
  readonly partition: number;
  /** Who has its lease, or had it last; undefined: nobody ever had. */
  readonly owner?: { readonly worker: string; readonly state: string } | undefined;
  /** What its streams hold, and what is known of them; undefined: a stream is gone, and nothing can be read. */
  readonly streams?: DiagnosedStreams | undefined;
  readonly losses: readonly Loss[];
  readonly damaged: readonly DamagedInstance[];
}

/** What a partition's streams hold, and what its checkpoint and the records behind it know of them. */
export interface DiagnosedStreams {
  readonly epoch: number;
  /** The last record that the log holds, and the last one that the tables include. */
  readonly record: number;
  readonly knownRecord: number;
  readonly mail: StreamBounds;
  /** Mail was taken up to here, and carried out up to there. */
  readonly accepted: number;
  readonly cursor: number;
  /** Orchestration instances that have not ended, and entities. */
  readonly running: number;
  readonly entities: number;
}

/** What was read of a partition, for whoever goes on from there. */
export interface Survey {
  readonly reading: PartitionReading;
  readonly heads: HeadSurvey;
  readonly losses: readonly Loss[];
}

/** Whether nothing of a partition is lost. */
export function isHealthy({ losses, damaged }: PartitionDiagnosis): boolean {
  return losses.length === 0 && damaged.length === 0;
}

/** How the partitions of a hub are. Nothing is written. Throws VersionTooNewError. */
export async function diagnose(
  hub: HubPorts,
  partitions: readonly number[],
  found: FoundLosses = new Map(),
): Promise<readonly PartitionDiagnosis[]> {
  const received = await receivedMarks(hub, found);
  const diagnoses: PartitionDiagnosis[] = [];
  for (const partition of partitions)
    diagnoses.push(await diagnosePartition(hub, partition, received.get(partition) ?? 0, found.get(partition) ?? []));
  return diagnoses;
}

async function diagnosePartition(
  hub: HubPorts,
  partition: number,
  received: number,
  found: readonly Loss[],
): Promise<PartitionDiagnosis> {
  const lease = await leaseOf(hub, partition);
  const owner = lease && { worker: lease.owner, state: lease.state };
  if (!isReadable(found)) return { partition, owner, losses: found, damaged: [] };
  const ports = hub.partition(partition);
  for (let looks = 1; ; looks++) {
    const { reading, heads, losses } = await surveyPartition(hub, partition, received, found);
    const { tables, epoch, end: record } = reading;
    const { running, entities, damaged } = heads;
    if ((losses.length > 0 || damaged.length > 0) && looks < LOOKS) {
      await new Promise<void>((resolve) => hub.clock.after(PAUSE, resolve));
      continue;
    }
    const { sequence: knownRecord, accepted, cursor } = tables;
    const mail = await ports.mailbox.bounds();
    const streams = { epoch, record, knownRecord, mail, accepted, cursor, running, entities };
    return { partition, owner, streams, losses, damaged };
  }
}

/** Reads all that is stored of a partition; `received`: the last of its records that another one knows of. */
export async function surveyPartition(
  hub: HubPorts,
  partition: number,
  received: number,
  found: readonly Loss[],
): Promise<Survey> {
  const ports = hub.partition(partition);
  const reading = await readPartition(ports);
  const heads = await surveyHeads(ports, reading);
  const { end, claims } = reading;
  const stream = ports.subjects.streamName('log');
  const text = `It does not have record ${received}, of which another partition has received what it sent.`;
  const isLost = received > end || claims.has(received);
  const from = Math.min(end + 1, received);
  const beyond: readonly Loss[] = isLost ? [{ stream, kind: 'log', from, to: received, text }] : [];
  return { reading, heads, losses: [...found, ...reading.losses, ...heads.losses, ...beyond] };
}

/** For each partition, the last of its records of which the tables of another one know. */
export async function receivedMarks(hub: HubPorts, found: FoundLosses): Promise<ReadonlyMap<number, number>> {
  const marks = new Map<number, number>();
  const note = (from: number, n: number): void => void marks.set(from, Math.max(marks.get(from) ?? 0, n));
  for (let partition = 0; partition < hub.partitions; partition++) {
    if (!isReadable(found.get(partition) ?? [])) continue;
    const { tables } = await readPartition(hub.partition(partition));
    for (const [from, n] of tables.received) note(from, n);
    for (const [from, [n]] of tables.partly) note(from, n);
  }
  return marks;
}

/** Whether all streams of a partition are there, whatever is in them. */
export function isReadable(losses: readonly Loss[]): boolean {
  return !losses.some(({ isGone }) => isGone);
}

/** What the lease of a partition says; undefined: nobody ever had it. */
export async function leaseOf({ store }: HubPorts, partition: number): Promise<LeaseRecord | undefined> {
  const key = `${ownershipKeys.leases}.${partition}`;
  const entry = await store.get(key);
  return entry && decodeLease(entry.value, `Lease ${key}`);
}
