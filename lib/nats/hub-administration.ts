import { ConfigError } from '../errors.js';
import { decodeHubRecord } from '../wire/hub-record.js';
import { decodeWorker } from '../wire/ownership-codec.js';
import { leaseMilliseconds, ownershipKeys } from '../wire/ownership.js';
import { subjectsOf, type HubSubjects } from '../wire/subjects.js';
import { consoleLogger } from './console-logger.js';
import { KEY, openHub, streamsOf } from './hub.js';
import { NatsHubStore } from './hub-store.js';
import { ErrorCode, JetStream, type StreamInfo } from './jetstream.js';
import { checkOptions, inTime } from './hub-opening.js';
import { connectFor, serverFor } from './open-task-hub.js';
import type { Session } from './session.js';
import { bucketStream, deadLetterStream, findStream, type StreamSettings } from './streams.js';
import type { TaskHubOptions } from './task-hub.js';

/** A stream of a task hub. */
export interface TaskHubStream {
  /** Its name on the server. */
  readonly name: string;
  /** How many messages it holds. */
  readonly messages: number;
  /** How many bytes they take. */
  readonly bytes: number;
  /** In how many copies. */
  readonly replicas: number;
}

/** A task hub as it is stored. */
export interface TaskHubDescription {
  /** Its name. */
  readonly name: string;
  /** How many partitions it has. */
  readonly partitions: number;
  /** When it was created, by the server's clock. */
  readonly createdTime: Date;
  /** The workers that live and stay, by their names. */
  readonly workers: readonly string[];
  /** All that is stored, stream by stream. */
  readonly streams: readonly TaskHubStream[];
}

/** How a task hub is deleted. */
export interface DeleteTaskHubOptions extends Pick<
  TaskHubOptions,
  'name' | 'servers' | 'credentials' | 'tls' | 'folder' | 'timeoutInMilliseconds' | 'logger'
> {
  /** Whether it is deleted while workers live, which fail then. Default false. */
  readonly force?: boolean | undefined;
}

/**
 * Creates a task hub unless there is one, and tells how it is stored. Workers and clients do the same when they connect: it is for
 * who wants to choose partitions and replicas before, or gives them fewer permissions.
 *
 * @example
 * ```ts
 * import { createTaskHub } from 'perdure';
 *
 * const { partitions, streams } = await createTaskHub({ name: 'bank', partitions: 16, replicas: 3, servers: 'nats://localhost:4222' });
 * console.log(partitions, streams.length);
 * ```
 *
 * @throws what `connectTaskHub` throws
 */
export async function createTaskHub(options: TaskHubOptions): Promise<TaskHubDescription> {
  return onServer(options, async (session) => {
    await openHub(session, options);
    return described(session, options.name);
  });
}

/**
 * How a task hub is stored: its streams with what is in them, and the workers that live.
 *
 * @example
 * ```ts
 * import { inspectTaskHub } from 'perdure';
 *
 * const { workers, streams } = await inspectTaskHub({ name: 'bank' });
 * console.log(workers, streams.reduce((sum, { bytes }) => sum + bytes, 0));
 * ```
 *
 * @throws {ConfigError} when there is none
 * @throws what `connectTaskHub` throws
 */
export async function inspectTaskHub(
  options: Omit<TaskHubOptions, 'partitions' | 'replicas'>,
): Promise<TaskHubDescription> {
  return onServer(options, (session) => described(session, options.name));
}

/**
 * Deletes a task hub with all that is stored of it: every instance, entity and message. Resolves with false when there is none. One that
 * broke off can be made again, and nobody can use the hub meanwhile.
 *
 * @example
 * ```ts
 * import { deleteTaskHub } from 'perdure';
 *
 * await deleteTaskHub({ name: 'bank-of-yesterday' });
 * ```
 *
 * @throws {ConfigError} while workers of it live, unless `force` says otherwise
 * @throws what `connectTaskHub` throws
 */
