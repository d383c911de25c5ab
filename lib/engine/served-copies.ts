import type { Activation, StepOutput } from './activation.js';
import type { RelayedCalls } from './relayed-calls.js';
import type { StepRequest } from './step-codec.js';

/** Copies that a worker keeps of other owners' instances: so many, and about so many bytes of them. */
const MOST = 1_000;
const MOST_BYTES = 64 * 1024 * 1024;

/** An instance of another owner, as it was before the last step that was run here. */
export interface ServedCopy {
  readonly activation: Activation;
  readonly calls: RelayedCalls;
  /** That step, and what it brought. */
  step: string;
  output: StepOutput | undefined;
  /** About how large it is: what was sent for it. */
  bytes: number;
}

/**
 * The instances whose steps this worker runs for others, each as its owner sent it once: so that a step of a long history
 * does not need all of it again. Those used longest ago go first.
 */
export class ServedCopies {
  readonly #copies = new Map<string, ServedCopy>();
  #bytes = 0;

  /** Takes the copy for a step out of here; undefined: it is not here, or not what the owner has. */
  take({ owner, address, base }: StepRequest): ServedCopy | undefined {
    const key = `${owner} ${address}`;
    const copy = this.#copies.get(key);
    if (!copy) return undefined;
    this.#forget(key, copy);
    return copy.output && copy.step === base ? copy : undefined;
  }

  /** Keeps it for the step that follows. */
  keep({ owner, address }: StepRequest, copy: ServedCopy): void {
    const key = `${owner} ${address}`;
    this.#copies.set(key, copy);
    this.#bytes += copy.bytes;
    for (const [oldest, former] of this.#copies) {
      if (this.#copies.size <= MOST && this.#bytes <= MOST_BYTES) return;
      this.#forget(oldest, former);
    }
  }

  #forget(key: string, { bytes }: ServedCopy): void {
    this.#copies.delete(key);
    this.#bytes -= bytes;
  }
}
