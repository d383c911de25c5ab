import type { HubStore } from '../engine/hub-store.js';
import type { ObjectStore } from '../engine/ports.js';
import { ClosedError, ConfigError } from '../errors.js';
import { checkHubName } from '../wire/checks.js';
import { decodeHubRecord, encodeHubRecord, mostPartitions, type HubRecord } from '../wire/hub-record.js';
import { streamKinds, subjectsOf, type HubSubjects } from '../wire/subjects.js';
import { valueLimits, type ValueLimitOptions, type ValueLimits } from '../wire/value-limits.js';
import type { DamagedStreams } from './damaged-streams.js';
import { damageTo, recordGone, seenForGood } from './hub-damage.js';
import { NatsHubStore } from './hub-store.js';
import { NatsObjectStore } from './object-store.js';
import { JetStream, type StreamInfo } from './jetstream.js';
import type { Session } from './session.js';
import { SharedStorage } from './shared-storage.js';
import { markStream } from './stream-marks.js';
import {
  bucketStream,
  DEAD_LETTERS_KEPT,
  deadLetterStream,
  ensureStream,
  findStream,
  objectStream,
  partitionStream,
  tasksStream,
  type StreamSettings,
} from './streams.js';

/** Which task hub, and how it is made when it does not exist. */
export interface HubOptions extends ValueLimitOptions {
  readonly name: string;
  /** 1 to 1024; fixed for ever when the hub is created. Default: 8, or what the hub has. */
  readonly partitions?: number | undefined;
  /** Copies of each stream when the hub is created: 1, 3 or 5. Default 1. */
  readonly replicas?: number | undefined;
  /** It is not made when it does not exist. */
  readonly mustExist?: true | undefined;
  /** Is told of streams that are gone or others than they were, in place of a refusal; nothing is created then. */
  readonly damaged?: DamagedStreams | undefined;
}

/** A task hub on JetStream, checked. */
export interface NatsHub {
  readonly name: string;
  readonly partitions: number;
  /** Copies of the log streams, as the server has them now. */
  readonly replicas: number;
  /** When it was created, in milliseconds since 1970. */
  readonly createdAt: number;
  /** When each stream was created, as the server tells it. */
  readonly streams: Readonly<Record<string, string>>;
  readonly subjects: HubSubjects;
  readonly store: HubStore;
  readonly objects: ObjectStore;
  readonly storage: SharedStorage;
  /** How large values may be over the connection as it is now. */
  readonly valueLimits: ValueLimits;
  readonly session: Session;
  readonly jetStream: JetStream;
}

/** Where the record of a hub is in its bucket. */
export const KEY = 'hub';
const DEFAULT_PARTITIONS = 8;

/** How often the clock is compared with the server's, in milliseconds. */
const TIME_CHECK = 60_000;

/**
 * Opens a task hub, creating it when it does not exist; creators that race end with one hub. Throws InvalidHubError,
 * ConfigError when the partitions asked for are not those it has, or it must exist and does not, StreamMismatchError,
 * StorageRegressedError when a stream is gone or was created anew, and VersionTooNewError or CorruptHistoryError when the
 * hub's record cannot be read.
 */
export async function openHub(session: Session, options: HubOptions): Promise<NatsHub> {
  const name = checkHubName(options.name);
  const { partitions, replicas = 1 } = options;
  if (partitions !== undefined && !(Number.isInteger(partitions) && partitions >= 1 && partitions <= mostPartitions))
    throw new ConfigError(`partitions: must be a whole number from 1 to ${mostPartitions}, not ${partitions}`);
  const limits = (): ValueLimits => valueLimits(session.maxBodyBytes, options);
  limits(); // throws when the options are none
  const jetStream = new JetStream(session);
  const subjects = subjectsOf(name);
  const store = new NatsHubStore(jetStream, subjects.bucket);
  const bucket = bucketStream(subjects.bucket, replicas);
  if (options.mustExist && !(await findStream(jetStream, bucket)))
    throw new ConfigError(
      `There is no task hub ${name} at ${session.where}. Workers and clients create it when they connect: is that its name, ` +
        'and this the server that they use?',
    );
  const { config } = await ensureStream(jetStream, bucket);
  if (!options.damaged) await ensureStream(jetStream, deadLetterStream(subjects, replicas), DEAD_LETTERS_KEPT);
  for (;;) {
    const { record, revision } = await readRecord(jetStream, store, options);
    const settings = streamsOf(subjects, record.partitions, replicas);
    const infos = await Promise.all(settings.map((wanted) => openStream(jetStream, wanted, record, options)));
    const { streams: known = {} } = record;
    if (settings.every((wanted) => known[wanted.name] !== undefined)) {
      keepTime(jetStream, store.stream);
      const copies = Math.max(
        ...[config, ...infos.map((info) => info?.config)].map((one) => Number(one?.['num_replicas'] ?? 1)),
      );
      return {
        name,
        partitions: record.partitions,
        replicas: copies,
        createdAt: record.createdAt,
        streams: known,
        subjects,
        store,
        objects: new NatsObjectStore(jetStream, subjects.objects, copies),
        storage: new SharedStorage(jetStream, subjects, name, record),
        get valueLimits() {
          return limits();
        },
        session,
        jetStream,
      };
    }
    // Refused or unknown: another creator was faster. What is stored is read again and checked either way.
    const streams = Object.fromEntries(settings.map((wanted, at) => [wanted.name, infos[at]?.created ?? '']));
    const marks = record.marks ?? (await markAll(jetStream, subjects));
    await store.put(KEY, encodeHubRecord({ ...record, streams, marks }), revision);
  }
}

