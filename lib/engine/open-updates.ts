import type { HistoryEvent, UpdateRequested } from '../core/history.js';

/** The updates of an execution whose callers wait for handlers that wait: a fold over its history. */
export class OpenUpdates {
  /** By their ids; made with the first one: most executions have none. */
  #open: Map<string, UpdateRequested> | undefined;

  /** In the order in which they came. */
  get all(): Iterable<UpdateRequested> {
    return this.#open?.values() ?? [];
  }

  take(event: HistoryEvent): void {
    if (event.type === 'UpdateAnswered') this.#open?.delete(event.updateId);
    else if (event.type === 'ExecutionStarted') this.clear();
    else if (
      event.type === 'UpdateRequested' &&
      event.waits &&
      event.reply !== undefined &&
      event.updateId !== undefined
    )
      (this.#open ??= new Map()).set(event.updateId, event);
  }

  clear(): void {
    this.#open = undefined;
  }
}
