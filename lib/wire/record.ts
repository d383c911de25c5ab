import type { ExecutionStarted, HistoryEvent, InboundEvent } from '../core/history.js';
import type { FailureDetails } from '../errors.js';
import type { Json, ValueReference } from '../core/values.js';
import type { ActivityRun } from './activity-run.js';
import type { NotedChange } from './entity-history.js';
import type { StoredState } from './entity-state.js';
import type { Suspension } from './head.js';
import type { JournaledAnswer, StartedCall } from './journal.js';
import type { LockChange } from './locks.js';
import type { PlannedOperation } from './planned.js';
import type { PreparedChange } from './prepared.js';
import type { Addressed, Address } from './messages.js';
import type { TaskIds } from './tasks.js';
import type { Parking } from './parked.js';

/** What a commit, a takeover or a reset says, whole. */
export type LogRecord = CommitRecord | EpochRecord | ResetRecord;

/** The message of the commit log: one per group commit, or the mark of a takeover. */
export type StoredRecord = LogRecord | PartRecord;

interface RecordBase {
  /** 2: a step has changes of a state, or a state of a version above 1. */
  readonly v: 1 | 2;
  /** The takeover under which it was written; rises by one with each (C3). */
  readonly epoch: number;
  /** A random id: "was it me?" is answered by comparing it, never by an error's text. */
  readonly commit: string;
  /** The sequence of the record before it; 0 for the first. An unbroken chain is required on recovery (P9). */
  readonly prev: number;
  /** The server's time at which it was sealed, in milliseconds since 1970 (P19). */
  readonly at: number;
}

/** A takeover: from here on the former owner's records are refused by CAS (C3). */
export interface EpochRecord extends RecordBase {
  readonly type: 'epoch';
  /** The worker that took over, for people who look. */
  readonly owner: string;
  /** The last mail there was. Absent: not known. */
  readonly mail?: number;
  /** The former owner did not stop by itself: it died, or was replaced while it was silent. */
  readonly unclean?: true;
}

/**
 * That an operator accepted what the partition's streams have lost, and what was given up with it (P12, docs/adr/0059). The
 * checkpoint that names this record was stored before it; nothing below counts but what that checkpoint still needs.
 */
export interface ResetRecord extends RecordBase {
  readonly type: 'reset';
  /** Who accepted it, for people who look. */
  readonly owner: string;
  /** What was lost, as the diagnosis told it. */
  readonly lost: readonly string[];
  readonly gaveUp: GivenUp;
}

/** What a reset gave up of a partition. Lists name 1,000 instances at most. */
export interface GivenUp {
  /** Orchestration instances that had not ended: failed, because what they had done last may be lost. */
  readonly failed: readonly Address[];
  /** Instances whose stored state could not be read: removed. */
  readonly removed: readonly Address[];
  /** Entities whose locks, running operations or overdue operations ended. */
  readonly interrupted: readonly Address[];
  /** How many instances that is, where it is more than are named. */
  readonly instances: number;
  /** Messages in the mail stream that will not be carried out; they were kept as dead letters. */
  readonly mail: number;
  /** Messages that were taken and not carried out, and of which nothing is left but that they were there. */
  readonly inputs: number;
  /** Messages on their way from other partitions. */
  readonly received: number;
  /** Requests of instances, of any partition, that were told to have failed. */
  readonly requests: number;
  /** Sessions of clients that ended: what they wait for, they are told to be lost. */
  readonly sessions: number;
}

/**
 * A part of a commit record that is too large for one message (P7). The texts of all parts, joined, are the record as it
 * would have been stored. None has effect before the last one is stored; an epoch record after an incomplete set annuls
 * it. All carry the commit id of the whole.
 */
export interface PartRecord extends RecordBase {
  readonly type: 'part';
  /** Part i of n, from 1. */
  readonly part: readonly [i: number, n: number];
  readonly text: string;
}

/** Everything that follows from a group of steps, or an empty barrier. */
export interface CommitRecord extends RecordBase {
  readonly type: 'commit';
  /** Names the local messages of this record: the number of commits of this partition so far. */
  readonly counter: number;
  /** Mail accepted up to this sequence, in mail order (P1). Absent: unchanged. */
  readonly accepted?: number;
  /** When the stream stored that message: tells it from another at the same sequence (P12). Absent: not known. */
  readonly acceptedAt?: number;
  /** Of the sequences accepted by this record, those with inputs not yet consumed: sequence and indexes. */
  readonly open?: readonly (readonly [sequence: number, indexes: readonly number[]])[];
  /** Channel marks advanced by this record: source partition -> N (C4). */
  readonly received?: Readonly<Record<string, number>>;
  /** Of the entry that follows the mark, what is accepted so far (P7); the mark's next advance ends it. */
  readonly partly?: Readonly<Record<string, PartlyReceived>>;
  /** Client session marks advanced by this record: session -> number (P5). */
  readonly sessions?: Readonly<Record<string, number>>;
  /** Sessions that this record ends, at their clients' wish or for want of room. */
  readonly ended?: readonly string[];
  /** Numbers whose outcomes are forgotten, by session. */
  readonly done?: Readonly<Record<string, readonly number[]>>;
  /** Numbers that were given up, or refused, by session. */
  readonly skipped?: Readonly<Record<string, readonly SkippedNumbers[]>>;
  /** Activities whose requests are stored in their work queues: they are not sent again (P20). */
  readonly dispatched?: readonly TaskIds[];
  /** Mail inputs consumed without a step: no instance could be told of them, and why (dead letters). */
  readonly dropped?: readonly DroppedInput[];
  /** Pages of messages that have waited long: their inputs are consumed, and wait there (P4). */
  readonly parked?: readonly Parking[];
  /** The instance that takes a suspect input next: if the owner dies before it is consumed, that input is blamed. */
  readonly trial?: Address;
  /** It goes on, and its owner still lives: nothing is blamed. */
  readonly survived?: true;
  /** Instances that take nothing from here on, because of what they were about to take when owners died. */
  readonly quarantined?: readonly Address[];
  /** Instances that may take their inputs again. */
  readonly released?: readonly Address[];
  readonly steps: readonly StepEntry[];
  /** Output for other partitions: destination -> the previous record that sent there, and the messages (C5). */
  readonly out?: Readonly<Record<string, { readonly prev: number; readonly messages: readonly Addressed[] }>>;
}

