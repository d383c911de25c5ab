import type { CallAnswer } from '../core/operation.js';
import type { Activation, InputBody, StepOutput } from './activation.js';
import { EntityActivation } from './entity-activation.js';

/** The calls that an operation makes which runs here for its owner: the owner commits them, and tells the answers (P18). */
export class RelayedCalls {
  /** Those without an answer here, with what the owner has to commit, unless it has told of them itself. */
  readonly #open = new Map<number, StepOutput | undefined>();
  #activation: EntityActivation | undefined;
  #changed = (): void => {};

  /** A step begins; `changed`: the owner has to be told. */
  begin(activation: Activation, input: InputBody, changed: () => void): void {
    this.#open.clear();
    this.#activation = activation instanceof EntityActivation ? activation : undefined;
    this.#changed = changed;
    const message = this.#activation?.asOperation(input);
    const before = message && this.#activation?.journals.of(message);
    for (const number of before?.open ?? []) this.#open.set(number, undefined);
  }

  /** The operation makes a call. */
  called(output: StepOutput): void {
    const { called } = output.entry;
    if (!called || !this.#activation) return;
    this.#activation.journals.apply(output.entry); // the owner commits it
    this.#open.set(called.number, output);
    this.#changed();
  }

  /** The owner tells an answer, perhaps again. */
  answered(number: number, answer: CallAnswer): void {
    const journal = this.#activation?.journals.current;
    if (!journal || !this.#open.delete(number)) return;
    journal.arrived(number, answer);
    journal.answered({ number, ...answer });
    journal.tell(number);
  }

  /** The numbers of the calls whose answers are missing. */
  get open(): readonly number[] {
    return [...this.#open.keys()];
  }

  /** What the owner has to commit. */
  get calls(): readonly StepOutput[] {
    return Array.from(this.#open.values()).filter((output) => output !== undefined);
  }
}
