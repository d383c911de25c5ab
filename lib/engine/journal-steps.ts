import type { ResultMessage } from '../wire/messages.js';
import type { StepOutput } from './activation.js';
import { EntityActivation } from './entity-activation.js';
import type { Group } from './group.js';
import type { Input, Instance } from './instance.js';

/** What the steps beside operations need of the mailboxes. */
export interface JournalStepsListener {
  /** Runs a step, once the values that it needs are here. */
  run(instance: Instance, activation: EntityActivation, input: Input): StepOutput | Promise<StepOutput>;
  /** Puts a step into the open group. */
  record(instance: Instance, input: Input, output: StepOutput): Group;
  /** Something is in the open group. */
  pump(): void;
  /** Loads an instance; `loaded` is called then. */
  load(instance: Instance): void;
  failed(error: unknown): void;
}

/**
 * Steps beside the operation that an entity runs: the calls that it makes, and their answers (P18). They do not wait for
 * their turn in the mailbox, for the operation, whose turn it is, waits for them.
 */
export class JournalSteps {
  readonly #listener: JournalStepsListener;
  /** Answers of entities that are not loaded, or while nothing may run. */
  readonly #waiting = new Map<Instance, Input[]>();
  /** Answers whose records are not acknowledged: the operation may do IO with them (C1). */
  #unacknowledged: (readonly [group: Group, activation: EntityActivation, answer: ResultMessage])[] = [];
  #isHeld = true;
  #isPumping = false;

  constructor(listener: JournalStepsListener) {
    this.#listener = listener;
  }

  get isQuiet(): boolean {
    return this.#waiting.size === 0 && this.#unacknowledged.length === 0;
  }

  /** The operation of an entity makes a call. */
  called(instance: Instance, output: StepOutput): void {
    this.#listener.record(instance, { body: { kind: 'resume' }, bytes: 0 }, output);
    this.#pumpSoon();
  }

  /** An answer has come. */
  take(instance: Instance, input: Input): void {
    const waiting = this.#waiting.get(instance);
    if (waiting) waiting.push(input);
    else this.#waiting.set(instance, [input]);
    this.go(instance);
  }

  /** Goes on with what waits for an instance, if that can be. */
  go(instance: Instance): void {
    if (this.#isHeld || !this.#waiting.has(instance)) return;
    const { activation } = instance;
    if (!activation) return this.#listener.load(instance);
    const inputs = this.#waiting.get(instance)!;
    this.#waiting.delete(instance);
    for (const input of inputs) this.#answer(instance, activation as EntityActivation, input);
  }

  /** From here on steps run. */
  release(): void {
    this.#isHeld = false;
    for (const instance of this.#waiting.keys()) this.go(instance);
  }

  /** A record was acknowledged. */
  acknowledged(): void {
    const waiting = this.#unacknowledged;
    this.#unacknowledged = waiting.filter(([group]) => !group.isAcknowledged);
    for (const [group, activation, answer] of waiting) if (group.isAcknowledged) activation.tell(answer);
  }

  #answer(instance: Instance, activation: EntityActivation, input: Input): void {
    const output = this.#listener.run(instance, activation, input);
    if (!(output instanceof Promise)) return this.#answered(instance, activation, input, output);
    output
      .then((settled) => this.#answered(instance, activation, input, settled))
      .catch((error: unknown) => this.#listener.failed(error));
  }

  #answered(instance: Instance, activation: EntityActivation, input: Input, output: StepOutput): void {
    const group = this.#listener.record(instance, input, output);
    if (output.entry.answered) this.#unacknowledged.push([group, activation, input.body as ResultMessage]);
    this.#pumpSoon();
  }

  /** Not at once: this may be in the middle of a step. */
  #pumpSoon(): void {
    if (this.#isPumping) return;
    this.#isPumping = true;
    queueMicrotask(() => {
      this.#isPumping = false;
      this.#listener.pump();
    });
  }
}
