/**
 * What the engine needs of the world. lib/nats has it on JetStream, lib/memory in memory with virtual time; one
 * contract suite (test/contract) holds both to the words below.
 *
 * Reads decide, so they are answered by the stream's leader (P11), and they are tried again until they are answered;
 * they reject only with ClosedError. Writes never conclude: `undefined` means refused or unknown, and the caller looks
 * at what is stored before it goes on (C10).
 */

import type { ValueReference } from '../core/values.js';
import type { PermissionDeniedError, StorageFullError } from '../errors.js';
import type { HubSubjects, PartitionSubjects } from '../wire/subjects.js';
import type { ValueLimits } from '../wire/value-limits.js';
import type { HubStore } from './hub-store.js';

/** A message as a stream stores it. */
export interface StoredMessage {
  readonly sequence: number;
  readonly subject: string;
  readonly body: Uint8Array;
  /** When the server stored it, in milliseconds since 1970. */
  readonly time: number;
}

/** The commit log of a partition: one subject, appended by CAS on the record before (C2). */
export interface Log {
  /** Copies of the stream: with more than one, a read barrier needs a record (P16). */
  readonly replicas: number;
  /** Stores a record as the successor of `after` (0: none yet); its sequence, or undefined: refused or unknown. */
  append(body: Uint8Array, after: number): Promise<number | undefined>;
  /** The last record. */
  last(): Promise<StoredMessage | undefined>;
  /** The records from a sequence (or the first one kept) up to and including another, in order. */
  read(from: number, to: number): AsyncIterable<StoredMessage>;
  /** Forgets the records below a sequence. The newest one always stays. */
  purgeBelow(sequence: number): Promise<void>;
  /** Forgets all records, and gives the next one this sequence, which is behind the last (docs/adr/0059). */
  restartAt(sequence: number): Promise<void>;
}

/** Sends to a partition's mail stream. */
export interface MailSender {
  /**
   * Stores a message; its sequence (also when it is a copy within the server's window), or undefined: unknown, or refused for
   * now, of which `onRefused` is told. Rejects with PayloadTooLargeError when the server says that it never will, and with
   * ClosedError.
   */
  send(subject: string, body: Uint8Array, messageId?: string, onRefused?: OnRefused): Promise<number | undefined>;
}

/**
 * Told why this try to store something was refused. StorageFullError: it was surely not stored. PermissionDeniedError: the
 * server has refused something on the same subject meanwhile.
 */
export type OnRefused = (why: StorageFullError | PermissionDeniedError) => void;

/** The mail stream of a partition. */
export interface Mailbox extends MailSender {
  /**
   * Delivers the messages from a sequence on, consecutive and in order, without holes or copies, through reconnects
   * and lost consumers (P3). The next batch waits for the promise of the one before. A sequence that the leader says
   * does not exist is skipped after `onGap` was told. When the stream went back behind what was delivered, `onRegressed`
   * is told and nothing more is delivered (P12).
   */
  consume(
    from: number,
    onBatch: (batch: readonly StoredMessage[]) => Promise<void>,
    losses: LossListener,
  ): Subscription;
  /** The messages from a sequence on that are stored now, in order, for a look: nothing is taken. */
  read(from: number): AsyncIterable<StoredMessage>;
  /** When the message at a sequence was stored; undefined: it is not there. */
  timeOf(sequence: number): Promise<number | undefined>;
  /** The first and last sequence stored; last is 0 in a stream that never held a message. */
  bounds(): Promise<StreamBounds>;
  purgeBelow(sequence: number): Promise<void>;
  /** Forgets all messages, how many it says, and gives the next one this sequence, which is behind the last (docs/adr/0059). */
  restartAt(sequence: number): Promise<number>;
}

/** Told of mail that is not in the stream any more. */
export interface LossListener {
  onGap(from: number, to: number): void;
  /** The stream delivered a lower sequence than the one that follows. */
  onRegressed(sequence: number, expected: number): void;
}

