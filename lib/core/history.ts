import type { FailureDetails } from '../errors.js';
import type { Labels } from './labels.js';
import type { Json, ValueReference } from './values.js';

/**
 * What an orchestration instance has lived through, in order: its whole state. One discriminated union; an event that
 * came from outside carries the time at which it was taken (`at`, milliseconds since 1970, never going back), an event
 * that the orchestrator's code caused carries the number of the action (`id`, from 0 in order of creation), but for the
 * marks of `ctx.patched`, which come and go with the calls, and of answered updates. A value too
 * large for a message is stored by reference (`inputRef`, `resultRef`, `outputRef`); the core and users see the value.
 */
export type HistoryEvent = InboundEvent | Action | ClosingEvent;

/** Events that reach an instance through its mailbox, its timers or its activities. */
export type InboundEvent =
  | ExecutionStarted
  | {
      readonly type: 'TaskCompleted';
      readonly at: number;
      readonly id: number;
      readonly result?: Json;
      readonly resultRef?: ValueReference;
    }
  | { readonly type: 'TaskFailed'; readonly at: number; readonly id: number; readonly failure: FailureDetails }
  | {
      readonly type: 'SubOrchestrationInstanceCompleted';
      readonly at: number;
      readonly id: number;
      readonly result?: Json;
      readonly resultRef?: ValueReference;
    }
  | {
      readonly type: 'SubOrchestrationInstanceFailed';
      readonly at: number;
      readonly id: number;
      readonly failure: FailureDetails;
    }
  | {
      readonly type: 'EntityOperationCompleted';
      readonly at: number;
      readonly id: number;
      readonly result?: Json;
      readonly resultRef?: ValueReference;
    }
  | {
      readonly type: 'EntityOperationFailed';
      readonly at: number;
      readonly id: number;
      readonly failure: FailureDetails;
    }
  | { readonly type: 'TimerFired'; readonly at: number; readonly id: number }
  /** The entities of a critical section are locked: each has given a fencing number, in the order of the request. */
  | { readonly type: 'LockGranted'; readonly at: number; readonly id: number; readonly fences: readonly number[] }
  /** One of the entities is locked for the critical section no more, whether all of them were locked or not. */
  | { readonly type: 'LockLost'; readonly at: number; readonly id: number; readonly failure: FailureDetails }
  | {
      readonly type: 'EventRaised';
      readonly at: number;
      readonly name: string;
      readonly input?: Json;
      readonly inputRef?: ValueReference;
    }
  | UpdateRequested
  /** The code is to clean up and end: CancelledError is thrown where it waits, and its open activities have failed. */
  | {
      readonly type: 'CancellationRequested';
      readonly at: number;
      readonly reason?: string;
      /** Whether its sub-orchestrations are told the same. */
      readonly recursive?: boolean;
    }
  /** Somebody suspended the instance, and let it go on: of no concern to the code. */
  | { readonly type: 'ExecutionSuspended'; readonly at: number; readonly reason?: string }
  | { readonly type: 'ExecutionResumed'; readonly at: number; readonly reason?: string };

/** An update of a client, accepted: its handler ran, and what it asked for follows. */
export interface UpdateRequested {
  readonly type: 'UpdateRequested';
  readonly at: number;
  readonly name: string;
  readonly input?: Json;
  readonly inputRef?: ValueReference;
  /** The id of the message that brought it. */
  readonly updateId?: string;
  /** Its handler waited: what it came to stands behind, or is still to come. */
  readonly waits?: true;
  /** Where its outcome is told. Only while it is held back, and of one whose handler waits. */
  readonly reply?: string;
  /** What its handler threw, if it did. */
  readonly failure?: FailureDetails;
}

/** A sub-orchestration, and the action that has started it. */
export interface StartedChild {
  readonly instanceId: string;
  readonly executionId: string;
  readonly taskId: number;
}

/** The first event of every execution. */
export interface ExecutionStarted extends Labels {
  readonly type: 'ExecutionStarted';
  readonly at: number;
  readonly name: string;
  readonly executionId: string;
  /** The first execution of the run, which this one continues as new. Absent: this is the first. */
  readonly run?: string;
  /** The version of the orchestrator that it began with, and that runs it to its end. Absent: the code had none. */
  readonly version?: string;
  /** How it is replayed (see replay-behaviour.ts). Absent: 0. */
  readonly behaviour?: number;
  readonly input?: Json;
  readonly inputRef?: ValueReference;
  readonly parent?: ParentInstance;
  /** Executions before it have started sub-orchestrations, which its own history does not show. */
  readonly hasFormerChildren?: true;
  /** Those among them that had not ended as far as it was told, the last ones of many. */
  readonly left?: readonly StartedChild[];
  /** When it was to begin, in milliseconds since 1970, if it did not begin as its start was taken: for its time, or for its code. */
  readonly startAt?: number;
  /** That it repeats an execution which had failed. */
  readonly rewound?: Rewound;
}

/**
 * A rewind: what follows is the history of the execution that had failed, without the failures that are void and without
 * what the code had made of them.
 */
export interface Rewound {
  readonly at: number;
  readonly reason?: string;
  /** The execution that had failed. */
  readonly executionId: string;
  /** The first execution of the chain: the id that the code sees, for what it derives from it has to stay the same. */
  readonly origin: string;
  /** How it had failed. */
  readonly failure: FailureDetails;
  /** The tasks whose failures are void. */
  readonly void: readonly number[];
  /** Numbers of actions that are not given again: at `from`, the next one is `to`. */
  readonly gaps?: readonly (readonly [from: number, to: number])[];
  /**
   * Operations that former executions called and that have not answered. They are not called again: the answers come under
   * the executions and the numbers with which they were called.
   */
  readonly asked?: readonly AskedOperation[];
}