/** Creators that race leave a mark each, and the record names one of them: a purge takes it with the others. */
async function markAll(jetStream: JetStream, { marks }: HubSubjects): Promise<Readonly<Record<string, number>>> {
  const marked = Object.entries(marks).map(
    async ([stream, subject]) => [stream, await markStream(jetStream, subject)] as const,
  );
  return Object.fromEntries(await Promise.all(marked));
}

/** The streams of a hub beside its bucket and its dead letters. */
export function streamsOf(subjects: HubSubjects, partitions: number, replicas: number): StreamSettings[] {
  const ofPartitions = Array.from({ length: partitions }, (_, partition) => subjects.partition(partition)).flatMap(
    (names) => streamKinds.map((kind) => partitionStream(names, kind, replicas)),
  );
  return [...ofPartitions, objectStream(subjects.objects, replicas), tasksStream(subjects, replicas)];
}

async function readRecord(
  jetStream: JetStream,
  store: HubStore,
  { name, partitions }: HubOptions,
): Promise<{ record: HubRecord; revision: number }> {
  for (;;) {
    const entry = await store.get(KEY);
    if (!entry) {
      await refuseLostRecord(jetStream, store, name);
      const createdAt = jetStream.session.clock.now();
      const created: HubRecord = { v: 1, partitions: partitions ?? DEFAULT_PARTITIONS, createdAt };
      await store.put(KEY, encodeHubRecord(created), 0);
      continue;
    }
    const record = decodeHubRecord(entry.value, `The record of task hub ${name}`);
    if (partitions !== undefined && partitions !== record.partitions)
      throw new ConfigError(
        `partitions: task hub ${name} was created with ${record.partitions} partitions, not ${partitions}. ` +
          'Leave the option away, or use another task hub.',
      );
    return { record, revision: entry.revision };
  }
}

/** A creator stores the record before it makes a stream: whoever sees a stream, and then no record, sees a loss. */
async function refuseLostRecord(jetStream: JetStream, store: HubStore, hub: string): Promise<void> {
  const subjects = subjectsOf(hub);
  const stream = await findStream(jetStream, partitionStream(subjects.partition(0), 'log', 1));
  if (stream && !(await store.get(KEY))) throw recordGone(subjects.bucket, hub);
}

/** What the record does not know yet is created; later, a stream that is gone or another is a loss and never made good. */
async function openStream(
  jetStream: JetStream,
  wanted: StreamSettings,
  record: HubRecord,
  { name: hub, damaged }: HubOptions,
): Promise<StreamInfo | undefined> {
  const created = record.streams?.[wanted.name];
  if (created === undefined && damaged)
    throw new ConfigError(`Stream ${wanted.name} of task hub ${hub} is not made yet: workers and clients do that.`);
  if (created === undefined) return ensureStream(jetStream, wanted);
  const info = await seenForGood(
    () => findStream(jetStream, wanted),
    (found) => found?.created === created,
  );
  const damage = damageTo(wanted.name, hub, record, info);
  if (damage && !damaged) throw damage;
  if (damage) damaged?.note({ wanted, created, found: info });
  return info;
}

/** Compares the session's clock with the server's from time to time: two clocks drift apart by seconds a week. */
function keepTime(jetStream: JetStream, stream: string): void {
  const timer = setInterval(() => {
    jetStream.info(stream).catch((error: unknown) => {
      if (!(error instanceof ClosedError)) throw error;
    });
  }, TIME_CHECK);
  timer.unref?.();
  void jetStream.session.closed.then(() => clearInterval(timer));
}
