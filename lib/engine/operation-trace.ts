import type { FailureDetails } from '../errors.js';
import type { EntityInspection, FailedOperation } from '../wire/entity-inspection.js';
import type { Agenda } from './agenda.js';
import type { OperationJournals } from './operation-journals.js';

/** What an activation says of its entity, beside what its mailbox does. */
export interface ActivationInspection extends Pick<
  EntityInspection,
  'exists' | 'planned' | 'nextTime' | 'lastOperation' | 'lastFailure'
> {
  /** Since when an operation has been running here. */
  readonly since?: number;
  /** The calls whose answers it waits for. */
  readonly calls: readonly string[];
}

/** What becomes of the operations of one entity, for people who look; in memory only. */
export class OperationTrace {
  #since: number | undefined;
  #lastFailure: FailedOperation | undefined;

  begin(now: number): void {
    this.#since = now;
  }

  end(operation: string, at: number, failure: FailureDetails | undefined): void {
    this.#since = undefined;
    if (failure) this.#lastFailure = { operation, at, failure };
  }

  inspection(exists: boolean, updatedAt: number, agenda: Agenda, journals: OperationJournals): ActivationInspection {
    const { first, size: planned } = agenda;
    return {
      exists,
      planned,
      ...(first && { nextTime: first.at }),
      ...(updatedAt > 0 && { lastOperation: updatedAt }),
      ...(this.#lastFailure && { lastFailure: this.#lastFailure }),
      ...(this.#since !== undefined && { since: this.#since }),
      calls: journals.waitsFor,
    };
  }
}
