import { OwnershipLostError, StorageRegressedError } from '../errors.js';
import { decodeRecord, encodeEpoch } from '../wire/record-codec.js';
import type { Address } from '../wire/messages.js';
import type { StepEntry } from '../wire/record.js';
import type { Checkpoint } from '../wire/checkpoint.js';
import { Checkpoints, storedCheckpoint } from './checkpoints.js';
import { awaitedEnd, RETRY } from './log-end.js';
import { readRecords, type FoundRecord } from './log-records.js';
import type { PartitionPorts } from './ports.js';
import { checkpointGone, refuseMissing } from './stream-loss.js';
import { reasonOf } from './successors.js';
import { PartitionTables } from './tables.js';

/** A step that the log holds and a stored head may not show. */
export interface TailEntry {
  /** The record's first part, and its last one: the record's sequence (P7). */
  readonly first: number;
  readonly sequence: number;
  /** When it was sealed, the server's time. */
  readonly at: number;
  readonly entry: StepEntry;
}

/** A partition as its new owner finds it. */
export interface Recovered {
  readonly tables: PartitionTables;
  readonly checkpoints: Checkpoints;
  /** The first record whose heads may not be stored. */
  readonly low: number;
  /** The steps from `low` on, by instance, in order. */
  readonly tail: Map<Address, TailEntry[]>;
  /** The commit ids of the records from `low` on, by sequence (P12). */
  readonly commits: ReadonlyMap<number, string>;
}

/**
 * Takes a partition over (P9), once its streams are seen not to have gone back (P12): my epoch record would fill the hole.
 * 1. my epoch record, by CAS: the former owner can commit nothing any more (C3). 2. my epoch
 * on the checkpoint. 3. the log from there through my record, with an unbroken chain.
 */
export async function takeOver(ports: PartitionPorts, worker: string): Promise<Recovered> {
  await ports.storage.bounds();
  await refuseLostCheckpoint(ports);
  const stored = await storedCheckpoint(ports);
  await checkStreams(ports, stored);
  const mine = await appendEpoch(ports, worker, stored);
  const checkpoints = new Checkpoints(ports, mine.epoch);
  await checkpoints.takeOver();
  try {
    return await recover(ports, checkpoints, mine.sequence);
  } catch (error) {
    throw await reasonOf(error, ports, mine.epoch); // what a later owner has replaced or forgotten is not lost (P9)
  }
}

async function recover(ports: PartitionPorts, checkpoints: Checkpoints, end: number): Promise<Recovered> {
  const checkpoint = await checkpoints.read();
  const tables = new PartitionTables();
  if (checkpoint) tables.restore(checkpoint);
  if (tables.sequence >= end) throw logRegressed(ports, end, tables.sequence);
  const low = checkpoint?.low ?? 1;
  const { tail, commits } = await readLog(ports, tables, low, end);
  await checkMail(ports, tables);
  refuseMissing(ports.subjects.streamName('mail'), await ports.mailbox.bounds(), tables.cursor + 1, tables.accepted);
  return { tables, checkpoints, low, tail, commits };
}

/** The first owner stored a checkpoint before its first commit: a log with more than claims has one. */
export async function refuseLostCheckpoint({ log, views, subjects }: PartitionPorts): Promise<void> {
  if (await views.read(subjects.checkpoint)) return;
  let next = 1;
  for await (const { sequence, body } of log.read(1, Infinity)) {
    const { type } = decodeRecord(body, `Record ${sequence} of ${subjects.log}`);
    if (sequence === next++ && type === 'epoch') continue;
    if (await views.read(subjects.checkpoint)) return; // the first owner has stored it since
    throw checkpointGone(subjects.streamName('state'), subjects.checkpoint);
  }
}

/** What a checkpoint knows of, the streams must hold. */
async function checkStreams(ports: PartitionPorts, checkpoint: Checkpoint | undefined): Promise<void> {
  if (!checkpoint) return;
  await checkLog(ports, checkpoint);
  await checkMail(ports, checkpoint);
}

