import type { ActivityRun } from '../wire/activity-run.js';

/** Where open activities are done, and how often they were begun. Most are done once and here: of these nothing is kept. */
export class ActivityRuns {
  #queued: Set<number> | undefined;
  /** How often others were begun, where it was not once. */
  #begun: Map<number, ActivityRun> | undefined;

  /** Those whose place is a work queue. */
  get queued(): ReadonlySet<number> {
    return this.#queued ?? noneQueued;
  }

  get begun(): Iterable<ActivityRun> {
    return this.#begun?.values() ?? [];
  }

  /** Takes news of those that are open. */
  take(queued: Iterable<number>, begun: readonly ActivityRun[], open: { has(id: number): boolean }): void {
    for (const id of queued) if (open.has(id)) (this.#queued ??= new Set()).add(id);
    for (const run of begun) if (open.has(run.id)) (this.#begun ??= new Map()).set(run.id, run);
  }

  /** How often an activity was begun by owners. */
  of(id: number): ActivityRun {
    return this.#begun?.get(id) ?? { id, attempt: 1, lost: 0 };
  }

  close(id: number): void {
    this.#queued?.delete(id);
    this.#begun?.delete(id);
  }

  clear(): void {
    this.#queued = undefined;
    this.#begun = undefined;
  }
}

const noneQueued: ReadonlySet<number> = new Set();
