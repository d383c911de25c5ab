import type { EntityId } from '../core/history.js';
import type { HubPorts, Note, Views } from '../engine/ports.js';
import { parseAddress } from '../wire/addresses.js';
import { entitySummaryOf, readEntityNote, type EntitySummary } from '../wire/entity-note.js';
import { decodeHead } from '../wire/head-codec.js';
import type { PartitionSubjects } from '../wire/subjects.js';
import type { CheckedEntityFilter } from './entity-filter.js';
import { START, type ScanPosition } from './instance-scan.js';

/** An entity as its view told of it. */
export interface FoundEntity {
  readonly entity: EntityId;
  readonly summary: EntitySummary;
  /** Behind it. */
  readonly next: ScanPosition;
}

type ScannedPorts = Pick<HubPorts, 'partitions' | 'subjects' | 'viewsOf'>;

/** So many heads are read at a time. */
const WIDTH = 64;

/**
 * The entities that fit a filter, as their views say, each once, in batches: as `findInstances` does it, and with the same
 * promise (docs/adr/0042).
 */
export async function* findEntities(
  ports: ScannedPorts,
  filter: CheckedEntityFilter,
  { partition: first, sequence: begin }: ScanPosition = START,
): AsyncGenerator<readonly FoundEntity[], void> {
  for (let partition = first; partition < ports.partitions; partition++) {
    const subjects = ports.subjects.partition(partition);
    const views = ports.viewsOf(partition);
    const seen = new Set<string>();
    const from = partition === first ? begin : 1;
    for await (const notes of views.notes(subjects.head(filter.pattern), from, false)) {
      const fitting = notes.filter(({ subject }) => !seen.has(subject) && fitsSubject(subjects, subject, filter));
      const summaries = await summariesOf(views, fitting);
      const found = fitting.flatMap(({ subject, sequence }, at): FoundEntity[] => {
        const summary = summaries[at];
        const address = subjects.addressOf(subject);
        const addressee = address === undefined ? undefined : parseAddress(address);
        if (!summary || addressee?.kind !== 'entity' || !filter.fits(summary)) return [];
        seen.add(subject);
        return [{ entity: addressee.entity, summary, next: { partition, sequence: sequence + 1 } }];
      });
      yield found;
    }
  }
}

function fitsSubject(subjects: PartitionSubjects, subject: string, filter: CheckedEntityFilter): boolean {
  const [, name = '', key = ''] = subjects.addressOf(subject)?.split('.') ?? [];
  return filter.fitsId(name, key);
}

/** Of heads whose notes say nothing, from the heads; none of what is no entity, or is gone. */
async function summariesOf(views: Views, notes: readonly Note[]): Promise<readonly (EntitySummary | undefined)[]> {
  const summaries = notes.map(({ note }) => readEntityNote(note));
  const missing = notes.flatMap(({ subject }, at) => (summaries[at] ? [] : [{ subject, at }])).values();
  const reader = async (): Promise<void> => {
    for (const { subject, at } of missing) {
      const stored = await views.read(subject);
      const head = stored && decodeHead(stored.body, `The head ${subject}`);
      if (head?.type === 'entity') summaries[at] = entitySummaryOf(head);
    }
  };
  await Promise.all(Array.from({ length: WIDTH }, reader));
  return summaries;
}
