import type { PartitionInspection } from '../wire/inspection.js';
import type { Address } from '../wire/messages.js';
import type { Committer } from './committer.js';
import type { Instances } from './instances.js';
import { lockedOf } from './locked-entities.js';
import type { Loops } from './loops.js';
import type { PartitionTables } from './tables.js';

/** What a partition looks like now. At most so many busy instances are named. */
export function inspectionOf(
  tables: PartitionTables,
  instances: Instances,
  committer: Committer,
  loops: Loops,
  {
    partition,
    worker,
    held,
  }: { readonly partition: number; readonly worker: string; readonly held: ReadonlyMap<Address, number> },
): PartitionInspection {
  const { epoch, sequence: record, accepted, cursor, deadLetters, poison } = tables;
  return {
    partition,
    worker,
    epoch,
    record,
    accepted,
    cursor,
    instances: instances.size,
    deadLetters,
    quarantined: [
      ...Array.from(poison.quarantined.values(), ({ to, since }) => [to, since] as const),
      ...held, // by this owner alone, for as long as it owns
    ].map(([address, since]) => ({ address, since, waiting: instances.instance(address).waiting.length })),
    locked: lockedOf(instances),
    busy: busyOf(instances),
    ...(committer.committedAt !== undefined && { committedAt: committer.committedAt }),
    waits: loops.waits.slice(0, MOST_WAITS),
  };
}

const MOST_BUSY = 100;
const MOST_WAITS = 100;

function busyOf(instances: Instances): readonly string[] {
  const busy: string[] = [];
  for (const { address, isBusy } of instances.waiting()) if (isBusy && busy.push(address) === MOST_BUSY) break;
  return busy;
}