/** The state stream of a partition: at most one message per subject. */
export interface Views {
  read(subject: string): Promise<StoredMessage | undefined>;
  /**
   * Writes over `after` (0: the subject never existed, or was purged); the sequence, or undefined: refused or unknown. A
   * note, of `maxNoteBytes` at most and without control characters, is stored beside the body for `notes`.
   */
  write(subject: string, body: Uint8Array, after: number, note?: string): Promise<number | undefined>;
  /**
   * Removes what a subject has up to a sequence, for good: no message of it that was written over comes back when the server is
   * killed. Removing what is gone is no error.
   */
  remove(subject: string, sequence: number): Promise<void>;
  /**
   * The current messages whose subjects match a pattern (`*` one token, `>` the rest), in no order. `known`: the sequence of a
   * message that the answer has to reckon with; of several replicas, a deposed leader that does not know it is asked again (P11).
   */
  scan(pattern: string, known?: number): AsyncIterable<StoredMessage>;
  /** The subjects that match a pattern and have a message, without a look at any, in no order; `known` as for `scan`. */
  subjects(pattern: string, known?: number): AsyncIterable<string>;
  /**
   * What is noted of the messages from a sequence on whose subjects match a pattern, without their bodies, in the order of
   * storing, up to an instant at which nothing followed. Any replica may tell, so this is for looking around and decides
   * nothing. A message that is written over meanwhile comes as it was, as it is, or both. `wantsMany`: more than a few will be
   * taken.
   */
  notes(pattern: string, from: number, wantsMany?: boolean): AsyncIterable<readonly Note[]>;
}

/** What the writer of a view noted of it. */
export interface Note {
  readonly sequence: number;
  readonly subject: string;
  /** Absent: nothing. */
  readonly note?: string | undefined;
}

/** The object store of a task hub: values too large for messages, each under a key that is used once (P15). */
export interface ObjectStore {
  /** Copies of each object: of several, a deposed leader may not know what was put, and say that it is not there (P11). */
  readonly replicas: number;
  /**
   * Stores a value under a key; its reference, or undefined: refused, of which `onRefused` may be told, or unknown. The same
   * key and value again is no error, and once it is stored the answer is its reference.
   */
  put(key: string, body: Uint8Array, onRefused?: OnRefused): Promise<ValueReference | undefined>;
  /** The value that a reference names; undefined: it is not there, or not as the reference says. */
  get(reference: ValueReference): Promise<Uint8Array | undefined>;
  /** Removes what is under a key; removing what is gone is no error. */
  remove(key: string): Promise<void>;
  /** The objects stored before a time, the server's, in the order of storing. */
  list(before: number): AsyncIterable<StoredObject>;
  /** Removes what puts that never ended left behind before a time, the server's: no key leads to it. */
  removeUnfinished(before: number): Promise<void>;
}

/** An object of the object store. */
export interface StoredObject {
  readonly key: string;
  readonly bytes: number;
  /** When the server stored it, in milliseconds since 1970. */
  readonly time: number;
}

/** A partition's streams as such, for whoever has to know that they are still those of the hub. */
export interface Storage {
  /**
   * What the leaders say that the streams hold. Rejects with StorageRegressedError when a stream of the partition, or the
   * hub's record, is gone or another one than it was, and with ClosedError.
   */
  bounds(): Promise<StorageBounds>;
}

/** The bounds of a partition's streams. */
export interface StorageBounds {
  readonly log: StreamBounds;
  readonly mail: StreamBounds;
  readonly state: StreamBounds;
}

/** The first and last sequence stored; in an empty stream the first is the one behind the last. */
export interface StreamBounds {
  readonly first: number;
  readonly last: number;
}

/** Core messaging: at most once, never for data that must not be lost. */
export interface Bus {
  /** `reply`: where the receiver is to answer. */
  publish(subject: string, body: Uint8Array, reply?: string): void;
  /** Throws ClosedError once the connection is closed. */
  subscribe(subject: string, onMessage: (body: Uint8Array, reply: string | undefined) => void): Subscription;
}

export interface Subscription {
  close(): void;
}

/**
 * The work queues of a task hub: a task waits in its queue until a worker has taken and acknowledged it. A queue exists
 * when it is named; names are those of activities and queues. What a worker takes and does not keep for 10 s is
 * delivered again, to it or to another, and before what waits.
 */
