import type { EntityId } from '../core/history.js';
import { FIRST_VERSION } from '../core/state-migration.js';
import type { Json } from '../core/values.js';
import { entityAddress } from '../wire/addresses.js';
import type { ClientSession } from './client-session.js';
import type { Entities, EntityStateResponse, ReadOptions } from './entities.js';
import { checkEntityFilter, type CheckedEntityFilter, type EntityFilter } from './entity-filter.js';
import { findEntities, type FoundEntity } from './entity-scan.js';
import { statusOf, type EntityStatus } from './entity-status.js';
import { EntityWatch, type WatchOptions } from './entity-watch.js';
import { namedEntity } from './named-entity.js';
import type { EntityChange } from './past-states.js';
import { isAnswer } from './owner-queries.js';
import { InstanceReads } from './instance-reads.js';
import { restoredEntity, type FormerEntity } from './restoring.js';
import { ViewLists, type PageOptions } from './view-lists.js';
import { limitsOf, notInTime, type CallOptions, type WaitOptions } from './waits.js';

/** How entities are listed. */
export interface EntityListOptions extends WaitOptions {
  /** Whether their states are told, which are read one by one then. Default false: `entityState` is undefined. */
  readonly fetchStates?: boolean | undefined;
}

/** An entity in a list. */
export interface ListedEntity {
  /** Its name and key. */
  readonly entityId: EntityId;
  /** When its last operation was taken that was not readonly. */
  readonly lastOperationTime: Date;
  /** Its state as its view has it, when `fetchStates` is given. */
  readonly entityState: unknown;
  /** The version of that state. Absent: the first, or it was not fetched. */
  readonly stateVersion?: number;
}

/** A part of a list of entities. */
export interface EntityPage {
  /** What the views tell of each. */
  readonly entities: readonly ListedEntity[];
  /** Where the list goes on; undefined: this was the end. A page behind a full one may be empty. */
  readonly continuationToken: string | undefined;
}

type EntityClass<E extends object> = new () => E;

/**
 * Finds entities, looks at them and deletes them, as `client.entities`. Lists go through views, with or without a worker: they are up to some
 * 100 ms behind. An entity that does not exist, or was deleted, is in no list, and nothing of it stays stored.
 *
 * @example
 * ```ts
 * import type { TaskHubClient } from 'perdure';
 *
 * export async function report(client: TaskHubClient): Promise<void> {
 *   const since = new Date(Date.now() - 3_600_000);
 *   for await (const { entityId, entityState } of client.entities.all(
 *     { entity: 'cart', keyPrefix: 'eu-', lastOperationFrom: since },
 *     { fetchStates: true },
 *   ))
 *     console.log(entityId.key, entityState);
 * }
 * ```
 */
export class EntityQueries {
  readonly #session: ClientSession;
  readonly #entities: Entities;
  readonly #timeout: number;
  readonly #reads: InstanceReads;
  readonly #lists: ViewLists<EntityFilter, CheckedEntityFilter, FoundEntity>;

