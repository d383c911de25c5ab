import { CorruptHistoryError, StorageRegressedError } from '../errors.js';
import { decodeDirectory } from '../wire/checkpoint-codec.js';
import type { Checkpoint } from '../wire/checkpoint.js';
import type { Address } from '../wire/messages.js';
import { decodeRecord } from '../wire/record-codec.js';
import type { StreamKind } from '../wire/subjects.js';
import { wholeCheckpoint } from './checkpoints.js';
import { unlessDamaged } from './damage.js';
import { readRecords, type FoundRecord } from './log-records.js';
import type { PartitionPorts } from './ports.js';
import { checkMail, gather, type TailEntry } from './recovery.js';
import { PartitionTables } from './tables.js';

/** While an owner replaces the checkpoint its pages change: so often it is read. */
const LOOKS = 5;
const RETRY = 100;

/** Something of a partition that was acknowledged and is not there. */
export interface Loss {
  /** The stream, as the server names it. */
  readonly stream: string;
  /** Which of the partition's streams it is of, or which of those of the hub. */
  readonly kind: StreamKind | 'tasks' | 'objects';
  /** The first and the last sequence of what is lost, where they are known. */
  readonly from?: number | undefined;
  readonly to?: number | undefined;
  /** The stream gives numbers again that it had given before. */
  readonly goesBack?: true;
  /** The stream as such is not there, and nothing can be read of it. */
  readonly isGone?: true;
  /** What it is, as a sentence for people. */
  readonly text: string;
}

/** What a partition's checkpoint and log say, as far as they can be read, and how they do not fit. */
export interface PartitionReading {
  /** The tables of the last record that follows from the checkpoint. */
  readonly tables: PartitionTables;
  /** The records that are there from here on are in `tail`. */
  readonly low: number;
  readonly tail: Map<Address, TailEntry[]>;
  readonly commits: ReadonlyMap<number, string>;
  /** Those among them that are takeovers: nobody receives anything from these. */
  readonly claims: ReadonlySet<number>;
  /** The last record that is stored; 0: none. */
  readonly end: number;
  /** The highest epoch of log and checkpoint. */
  readonly epoch: number;
  readonly losses: readonly Loss[];
}

/**
 * Reads a partition as a takeover does, without a write, and goes on where that would refuse. Its owner may be at work: what seems
 * to be lost while that stores another checkpoint, and forgets what is behind it, is read anew. Throws VersionTooNewError.
 */
export async function readPartition(ports: PartitionPorts): Promise<PartitionReading> {
  const { views, subjects } = ports;
  const directory = async () => (await views.read(subjects.checkpoint))?.sequence;
  for (let looks = 1; ; looks++) {
    const before = await directory();
    const reading = await readOnce(ports);
    if (reading.losses.length === 0 || looks === LOOKS || (await directory()) === before) return reading;
  }
}

async function readOnce(ports: PartitionPorts): Promise<PartitionReading> {
  const losses: Loss[] = [];
  const checkpoint = await readCheckpoint(ports, losses);
  const log = await readLog(ports, losses.length > 0 ? 'lost' : checkpoint, losses);
  const tables = new PartitionTables();
  if (checkpoint) tables.restore(checkpoint);
  const tail = new Map<Address, TailEntry[]>();
  for (const found of log.records) {
    gather(tail, found);
    if (log.follows && found.sequence > tables.sequence) tables.apply(found.record, found.sequence);
  }
  await checkAccepted(ports, tables, losses);
  return {
    tables,
    low: checkpoint?.low ?? 1,
    tail,
    commits: new Map(log.records.map(({ record, sequence }) => [sequence, record.commit])),
    claims: new Set(log.records.filter(isClaim).map(({ sequence }) => sequence)),
    end: log.end,
    epoch: Math.max(tables.epoch, log.epoch, await directoryEpoch(ports)),
    losses,
  };
}

/** Whether a partition that has no checkpoint has never committed anything. */
async function isUnused({ log }: PartitionPorts): Promise<boolean> {
  let next = 1;
  for await (const { sequence, body } of log.read(1, Infinity))
    if (sequence !== next++ || decodeRecord(body, `Record ${sequence}`).type !== 'epoch') return false;
  return true;
}

