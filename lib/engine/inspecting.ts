import type { PartitionInspection } from '../wire/inspection.js';
import type { Instances } from './instances.js';
import type { PartitionTables } from './tables.js';

/** What a partition looks like now. At most so many busy instances are named. */
export function inspectionOf(
  tables: PartitionTables,
  instances: Instances,
  { partition, worker }: { readonly partition: number; readonly worker: string },
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
    quarantined: Array.from(poison.quarantined.values(), ({ to, since }) => ({
      address: to,
      since,
      waiting: instances.instance(to).waiting.length,
    })),
    busy: busyOf(instances),
  };
}

const MOST_BUSY = 100;

function busyOf(instances: Instances): readonly string[] {
  const busy: string[] = [];
  for (const { address, isBusy } of instances.busyOrWaiting()) if (isBusy && busy.push(address) === MOST_BUSY) break;
  return busy;
}
