import { PayloadTooLargeError } from '../errors.js';
import { isEntityAddress } from '../wire/addresses.js';
import type { Address, ResultMessage } from '../wire/messages.js';
import type { InputBody, StepOutput } from './activation.js';
import { EntityActivation } from './entity-activation.js';
import type { Group } from './group.js';
import { isHint, type Input, type Instance } from './instance.js';
import type { Loads } from './loads.js';
import type { StepRunner } from './step-runner.js';
import { StepValues } from './step-values.js';

/** No message brings it: the operation asks for it. */
const own: Input = { body: { kind: 'resume' }, bytes: 0 };

/**
 * Whether an entity takes an input beside its mailbox: the answers that its operation waits for, what gives up or ends a
 * lock for others than its holder, and what refuses a call, none of which need come to their turn.
 */
export function isBeside(address: Address, { kind }: InputBody): boolean {
  return beside.has(kind) && isEntityAddress(address);
}

const beside: ReadonlySet<InputBody['kind']> = new Set([
  'result',
  'lockCancel',
  'expireLock',
  'breakLock',
  'refuseCall',
]);

/** A stopped owner answers nobody. */
const never = new Promise<void>(() => {});

/** What the steps beside operations need of the mailboxes. */
export interface JournalStepsListener {
  /** Puts a step into the open group, unless it has values that go by reference, or nowhere. */
  record(instance: Instance, input: Input, output: StepOutput): Group | StepValues | PayloadTooLargeError;
  /** Something is in the open group. */
  pump(): void;
  failed(error: unknown): void;
}

/**
 * Steps beside the operation that an entity runs: the calls that it makes, and their answers (P18). They do not wait for
 * their turn in the mailbox, for the operation, whose turn it is, waits for them. So do steps that end a lock, or void the
 * request of one, for others than its holder (P22): what waits in the mailbox may wait for just that.
 */
export class JournalSteps {
  readonly #loads: Loads;
  readonly #runner: StepRunner;
  readonly #listener: JournalStepsListener;
  /** Answers of entities that are not loaded, or while nothing may run. */
  readonly #waiting = new Map<Instance, Input[]>();
  /** Answers whose records are not acknowledged: the operation may do IO with them (C1). */
  #unacknowledged: (readonly [group: Group, activation: EntityActivation, answer: ResultMessage])[] = [];
  #isHeld = true;
  #isStopped = false;
  #isPumping = false;

  constructor(loads: Loads, runner: StepRunner, listener: JournalStepsListener) {
    this.#loads = loads;
    this.#runner = runner;
    this.#listener = listener;
  }

  get isQuiet(): boolean {
    return this.#waiting.size === 0 && this.#unacknowledged.length === 0;
  }

  /** The operation of an entity makes a call. Rejects with PayloadTooLargeError. */
  called(instance: Instance, output: StepOutput, isWanted: () => boolean): void | Promise<void> {
    if (this.#isStopped) return never;
    const recorded = this.#listener.record(instance, own, output);
    if (recorded instanceof StepValues) return this.#store(instance, recorded, isWanted);
    if (recorded instanceof PayloadTooLargeError) return Promise.reject(recorded);
    this.#pumpSoon();
  }

  async #store(instance: Instance, values: StepValues, isWanted: () => boolean): Promise<void> {
    const stored = await values.store();
    await (isWanted() ? this.called(instance, stored, isWanted) : never);
  }

  /**
   * What has called when it ran, before its process died, runs again before all others (C6): its owner comes to the messages
   * of several senders in another order, perhaps, than the former one, and to what is parked before what is planned. It is put
   * first; true: it is not in memory, and what is parked has to be read.
   */
  isBehindParked({ activation, waiting }: Instance): boolean {
    if (!(activation instanceof EntityActivation) || activation.journals.isEmpty) return false;
    for (const input of waiting.here) {
      const message = activation.asOperation(input.body);
      if (!message || !activation.journals.of(message)) continue;
      waiting.advance(input);
      return false;
    }
    return waiting.missing !== undefined;
  }

  /** An input is discarded: what its operation has called when it ran is forgotten, and that it was refused before. */
  discarded(instance: Instance, { body }: Input): void {
    const { activation } = instance;
    if (!(activation instanceof EntityActivation) || body.kind !== 'operation') return;
    const journal = activation.journals.of(body);
    if (journal) this.#listener.record(instance, own, { entry: { ended: journal.id }, messages: [] });
    const passed = activation.passed(body);
    if (passed) this.#listener.record(instance, own, passed);
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
    if (this.#isHeld || this.#isStopped || !this.#waiting.has(instance)) return;
    const { activation } = instance;
    if (!activation) return this.#loads.want(instance); // and `go` is called again
    const inputs = this.#waiting.get(instance)!;
    this.#waiting.delete(instance);
    for (const input of inputs) this.#answer(instance, activation as EntityActivation, input);
  }

  /** From here on steps run. */
  release(): void {
    this.#isHeld = false;
    for (const instance of this.#waiting.keys()) this.go(instance);
  }

  stop(): void {
    this.#isStopped = true;
  }

  /** A record was acknowledged. */
  acknowledged(): void {
    const waiting = this.#unacknowledged;
    this.#unacknowledged = waiting.filter(([group]) => !group.isAcknowledged);
    for (const [group, activation, answer] of waiting) if (group.isAcknowledged) activation.journals.tell(answer);
  }

  #answer(instance: Instance, activation: EntityActivation, input: Input): void {
    const output = this.#runner.run(instance, activation, input.body);
    if (!(output instanceof Promise)) return this.#answered(instance, activation, input, output);
    output
      .then((settled) => this.#answered(instance, activation, input, settled))
      .catch((error: unknown) => this.#listener.failed(error));
  }

  #answered(instance: Instance, activation: EntityActivation, input: Input, output: StepOutput): void {
    if (isHint(input) && output.entry.refused !== undefined) return;
    const group = this.#listener.record(instance, input, output) as Group; // its values are here, or elsewhere already
    if (output.entry.answered) this.#unacknowledged.push([group, activation, input.body as ResultMessage]);
    this.#pumpSoon();
  }

  /** Not at once: this may be in the middle of a step. */
  #pumpSoon(): void {
    if (this.#isPumping) return;
    this.#isPumping = true;
    void Promise.resolve().then(() => {
      this.#isPumping = false;
      this.#listener.pump();
    });
  }
}
