import type { FailureDetails } from '../errors.js';
import type { Labels } from '../core/labels.js';
import type { Json, ValueReference } from '../core/values.js';

/**
 * The address of an instance: its mailbox's subject tokens behind `m.`, encoded: `o.<id>` for an orchestration
 * instance, `e.<name>.<key>` for an entity. It names the instance everywhere inside the engine.
 */
export type Address = string;

/**
 * A message for one instance. On the wire it is one JSON object; unknown fields are ignored. A value too large for a
 * message is in the object store, under a key of the instance that the message is for (P15).
 */
export type Message =
  StartMessage | EventMessage | UpdateMessage | OperationMessage | ResultMessage | ControlMessage | LockMessage;

/** A message that a client sends. */
export type ClientMessage = Exclude<Message, ResultMessage | LockMessage>;

interface FromClient {
  /** The message's own id, for the stored outcome of calls and starts, and for the server's duplicate window. */
  readonly id?: string;
  /** Where the client listens for the outcome: a core-NATS subject. */
  readonly reply?: string;
  /** The client session and the message's number in it, from 1 up per partition (P5): they make its id. */
  readonly session?: string;
  readonly number?: number;
  /** Numbers in the session whose outcomes nobody waits for any more. */
  readonly done?: readonly number[];
}

/** Starts an orchestration instance. */
export interface StartMessage extends FromClient, Labels {
  readonly kind: 'start';
  readonly name: string;
  /** The version of the orchestrator; absent: the newest of the worker that begins the instance. */
  readonly version?: string;
  readonly input?: Json;
  readonly inputRef?: ValueReference;
  /** Where to tell the end of the instance: a core-NATS subject. */
  readonly notify?: string;
  readonly parent?: Parent;
  /** When it is to begin, in milliseconds since 1970; past, or absent: at once. */
  readonly startAt?: number;
  /** The id of the run that it begins, never used before. Only of a client session, which numbers its messages; else ignored. */
  readonly runId?: string;
  /** What becomes of an instance that is there. Absent: one that goes on refuses the start, one that has ended makes way. */
  readonly ifExists?: IfExists;
  /** The parent was rewound, and may have started this very child before. */
  readonly isRepeated?: true;
}

/** `attach`: it is taken for the one that is asked for, ended or not. `replace`: it is terminated if it goes on, and makes way. */
export type IfExists = 'attach' | 'replace';

/** Asks something of an orchestration instance as a whole. */
export interface ControlMessage extends FromClient {
  readonly kind: 'control';
  readonly action: ControlAction;
  /** Why, for people. */
  readonly reason?: string;
  /** The output of an instance that is terminated; of one that is restored, all of it (`RestoredInstance`). */
  readonly output?: Json;
  readonly outputRef?: ValueReference;
  /** Whether its sub-orchestrations are asked the same. */
  readonly recursive?: boolean;
  /** Only this run of the instance is meant. */
  readonly runId?: string;
  /** Only an instance that this parent started is meant. */
  readonly parent?: Caller;
}

export type ControlAction = 'suspend' | 'resume' | 'cancel' | 'terminate' | 'rewind' | 'restart' | 'purge' | 'restore';

/** Raises an external event. */
export interface EventMessage extends FromClient {
  readonly kind: 'event';
  readonly name: string;
  /** Only this run of the instance is meant. */
  readonly runId?: string;
  readonly input?: Json;
  readonly inputRef?: ValueReference;
}

/** Sends an update to an orchestration instance; `reply` is told what its handler returns or throws. */
export interface UpdateMessage extends FromClient {
  readonly kind: 'update';
  readonly name: string;
  /** Only this run of the instance is meant. */
  readonly runId?: string;
  readonly input?: Json;
  readonly inputRef?: ValueReference;
}

