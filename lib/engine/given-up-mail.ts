import { encodeDeadLetter } from '../wire/dead-letter-codec.js';
import type { Survey } from './diagnosis.js';
import type { PartitionPorts, StoredMessage } from './ports.js';

/** Before a letter whose outcome is unknown is stored again, in milliseconds. */
const RETRY = 100;
/** Why it is there, for people. */
const REASON = 'Given up with what its partition lost: it may have been carried out, and will not be from here on';

/**
 * A stream whose end is not known goes on so many sequences behind the last one of which anybody knows: nothing that is still on
 * its way from before may be taken for something new, nor a client's session of before for one that is still to come (P1, P5, C5).
 */
export const GAP = 1_000_000_000;

/** How far mail is accepted from here on, and what was given up of it. */
export interface GivenUpMail {
  readonly accepted: number;
  readonly acceptedAt?: number;
  /** Messages that are letters now, and such as came while the stream was emptied. */
  readonly kept: number;
  readonly arrived: number;
}

/**
 * Gives up the mail that is lost, and what was accepted of it and is open in these tables; `all`: also what is there, for nobody
 * knows whether it was carried out. What is there is kept as dead letters, so that people can look what it was and send it again.
 */
export async function giveUpMail(
  ports: PartitionPorts,
  { reading, losses }: Pick<Survey, 'reading' | 'losses'>,
  commit: string,
  { all }: { readonly all: boolean },
): Promise<GivenUpMail> {
  const { mailbox } = ports;
  const { accepted, acceptedAt = Infinity, open } = reading.tables;
  if (losses.some(({ kind, goesBack }) => kind === 'mail' && goesBack)) {
    const isLeft = ({ sequence, time }: StoredMessage): boolean =>
      sequence > accepted || time > acceptedAt || open.has(sequence);
    const { kept, looked, last } = await keepAsLetters(ports, isLeft, commit);
    const end = Math.max(accepted, last) + GAP;
    const removed = await mailbox.restartAt(end + 1);
    open.clear();
    return { accepted: end, kept, arrived: Math.max(0, removed - looked) };
  }
  const { first, last } = await mailbox.bounds();
  if (all) {
    const isLeft = ({ sequence }: StoredMessage): boolean =>
      sequence <= last && (sequence > accepted || open.has(sequence));
    const { kept } = await keepAsLetters(ports, isLeft, commit);
    return { ...(await acceptedUpTo(ports, Math.max(last, accepted))), kept, arrived: 0 };
  }
  for (const sequence of open.keys()) if (sequence < first) open.delete(sequence);
  return { ...(await acceptedUpTo(ports, Math.max(first - 1, accepted))), kept: 0, arrived: 0 };
}

async function acceptedUpTo(
  { mailbox }: PartitionPorts,
  accepted: number,
): Promise<Pick<GivenUpMail, 'accepted' | 'acceptedAt'>> {
  const acceptedAt = await mailbox.timeOf(accepted);
  return { accepted, ...(acceptedAt !== undefined && { acceptedAt }) };
}

/** How many messages there are, how many of them are letters now, and the last one. */
async function keepAsLetters(
  ports: PartitionPorts,
  isLeft: (message: StoredMessage) => boolean,
  commit: string,
): Promise<{ readonly kept: number; readonly looked: number; readonly last: number }> {
  const { mailbox, subjects } = ports;
  let { last } = await mailbox.bounds();
  let [kept, looked] = [0, 0];
  for await (const message of mailbox.read(1)) {
    looked++;
    last = Math.max(last, message.sequence);
    if (message.subject === subjects.sessions || !isLeft(message)) continue;
    await store(ports, message, commit);
    kept++;
  }
  return { kept, looked, last };
}

async function store(ports: PartitionPorts, { subject, sequence, body }: StoredMessage, commit: string): Promise<void> {
  const { deadLetters, subjects, clock, maxBodyBytes } = ports;
  const letter = encodeDeadLetter({ subject, sequence, index: 0, reason: REASON }, body, maxBodyBytes);
  // Another stream of the name may have had letters of the same sequences.
  const id = `${subjects.streamName('mail')}.${sequence}.${commit}`;
  while ((await deadLetters.send(subjects.deadLetters, letter, id)) === undefined)
    await new Promise<void>((resolve) => clock.after(RETRY, resolve));
}
