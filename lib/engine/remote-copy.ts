import type { StepOutput } from './activation.js';

/** The copy of an instance that another worker has after it ran a step of it. */
export class RemoteCopy {
  /** What the step brought, until the instance takes it. */
  #output: StepOutput | undefined;
  /** Whether the instance is what the copy becomes by that step. */
  isCurrent = false;
  /** What the record says of the step, when that is something else than what the worker said. */
  entry: StepOutput['entry'] | undefined;

  constructor(
    readonly worker: string,
    /** The step. */
    readonly step: string,
    output: StepOutput,
  ) {
    this.#output = output;
  }

  /** The instance takes an output, which the record tells as `entry`: the copy knows of its own, and of no other. */
  took(output: StepOutput, entry: StepOutput['entry']): void {
    this.isCurrent = output === this.#output;
    if (this.isCurrent && entry !== output.entry) this.entry = entry;
    this.#output = undefined;
  }
}