/** The record that a checkpoint includes last must be there, unless it is forgotten. */
export async function checkLog(ports: PartitionPorts, checkpoint: Checkpoint): Promise<void> {
  const { log, subjects } = ports;
  const { logSeq, commit } = checkpoint;
  const end = (await awaitedEnd(ports, (last) => (last?.sequence ?? 0) >= logSeq))?.sequence ?? 0;
  if (end < logSeq) throw logRegressed(ports, end, logSeq);
  for await (const { body } of log.read(logSeq, logSeq)) {
    const found = decodeRecord(body, `Record ${logSeq} of ${subjects.log}`);
    if (found.commit !== commit) throw logRegressed(ports, logSeq - 1, logSeq);
  }
}

function logRegressed({ subjects }: PartitionPorts, end: number, known: number): StorageRegressedError {
  return new StorageRegressedError(
    `Stream ${subjects.streamName('log')} ends at ${end}, but the checkpoint knows of record ${known}: the stream lost ` +
      'acknowledged records.',
  );
}

async function appendEpoch(
  { log, mailbox, random, clock, subjects }: PartitionPorts,
  owner: string,
  checkpoint: Checkpoint | undefined,
): Promise<{ epoch: number; sequence: number }> {
  const commit = random.id();
  const { last: mail } = await mailbox.bounds();
  for (;;) {
    const last = await log.last();
    const former = last && decodeRecord(last.body, `Record ${last.sequence} of ${subjects.log}`);
    const prev = last?.sequence ?? 0;
    if (former?.commit === commit) return { epoch: former.epoch, sequence: prev };
    const epoch = (former?.epoch ?? 0) + 1;
    // An owner that stops by itself says so in its last checkpoint, and writes no record behind it.
    const isClean = prev === 0 || (checkpoint?.released === true && checkpoint.logSeq === prev);
    const fields = { epoch, commit, prev, at: clock.now(), owner, mail, ...(!isClean && { unclean: true as const }) };
    const sequence = await log.append(encodeEpoch(fields), prev);
    if (sequence !== undefined) return { epoch, sequence };
    await new Promise<void>((resolve) => clock.after(RETRY, resolve));
  }
}

/** Applies the records behind the checkpoint to the tables, and gathers the steps whose heads may not be stored. */
export async function readLog(
  ports: PartitionPorts,
  tables: PartitionTables,
  low: number,
  end: number,
): Promise<Pick<Recovered, 'tail' | 'commits'>> {
  const tail = new Map<Address, TailEntry[]>();
  const commits = new Map<number, string>();
  let last: number | undefined;
  for await (const found of readRecords(ports, low, end)) {
    const { record, sequence } = found;
    last = sequence;
    commits.set(sequence, record.commit);
    if (sequence > tables.sequence) tables.apply(record, sequence);
    gather(tail, found);
  }
  if (last !== end)
    throw new OwnershipLostError(`The log ${ports.subjects.log} does not hold my own record ${end} any more.`);
  return { tail, commits };
}

export function gather(tail: Map<Address, TailEntry[]>, { record, first, sequence }: FoundRecord): void {
  if (record.type !== 'commit') return;
  for (const entry of record.steps) {
    if (entry.handed) continue; // it changes no instance
    const entries = tail.get(entry.to);
    const found = { first, sequence, at: record.at, entry };
    if (entries) entries.push(found);
    else tail.set(entry.to, [found]);
  }
}

/** A cursor above the end would skip new mail for ever, and so would one whose message was stored another time (P12). */
export async function checkMail(
  { mailbox, subjects }: PartitionPorts,
  { accepted, acceptedAt }: { readonly accepted: number; readonly acceptedAt?: number | undefined },
): Promise<void> {
  const { last } = await mailbox.bounds();
  const time = acceptedAt === undefined ? undefined : await mailbox.timeOf(accepted);
  if (accepted <= last && (time === undefined || time === acceptedAt)) return;
  throw new StorageRegressedError(
    `Stream ${subjects.streamName('mail')} ends at ${last}, but mail was taken up to ${accepted}: the stream lost ` +
      'acknowledged messages.',
  );
}
