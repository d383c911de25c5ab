import type { Json } from '../core/values.js';
import type { PerdureError } from '../errors.js';
import type { Head, Wake } from '../wire/head.js';
import type { Addressed, Message } from '../wire/messages.js';
import type { Notice } from '../wire/queries.js';
import type { StepEntry } from '../wire/record.js';

/** What an instance takes: a message of its mailbox, or what the owner tells it, such as a timer that is due. */
export type InputBody = Message | Due | Resume;

/** Tells an instance that its earliest timer is due; it knows which are (P19). */
export interface Due {
  readonly kind: 'due';
}

/** Asks an instance to go on with the events that it holds back: a new deployment may have mended its code. */
export interface Resume {
  readonly kind: 'resume';
}

/** A committed request for an activity. */
export interface PendingActivity {
  readonly executionId: string;
  readonly taskId: number;
  readonly name: string;
  readonly input?: Json | undefined;
}

/** What follows from one step. Nothing of it leaves before the record that holds the entry is acknowledged (C1). */
export interface StepOutput {
  /** What the record says of the step, without the inputs and messages that the group adds. */
  readonly entry: Omit<StepEntry, 'to' | 'mail' | 'local' | 'messages'>;
  readonly messages: readonly Addressed[];
  readonly activities?: readonly PendingActivity[] | undefined;
  /** What clients are told, by inbox subject. */
  readonly notices?: readonly (readonly [inbox: string, notice: Notice])[] | undefined;
  /** It has not gone through all that it took: it asks for a `resume`. */
  readonly goesOn?: true | undefined;
}

/** Where in the log a head stands. */
export interface Stamp {
  readonly epoch: number;
  readonly logSeq: number;
  readonly commit: string;
}

/** An instance loaded in memory. Its state changes only by `apply`: live steps and recovery run the same code. */
export interface Activation {
  /** Whether the input may only be taken once its own record is acknowledged: its handler may do IO (P17). */
  mustWait(input: InputBody): boolean;
  /** Runs one step. `apply` of the entry follows before the next step. */
  step(input: InputBody, now: number): StepOutput | Promise<StepOutput>;
  /** What takes the place of the last step's output, which cannot be recorded: its failure, and nothing else of it. */
  replace(input: InputBody, error: PerdureError): StepOutput;
  /** Takes a step's entry into the state. */
  apply(entry: StepEntry): void;
  /** A copy of the state as it is now, to be written later as the head; undefined: there is nothing to store. */
  capture(): Captured | undefined;
  /** The activities that are asked for and have not answered. */
  pendingActivities(): readonly PendingActivity[];
  /** When it is to be told that a timer is due, the server's time; undefined: never. */
  readonly dueAt: number | undefined;
  /** Whether it holds back events that a `resume` would let it go on with. */
  readonly holdsBack: boolean;
}

/** The state of an instance at one moment. */
export interface Captured {
  /** What a new owner has to know at once; undefined: it may find the instance when somebody asks for it. */
  readonly wake: Omit<Wake, 'v' | 'epoch'> | undefined;
  head(stamp: Stamp): Head;
}
