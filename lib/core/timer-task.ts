import { AtomicTask } from './atomic-task.js';
import { RemoteError } from '../errors.js';
import type { TimerTask } from './task.js';

/** A timer of an orchestration: it ends when its TimerFired comes, unless it was cancelled before. */
export class DurableTimerTask extends AtomicTask<void> implements TimerTask {
  readonly #onCancel: () => void;
  #isCanceled = false;

  /** `onCancel` records the cancellation; it is called at most once. */
  constructor(onCancel: () => void) {
    super((failure) => new RemoteError(failure));
    this.#onCancel = onCancel;
  }

  get isCanceled(): boolean {
    return this.#isCanceled;
  }

  override get isDead(): boolean {
    return this.#isCanceled;
  }

  cancel(): void {
    if (this.isCompleted || this.#isCanceled) return;
    this.#onCancel();
    this.#isCanceled = true;
  }
}
