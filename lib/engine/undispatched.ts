import type { UndispatchedTasks } from '../wire/checkpoint.js';
import type { Address } from '../wire/messages.js';
import type { CommitRecord } from '../wire/record.js';
import type { TaskIds } from '../wire/tasks.js';

/** Activities of work queues whose requests are not known to be there (P20), by execution. */
export class Undispatched {
  readonly #tasks = new Map<string, { readonly to: Address; readonly ids: Set<number> }>();

  apply({ steps, dispatched = [] }: Pick<CommitRecord, 'steps' | 'dispatched'>): void {
    for (const { to, queued } of steps) if (queued) this.#add(to, queued);
    for (const tasks of dispatched) this.#remove(tasks);
  }

  restore(stored: readonly UndispatchedTasks[]): void {
    for (const { to, tasks } of stored) this.#add(to, tasks);
  }

  all(): readonly UndispatchedTasks[] {
    return Array.from(this.#tasks, ([executionId, { to, ids }]) => ({ to, tasks: [executionId, [...ids]] }));
  }

  #add(to: Address, [executionId, ids]: TaskIds): void {
    const known = this.#tasks.get(executionId);
    if (!known) this.#tasks.set(executionId, { to, ids: new Set(ids) });
    else for (const id of ids) known.ids.add(id);
  }

  #remove([executionId, ids]: TaskIds): void {
    const known = this.#tasks.get(executionId);
    for (const id of ids) known?.ids.delete(id);
    if (known?.ids.size === 0) this.#tasks.delete(executionId);
  }
}
