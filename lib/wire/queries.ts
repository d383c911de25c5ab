import type { EntityId, HistoryEvent } from '../core/history.js';
import type { Labels } from '../core/labels.js';
import type { Json, ValueReference } from '../core/values.js';
import type { FailureDetails } from '../errors.js';
import type { StateHistory } from './entity-history.js';
import type { StoredState } from './entity-state.js';
import type { EntityInspection } from './entity-inspection.js';
import type { PartitionInspection } from './inspection.js';
import type { RuntimeStatus, SegmentReference } from './head.js';
import type { LockHeld } from './locks.js';
import type { Address, Caller } from './messages.js';
import type { Outcome } from './record.js';
import type { WantedAnswer } from './tasks.js';

/** An exact read, sent to the owner of the partition as a core-NATS request on `q` (C11). */
export type Query =
  | {
      readonly v: 1;
      readonly kind: 'status';
      readonly instanceId: string;
      /** Whether the history is wanted too. */
      readonly history?: boolean;
      /** Where to tell the end of the instance if it has not ended: forgotten when the owner changes. */
      readonly notify?: string;
      /** Each change is to be told there instead: forgotten after a while, too. */
      readonly changes?: true;
    }
  | {
      readonly v: 1;
      readonly kind: 'entity';
      readonly entity: EntityId;
      /** Where to tell that the entity has changed: forgotten after a while, and when the owner changes. */
      readonly notify?: string;
      /** Whether its last changes are wanted too. */
      readonly changes?: true;
    }
  /** What the owner knows of an entity's mailbox. */
  | { readonly v: 1; readonly kind: 'mailbox'; readonly entity: EntityId }
  /** A call of a readonly operation: it takes its place in the mailbox, and nothing of it is recorded. */
  | {
      readonly v: 1;
      readonly kind: 'read';
      readonly entity: EntityId;
      readonly name: string;
      readonly input?: Json;
      /** Behind the mail up to this sequence, which is the asker's own. */
      readonly after?: number;
    }
  /** A query of an orchestrator's instance. */
  | {
      readonly v: 1;
      readonly kind: 'query';
      readonly instanceId: string;
      readonly name: string;
      /** Only this run of the instance is meant. */
      readonly runId?: string;
      readonly input?: Json;
    }
  /** Whether the instance waits for the result of this activity: a worker that runs it asks from time to time. */
  | {
      readonly v: 1;
      readonly kind: 'activity';
      readonly instanceId: string;
      readonly executionId: string;
      readonly taskId: number;
    }
  /** What the partition looks like. */
  | { readonly v: 1; readonly kind: 'inspect' }
  /** Lets an instance out of quarantine; `discard`: without its next message. */
  | { readonly v: 1; readonly kind: 'release'; readonly address: string; readonly discard?: boolean }
  /** Breaks the lock of an entity, if it has this fencing number. */
  | { readonly v: 1; readonly kind: 'breakLock'; readonly address: string; readonly fence: number }
  /**
   * A look whether calls of entities wait for each other in a circle (P18): each waits in the mailbox of the entity that makes the next one, the
   * last in that of `address`. Owners hand it round, and nobody is answered. A link may be a critical section, too: the call before waits for an
   * entity that it has locked, and its request waits for that of the next call, or it has called that under its lock (P22).
   */
  | { readonly v: 1; readonly kind: 'circle'; readonly address: string; readonly calls: readonly CircleLink[] }
  /** The names that the partition's instances wait for. */
  | { readonly v: 1; readonly kind: 'waiting' }
  /** Answered once the views of the partition's instances show all that was committed when it came. */
  | { readonly v: 1; readonly kind: 'stored' }
  /** What became of a client's call or start; `address` is where it was sent. */
  | {
      readonly v: 1;
      readonly kind: 'outcome';
      readonly address: string;
      readonly id: string;
      /** Of a message of a session: `id` is then of no interest. */
      readonly session?: string;
      readonly number?: number;
    };

/** A call that an entity has made; or, if it has locked an entity, the holder of the lock. */
export interface CircleLink extends Caller {
  readonly locked?: Address;
}

