import type { FailureDetails } from '../errors.js';
import { TaskNode } from './task-node.js';

/** A task that one inbound event ends: an activity, a sub-orchestration, an entity operation, a timer. */
export class AtomicTask<T> extends TaskNode<T> {
  readonly #toError: (failure: FailureDetails) => Error;

  constructor(toError: (failure: FailureDetails) => Error) {
    super();
    this.#toError = toError;
  }

  complete(value: T): void {
    this.settle({ value });
  }

  completeWithFailure(failure: FailureDetails): void {
    this.settle({ error: this.#toError(failure) });
  }
}