async function readCheckpoint(ports: PartitionPorts, losses: Loss[]): Promise<Checkpoint | undefined> {
  const { views, subjects, clock } = ports;
  const stream = subjects.streamName('state');
  const lost = (text: string): undefined => void losses.push({ stream, kind: 'state', text: `${text}.` });
  for (let looks = 1; ; looks++) {
    const stored = await views.read(subjects.checkpoint);
    if (!stored) {
      if (await unlessDamaged(() => isUnused(ports))) return undefined;
      return lost(`The checkpoint ${subjects.checkpoint} is gone`);
    }
    try {
      const { pages } = decodeDirectory(stored.body, `Checkpoint ${subjects.checkpoint}`);
      if (pages.length === 0) return undefined; // a takeover made it, and nobody has stored anything yet: all is in the log
      const checkpoint = await wholeCheckpoint(ports);
      if (checkpoint) return checkpoint;
    } catch (error) {
      if (!(error instanceof CorruptHistoryError)) throw error;
      return lost(error.message);
    }
    if (looks === LOOKS) return lost(`A page of the checkpoint ${subjects.checkpoint} is gone`);
    await new Promise<void>((resolve) => clock.after(RETRY, resolve));
  }
}

async function directoryEpoch({ views, subjects }: PartitionPorts): Promise<number> {
  const stored = await views.read(subjects.checkpoint);
  const read = async () => (stored ? decodeDirectory(stored.body, subjects.checkpoint).epoch : 0);
  return (await unlessDamaged(read)) ?? 0;
}

/** The records that are there, up to the first one that cannot be read, and whether they follow from the checkpoint. */
interface ReadLog {
  readonly records: readonly FoundRecord[];
  readonly follows: boolean;
  readonly end: number;
  readonly epoch: number;
}

async function readLog(
  ports: PartitionPorts,
  found: Checkpoint | 'lost' | undefined,
  losses: Loss[],
): Promise<ReadLog> {
  const { log, subjects } = ports;
  const stream = subjects.streamName('log');
  const lost = (from: number | undefined, to: number | undefined, text: string): void =>
    void losses.push({ stream, kind: 'log', from, to, text });
  const checkpoint = found === 'lost' ? undefined : found;
  const low = checkpoint?.low ?? 1;
  const known = checkpoint?.logSeq ?? 0;
  const records: FoundRecord[] = [];
  let first: number | undefined;
  for await (const { sequence } of log.read(low, Infinity)) {
    first = sequence;
    break;
  }
  try {
    if (first !== undefined) for await (const found of readRecords(ports, first, Infinity)) records.push(found);
  } catch (error) {
    if (!(error instanceof CorruptHistoryError)) throw error;
    lost(undefined, undefined, error.message);
  }
  const last = await log.last();
  const end = last?.sequence ?? 0;
  if (end < known)
    lost(
      end + 1,
      known,
      `It ends at record ${end}, and the checkpoint knows of record ${known}: what came last is lost.`,
    );
  else if (found !== 'lost' && first !== undefined && first > low)
    lost(
      low,
      first - 1,
      `It begins at record ${first}, and record ${low} is still needed: it was purged, or the state went back.`,
    );
  const isAnother = checkpoint !== undefined && (await isOther(ports, checkpoint));
  if (isAnother) lost(known, undefined, `Its record ${known} is not the one that the checkpoint knows.`);
  const isNext = found === 'lost' ? records.every(isClaim) : end >= known && (first ?? 0) <= known + 1;
  return {
    records: isAnother ? [] : records,
    follows: !isAnother && isNext,
    end,
    epoch: (last && (await unlessDamaged(async () => decodeRecord(last.body, `Record ${end}`).epoch))) ?? 0,
  };
}

/** Whether there is a record where the checkpoint's is to be, and another one. */
async function isOther(ports: PartitionPorts, { logSeq, commit }: Checkpoint): Promise<boolean> {
  for await (const { body } of ports.log.read(logSeq, logSeq))
    return (await unlessDamaged(async () => decodeRecord(body, `Record ${logSeq}`).commit)) !== commit;
  return false;
}

function isClaim({ record }: FoundRecord): boolean {
  return record.type === 'epoch';
}

/** What was accepted of the mail, and what is to be taken again, has to be there. */
async function checkAccepted(ports: PartitionPorts, tables: PartitionTables, losses: Loss[]): Promise<void> {
  const { mailbox, subjects } = ports;
  const stream = subjects.streamName('mail');
  const { first } = await mailbox.bounds();
  const { accepted, cursor } = tables;
  try {
    await checkMail(ports, tables);
  } catch (error) {
    if (!(error instanceof StorageRegressedError)) throw error;
    const { last } = await mailbox.bounds();
    const text =
      last < accepted
        ? `It ends at message ${last}, and mail was taken up to ${accepted}: what came last is lost.`
        : `Its message ${accepted} is not the one that was taken: what came last is lost.`;
    losses.push({ stream, kind: 'mail', from: Math.min(last + 1, accepted), to: accepted, goesBack: true, text });
    return;
  }
  if (first <= cursor + 1) return;
  const text = `It begins at message ${first}, and message ${cursor + 1} is still to be carried out: somebody purged it.`;
  losses.push({ stream, kind: 'mail', from: cursor + 1, to: first - 1, text });
}
