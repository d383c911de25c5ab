import { openTaskHub } from './open-task-hub.js';
import type { TaskHub, TaskHubOptions } from './task-hub.js';

/**
 * Connects to a task hub, creating it when it does not exist; without `servers`, to one on an embedded nats-server. The
 * connection restores itself for ever.
 *
 * @example
 * ```ts
 * import { connectTaskHub } from 'perdure';
 *
 * await using hub = await connectTaskHub({ name: 'bank', servers: 'nats://localhost:4222' });
 * console.log(`Connected to ${hub.name} at ${hub.url}`);
 * ```
 *
 * @throws {InvalidHubError} for a name that is none
 * @throws {ConfigError} for an option that cannot work, other partitions than the hub has, and a server without
 * JetStream
 * @throws {AuthFailedError} when the server refuses the credentials
 * @throws {PermissionDeniedError} when it does not allow what is needed
 * @throws {ServerTooOldError} when the server is older than 2.12
 * @throws {ServerUnavailableError} when no server answered in `timeoutInMilliseconds`, or the embedded one does not
 * start
 * @throws {NatsServerMissingError} when no nats-server for embedding was found or could be fetched
 * @throws {StreamMismatchError} when a stream exists with other settings
 * @throws {StorageRegressedError} when a stream of the hub is gone or was created anew
 * @throws {VersionTooNewError} when a newer version created the hub
 * @throws {CorruptHistoryError} when the hub's record cannot be read
 */
export function connectTaskHub(options: TaskHubOptions): Promise<TaskHub> {
  return openTaskHub(options);
}

/** The same for people who look at a hub: one that does not exist is not created, but refused with ConfigError. */
export function connectExistingTaskHub(options: Omit<TaskHubOptions, 'partitions' | 'replicas'>): Promise<TaskHub> {
  return openTaskHub({ ...options, mustExist: true });
}
