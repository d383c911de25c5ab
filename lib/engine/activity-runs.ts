import type { ActivityRun } from '../wire/activity-run.js';

/** Where open activities are done, and how often they were begun. */
export class ActivityRuns {
  /** Those whose place is a work queue. */
  readonly queued = new Set<number>();
  /** How often others were begun, where it was not once. */
  readonly #begun = new Map<number, ActivityRun>();

  get begun(): Iterable<ActivityRun> {
    return this.#begun.values();
  }

  /** Takes news of those that are open. */
  take(queued: Iterable<number>, begun: readonly ActivityRun[], open: { has(id: number): boolean }): void {
    for (const id of queued) if (open.has(id)) this.queued.add(id);
    for (const run of begun) if (open.has(run.id)) this.#begun.set(run.id, run);
  }

  /** How often an activity was begun by owners. */
  of(id: number): ActivityRun {
    return this.#begun.get(id) ?? { id, attempt: 1, lost: 0 };
  }

  close(id: number): void {
    this.queued.delete(id);
    this.#begun.delete(id);
  }

  clear(): void {
    this.queued.clear();
    this.#begun.clear();
  }
}
