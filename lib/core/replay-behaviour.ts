import { VersionTooNewError } from '../errors.js';
import type { ExecutionStarted } from './history.js';

/**
 * How executions are replayed changes with a number, which is recorded in the first event of each: an execution is
 * replayed for ever as it was when it began. A later build that has to change what the same history makes of the same
 * code counts this up, says here what changed, and asks for the execution's number where it matters.
 *
 * 0: as at the beginning. It is not recorded.
 * 1: What the condition of a `waitUntil` reads of a task made of others does not count as seen, and it may read that of a
 *    task with a time limit. No attempt is made later than `retryTimeoutInMilliseconds`, whether a `Retry-After` or a late
 *    timer makes it so, nor sooner than its `Retry-After` when `retryIf` says when. A timer that is cancelled while the
 *    code waits for it fails the execution. A task between two attempts or two polls ends when the execution is canceled.
 *    A cancellation does not interrupt the compensations of a saga.
 * 2: A poll of `callHttp` has no header `x-functions-key`.
 */
export const newestBehaviour: number = 2;

/** What the first event of a new execution says of it. */
export function recordedBehaviour(behaviour = newestBehaviour): Pick<ExecutionStarted, 'behaviour'> {
  return behaviour === 0 ? {} : { behaviour };
}

/** Throws VersionTooNewError when only a later build knows how to replay the execution. */
export function checkBehaviour({ name, behaviour = 0 }: ExecutionStarted): void {
  if (behaviour > newestBehaviour)
    throw new VersionTooNewError(
      `The replay of orchestration "${name}", which a newer version began,`,
      behaviour,
      newestBehaviour,
    );
}
