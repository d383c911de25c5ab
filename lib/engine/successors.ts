import { CorruptHistoryError, OwnershipLostError, StorageRegressedError } from '../errors.js';
import { decodeRecord } from '../wire/record-codec.js';
import { inTime } from './in-time.js';
import { awaitedEnd } from './log-end.js';
import type { PartitionPorts, StoredMessage } from './ports.js';

/**
 * Of several replicas a successor may be seen late: what was found stands after so many waits of so many milliseconds. Several, for
 * a process that is frozen loses one of them: when it goes on, the time of that is over before the answer is heard.
 */
const WAITS = 10;
const WAIT = 500;

type Ports = Pick<PartitionPorts, 'log' | 'subjects' | 'clock'>;

/**
 * Why an owner of this epoch must not go on, when it found that something is missing: a successor may remove what an owner
 * that was frozen still looks for, and that is no loss of a stream (P12) but one of the partition. Any other error is its
 * own reason, as is a stream that is gone: no owner deletes any, and a log that is gone names no successor. While nobody can
 * say whether there is a successor, nothing is called lost: who takes the partition next finds what is.
 */
export async function reasonOf<E>(error: E, ports: Ports, epoch: number): Promise<E | OwnershipLostError> {
  const isMissing = error instanceof StorageRegressedError && error.stream === undefined;
  if (!isMissing && !(error instanceof CorruptHistoryError)) return error;
  const looked = successorOf(ports, epoch).catch(() => undefined); // the log cannot tell: it is gone, too
  for (let wait = 0; wait < WAITS; wait++) {
    const successor = await inTime<Found | typeof notYet>(ports.clock, WAIT, looked, () => notYet);
    if (successor !== notYet) return successor ?? error;
  }
  return new OwnershipLostError(
    `Partition ${ports.subjects.partition} is given up: its log could not be asked whether it has a new owner, and without one ` +
      `this would be a loss: ${error.message}`,
  );
}

type Found = OwnershipLostError | undefined;
const notYet = Symbol('not yet');

async function successorOf(ports: Ports, epoch: number): Promise<Found> {
  const { subjects } = ports;
  const epochOf = (last: StoredMessage | undefined): number =>
    last ? decodeRecord(last.body, `Record ${last.sequence} of ${subjects.log}`).epoch : 0;
  const found = epochOf(await awaitedEnd(ports, (last) => epochOf(last) > epoch));
  if (found <= epoch) return undefined;
  return new OwnershipLostError(
    `Partition ${subjects.partition} has a new owner: its log is in epoch ${found}, mine is ${epoch}.`,
  );
}