export interface TaskQueues {
  /**
   * Stores a task; false: it is not known whether. Of several with the same id within the server's window one is
   * stored. Rejects with PayloadTooLargeError and ClosedError.
   */
  publish(queue: string, body: Uint8Array, messageId: string): Promise<boolean>;
  /**
   * Takes tasks of a queue, none before `want` is called, through reconnects and lost consumers. Throws ClosedError once
   * the connection is closed.
   */
  consume(queue: string, settings: QueueSettings, onTask: (task: QueuedTask) => void): TaskConsumption;
  /** How many tasks each queue has that are not done, those in work included; queues without any are left out. */
  sizes(): Promise<ReadonlyMap<string, number>>;
  /** The tasks of a queue that are not done, the oldest first, at most so many, for a look: nothing is taken. */
  look(queue: string, most: number): Promise<readonly Uint8Array[]>;
}

/** What all workers that serve a queue must say alike; what was said last holds. */
export interface QueueSettings {
  /** Tasks that all workers together have taken and not acknowledged. Default: any number. */
  readonly maxInFlight?: number | undefined;
}

/** The part of one worker in serving a queue. */
export interface TaskConsumption extends Subscription {
  /** So many more tasks may come, each of which counts down; when it is lowered, some on their way come nevertheless. */
  want(count: number): void;
}

/** A task in a worker's hands. */
export interface QueuedTask {
  /** The same at each delivery, and no other task's of the hub. */
  readonly sequence: number;
  readonly body: Uint8Array;
  /** How often it was delivered, this time included; it begins anew when the queue's consumer was lost. */
  readonly deliveries: number;
  /** When it was stored, in milliseconds since 1970. */
  readonly time: number;
  /** How many waited behind it when it was delivered; those that are to come again are not counted. */
  readonly backlog: number;
  /** It is done and leaves the queue; false: not known, it may come again. Rejects with ClosedError. */
  acknowledge(): Promise<boolean>;
  /** It is in work: its 10 s begin anew. May get lost. */
  keep(): void;
}

/** Time is the server's, and never goes back (P19). */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  /** Calls once after a delay of at most an hour; the result cancels. */
  after(milliseconds: number, call: () => void): () => void;
  /**
   * Calls once after about so long, at least half of it and at most half as much again: the rounds of a process that are
   * equally long fall together, so that at rest it wakes seldom. The result cancels.
   */
  about(milliseconds: number, call: () => void): () => void;
  /** Calls once when what has come in by now is dealt with, and before what was sent meanwhile leaves. */
  soon(call: () => void): void;
}

export interface Random {
  /** A new id of 22 characters of `[0-9A-Za-z]`. */
  id(): string;
}

/**
 * Where workers, clients and connections tell what happened, each line with the partition or instance it is about. Its
 * methods are called synchronously and must not throw.
 */
export interface Logger {
  /** Detail for whoever looks for a fault. */
  debug(message: string, fields: LogFields): void;
  /** What happens in the course of things, such as a connection that is back. */
  info(message: string, fields: LogFields): void;
  /** What somebody should know of, while it goes on by itself. */
  warn(message: string, fields: LogFields): void;
  /** What somebody has to look into. */
  error(message: string, fields: LogFields): void;
}

/** What a line of the log is about: `instance` names it, the other fields say more. */
export type LogFields = Readonly<Record<string, string | number | boolean | undefined>> & {
  readonly instance: string;
};

/** The ports of a task hub: what workers and clients are built on. */
export interface HubPorts {
  readonly name: string;
  readonly partitions: number;
  readonly subjects: HubSubjects;
  readonly store: HubStore;
  readonly objects: ObjectStore;
  readonly tasks: TaskQueues;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** The largest message body that can be stored, in bytes. */
  readonly maxBodyBytes: number;
  readonly valueLimits: ValueLimits;
  mailOf(partition: number): MailSender;
  viewsOf(partition: number): Views;
  partition(partition: number): PartitionPorts;
  /** Settles when the connection is closed for good: with the reason, or undefined when it was asked for. */
  readonly closed: Promise<Error | undefined>;
}

/** The ports of one partition. */
export interface PartitionPorts {
  readonly log: Log;
  readonly mailbox: Mailbox;
  readonly views: Views;
  readonly objects: ObjectStore;
  readonly storage: Storage;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly subjects: PartitionSubjects;
  /** The mail stream of another partition of the hub. */
  mailOf(partition: number): MailSender;
  /** Keeps what no instance could take, for people to look at, until it is old or there is too much of it. */
  readonly deadLetters: MailSender;
  /** The largest message body that can be stored, in bytes. */
  readonly maxBodyBytes: number;
  readonly valueLimits: ValueLimits;
}
