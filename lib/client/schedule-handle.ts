import type { OrchestratorObject } from '../core/proxies.js';
import type { OverlapPolicy } from '../schedules/schedule-state.js';
import type { ScheduleDescription } from './schedule-description.js';
import { checkOverlap, type ScheduleOptions } from './schedule-options.js';
import type { Schedules } from './schedules.js';
import type { CallOptions } from './waits.js';

/** How a run is started by hand. */
export interface TriggerOptions extends CallOptions {
  /** What happens when a run goes on. Default: as the schedule says. */
  readonly overlap?: OverlapPolicy | undefined;
}

/** The stretch of time that a backfill makes up for. */
export interface BackfillOptions extends CallOptions {
  /** The first time that counts. */
  readonly from: Date;
  /** The last time that counts. */
  readonly to: Date;
  /** How its runs get along with each other and with those that go on. Default `bufferAll`: one after the other. */
  readonly overlap?: OverlapPolicy | undefined;
}

/**
 * One schedule, seen from a client. What changes it is carried out in the order of the calls, resolves when that is done, and
 * rejects with ScheduleNotFoundError when there is no such schedule, TimeoutError when no worker has carried it out within the
 * client's `timeoutInMilliseconds` (its text says that it will be), and ClosedError.
 *
 * @example
 * ```ts
 * import type { TaskHubClient } from 'perdure';
 *
 * export async function repair(client: TaskHubClient): Promise<void> {
 *   const nightly = client.schedules.get('nightly');
 *   await nightly.pause('the archive is down');
 *   // ...
 *   await nightly.unpause();
 *   await nightly.backfill({ from: new Date('2026-03-01'), to: new Date('2026-03-08') });
 *   const { nextTimes, counts } = await nightly.describe();
 *   console.log(nextTimes[0], counts.started);
 * }
 * ```
 */
export class ScheduleHandle {
  /** The schedule's id. */
  readonly scheduleId: string;
  readonly #schedules: Schedules;

  /** @internal Use `client.schedules`. */
  constructor(schedules: Schedules, scheduleId: string) {
    this.#schedules = schedules;
    this.scheduleId = scheduleId;
  }

  /**
   * How the schedule stands.
   *
   * @throws {ScheduleNotFoundError} when there is no such schedule
   * @throws {TimeoutError} when nobody could tell of it within the client's `timeoutInMilliseconds`
   * @throws {ClosedError} when the client or the connection is closed
   */
  describe(options: CallOptions = {}): Promise<ScheduleDescription> {
    return this.#schedules.describe(this.scheduleId, options);
  }

  /** Makes it start nothing by itself until it is unpaused. Runs that go on, or wait, are not touched. */
  pause(note?: string, options: CallOptions = {}): Promise<void> {
    return this.#schedules.command(this.scheduleId, { kind: 'pause', ...(note !== undefined && { note }) }, options);
  }

  /** Lets it start its runs again, from the next time on: what was due meanwhile is left to `backfill`. */
  unpause(note?: string, options: CallOptions = {}): Promise<void> {
    return this.#schedules.command(this.scheduleId, { kind: 'unpause', ...(note !== undefined && { note }) }, options);
  }

  /**
   * Starts a run now, also while it is paused. Its time is that of the schedule's worker when it takes the command.
   *
   * @throws {InvalidScheduleError} for an overlap policy that is none
   */
  async trigger({ overlap, ...options }: TriggerOptions = {}): Promise<void> {
    const policy = overlap === undefined ? {} : { overlap: checkOverlap(overlap) };
    return this.#schedules.command(this.scheduleId, { kind: 'trigger', ...policy }, options);
  }

  /**
   * Starts the runs of a stretch of time, at most 1,000, as if it were now; also of times at which it ran already.
   *
   * @throws {InvalidScheduleError} for dates that are none, more than 1,000 runs, or an overlap policy that is none
   */
  async backfill({ overlap = 'bufferAll', ...options }: BackfillOptions): Promise<void> {
    return this.#schedules.backfill(this.scheduleId, { ...options, overlap: checkOverlap(overlap) });
  }

  /**
   * Gives it other times, settings and work, as `create` takes them; it stays paused or not, and keeps its runs and counts.
   *
   * @throws {InvalidScheduleError} and what `create` throws further, for options that cannot work
   */
  update<O extends OrchestratorObject>(
    options: Omit<ScheduleOptions<O>, 'isPaused' | 'note'>,
    call: CallOptions = {},
  ): Promise<void> {
    return this.#schedules.update(this.scheduleId, options, call);
  }

  /** Ends it. Runs that go on are not touched; those that wait do not start. Its id may be used again. */
  delete(options: CallOptions = {}): Promise<void> {
    return this.#schedules.command(this.scheduleId, { kind: 'delete' }, options);
  }
}