/** An entry of a channel that is received in part: its number N, and how many of its messages. */
export type PartlyReceived = readonly [n: number, messages: number];

/** A mail input that no instance could take. */
export interface DroppedInput {
  readonly sequence: number;
  readonly index: number;
  readonly reason: string;
}

/** One turn of one instance. Of an entity: the state when it changed, or what has changed of it. */
export interface StepEntry extends StoredState {
  readonly to: Address;
  /** Mail inputs consumed, flat: sequence, index, sequence, index. */
  readonly mail?: readonly number[];
  /** Local inputs consumed, flat: counter, index, counter, index. */
  readonly local?: readonly number[];
  /** The parked message that was consumed: its page, and its index in the instance's box there (P4). */
  readonly parked?: readonly [page: string, index: number];
  /** Orchestrations: the events appended to the history. */
  readonly events?: readonly HistoryEvent[];
  /** Orchestrations: the custom status when it changed; null clears it. */
  readonly customStatus?: Json;
  /** Orchestrations: where the end is to be told, added by this step. */
  readonly notify?: string;
  /** Orchestrations: suspended by the engine, and why. */
  readonly suspended?: string;
  /** Orchestrations: suspended by somebody, and why; null: resumed. */
  readonly suspension?: Suspension | null;
  /** Orchestrations: events that are held back, in this order behind those that are: while it is suspended, and so on. */
  readonly buffered?: readonly InboundEvent[];
  /** Orchestrations: so many of the events that were held back, the first ones, went into `events`; it runs again. */
  readonly taken?: number;
  /** Orchestrations: events of this step that the next one is to take, before those that are held back. */
  readonly returned?: readonly InboundEvent[];
  /** Orchestrations: a sub-orchestration that an earlier execution had left running has ended. */
  readonly childEnded?: readonly [executionId: string, taskId: number];
  /** Orchestrations: the execution that is to begin later, at its `startAt`. */
  readonly scheduled?: ExecutionStarted;
  /** Orchestrations: how long the instance is kept once it has ended, in milliseconds. */
  readonly retention?: number;
  /** Nothing of the instance is left. */
  readonly purged?: true;
  /** Entities, of which nothing is left: the last fencing number. Absent: none was given since nothing was stored of them before. */
  readonly lastFence?: number;
  /** Orchestrations: activities whose place is a work queue, to which they are sent after this record (P20). */
  readonly queued?: TaskIds;
  /** Orchestrations: activities that are begun again after this record, or were given back. */
  readonly begun?: readonly ActivityRun[];
  /** Entities: that it changed, where a history is kept. */
  readonly change?: NotedChange;
  /** Entities: the state is gone. */
  readonly deleted?: true;
  /** Entities: operations to be carried out at times, in place of such of the same ids; and those no more to be carried out. */
  readonly planned?: readonly PlannedOperation[];
  readonly unplanned?: readonly string[];
  /** Entities: a call of the operation that runs (P18). Its input is not consumed by that. */
  readonly called?: StartedCall;
  /** Entities: the answer to one. */
  readonly answered?: JournaledAnswer & { readonly journal: string };
  /** Entities: the journal of an operation that has ended. */
  readonly ended?: string;
  /** Entities: what it changes of the locks (P22). */
  readonly lock?: LockChange;
  /** Entities: what an operation of a transaction prepares (P23). */
  readonly prepared?: PreparedChange;
  /** What a client that waits for this message gets. */
  readonly outcome?: Outcome;
  /** Orchestrations: what clients get whose updates this step has answered. */
  readonly outcomes?: readonly Outcome[];
  /** Messages for instances of the same partition, part of this record and hence of a JetStream message (C9). */
  readonly messages?: readonly Addressed[];
  /** It is no step: its messages are what the record `n` of another partition has for this one, which came without mail. */
  readonly handed?: readonly [from: number, n: number];
  /** The input was refused without a step, and why. */
  readonly refused?: string;
}

/** The stored outcome of a client's call or start, by message id. */
export interface Outcome {
  readonly id: string;
  readonly result?: Json;
  readonly resultRef?: ValueReference;
  readonly failure?: FailureDetails;
  /** It is the code of an update that failed, whatever the failure says of itself. */
  readonly thrown?: true;
  /** Told, never stored: the message was not carried out by this session, and will not be. */
  readonly refused?: Refused;
}

/**
 * Why a message of a session was not carried out (P5): the session is not known; its number had been given up, or was
 * refused before; too many outcomes wait for their client.
 */
export type Refused = 'sessionExpired' | 'notAccepted' | 'busy';

/** Numbers of a session that were given up: from the first through the last. */
export type SkippedNumbers = readonly [first: number, last: number];