/** A call of an operation by its number, and what its answer names. */
export interface AskedOperation {
  readonly id: number;
  /** The execution that made the call, and the number that it had there. */
  readonly executionId: string;
  readonly taskId: number;
}

/** Who waits for a sub-orchestration: the instance, its execution and the number of its action. */
export interface ParentInstance {
  readonly instanceId: string;
  readonly executionId: string;
  readonly taskId: number;
  /** The run of the execution, when that is not its first one. */
  readonly run?: string;
}

/** An entity: its registered name and its key. */
export interface EntityId {
  /** The name given by `@Entity(name)`. */
  readonly name: string;
  /** Which entity of that name: 1 to 256 bytes of UTF-8, without control characters and `/ \ # ?`. */
  readonly key: string;
}

/** What an orchestrator's code asked for. The action as recorded is the durable request (C1). */
export type Action = NumberedAction | Mark;

/** Something that the code did, and that asks for nothing. */
export type Mark = PatchMarker | UpdateAnswered;

/** The handler of an update that waited has ended, and its caller was told. */
export interface UpdateAnswered {
  readonly type: 'UpdateAnswered';
  /** The id of the message that brought the update. */
  readonly updateId: string;
  /** What it threw, if it did. */
  readonly failure?: FailureDetails;
}

/** The code asked `ctx.patched(name)` for the first time, and was told that it may do what is new. */
export interface PatchMarker {
  readonly type: 'Patched';
  readonly name: string;
}

/** An action that has a number. */
export type NumberedAction =
  | {
      readonly type: 'TaskScheduled';
      readonly id: number;
      readonly name: string;
      readonly input?: Json;
      readonly inputRef?: ValueReference;
      /** The queue that the call named. */
      readonly queue?: string;
      /** How long one run of the activity may take, in milliseconds. */
      readonly timeout?: number;
      /** When the activity must have ended, in milliseconds since 1970. */
      readonly deadline?: number;
    }
  | NewInstance<'SubOrchestrationInstanceCreated'>
  | OrchestrationStartSent
  | { readonly type: 'TimerCreated'; readonly id: number; readonly fireAt: number }
  | { readonly type: 'TimerCanceled'; readonly id: number; readonly timerId: number }
  | {
      readonly type: 'EntityOperationCalled';
      readonly id: number;
      readonly entity: EntityId;
      readonly operation: string;
      readonly input?: Json;
      readonly inputRef?: ValueReference;
      /** The lock under which the entity is called: the number of its request, and the entity's fencing number. */
      readonly lock?: { readonly id: number; readonly fence: number };
    }
  /** A critical section: the entities in the order in which they are locked, each for so many milliseconds at most. */
  | {
      readonly type: 'LockRequested';
      readonly id: number;
      readonly entities: readonly EntityId[];
      readonly lease: number;
      /** What is done under the lock is prepared until it is released, and undone unless that commits it (P23). */
      readonly transaction?: true;
    }
  /** A critical section ends; without fencing numbers: before its entities were known to be locked. */
  | {
      readonly type: 'LockReleased';
      readonly id: number;
      /** The number of the request. */
      readonly lockId: number;
      readonly entities: readonly EntityId[];
      readonly fences?: readonly number[];
      /** A transaction is committed. Absent: it is aborted. */
      readonly commit?: true;
    }
  | {
      readonly type: 'EntityOperationSignaled';
      readonly id: number;
      readonly entity: EntityId;
      readonly operation: string;
      /** When it is to be carried out, in milliseconds since 1970; absent: in its turn. */
      readonly fireAt?: number;
      readonly input?: Json;
      readonly inputRef?: ValueReference;
    }
  | {
      readonly type: 'EventSent';
      readonly id: number;
      readonly instanceId: string;
      readonly name: string;
      readonly input?: Json;
      readonly inputRef?: ValueReference;
    };

/** An action that starts another instance, whether its end is waited for or not. */
export interface NewInstance<T extends string> extends Labels {
  readonly type: T;
  readonly id: number;
  readonly name: string;
  readonly instanceId: string;
  readonly input?: Json;
  readonly inputRef?: ValueReference;
}

/** Starts another instance, whose end is not waited for. */
export interface OrchestrationStartSent extends NewInstance<'OrchestrationStartSent'> {
  /** When it is to begin, in milliseconds since 1970; absent: at once. */
  readonly startAt?: number;
}

/**
 * How an execution ended. Nothing follows it but, where it has failed, the answers of operations that it had called: a
 * rewind goes on with them.
 */
export type ClosingEvent =
  | {
      readonly type: 'ExecutionCompleted';
      readonly at: number;
      readonly output?: Json;
      readonly outputRef?: ValueReference;
    }
  | {
      readonly type: 'ExecutionFailed';
      readonly at: number;
      readonly failure: FailureDetails;
      /** The tasks whose failures it came of. */
      readonly causedBy?: readonly number[];
      /** The operations that it had called and that had not answered. Absent: there were none, or an older version did not say. */
      readonly unanswered?: readonly number[];
    }
  | {
      readonly type: 'ExecutionTerminated';
      readonly at: number;
      readonly reason?: string;
      readonly output?: Json;
      readonly outputRef?: ValueReference;
    }
  | { readonly type: 'ExecutionCanceled'; readonly at: number; readonly reason?: string }
  | { readonly type: 'ContinuedAsNew'; readonly at: number; readonly input?: Json; readonly inputRef?: ValueReference };
