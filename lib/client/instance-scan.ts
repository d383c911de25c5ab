import type { HubPorts, Note, Views } from '../engine/ports.js';
import { decodeHead } from '../wire/head-codec.js';
import { readNote, summaryOf, type HeadSummary } from '../wire/head-summary.js';
import { decodeId } from '../wire/id-codec.js';
import type { CheckedFilter } from './instance-filter.js';

/** Where a scan stands: from this sequence on in the state stream of a partition, and in all partitions behind that. */
export interface ScanPosition {
  readonly partition: number;
  readonly sequence: number;
}

/** The beginning of all scans. */
export const START: ScanPosition = { partition: 0, sequence: 1 };

/** An instance as its view told of it. */
export interface FoundInstance {
  readonly instanceId: string;
  readonly summary: HeadSummary;
  /** Behind it. */
  readonly next: ScanPosition;
}

/** What is found, batch by batch. */
export type Scan = AsyncGenerator<readonly FoundInstance[], void>;

/** What a scan needs of the hub. */
type ScannedPorts = Pick<HubPorts, 'partitions' | 'subjects' | 'viewsOf'>;

/** So many heads are read at a time. */
const WIDTH = 64;

/**
 * The instances that fit a filter, as their views say, each once: those of a partition in the order in which their views were
 * stored. What is there from the beginning to the end is found, however often it changes meanwhile: a view that is written
 * over moves to the end of its stream, where it is met again. Yields what is found together, also nothing, so that whoever
 * scans can stop.
 */
export async function* findInstances(ports: ScannedPorts, filter: CheckedFilter, from: ScanPosition = START): Scan {
  let ahead: Begun | undefined;
  try {
    for (let { partition, sequence } = from; partition < ports.partitions; partition++, sequence = 1) {
      const scan = ahead ?? new Begun(findIn(ports, filter, { partition, sequence }, false));
      ahead = undefined;
      let batches = 0;
      for await (const found of scan) {
        // Whoever wants more than a little is likely to want the next partition too: its server need not wait for that.
        if (++batches === 2 && partition + 1 < ports.partitions)
          ahead = new Begun(findIn(ports, filter, { partition: partition + 1, sequence: 1 }, true));
        yield found;
      }
    }
  } finally {
    ahead?.close();
  }
}

/** A scan that has begun before anybody takes what it finds. */
class Begun implements AsyncIterable<readonly FoundInstance[]> {
  readonly #scan: Scan;
  readonly #first: ReturnType<Scan['next']>;

  constructor(scan: Scan) {
    this.#scan = scan;
    this.#first = scan.next();
    this.#first.catch(() => {}); // whoever takes is told
  }

  async *[Symbol.asyncIterator](): Scan {
    try {
      for (let next = await this.#first; next.done !== true; next = await this.#scan.next()) yield next.value;
    } finally {
      await this.#scan.return();
    }
  }

  close(): void {
    this.#scan.return().catch(() => {});
  }
}

async function* findIn(
  ports: ScannedPorts,
  filter: CheckedFilter,
  { partition, sequence }: ScanPosition,
  wantsMany: boolean,
): Scan {
  const subjects = ports.subjects.partition(partition);
  const views = ports.viewsOf(partition);
  const firstOfId = subjects.head('o.').length;
  const prefix = subjects.head(filter.addressPrefix);
  const found = new Set<string>();
  const isNew = ({ instanceId }: FoundInstance): boolean => {
    if (found.has(instanceId)) return false;
    found.add(instanceId);
    return true;
  };
  for await (const notes of views.notes(subjects.head('o.*'), sequence, wantsMany)) {
    const possible = notes.filter(
      ({ subject, note }) => subject.startsWith(prefix) && (note === undefined || filter.mayFit(note)),
    );
    const summaries = possible.map(({ note }) => readNote(note));
    await readMissing(views, possible, summaries);
    yield possible
      .flatMap(({ subject, sequence: at }, index): FoundInstance[] => {
        const summary = summaries[index];
        if (!summary || !filter.fits(summary)) return [];
        const instanceId = decodeId(subject.slice(firstOfId));
        return [{ instanceId, summary, next: { partition, sequence: at + 1 } }];
      })
      .filter(isNew);
  }
}

/** Fills in the summaries of heads whose notes say nothing, from the heads; none of what is no instance, or is gone. */
async function readMissing(
  views: Views,
  notes: readonly Note[],
  summaries: (HeadSummary | undefined)[],
): Promise<void> {
  const missing = notes.flatMap(({ subject }, index) => (summaries[index] ? [] : [{ subject, index }])).values();
  const reader = async (): Promise<void> => {
    for (const { subject, index } of missing) {
      const stored = await views.read(subject);
      const head = stored && decodeHead(stored.body, `The head ${subject}`);
      if (head?.type === 'orchestration') summaries[index] = summaryOf(head);
    }
  };
  await Promise.all(Array.from({ length: WIDTH }, reader));
}

/** Takes what a scan finds, so many at a time. */
export class FoundInstances {
  readonly #scan: Scan;
  #left: FoundInstance[] = [];

  constructor(scan: Scan) {
    this.#scan = scan;
  }

  /** The next ones, at least one and at most so many; undefined: there are no more, or nobody waits for them. */
  async take(most: number, isWanted: () => boolean): Promise<readonly FoundInstance[] | undefined> {
    while (this.#left.length === 0) {
      const { done, value } = await this.#scan.next();
      if (done === true || !isWanted()) return undefined;
      this.#left = [...value];
    }
    return this.#left.splice(0, most);
  }

  /** Ends the scan, as soon as it is not waiting for anything. */
  close(): void {
    this.#scan.return().catch(() => {}); // whoever takes is told
  }
}