export async function deleteTaskHub(options: DeleteTaskHubOptions): Promise<boolean> {
  const { name, force = false } = options;
  return onServer(options, async (session) => {
    const jetStream = new JetStream(session);
    const found = await recordOf(jetStream, name);
    if (!found) return false;
    const workers = await workersOf(session, jetStream, name);
    if (workers.length > 0 && !force)
      throw new ConfigError(
        `Task hub ${name} is in use: ${workers.join(', ')}. Stop its workers; one that died counts for ${leaseMilliseconds / 1_000} s.`,
      );
    for (const stream of allStreams(subjectsOf(name), found.partitions))
      await jetStream.demand(`STREAM.DELETE.${stream.name}`, {}, [ErrorCode.streamNotFound]);
    return true;
  });
}

/** The one with the record last: as long as it is there, streams that are gone are a loss, and nobody makes them anew. */
function allStreams(subjects: HubSubjects, partitions: number): readonly StreamSettings[] {
  return [...streamsOf(subjects, partitions, 1), deadLetterStream(subjects, 1), bucketStream(subjects.bucket, 1)];
}

/** Whether somebody has made a task hub, or begun to: how many partitions it has is settled then. Throws as `inspectTaskHub`. */
export function taskHubExists(options: Omit<TaskHubOptions, 'partitions' | 'replicas'>): Promise<boolean> {
  return onServer(options, async (session) => (await recordOf(new JetStream(session), options.name)) !== undefined);
}

async function described(session: Session, name: string): Promise<TaskHubDescription> {
  const jetStream = new JetStream(session);
  const found = await recordOf(jetStream, name);
  if (!found) throw new ConfigError(`There is no task hub ${name} at ${session.where}.`);
  const { partitions, createdAt } = found;
  const infos = await Promise.all(
    allStreams(subjectsOf(name), partitions).map((stream) =>
      jetStream.demand<StreamInfo>(`STREAM.INFO.${stream.name}`, {}, [ErrorCode.streamNotFound]),
    ),
  );
  return {
    name,
    partitions,
    createdTime: new Date(createdAt),
    workers: await workersOf(session, jetStream, name),
    streams: infos.filter((info) => info !== undefined).map(streamOf),
  };
}

function streamOf({ config, state }: StreamInfo): TaskHubStream {
  const { messages, bytes } = state;
  return { name: String(config['name']), messages, bytes, replicas: Number(config['num_replicas'] ?? 1) };
}

/** Undefined: there is no such hub. */
async function recordOf(
  jetStream: JetStream,
  name: string,
): Promise<{ readonly partitions: number; readonly createdAt: number } | undefined> {
  const { bucket } = subjectsOf(name);
  if (!(await findStream(jetStream, bucketStream(bucket, 1)))) return undefined;
  const entry = await new NatsHubStore(jetStream, bucket).get(KEY);
  return entry ? decodeHubRecord(entry.value, `The record of task hub ${name}`) : undefined;
}

async function workersOf({ clock }: Session, jetStream: JetStream, name: string): Promise<readonly string[]> {
  const entries = await new NatsHubStore(jetStream, subjectsOf(name).bucket).list(ownershipKeys.workers);
  return entries
    .filter(({ time }) => clock.now() - time <= leaseMilliseconds)
    .map(({ key, value }) => ({ key, worker: decodeWorker(value, `"${key}" of the task hub's bucket`) }))
    .filter(({ worker }) => worker.state !== 'leaving')
    .map(({ key }) => key.split('.').at(-1)!);
}

async function onServer<T>(options: DeleteTaskHubOptions, run: (session: Session) => Promise<T>): Promise<T> {
  checkOptions(options);
  const server = await serverFor(options);
  const began = performance.now();
  try {
    const session = await connectFor(options, options.logger ?? consoleLogger(), server);
    try {
      return await inTime(session, options, began, run(session));
    } finally {
      await session.close();
    }
  } finally {
    await server?.stop();
  }
}
