import { lookFor } from './looks.js';
import type { PartitionPorts, StoredMessage } from './ports.js';

/** So often the end of a log is looked at. */
const LOOKS = 150;

/**
 * The last record of the log, once it is one that has been waited for: of several replicas a deposed leader may not know
 * it yet (P11). What is seen in the end is the last one, whether it is that or not.
 */
export function awaitedEnd(
  { log, clock }: Pick<PartitionPorts, 'log' | 'clock'>,
  isIt: (last: StoredMessage | undefined) => boolean,
): Promise<StoredMessage | undefined> {
  return lookFor(
    clock,
    LOOKS,
    () => log.last(),
    (last) => log.replicas === 1 || isIt(last),
  );
}
