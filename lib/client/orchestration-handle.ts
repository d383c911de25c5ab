import type { HistoryEvent } from '../core/history.js';
import type { Orchestrations } from './orchestrations.js';
import type { OrchestrationStatus } from './orchestration-status.js';
import type { StartedRun } from './started-run.js';
import type { WaitOptions } from './waits.js';

/** One orchestration instance, seen from a client; `T` is what it returns. */
export class OrchestrationHandle<T = unknown> {
  readonly instanceId: string;
  readonly #orchestrations: Orchestrations;
  readonly #run: StartedRun | undefined;

  /** Internal: use `startNew` or `getHandle` of a client. */
  constructor(orchestrations: Orchestrations, instanceId: string, run?: StartedRun) {
    this.instanceId = instanceId;
    this.#orchestrations = orchestrations;
    this.#run = run;
  }

  /**
   * What the instance returns, once it has ended, as a copy; without a timeout it is waited for as long as it takes, also
   * while no worker is up. Rejects with OrchestrationFailedError when it failed or was terminated, NotFoundError when
   * there is no such instance, TimeoutError, ClosedError, and with the reason of the signal.
   */
  result(options: WaitOptions = {}): Promise<T> {
    return this.#orchestrations.result(this.instanceId, this.#run, options) as Promise<T>;
  }

  /**
   * How the instance stands: exact while a worker owns it, else as of its view (`source` says which). Rejects with
   * NotFoundError and ClosedError.
   */
  status(): Promise<OrchestrationStatus> {
    return this.#orchestrations.status(this.instanceId, this.#run);
  }

  /** Everything the current execution has lived through, in order. Rejects as `status` does. */
  history(): Promise<readonly HistoryEvent[]> {
    return this.#orchestrations.history(this.instanceId, this.#run);
  }

  /**
   * Raises an external event; resolves when it is stored. Events of one client keep their order. Rejects with
   * InvalidNameError, UnserializableError, TooDeepError, ForbiddenKeyError, PayloadTooLargeError, NotFoundError,
   * TimeoutError and ClosedError.
   */
  raiseEvent(name: string, data?: unknown): Promise<void> {
    return this.#orchestrations.raiseEvent(this.instanceId, name, data, this.#run);
  }
}
