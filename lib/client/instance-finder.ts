import { InstanceReplacedError, NotFoundError, TimeoutError } from '../errors.js';
import { orchestrationAddress } from '../wire/addresses.js';
import type { InstanceStatus } from '../wire/queries.js';
import type { ClientSession } from './client-session.js';
import type { InstanceReads, ReadSource, StatusReading } from './instance-reads.js';
import { whenOwnMailIsTaken } from './own-mail.js';
import { isOf, type StartedRun } from './started-run.js';
import type { Wait } from './waits.js';

/** The wait before an instance is looked for again that nobody could tell of, in milliseconds. */
const LOOK_AGAIN = 250;

/** An instance as it was found. */
export interface FoundStatus {
  readonly status: InstanceStatus;
  readonly source: ReadSource;
}

/** Looks for instances, and for one run of them where it is known. */
export class InstanceFinder {
  readonly #session: ClientSession;
  readonly #reads: InstanceReads;

  constructor(session: ClientSession, reads: InstanceReads) {
    this.#session = session;
    this.#reads = reads;
  }

  /**
   * Looks until somebody can tell, or nobody waits any more. Undefined for a run that was started and has not been seen yet.
   * Rejects with NotFoundError or InstanceReplacedError.
   */
  async find(
    instanceId: string,
    run: StartedRun | undefined,
    wait: Wait<unknown>,
    reading: StatusReading = {},
  ): Promise<FoundStatus | undefined> {
    for (; ; await wait.pause(LOOK_AGAIN)) {
      const found = await this.look(instanceId, run, wait, reading);
      if (found !== 'nobody') return found;
      if (wait.isOver) throw new NotFoundError(instanceId); // whoever waited is told something else
    }
  }

  /** The same, once; `nobody`: there is neither an owner nor a view of the run. */
  async look(
    instanceId: string,
    run: StartedRun | undefined,
    wait: Wait<unknown>,
    reading: StatusReading,
  ): Promise<FoundStatus | undefined | 'nobody'> {
    let { status, source } = await this.#reads.status(instanceId, reading);
    if (!status && source === 'owner' && run?.isSeen !== false) {
      const own = await whenOwnMailIsTaken(this.#session, orchestrationAddress(instanceId), wait);
      if (own === 'late') return 'nobody';
      if (own === 'taken') ({ status, source } = await this.#reads.status(instanceId, reading));
    }
    if (status && (!run || isOf(run, status.runId))) return { status, source };
    if (status && source === 'owner') throw new InstanceReplacedError(instanceId); // a view may show a former run
    if (run?.isSeen === false) return undefined;
    if (source === 'owner') throw new NotFoundError(instanceId);
    return 'nobody';
  }
}

/** Neither an owner nor a view has told of an instance in time. */
export function nobodyTells(instanceId: string, taskHub: string, milliseconds: number): TimeoutError {
  return new TimeoutError(
    `No worker could tell of orchestration instance "${instanceId}" within ${milliseconds} ms, and there is no view ` +
      `of it. Start a worker of task hub ${taskHub}, or try again.`,
  );
}