/** The owner's answer. */
export type Answer =
  | {
      readonly v: 1;
      readonly kind: 'status';
      readonly status?: InstanceStatus;
      /** The stored parts of the history that was asked for; the status has what follows them. */
      readonly segments?: readonly SegmentReference[];
    }
  | EntityAnswer
  | QueryAnswer
  | ReadAnswer
  | { readonly v: 1; readonly kind: 'inspect'; readonly inspection: PartitionInspection }
  | { readonly v: 1; readonly kind: 'mailbox'; readonly mailbox: EntityInspection }
  /** Committed; false: it was not in quarantine. */
  | { readonly v: 1; readonly kind: 'release'; readonly released: boolean }
  /** Committed; false: it was not locked. */
  | { readonly v: 1; readonly kind: 'breakLock'; readonly broken: boolean }
  | WantedAnswer
  | { readonly v: 1; readonly kind: 'waiting'; readonly names: readonly WaitedName[] }
  | { readonly v: 1; readonly kind: 'stored' }
  /** No outcome: not there yet, or forgotten; `accepted`: the session's message has been accepted, or its number given up. */
  | { readonly v: 1; readonly kind: 'outcome'; readonly outcome?: Outcome; readonly accepted?: true }
  | { readonly v: 1; readonly kind: 'failed'; readonly failure: FailureDetails };

/** An entity's state. */
export interface EntityAnswer extends StoredState {
  /** 2: the state has a version above 1, or changes, or such are told. */
  readonly v: 1 | 2;
  readonly kind: 'entity';
  readonly exists: boolean;
  /** A transaction has prepared another state, and is not decided: nothing is told (P23). */
  readonly isPrepared?: true;
  /** The changes that are kept, if they were asked for. */
  readonly changes?: StateHistory;
  /** That it is locked. */
  readonly lock?: LockHeld;
}

/** What a query came to. */
export interface QueryAnswer {
  readonly v: 1;
  readonly kind: 'query';
  readonly result?: Json;
  /** What its handler threw, or why it could not run. */
  readonly failure?: FailureDetails;
  /** There is no such instance. */
  readonly isMissing?: true;
  /** There is another run of it than the one that is meant. */
  readonly isReplaced?: true;
  /** The orchestrator that no worker has registered, or none that answers. */
  readonly noWorkerWith?: string;
}

/** What a call of a readonly operation came to. */
export interface ReadAnswer {
  readonly v: 1;
  readonly kind: 'read';
  readonly result?: Json;
  readonly failure?: FailureDetails;
  /** It was not carried out: the code of its entity says that it is not readonly. */
  readonly isMutating?: true;
  /** It was not carried out: the entity waits for a worker that has its code. */
  readonly isWaiting?: true;
}

/** A name that no worker that lives has registered, and how many instances wait for it. */
export interface WaitedName {
  readonly kind: 'entity' | 'orchestrator';
  /** Of an orchestrator of a version: `name@version`. */
  readonly name: string;
  readonly instances: number;
}

/** An orchestration instance as read. Times are in milliseconds since 1970. */
export interface InstanceStatus extends Labels {
  readonly instanceId: string;
  readonly name: string;
  readonly executionId: string;
  /** What one start began: the id of its first execution, kept through all that it continues as new. */
  readonly runId: string;
  readonly runtimeStatus: RuntimeStatus;
  readonly createdAt: number;
  readonly updatedAt: number;
  /** How many events the history of the current execution has; an owner of an older version does not say. */
  readonly historyLength?: number;
  readonly input?: Json;
  readonly inputRef?: ValueReference;
  readonly output?: Json;
  readonly outputRef?: ValueReference;
  readonly failure?: FailureDetails;
  readonly customStatus?: Json;
  /** Why it is suspended, or was terminated or canceled. */
  readonly reason?: string;
  readonly history?: readonly HistoryEvent[];
  /** The orchestrator, when the instance has not ended and no worker that lives has its code; only an owner says. */
  readonly nameWithoutWorker?: string;
}

/** What an owner publishes on a client's inbox after the commit (C1). May be lost: the slow re-check is behind it. */
export type Notice =
  | { readonly v: 1; readonly kind: 'outcome'; readonly outcome: Outcome }
  /** An entity or an instance that is watched has changed. */
  | { readonly v: 1; readonly kind: 'changed'; readonly address: string }
  | {
      readonly v: 1;
      readonly kind: 'ended';
      readonly instanceId: string;
      readonly runId: string;
      readonly runtimeStatus: RuntimeStatus;
      /** Absent when there is none, or when it is too large for a notice: then `ask` is set. */
      readonly output?: Json;
      readonly outputRef?: ValueReference;
      readonly failure?: FailureDetails;
      /** Why it was terminated or canceled. */
      readonly reason?: string;
      readonly ask?: true;
    };

/** The names that workers of a hub have ever registered: under `names` in the hub's store. Names are only ever added. */
export interface KnownNames {
  readonly v: 1;
  /** Entity name -> its operations. */
  readonly entities: Readonly<Record<string, readonly string[]>>;
  readonly orchestrators: readonly string[];
  readonly activities: readonly string[];
}
