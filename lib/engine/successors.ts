import { CorruptHistoryError, OwnershipLostError, StorageRegressedError } from '../errors.js';
import { decodeRecord } from '../wire/record-codec.js';
import { inTime } from './in-time.js';
import { awaitedEnd } from './log-end.js';
import type { PartitionPorts, StoredMessage } from './ports.js';

/** Of several replicas a successor may be seen late: what was found stands after so many milliseconds. */
const PATIENCE = 5_000;

type Ports = Pick<PartitionPorts, 'log' | 'subjects' | 'clock'>;

/**
 * Why an owner of this epoch must not go on, when it found that something is missing: a successor may remove what an owner
 * that was frozen still looks for, and that is no loss of a stream (P12) but one of the partition. Any other error is its
 * own reason, as is a stream that is gone: no owner deletes any, and a log that is gone names no successor.
 */
export async function reasonOf<E>(error: E, ports: Ports, epoch: number): Promise<E | OwnershipLostError> {
  const isMissing = error instanceof StorageRegressedError && error.stream === undefined;
  if (!isMissing && !(error instanceof CorruptHistoryError)) return error;
  let successor: OwnershipLostError | undefined;
  const looked = successorOf(ports, epoch).then(
    (found) => void (successor = found),
    () => {}, // the log cannot tell: it is gone, too
  );
  await inTime(ports.clock, PATIENCE, looked, () => {});
  return successor ?? error;
}

async function successorOf(ports: Ports, epoch: number): Promise<OwnershipLostError | undefined> {
  const { subjects } = ports;
  const epochOf = (last: StoredMessage | undefined): number =>
    last ? decodeRecord(last.body, `Record ${last.sequence} of ${subjects.log}`).epoch : 0;
  const found = epochOf(await awaitedEnd(ports, (last) => epochOf(last) > epoch));
  if (found <= epoch) return undefined;
  return new OwnershipLostError(
    `Partition ${subjects.partition} has a new owner: its log is in epoch ${found}, mine is ${epoch}.`,
  );
}