  /** @internal */
  constructor(session: ClientSession, entities: Entities, timeout: number) {
    this.#session = session;
    this.#timeout = timeout;
    this.#entities = entities;
    this.#reads = new InstanceReads(session);
    this.#lists = new ViewLists(session, timeout, {
      plural: 'entities',
      check: checkEntityFilter,
      find: findEntities,
    });
  }

  /**
   * A page of the entities that fit a filter, in no order that means anything. Page by page, an entity that is there all the
   * time is told at least once, and once more when it changes meanwhile.
   *
   * @throws {ConfigError} for a field of the filter that there is not, and a page size or a timeout that is none
   * @throws {InvalidContinuationTokenError} for a token that no page of this filter has said
   * @throws {InvalidIdError} for a prefix that no key can have; InvalidNameError and DefinitionError for an entity
   * @throws {InvalidTimeError} for times that are none
   * @throws {TimeoutError} when not all was looked at within `timeoutInMilliseconds`, or the client's
   * @throws {CorruptHistoryError} when a view cannot be read; VersionTooNewError when a newer version wrote it
   * @throws {ClosedError} when the client or the connection is closed; the reason of `signal` when it is aborted
   */
  async list(filter: EntityFilter = {}, options: EntityListOptions & PageOptions = {}): Promise<EntityPage> {
    const { items, continuationToken } = await this.#lists.page(filter, options, this.#listed(options));
    return { entities: items, continuationToken };
  }

  /**
   * All entities that fit a filter, each once, read a hundred at a time while they are gone through. The time limit is one for
   * each hundred. Rejects as `list`, when the first one is asked for.
   */
  all(filter: EntityFilter = {}, options: EntityListOptions = {}): AsyncGenerator<ListedEntity, void> {
    return this.#lists.all(filter, options, this.#listed(options));
  }

  /**
   * The states of an entity: the present one, then each that follows, once it is committed. Of states that follow each other
   * faster than they are taken, only the last is told; an entity that does not exist is told as such. Goes on until it is
   * left, also while no worker owns the entity, and over changes of the owner. Versions of states are as in `readEntityState`.
   *
   * @example
   * ```ts
   * import type { TaskHubClient } from 'perdure';
   *
   * export async function follow(client: TaskHubClient, signal: AbortSignal): Promise<void> {
   *   for await (const { entityExists, entityState } of client.entities.watch<number>('counter', 'visits', { signal }))
   *     console.log(entityExists ? entityState : 'gone');
   * }
   * ```
   *
   * @throws {InvalidIdError} at once, for a key that is none; InvalidNameError and DefinitionError for an entity
   * @throws {UnknownEntityError} when no worker has ever registered the entity
   * @throws {RemoteError} when its owner could not tell
   * @throws {CorruptHistoryError} when the view cannot be read; VersionTooNewError when a newer version wrote it
   * @throws {StateMigrationError} when the class cannot migrate a state, StateTooNewError when it is older than the state
   * @throws {ClosedError} when the client or the connection is closed; the reason of `signal` when it is aborted
   */
  watch<E extends { state: unknown }>(
    entity: EntityClass<E>,
    key: string,
    options?: WatchOptions,
  ): AsyncGenerator<EntityStateResponse<E['state']>, void>;
  /** The same by name. Throws likewise. */
  watch<T = unknown>(entity: string, key: string, options?: WatchOptions): AsyncGenerator<EntityStateResponse<T>, void>;
  watch(
    entity: string | EntityClass<object>,
    key: string,
    options: WatchOptions = {},
  ): AsyncGenerator<EntityStateResponse<unknown>, void> {
    return new EntityWatch(this.#session, this.#entities, namedEntity(entity, key)).states(options);
  }

  /**
   * The last changes of an entity whose class keeps a history, the oldest first: so many as `keepHistory` says, or as find room. None
   * of one that keeps none, or does not exist. `readEntityState` with `asOf` reads the state behind any of them.
   *
   * @example
   * ```ts
   * import type { TaskHubClient } from 'perdure';
   *
   * export async function audit(client: TaskHubClient): Promise<void> {
   *   for (const { number, time, operation } of await client.entities.history('cart', 'eu-17')) {
   *     const { entityState } = await client.readEntityState('cart', 'eu-17', { asOf: number });
   *     console.log(time, operation, entityState);
   *   }
   * }
   * ```
   *
   * @throws {InvalidIdError} for a key that is none; InvalidNameError and DefinitionError for an entity
   * @throws {ConfigError} for a `consistency` that is none
   * @throws {UnknownEntityError} when no worker has ever registered the entity
   * @throws {RemoteError} when its owner could not tell
   * @throws {CorruptHistoryError} when the view cannot be read; VersionTooNewError when a newer version wrote it
   * @throws {ClosedError} when the client or the connection is closed
   */
  async history(
    entity: string | EntityClass<object>,
    key: string,
    options?: Omit<ReadOptions, 'asOf'>,
  ): Promise<readonly EntityChange[]> {
    return this.#entities.history(namedEntity(entity, key), options);
  }

  /**
   * What its owner knows of an entity: why it does not go on, if it does not. An answer is exact of its mailbox; `worker` is
   * undefined when nobody owns its partition.
   *
   * @throws {InvalidIdError} for a key that is none; InvalidNameError and DefinitionError for an entity
   * @throws {RemoteError} when its owner could not tell
   * @throws {ClosedError} when the client or the connection is closed
   */
  async inspect(entity: string | EntityClass<object>, key: string, options: CallOptions = {}): Promise<EntityStatus> {
    const { id } = namedEntity(entity, key);
    const { waits, queries } = this.#session;
    const query = { v: 1, kind: 'mailbox', entity: id } as const;
    const limits = limitsOf(options, this.#timeout);
    const late = () => notInTime(`What the owner of ${id.name} "${id.key}" knows`, limits);
    const answer = await waits.run(limits, late, () => queries.ask(entityAddress(id), query));
    return isAnswer(answer) ? statusOf(answer.mailbox) : { worker: undefined };
  }

  /**
   * Deletes an entity, as `ctx.deleteState()` of an operation of its own would: in its turn, exactly once, with its reminders; what others
   * have signalled for later stays. False: it did not exist. Waits while an orchestration has locked it. It needs a worker,
   * and neither the class of the entity nor its state: what nobody can read any more can be deleted.
   *
   * @example
   * ```ts
   * import type { TaskHubClient } from 'perdure';
   *
   * export async function forget(client: TaskHubClient, customer: string): Promise<boolean> {
   *   return client.entities.delete('cart', customer);
   * }
   * ```
   *
   * @throws {InvalidIdError} at once, for a key that is none; InvalidNameError and DefinitionError for an entity
   * @throws {UnknownEntityError} when no worker has ever registered the entity
   * @throws {EntityOperationFailedError} when too many messages wait for it (`PERDURE_BUSY`)
   * @throws {TimeoutError} when there is no answer in time; its message says whether the deletion is stored
   * @throws {ClosedError} when the client or the connection is closed
   */
  async delete(entity: string | EntityClass<object>, key: string, options: CallOptions = {}): Promise<boolean> {
    return this.#entities.delete(namedEntity(entity, key).id, options);
  }

  /**
   * Makes an entity exist with a state that it had, of this hub or another one, as lists tell it with `fetchStates`: in its turn, exactly
   * once. False: it exists, and stays as it is. It needs a worker, and not the class of the entity; an older version of the
   * state is migrated when it is used. Its reminders, what was signalled for later, and its history are not brought back. Workers are to be updated before clients that use this.
   *
   * @example
   * ```ts
   * import type { TaskHubClient } from 'perdure';
   *
   * export async function move(from: TaskHubClient, to: TaskHubClient): Promise<void> {
   *   for await (const { entityId, ...former } of from.entities.all({}, { fetchStates: true }))
   *     await to.entities.restore(entityId.name, entityId.key, former);
   * }
   * ```
   *
   * @throws {InvalidIdError} at once, for a key that is none; InvalidNameError and DefinitionError for an entity
   * @throws {ConfigError} for a state that is none, or no version
   * @throws {UnknownEntityError} when no worker has ever registered the entity
   * @throws {PayloadTooLargeError} for a state of more than the hub's `maxValueBytes`, 16 MiB by default
   * @throws {EntityOperationFailedError} when too many messages wait for it (`PERDURE_BUSY`)
   * @throws {TimeoutError} when there is no answer in time; its message says whether the request is stored
   * @throws {ClosedError} when the client or the connection is closed
   */
  async restore(
    entity: string | EntityClass<object>,
    key: string,
    former: FormerEntity,
    options: CallOptions = {},
  ): Promise<boolean> {
    const { id } = namedEntity(entity, key);
    return this.#entities.restore(
      id,
      restoredEntity(former, (value) => this.#session.values.encode(value)) as unknown as Json,
      options,
    );
  }

  /** What the views say now of those that were found, unless they are gone or do not fit any more. */
  #listed({ fetchStates = false }: EntityListOptions) {
    return async (found: readonly FoundEntity[], filter: CheckedEntityFilter): Promise<readonly ListedEntity[]> => {
      if (!fetchStates) return found.map(({ entity, summary }) => listed(entity, summary.updatedAt, undefined));
      const states = await Promise.all(
        found.map(async ({ entity }) => {
          const view = await this.#reads.viewedEntity(entity, filter);
          return view && listed(entity, view.updatedAt, this.#session.values.decode(view.state), view.version);
        }),
      );
      return states.filter((state) => state !== undefined);
    };
  }
}

function listed(
  entityId: EntityId,
  updatedAt: number,
  entityState: unknown,
  stateVersion = FIRST_VERSION,
): ListedEntity {
  return {
    entityId,
    lastOperationTime: new Date(updatedAt),
    entityState,
    ...(stateVersion > FIRST_VERSION && { stateVersion }),
  };
}
