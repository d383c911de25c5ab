import type { Address } from '../wire/messages.js';
import type { ClientSession } from './client-session.js';
import { deadlineAfter } from './owner-queries.js';
import type { Wait } from './waits.js';

/** The pauses between two looks, in milliseconds, each twice the one before up to the longest. */
const FIRST_PAUSE = 5;
const LONGEST_PAUSE = 250;

/**
 * What an owner does not know may be in mail of this client that is stored and not taken yet, such as a start without an id,
 * which is told when it is stored. Resolves when the owner of an instance's partition has taken all that this client knew to be
 * stored there: `taken` when that may have been missing, so that the instance is to be looked for once more; `nothing` when there was
 * none; `late` when the waiting is over.
 */
export async function whenOwnMailIsTaken(
  session: ClientSession,
  address: Address,
  wait: Wait<unknown>,
): Promise<'taken' | 'nothing' | 'late'> {
  const last = session.lastStored(address);
  if (!last) return 'nothing';
  let silences = 0;
  for (let pause = FIRST_PAUSE; ; pause = Math.min(2 * pause, LONGEST_PAUSE)) {
    const isTaken = await session.isTaken(address, last, deadlineAfter(silences));
    if (isTaken) return 'taken';
    if (isTaken === undefined) silences++;
    if (wait.isOver) return 'late';
    await wait.pause(pause);
  }
}
