import type { Address } from '../wire/messages.js';
import type { Activation, CodeName, InputBody, StepOutput } from './activation.js';
import type { Input, Instance } from './instance.js';
import type { Run } from './waiting.js';

/** What the mailboxes ask of the rest of the partition. */
export interface InstancesListener {
  /** The activation of an instance of which nothing is stored. */
  fresh(instance: Instance): Activation | undefined;
  /** Loads an instance from its head and the log. */
  load(instance: Instance): Promise<Activation>;
  /** An instance, or what is parked for it, cannot be read. */
  unloadable(instance: Instance, error: unknown): void;
  /** Reads parked messages of an instance. */
  recall(instance: Instance, run: Run): Promise<readonly Input[]>;
  /** An occupied instance has much in memory (P4). */
  crowded(instance: Instance): void;
  /** An input waits for an instance that runs a step, or is locked. */
  waits(instance: Instance, input: Input): void;
  /** Inputs wait for an instance that has begun an asynchronous step, or is locked. */
  stands(instance: Instance): void;
  /** Chooses where the activities of a step are done. */
  place(output: StepOutput): StepOutput;
  /** Whether an instance takes nothing, whatever comes. */
  holds(address: Address): boolean;
  /** Whether an instance may take an input now; if not, it is woken when it may. */
  admits(instance: Instance, input: Input): boolean;
  /** Whether an input is discarded; then it has been dealt with. */
  discards(instance: Instance, input: Input): boolean;
  /** An input was taken, and its step is in a group. */
  took(instance: Instance): void;
  /** More waits for an instance than may; true: the input is refused. */
  refuses(instance: Instance, input: Input): boolean;
  /** The most messages that may wait for an instance. */
  readonly limitOf: (address: Address) => number;
  /** How many instances stay in memory because their heads are not stored yet. */
  unwritten(): number;
  /**
   * Runs a step whose code another worker has registered; undefined: it must not be run, its input waits, or is to be held
   * back.
   */
  delegate(instance: Instance, code: CodeName, input: InputBody): Promise<StepOutput | undefined>;
  /** Whether a step is to be taken without its code: nobody has it, and the step needs none, or one that waits behind. */
  mustHoldBack(instance: Instance, code: CodeName, input: InputBody): boolean;
  /** A start, or something asked of it as a whole, has come for an instance whose step waits for its code. */
  asked(instance: Instance): void;
  failed(error: Error): void;
}
