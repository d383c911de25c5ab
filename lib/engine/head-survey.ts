import { CorruptHistoryError } from '../errors.js';
import { decodeHead } from '../wire/head-codec.js';
import type { Head, OrchestrationHead } from '../wire/head.js';
import type { Address } from '../wire/messages.js';
import { isEnd } from './orchestration-state.js';
import type { Loss, PartitionReading } from './partition-reading.js';
import type { PartitionPorts } from './ports.js';

/** An instance of which something is missing, or cannot be read. */
export interface DamagedInstance {
  readonly address: Address;
  readonly reason: string;
}

/** What the heads of a partition say together. */
export interface HeadSurvey {
  /** The highest record, and the highest epoch, that any head knows. */
  readonly record: number;
  readonly epoch: number;
  /** How many orchestration instances have not ended, and how many entities there are. */
  readonly running: number;
  readonly entities: number;
  readonly damaged: readonly DamagedInstance[];
  readonly losses: readonly Loss[];
}

/** Looks at all heads and wake records of a partition. Throws VersionTooNewError. */
export async function surveyHeads(ports: PartitionPorts, reading: PartitionReading): Promise<HeadSurvey> {
  const { views, subjects, log } = ports;
  const damaged: DamagedInstance[] = [];
  const known = new Set<Address>();
  const ahead: (readonly [Address, Head])[] = [];
  const counts = { record: 0, epoch: 0, running: 0, entities: 0 };
  for await (const { subject, body } of views.scan(subjects.heads)) {
    const address = subjects.addressOf(subject);
    if (address === undefined) continue;
    known.add(address);
    const head = readableHead(body, subject, (reason) => damaged.push({ address, reason }));
    if (!head) continue;
    counts.record = Math.max(counts.record, head.logSeq);
    counts.epoch = Math.max(counts.epoch, head.epoch);
    if (head.type === 'entity') counts.entities++;
    if (isAhead(head, reading)) ahead.push([address, head]);
    if (head.type !== 'orchestration' || isEnd(head.status)) continue;
    counts.running++;
    const gone = await goneSegment(ports, subject, head);
    if (gone !== undefined) damaged.push({ address, reason: `${gone}, a part of its history, is gone` });
  }
  for await (const subject of views.subjects(subjects.wakes)) {
    const address = subjects.addressOf(subject);
    if (address === undefined || known.has(address) || reading.tail.has(address)) continue;
    if (await views.read(subjects.head(address))) continue; // stored since
    if (await views.read(subject)) damaged.push({ address, reason: 'Its view is gone, and its wake record is there' });
  }
  const end = (await log.last())?.sequence ?? 0;
  const losses = [...lossesOf(ports, ahead, { ...reading, end }), ...(await gonePages(ports, reading))];
  return { ...counts, damaged, losses };
}

function readableHead(body: Uint8Array, subject: string, tell: (reason: string) => void): Head | undefined {
  try {
    return decodeHead(body, `Head ${subject}`);
  } catch (error) {
    if (!(error instanceof CorruptHistoryError)) throw error;
    tell(error.message);
    return undefined;
  }
}

/** Whether it may know a record that the log does not have. */
function isAhead({ logSeq, commit }: Head, { end, commits }: Pick<PartitionReading, 'end' | 'commits'>): boolean {
  return logSeq > end || (commits.get(logSeq) ?? commit) !== commit;
}

function lossesOf(
  { subjects }: PartitionPorts,
  heads: readonly (readonly [Address, Head])[],
  reading: Pick<PartitionReading, 'end' | 'commits'>,
): readonly Loss[] {
  const ahead = heads.filter(([, head]) => isAhead(head, reading));
  const [first] = ahead;
  if (!first) return [];
  const to = ahead.reduce((most, [, { logSeq }]) => Math.max(most, logSeq), 0);
  const more = ahead.length > 1 ? ` (and ${ahead.length - 1} more)` : '';
  const text = `The head of ${first[0]}${more} knows of record ${to}, and the log, which ends at ${reading.end}, does not have it.`;
  return [{ stream: subjects.streamName('log'), kind: 'log', from: Math.min(reading.end + 1, to), to, text }];
}

/** Pages with messages that wait (P4). */
async function gonePages({ views, subjects }: PartitionPorts, { tables }: PartitionReading): Promise<readonly Loss[]> {
  const losses: Loss[] = [];
  for (const { page, sequence } of tables.parked.snapshot()) {
    const subject = subjects.parkedPage(page);
    if ((await views.read(subject))?.sequence === sequence) continue;
    losses.push({
      stream: subjects.streamName('state'),
      kind: 'state',
      text: `${subject}, with messages that wait, is gone.`,
    });
  }
  return losses;
}

/** A part of its history that is not there. A new head may have taken the place of this one, and names others. */
async function goneSegment(
  { views }: PartitionPorts,
  place: string,
  head: OrchestrationHead,
): Promise<string | undefined> {
  for (const { subject } of [...head.segments, ...(head.held ?? [])]) {
    if (await views.read(subject)) continue;
    const stored = await views.read(place);
    const now = stored && decodeHead(stored.body, `Head ${place}`);
    if (now?.type === 'orchestration' && now.logSeq === head.logSeq) return subject;
    return undefined; // whoever has stored the new one is at work
  }
  return undefined;
}
