import type { PartitionPorts, StoredMessage } from './ports.js';

/** After so many milliseconds the end of a log is looked at again. */
export const RETRY = 20;
/** So often at the most. */
const LOOKS = 150;

/**
 * The last record of the log, once it is one that has been waited for: of several replicas a deposed leader may not know
 * it yet (P11). What is seen in the end is the last one, whether it is that or not.
 */
export async function awaitedEnd(
  { log, clock }: Pick<PartitionPorts, 'log' | 'clock'>,
  isIt: (last: StoredMessage | undefined) => boolean,
): Promise<StoredMessage | undefined> {
  for (let looks = 1; ; looks++) {
    const last = await log.last();
    if (isIt(last) || log.replicas === 1 || looks === LOOKS) return last;
    await new Promise<void>((resolve) => clock.after(RETRY, resolve));
  }
}