/** Asks an entity for an operation: a call when somebody waits (`reply` or `caller`), else a signal. */
export interface OperationMessage extends FromClient {
  readonly kind: 'operation';
  readonly name: string;
  readonly input?: Json;
  readonly inputRef?: ValueReference;
  readonly caller?: Caller;
  /** Of a signal: when it is to be carried out, in milliseconds since 1970; past, or absent: in its turn. */
  readonly due?: number;
  /**
   * The entities that wait for it, each called by the one before, the last one the caller (P18). If the first call was made under a
   * lock, what that has locked beside its entity, and the orchestration that has locked it, stand before them.
   */
  readonly chain?: readonly Address[];
  /** The lock of its caller's execution under which it is to run: the number of the request, and the fencing number (P22). */
  readonly lock?: { readonly id: number; readonly fence: number };
}

/** What an orchestration's critical section asks of an entity (P22). */
export type LockMessage = LockRequest | LockCancel | LockRelease;

/** Locks an entity when its turn comes; then the next one, or the holder is told. */
export interface LockRequest extends FromClient {
  readonly kind: 'lockRequest';
  readonly holder: Caller;
  /** All that are to be locked, in order. */
  readonly entities: readonly Address[];
  /** What those before this one have given: so many are locked. */
  readonly fences: readonly number[];
  /** How long each of them may be locked, in milliseconds; in a transaction, before it asks how that ends. */
  readonly lease: number;
  /** What is done under the lock is prepared until its release (P23). */
  readonly transaction?: true;
}

/** Gives up what a request has locked, and the request. It goes from entity to entity as the request did, so it never comes first. */
export interface LockCancel extends FromClient {
  readonly kind: 'lockCancel';
  readonly holder: Caller;
  readonly entities: readonly Address[];
  /** The place of this entity among them. */
  readonly at: number;
}

/** Ends a lock that was granted. */
export interface LockRelease extends FromClient {
  readonly kind: 'lockRelease';
  readonly holder: Caller;
  readonly fence: number;
  /** What is prepared holds. Absent: it is forgotten. */
  readonly commit?: true;
  /**
   * The answer to an entity that asks for the end of a transaction which is not open (P23). It is no end of the request: that is
   * on its way, or was lost.
   */
  readonly unknown?: true;
}

/**
 * The result of something an instance waits for: an entity operation, a sub-orchestration, a remote activity, a lock. The
 * failure of a lock, that it is lost, may come behind its grant.
 */
export interface ResultMessage {
  readonly kind: 'result';
  readonly of: 'activity' | 'subOrchestration' | 'operation' | 'lock';
  readonly executionId: string;
  readonly taskId: number;
  readonly result?: Json;
  readonly resultRef?: ValueReference;
  readonly failure?: FailureDetails;
  /** Of a lock: what its entities have given. */
  readonly fences?: readonly number[];
  /** Of the lock of a transaction: the entity that asks how that ends, for it does not decide alone (P23). */
  readonly from?: { readonly entity: Address; readonly fence: number };
}

/** The instance that waits for a result, its execution, and the number of the action there. */
export interface Caller {
  readonly address: Address;
  readonly executionId: string;
  readonly taskId: number;
}

/** Who waits for the end of a sub-orchestration. */
export interface Parent extends Caller {
  /** The run of the execution, when that is not its first one. */
  readonly run?: string;
}

/** A message with the instance it is for, as packed in envelopes and records. */
export type Addressed = readonly [to: Address, message: Message];

/** What a partition's owner sends to another partition, on its `m.x` (P2). */
export interface Envelope {
  readonly v: 1;
  /** The sending partition. */
  readonly from: number;
  /** One entry per commit record of the sender that had output for this partition, in order. */
  readonly entries: readonly ChannelEntry[];
}

/** The output of one record for one partition: its number, its predecessor's (0: none), the messages. */
export interface ChannelEntry {
  readonly n: number;
  readonly prev: number;
  /** When there are only some of the messages here (P7): the number of the first one, from 0, and of all. */
  readonly part?: readonly [first: number, all: number];
  /** The sender has lost records, and the channel begins anew here, whatever was received last (docs/adr/0059). */
  readonly reset?: true;
  readonly messages: readonly Addressed[];
}
