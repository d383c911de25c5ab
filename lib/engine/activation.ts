import type { Action } from '../core/history.js';
import type { HandlerOutcome } from '../core/turn.js';
import type { Json, ValueReference } from '../core/values.js';
import type { FailureDetails, PerdureError } from '../errors.js';
import type { ActivityRun } from '../wire/activity-run.js';
import type { Head, Wake } from '../wire/head.js';
import type { LockHeld } from '../wire/locks.js';
import type { Addressed, Caller, Message } from '../wire/messages.js';
import type { Prepared } from '../wire/prepared.js';
import type { Notice } from '../wire/queries.js';
import type { StepEntry } from '../wire/record.js';
import type { TaskIds } from '../wire/tasks.js';
import type { FetchedValues } from './fetched-values.js';

/** What an instance takes: a message of its mailbox, or what the owner tells it, such as a timer that is due. */
export type InputBody =
  Message | Due | Resume | Restart | Requeue | GiveBack | QueryInput | ReadInput | ExpireLock | BreakLock | RefuseCall;

/** A call of a readonly operation of an entity. Its step changes nothing. */
export interface ReadInput {
  readonly kind: 'read';
  readonly name: string;
  readonly input?: Json;
}

/** A query of an orchestration instance. It is asked between two steps, beside the mailbox, and its step changes nothing. */
export interface QueryInput {
  readonly kind: 'query';
  readonly name: string;
  readonly input?: Json;
}

/** Tells an instance that its earliest timer, or planned operation, is due; it knows which are (P19). */
export interface Due {
  readonly kind: 'due';
}

/** Tells an entity that the lease of its lock has run out, if that is so. */
export interface ExpireLock {
  readonly kind: 'expireLock';
}

/** Ends the lock of an entity, at an operator's wish. */
export interface BreakLock {
  readonly kind: 'breakLock';
  readonly fence: number;
}

/** Refuses a call that is parked: it closes a circle (P18). It is answered now, and passed over in its turn. */
export interface RefuseCall {
  readonly kind: 'refuseCall';
  readonly caller: Caller;
  readonly failure: FailureDetails;
}

/** Asks an instance to go on with the events that it holds back: a new deployment may have mended its code. */
export interface Resume {
  readonly kind: 'resume';
}

/** Begins activities again that a former owner has begun, or could have. */
export interface Restart {
  readonly kind: 'restart';
  readonly executionId: string;
  readonly ids: readonly number[];
}

/** Gives activities that wait here for their turn to the work queues: others may have time for them. */
export interface Requeue {
  readonly kind: 'requeue';
  readonly executionId: string;
  readonly ids: readonly number[];
}

/** Activities that this owner leaves to the next one in good order. */
export interface GiveBack {
  readonly kind: 'giveBack';
  readonly executionId: string;
  readonly runs: readonly ActivityRun[];
}

/** A committed request for an activity. */
export interface PendingActivity {
  readonly executionId: string;
  readonly request: Extract<Action, { type: 'TaskScheduled' }>;
  /** The number of its next run, from 1, and how many of those before ended with their process. */
  readonly attempt: number;
  readonly lost: number;
  /** The run before was ended in good order. */
  readonly givenBack?: true | undefined;
}

/** Where an activity is done: in the owner's process, or by whoever takes it from its work queue. */
export type ActivityPlace = 'local' | 'queued';

/** The code that an instance runs: a registered name. */
export interface CodeName {
  readonly kind: 'entity' | 'orchestrator';
  readonly name: string;
  /**
   * Of an orchestrator: the version that the instance began with, or is to begin with. Of an entity: that of its state, which code of
   * that version or a later one can read. Absent: any.
   */
  readonly version?: string | undefined;
}

/** What follows from one step. Nothing of it leaves before the record that holds the entry is acknowledged (C1). */
export interface StepOutput {
  /** What the record says of the step, without the inputs and messages that the group adds. */
  readonly entry: Omit<StepEntry, 'to' | 'mail' | 'local' | 'messages'>;
  readonly messages: readonly Addressed[];
  readonly activities?: readonly PendingActivity[] | undefined;
  /** Activities that the entry says are queued. */
  readonly queued?: readonly PendingActivity[] | undefined;
  /** Activities whose results are of no interest any more. */
  readonly unwanted?: TaskIds | undefined;
  /** What clients are told, by inbox subject. */
  readonly notices?: readonly (readonly [inbox: string, notice: Notice])[] | undefined;
  /** Of a query, or a call of a readonly operation: what it came to. */
  readonly answer?: HandlerOutcome | undefined;
  /** It has not gone through all that it took: it asks for a `resume`. */
  readonly goesOn?: true | undefined;
  /** Its state goes to the object store, although it fits a message. */
  readonly storesApart?: boolean | undefined;
  /** Its large values are in the object store, and named by reference. */
  readonly isStored?: true | undefined;
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
  /** The code that a step with this input needs and this worker has not registered; undefined: none, it can be run here. */
  foreignCode(input: InputBody, now: number): CodeName | undefined;
  /** Reads what a step with this input needs of the history that is in no memory; undefined: nothing. */
  prepare?(input: InputBody): Promise<void> | undefined;
  /** The stored values that a step with this input needs and that are not in memory (P15). */
  missing(input: InputBody): readonly ValueReference[];
  /** Runs one step, with what was missing. `apply` of the entry follows before the next step. */
  step(input: InputBody, now: number, fetched: FetchedValues): StepOutput | Promise<StepOutput>;
  /** A step was run elsewhere, at this time. */
  ranElsewhere(now: number): void;
  /** What takes the place of the last step's output, which cannot be recorded: its failure, and nothing else of it. */
  replace(input: InputBody, error: PerdureError): StepOutput;
  /** Takes a step's entry into the state. */
  apply(entry: StepEntry): void;
  /** The keys of values that the state named and does not name any more, since the last call (P15). */
  takeDropped(): readonly string[];
  /** Whether the state names the value of this key. */
  holds(key: string): boolean;
  /** A copy of the state as it is now, to be written later as the head; undefined: there is nothing to store. */
  capture(): Captured | undefined;
  /** The activities of a place that are asked for and have not answered, each as it was begun last. */
  pendingActivities(place: ActivityPlace): readonly PendingActivity[];
  /** When it is to be told that a timer is due, the server's time; undefined: never. */
  readonly dueAt: number | undefined;
  /** Whether its step, which runs, waits for the answer of an entity (P18). */
  readonly awaitsAnswer?: boolean;
  /** That it is locked: an entity. It stays in memory, and is loaded at a takeover. */
  readonly lockHeld?: LockHeld | undefined;
  /** What the transaction that has locked it has prepared (P23). */
  readonly prepared?: Prepared | undefined;
  /** Whether an input has to wait for the end of the lock. */
  shutsOut?(input: InputBody): boolean;
  /** Whether an input is of whoever has locked it. */
  isOfHolder?(input: InputBody): boolean;
  /** Whether it has come to its end, after which hardly anybody asks for it. */
  readonly hasEnded?: boolean;
  /** Whether it holds back events that a `resume` would let it go on with. */
  readonly holdsBack: boolean;
}

/** The state of an instance at one moment. */
export interface Captured {
  /** What a new owner has to know at once; undefined: it may find the instance when somebody asks for it. */
  readonly wake: Omit<Wake, 'v' | 'epoch'> | undefined;
  /** The keys of values that a head before may name and this one does not: nothing names them once it is stored. */
  readonly dropped?: readonly string[] | undefined;
  head(stamp: Stamp): Head;
}
