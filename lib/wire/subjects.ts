import { decodeId, encodeId } from './id-codec.js';
import type { Address } from './messages.js';

/**
 * Every subject, stream, bucket and inbox name of a task hub. Hub names are one token of `[A-Za-z0-9_-]` (checkHubName),
 * addresses are encoded, so nothing here escapes and no name of one hub is a name of another.
 */

/** The three streams of a partition. */
export const streamKinds = ['mail', 'log', 'state'] as const;
export type StreamKind = (typeof streamKinds)[number];

/** The names that belong to a task hub as a whole. */
export interface HubSubjects {
  readonly hub: string;
  /** The key-value bucket with the hub record, the workers and the leases. */
  readonly bucket: string;
  /** The object-store bucket with the values that are too large for messages (P15). */
  readonly objects: string;
  /** Where partitions' owners say what they have received (P2). Core NATS. */
  readonly received: string;
  /** Where workers say that something about workers or leases has changed. Core NATS. */
  readonly workers: string;
  /** The stream of dead letters and all its subjects: what no instance could take, kept for people. */
  readonly deadLetters: { readonly stream: string; readonly all: string };
  /** The stream of the work queues. */
  readonly tasksStream: string;
  /** All work queues. */
  readonly tasks: string;
  /** Where the streams that all partitions share have a message that nobody takes, by the stream: while it is there, none was purged. */
  readonly marks: Readonly<Record<string, string>>;
  /** A work queue's subject; its last token is also the name of the queue's consumer. */
  queue(name: string): string;
  /** The name of the work queue with this subject, or undefined: nobody's. */
  queueOf(subject: string): string | undefined;
  /** Where partitions' owners tell of activities that nobody waits for any more. Core NATS. */
  readonly unwanted: string;
  /** Where a worker takes steps of instances whose owner has not registered their code. Core NATS. */
  steps(worker: string): string;
  /** The inbox prefix of this hub's clients and workers: one of its own, so that permissions can tell hubs apart. */
  readonly inboxPrefix: string;
  partition(partition: number): PartitionSubjects;
}

/** The names that belong to one partition. */
export interface PartitionSubjects {
  readonly partition: number;
  /** Envelopes from other partitions. */
  readonly envelopes: string;
  /** Where a client hears what became of its messages, by the token of its sessions (P5). Core NATS. */
  outcomes(token: string): string;
  /** What clients tell of their sessions (P5). */
  readonly sessions: string;
  /** The commit log. */
  readonly log: string;
  /** The checkpoint's directory. */
  readonly checkpoint: string;
  /** Which pages of notes there are. */
  readonly notePages: string;
  /** Mail that no instance could take. */
  readonly deadLetters: string;
  /** Exact reads, answered by the owner. Core NATS. */
  readonly queries: string;
  /** All heads, for scans. */
  readonly heads: string;
  /** All wake records, for scans. */
  readonly wakes: string;
  mail(address: Address): string;
  head(address: Address): string;
  wake(address: Address): string;
  /** A segment of an orchestration's history: created once, never rewritten (P14). */
  segment(address: Address, executionId: string, epoch: number, n: number): string;
  checkpointPage(epoch: number, generation: number, k: number): string;
  /** A page of parked messages (P4), by its name. */
  parkedPage(name: string): string;
  /** A page of notes, by its name. */
  notePage(name: string): string;
  /** Whose mailbox, head or wake record a subject of this partition is, or undefined. */
  addressOf(subject: string): Address | undefined;
  streamName(kind: StreamKind): string;
  streamSubjects(kind: StreamKind): readonly string[];
}

