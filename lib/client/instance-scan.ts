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
export async function* findInstances(
  ports: ScannedPorts,
  filter: CheckedFilter,
  from: ScanPosition = START,
): AsyncGenerator<readonly FoundInstance[], void> {
  for (let { partition, sequence } = from; partition < ports.partitions; partition++, sequence = 1)
    yield* findIn(ports, filter, { partition, sequence });
}

async function* findIn(
  ports: ScannedPorts,
  filter: CheckedFilter,
  { partition, sequence }: ScanPosition,
): AsyncGenerator<readonly FoundInstance[], void> {
  const subjects = ports.subjects.partition(partition);
  const views = ports.viewsOf(partition);
  const firstOfId = subjects.head('o.').length;
  const found = new Set<string>();
  const isNew = ({ instanceId }: FoundInstance): boolean => {
    if (found.has(instanceId)) return false;
    found.add(instanceId);
    return true;
  };
  for await (const notes of views.notes(subjects.head('o.*'), sequence)) {
    const summaries = notes.map(({ note }) => readNote(note));
    await readMissing(views, notes, summaries);
    yield notes
      .flatMap(({ subject, sequence: at }, index): FoundInstance[] => {
        const summary = summaries[index];
        if (!summary || !filter.fits(summary)) return [];
        const instanceId = decodeId(subject.slice(firstOfId));
        return [{ instanceId, summary, next: { partition, sequence: at + 1 } }];
      })
      .filter(({ instanceId }) => filter.instanceIdPrefix === undefined || instanceId.startsWith(filter.instanceIdPrefix))
      .filter(isNew);
  }
}

/** Fills in the summaries of heads whose notes say nothing, from the heads; none of what is no instance, or is gone. */
async function readMissing(views: Views, notes: readonly Note[], summaries: (HeadSummary | undefined)[]): Promise<void> {
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
  readonly #scan: AsyncGenerator<readonly FoundInstance[], void>;
  #left: FoundInstance[] = [];

  constructor(scan: AsyncGenerator<readonly FoundInstance[], void>) {
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
