import { NotFoundError, TimeoutError } from '../errors.js';
import { orchestrationAddress } from '../wire/addresses.js';
import type { ClientSession } from './client-session.js';
import type { EndedNotice } from './inbox.js';
import { hasEnded, resultOf, type End } from './orchestration-status.js';
import { recheck } from './recheck.js';
import type { StartedRun } from './started-run.js';
import type { Wait, WaitOptions } from './waits.js';

/**
 * Waits for the end of an instance: its owner tells it, and is asked from time to time, because what it tells may get
 * lost and it forgets who waits when another worker takes over. Returns the result as a copy.
 */
export async function resultOfRun(
  session: ClientSession,
  instanceId: string,
  run: StartedRun | undefined,
  options: WaitOptions,
): Promise<unknown> {
  const address = orchestrationAddress(instanceId);
  const { inbox, waits, queries } = session;
  const wait = waits.begin<End>(options, () => lateResult(instanceId, options));
  const look = async (): Promise<void> => {
    const answer = await queries.ask(address, { v: 1, kind: 'status', instanceId, notify: inbox.notify });
    if (typeof answer === 'string') return;
    if (answer.status) see(run);
    else if (run?.isSeen !== false) throw new NotFoundError(instanceId);
    if (answer.status && hasEnded(answer.status)) wait.succeed(answer.status);
  };
  const onEnded = (notice: EndedNotice): void => {
    see(run);
    if (notice.ask) lookNow(wait, look);
    else wait.succeed(notice);
  };
  // Of an instance that this client did not start, an end it was told of may be that of a former run.
  if (!run) inbox.forgetEnd(instanceId);
  wait.onEnd(inbox.onEnded(instanceId, onEnded));
  if (!run) lookNow(wait, look);
  void recheck(wait, look);
  return session.values.decode(resultOf(instanceId, await wait.promise));
}

function lookNow(wait: Wait<End>, look: () => Promise<void>): void {
  look().catch((error: unknown) => wait.fail(error));
}

function see(run: StartedRun | undefined): void {
  if (run) run.isSeen = true;
}

function lateResult(instanceId: string, { timeoutInMilliseconds }: WaitOptions): TimeoutError {
  return new TimeoutError(
    `Orchestration instance "${instanceId}" has not ended within ${timeoutInMilliseconds} ms. It goes on; wait again, or ` +
      'look at its status.',
  );
}
