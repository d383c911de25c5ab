import { CorruptHistoryError, InstanceReplacedError, NotFoundError, TimeoutError } from '../errors.js';
import { orchestrationAddress } from '../wire/addresses.js';
import type { ClientSession } from './client-session.js';
import type { EndedNotice } from './inbox.js';
import { hasEnded, resultOf, type End } from './orchestration-status.js';
import { whenOwnMailIsTaken } from './own-mail.js';
import { recheck } from './recheck.js';
import { isOf, type StartedRun } from './started-run.js';
import type { Wait, WaitOptions } from './waits.js';

/** Of a run that was stored so many milliseconds ago the end may have been told, and forgotten, already. */
const LATE = 50;

/** A result that was looked for in vain, and how often. */
interface Missing {
  readonly key: string | undefined;
  readonly times: number;
}

/** So often the owner names a result that is lost. The last but one look for it is patient (P11), and it may have been replaced meanwhile. */
const LOOKS = 3;

/**
 * Waits for the end of an instance: its owner tells it, and is asked from time to time, because what it tells may get
 * lost and it forgets who waits when another worker takes over. Returns the result as a copy.
 *
 * P15. A result that is not there any more when it is looked for went with its run, unless its owner goes on to say the
 *      same end: only then it is lost.
 */
export async function resultOfRun(
  session: ClientSession,
  instanceId: string,
  run: StartedRun | undefined,
  options: WaitOptions,
): Promise<unknown> {
  if (run?.end) return resultOf(instanceId, run.end, session.values);
  const address = orchestrationAddress(instanceId);
  const { inbox, waits, queries, ports } = session;
  const wait = waits.begin<End>(options, () => lateResult(instanceId, options));
  let isBehindOwnMail = false;
  let missing: Missing | undefined;
  const look = async (deadline?: number): Promise<void> => {
    const missed = missing; // what is answered from here on was so later
    const answer = await queries.ask(address, { v: 1, kind: 'status', instanceId, notify: inbox.notify }, deadline);
    if (typeof answer === 'string') return;
    const { status } = answer;
    if (!status && run?.isSeen !== false) {
      const own = isBehindOwnMail ? 'nothing' : await whenOwnMailIsTaken(session, address, wait);
      if (own === 'nothing') throw new NotFoundError(instanceId);
      isBehindOwnMail = own === 'taken';
      if (isBehindOwnMail) await look(deadline);
    }
    if (status && run && !isOf(run, status.runId)) throw new InstanceReplacedError(instanceId);
    if (status && hasEnded(status)) await take(status, missed);
  };
  const take = async (told: End, missed?: Missing): Promise<void> => {
    const key = told.outputRef?.key;
    const times = missed && missed.key === key ? missed.times + 1 : 1;
    try {
      wait.succeed(await session.large.whole(endOf(told), times !== LOOKS - 1));
    } catch (error) {
      if (!(error instanceof CorruptHistoryError) || times === LOOKS) throw error;
      missing = { key, times };
      if (!wait.isOver) await look();
    }
  };
  const onEnded = (notice: EndedNotice): void => {
    if (run && !isOf(run, notice.runId)) return; // a run before or after it
    // A failed run alone may go on, when it is rewound: what is told of its end may have been on its way since before that.
    const mayBeOld = notice.runtimeStatus === 'Failed';
    attempt(wait, () => (notice.ask || mayBeOld ? look() : take(notice)));
  };
  wait.onEnd(inbox.onEnded(instanceId, onEnded));
  // Of an instance that this client did not start, an end that it was told of may be that of a former run.
  const known = run && inbox.takeEnded(instanceId, ({ runId }) => isOf(run, runId));
  if (known) onEnded(known);
  else if (!run || ports.clock.now() - run.storedAt >= LATE) attempt(wait, look);
  recheck(wait, look);
  const end = await wait.promise;
  if (run) run.end = end;
  return resultOf(instanceId, end, session.values);
}

function attempt(wait: Wait<End>, run: () => Promise<void>): void {
  run().catch((error: unknown) => wait.fail(error));
}

/** Of all that a status says, what its result is made of: an input may be large too. */
function endOf({ runtimeStatus, output, outputRef, failure, reason }: End): End {
  return {
    runtimeStatus,
    ...(output !== undefined && { output }),
    ...(outputRef && { outputRef }),
    ...(failure && { failure }),
    ...(reason !== undefined && { reason }),
  };
}

function lateResult(instanceId: string, { timeoutInMilliseconds }: WaitOptions): TimeoutError {
  return new TimeoutError(
    `Orchestration instance "${instanceId}" has not ended within ${timeoutInMilliseconds} ms. It goes on; wait again, or ` +
      'look at its status.',
    instanceId,
  );
}
