import { CorruptHistoryError, OwnershipLostError } from '../errors.js';
import { decodeDirectory } from '../wire/checkpoint-codec.js';
import { decodeRecord, encodeEpoch } from '../wire/record-codec.js';
import type { LogRecord, PartRecord } from '../wire/record.js';
import { Checkpoints } from './checkpoints.js';
import type { PartitionPorts, StoredMessage } from './ports.js';

/** After an unclear append, look again after so many milliseconds. */
const RETRY = 20;

/** A damaged partition in the hands of whoever accepts its loss. */
export interface Claim {
  readonly epoch: number;
  /** Its epoch record. */
  readonly sequence: number;
  readonly checkpoints: Checkpoints;
}

/**
 * Claims a partition that no worker takes over: by an epoch record behind whatever its log ends with, and by its checkpoint. From
 * here on nobody of a lower epoch commits (C2, C3), and none stores a checkpoint (P9). Throws OwnershipLostError.
 */
export async function claimDamaged(ports: PartitionPorts, owner: string, epoch: number): Promise<Claim> {
  const { log, mailbox, random, clock, subjects, views } = ports;
  const commit = random.id();
  const { last: mail } = await mailbox.bounds();
  const append = async (): Promise<number> => {
    for (;;) {
      const last = await log.last();
      const former = last && readable(last, subjects.log);
      const prev = last?.sequence ?? 0;
      if (former?.commit === commit) return prev;
      if (former && former.epoch >= epoch) throw claimedBy(former.epoch, subjects.partition);
      const fields = { epoch, commit, prev, at: clock.now(), owner, mail, unclean: true } as const;
      const sequence = await log.append(encodeEpoch(fields), prev);
      if (sequence !== undefined) return sequence;
      await new Promise<void>((resolve) => clock.after(RETRY, resolve));
    }
  };
  const sequence = await append();
  const stored = await views.read(subjects.checkpoint);
  if (stored && !isDirectory(stored)) await views.remove(stored.subject, stored.sequence);
  const checkpoints = new Checkpoints(ports, epoch);
  await checkpoints.takeOver();
  return { epoch, sequence, checkpoints };
}

export function claimedBy(epoch: number, partition: number): OwnershipLostError {
  return new OwnershipLostError(
    `Partition ${partition} was claimed by somebody else meanwhile, in epoch ${epoch}: stop its workers, or try again.`,
  );
}

/** The last record may be what is damaged. */
function readable({ sequence, body }: StoredMessage, subject: string): LogRecord | PartRecord | undefined {
  try {
    return decodeRecord(body, `Record ${sequence} of ${subject}`);
  } catch (error) {
    if (error instanceof CorruptHistoryError) return undefined;
    throw error;
  }
}

function isDirectory({ body, subject }: StoredMessage): boolean {
  try {
    decodeDirectory(body, subject);
    return true;
  } catch (error) {
    if (error instanceof CorruptHistoryError) return false;
    throw error;
  }
}
