import type { Administration, PartitionStatus, ReleaseOptions } from './administration.js';
import {
  cleanEntityStorage,
  type CleanEntityStorageOptions,
  type CleanEntityStorageResult,
} from './entity-cleaning.js';
import { InstanceControls } from './instance-controls.js';
import { namedEntity } from './named-entity.js';
import type { Orchestrations } from './orchestrations.js';
import type { CallOptions } from './waits.js';

/**
 * What people who operate a task hub ask of its workers.
 *
 * @example
 * ```ts
 * import type { TaskHubClient } from 'perdure';
 *
 * export async function breakOldLocks(client: TaskHubClient): Promise<void> {
 *   for (const status of await client.inspect()) {
 *     if (status.worker === undefined) continue;
 *     for (const { address, lockedBy, since, waiters } of status.locked ?? [])
 *       console.log(`${address}: locked by ${lockedBy} since ${new Date(since).toISOString()}, ${waiters.length} wait`);
 *   }
 *   await client.breakLock('account', 'alice');
 * }
 * ```
 */
export abstract class HubOperations extends InstanceControls {
  readonly #administration: Administration;
  readonly #orchestrations: Orchestrations;

  /** @internal */
  constructor(orchestrations: Orchestrations, administration: Administration) {
    super(orchestrations);
    this.#administration = administration;
    this.#orchestrations = orchestrations;
  }

  /**
   * What each partition looks like, as its owner sees it, and which instances are in quarantine: processes died whenever
   * they took the next message of these, so that they take nothing until they are released.
   *
   * @throws {RemoteError} when an owner could not tell
   * @throws {ClosedError} when the client or the connection is closed
   */
  inspect(options: CallOptions = {}): Promise<readonly PartitionStatus[]> {
    return this.#administration.inspect(options);
  }

  /**
   * Lets an instance out of quarantine; resolves when that is committed, with false when it was not in quarantine. The
   * instance is named as `inspect` and the log name it: `o.<instance id>` or `e.<entity name>.<entity key>`, encoded.
   *
   * @throws {ConfigError} when it is not named so
   * @throws {TimeoutError} when nobody owns its partition in time
   * @throws {ClosedError} when the client or the connection is closed
   */
  release(instance: string, options: ReleaseOptions = {}): Promise<boolean> {
    return this.#administration.release(instance, options);
  }

  /**
   * Ends the locks of entities whose orchestrations have ended, or are gone, as after a loss of stored data that was accepted; at most 100 of each
   * partition. An entity that does not exist leaves nothing that would have to be removed. Partitions without an owner are left as they are.
   *
   * @throws {TimeoutError} when nobody answered in time
   * @throws {RemoteError} when an owner could not tell
   * @throws {ClosedError} when the client or the connection is closed
   */
  cleanEntityStorage(options: CleanEntityStorageOptions = {}): Promise<CleanEntityStorageResult> {
    return cleanEntityStorage(this.#administration, this.#orchestrations, options);
  }

  /**
   * Ends the lock of an entity at once; resolves when that is committed, with false when it was not locked. Its critical section
   * has lost the lock, and is told so: its next use of the lock fails with LockLostError. Whatever waits for the
   * entity has its turn. What the section has done stays done. The lock of a transaction is not broken, for an entity does
   * not decide alone: its orchestration is asked, and aborts the transaction unless it is decided.
   *
   * @throws {InvalidIdError} for a key that is none; InvalidNameError for a name
   * @throws {DefinitionError} for a class without `@Entity`
   * @throws {TimeoutError} when nobody owns its partition in time
   * @throws {ClosedError} when the client or the connection is closed
   */
  breakLock(entity: string | (new () => object), key: string, options: CallOptions = {}): Promise<boolean> {
    return this.#administration.breakLock(namedEntity(entity, key).id, options);
  }
}
