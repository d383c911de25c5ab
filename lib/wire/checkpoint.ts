import type { Address, Addressed } from './messages.js';
import type { Beginning, Blame, Quarantine } from './quarantine.js';
import type { Parking } from './parked.js';
import type { Outcome, PartlyReceived, SkippedNumbers } from './record.js';
import type { TaskIds } from './tasks.js';

/** A partition's tables at one record of its log: recovery starts from here (P8, P9). Format version 1. */
export interface Checkpoint {
  readonly v: 1;
  /** The epoch that wrote it: a takeover rewrites it first, so no older one passes afterwards. */
  readonly epoch: number;
  /** The record whose effects it includes last: sequence and commit id (P12). */
  readonly logSeq: number;
  readonly commit: string;
  /** The first record that recovery must read: below it every head is stored. */
  readonly low: number;
  readonly counter: number;
  readonly accepted: number;
  /** When the stream stored that message (P12). Absent: not known. */
  readonly acceptedAt?: number;
  readonly open: readonly (readonly [sequence: number, indexes: readonly number[]])[];
  readonly received: Readonly<Record<string, number>>;
  /** Of the entry that follows the mark, what is accepted so far (P7). */
  readonly partly?: Readonly<Record<string, PartlyReceived>>;
  /** Client sessions (P5). Stored in drawers; absent: none. */
  readonly clients?: readonly SessionState[];
  /** Empty: what tells of sessions is in `clients`. */
  readonly sessions: Readonly<Record<string, number>>;
  /** What was waiting when the epoch began. */
  readonly began?: Beginning;
  /** What is suspect of having killed owners: what had waited for all of the epoch before. */
  readonly suspects?: Beginning;
  readonly trial?: Address;
  readonly blamed?: readonly Blame[];
  readonly quarantined?: readonly Quarantine[];
  /** Its owner stopped by itself behind this checkpoint. */
  readonly released?: true;
  /** How many messages no instance could take. Absent: none. */
  readonly deadLetters?: number;
  /** Local messages not yet consumed, in order, with their names (P8). */
  readonly locals: readonly PendingLocal[];
  /** Pages with parked messages that wait, in order (P4). */
  readonly parked?: readonly Parking[];
  /** Per destination partition: the last record that sent there, and what the destination may not have received. */
  readonly channels: Readonly<Record<string, ChannelState>>;
  /** Activities of work queues whose requests are not known to be stored there (P20). */
  readonly undispatched?: readonly UndispatchedTasks[];
  /** The instances that were purged last, and by which record: a head that shows less is of a life that is over (P13). Absent: none. */
  readonly purged?: readonly (readonly [address: Address, sequence: number])[];
  /** The highest fencing number of entities of which nothing is stored any more (P22). Absent: none had given one. */
  readonly lastFence?: number;
  /** Outcomes of calls and starts without a session, oldest first. */
  readonly outcomes: readonly Outcome[];
}

/** What a partition knows of a client's session. */
export interface SessionState {
  readonly id: string;
  /** The highest number accepted. */
  readonly mark: number;
  /** When it was used last, the server's time in milliseconds since 1970. */
  readonly usedAt: number;
  /** Outcomes that its client may still ask for, by their numbers, as texts: nothing but a question reads them. */
  readonly outcomes?: readonly (readonly [number: number, text: string])[];
  /** Numbers that were given up. */
  readonly skipped?: readonly SkippedNumbers[];
  /** Numbers whose outcomes are not to be kept when they come. */
  readonly unwanted?: readonly number[];
}

/** What an instance's head has, and its queue may not have. */
export interface UndispatchedTasks {
  readonly to: Address;
  readonly tasks: TaskIds;
}

export interface PendingLocal {
  readonly counter: number;
  readonly index: number;
  readonly message: Addressed;
  /** Mail up to this sequence stood before it in the mailboxes. */
  readonly behind: number;
}

export interface ChannelState {
  readonly last: number;
  readonly pending: readonly PendingEntry[];
}

/** A channel entry with its messages as texts, ready for an envelope. */
export interface PendingEntry {
  readonly n: number;
  readonly prev: number;
  readonly reset?: true;
  readonly messages: readonly string[];
}

/** The directory of a checkpoint: where its pages are (P10). */
export interface CheckpointDirectory {
  readonly v: 1;
  readonly epoch: number;
  readonly generation: number;
  /** For each epoch, the sequence of its first directory, as far as known: tells a zombie's heads (P13). */
  readonly epochs: readonly (readonly [epoch: number, sequence: number])[];
  /** Its pages: their bodies joined are the checkpoint without the sessions that are in drawers. */
  readonly pages: readonly PageReference[];
  /**
   * The pages of the client sessions, in drawers, so that those in which nothing has changed need not be stored again: the
   * bodies of a drawer's pages joined are its sessions.
   */
  readonly drawers?: readonly (readonly [drawer: number, pages: readonly PageReference[]])[];
}

/** Where a page of a checkpoint is stored. */
export interface PageReference {
  readonly subject: string;
  readonly sequence: number;
}

/** The sessions of each drawer that has changed since the checkpoint before; an empty one is gone. */
export type ChangedDrawers = ReadonlyMap<number, readonly SessionState[]>;