/** The names of a task hub; the hub's name must have passed `checkHubName`. */
export function subjectsOf(hub: string): HubSubjects {
  const partitions: PartitionSubjects[] = [];
  return {
    hub,
    bucket: `PD-${hub}`,
    objects: `PD-${hub}-values`,
    received: `pd.${hub}.r`,
    workers: `pd.${hub}.w`,
    tasksStream: `PD-${hub}-tasks`,
    tasks: `pd.${hub}.a.>`,
    marks: {
      [`PD-${hub}-tasks`]: `pd.${hub}.a.mark.0`, // no queue's subject has that many tokens
      [objectStreamName(`PD-${hub}-values`)]: `$O.PD-${hub}-values.M.bWFyaw==`, // no value's key is "mark"
    },
    queue: (name) => `pd.${hub}.a.${queueToken(name)}`,
    queueOf: (subject) => queueIn(subject.slice(`pd.${hub}.a.`.length)),
    unwanted: `pd.${hub}.u`,
    steps: (worker) => `pd.${hub}.x.${worker}`,
    inboxPrefix: inboxPrefixOf(hub),
    deadLetters: { stream: `PD-${hub}-dead`, all: `pd.${hub}.dead.*` },
    partition: (partition) => (partitions[partition] ??= partitionSubjects(hub, partition)),
  };
}

/** The name of the stream behind a key-value bucket, as NATS has it. */
export function bucketStreamName(bucket: string): string {
  return `KV_${bucket}`;
}

/** The name of the stream behind an object-store bucket, as NATS has it. */
export function objectStreamName(bucket: string): string {
  return `OBJ_${bucket}`;
}

/** A queue's name as a subject token. */
export function queueToken(name: string): string {
  return encodeId(name, 'entity key');
}

/** Anybody may publish on a subject that no queue has. */
function queueIn(token: string): string | undefined {
  try {
    return decodeId(token, 'entity key');
  } catch {
    return undefined;
  }
}

/** The names of one partition of a task hub. Callers keep the result: the strings are built once. */
export function partitionSubjects(hub: string, partition: number): PartitionSubjects {
  const prefix = `pd.${hub}.${partition}.`;
  const [mail, head, wake, segment] = [`${prefix}m.`, `${prefix}s.`, `${prefix}w.`, `${prefix}h.`];
  const [checkpoint, parked] = [`${prefix}c`, `${prefix}k.`];
  const filters = {
    mail: [`${mail}>`],
    log: [`${prefix}l`],
    state: [`${head}>`, `${segment}>`, checkpoint, `${checkpoint}.>`, `${wake}>`, `${parked}>`],
  };
  return {
    partition,
    envelopes: `${mail}x`,
    sessions: `${mail}s`,
    outcomes: (token) => `${inboxPrefixOf(hub)}.${token}.o`,
    log: `${prefix}l`,
    checkpoint,
    notePages: `${checkpoint}.n`,
    deadLetters: `pd.${hub}.dead.${partition}`,
    queries: `${prefix}q`,
    heads: `${head}>`,
    wakes: `${wake}>`,
    mail: (address) => mail + address,
    head: (address) => head + address,
    wake: (address) => wake + address,
    segment: (address, executionId, epoch, n) => `${segment}${idToken(address)}.${executionId}.${epoch}.${n}`,
    checkpointPage: (epoch, generation, k) => `${checkpoint}.${epoch}.${generation}.${k}`,
    parkedPage: (name) => parked + name,
    // The streams of hubs have their subjects for good: this one is among those of the checkpoint, where no epoch is `n`.
    notePage: (name) => `${checkpoint}.n.${name}`,
    addressOf: (subject) =>
      subject.startsWith(mail) || subject.startsWith(head) || subject.startsWith(wake)
        ? addressIn(subject.slice(mail.length))
        : undefined,
    streamName: (kind) => `PD-${hub}-${partition}-${kind}`,
    streamSubjects: (kind) => filters[kind],
  };
}

function inboxPrefixOf(hub: string): string {
  return `_INBOX_PD-${hub}`;
}

/** `x` is where envelopes arrive, `s` what clients tell of their sessions; every address starts with its letter and a dot. */
function addressIn(rest: string): Address | undefined {
  return rest.startsWith('o.') || rest.startsWith('e.') ? rest : undefined;
}

/** `<id>` of `o.<id>`: only orchestration instances have a history. */
function idToken(address: Address): string {
  return address.slice('o.'.length);
}
