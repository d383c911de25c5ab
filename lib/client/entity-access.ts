import type { EntitySignalOptions } from '../core/call-options.js';
import type { EntityId } from '../core/history.js';
import { operationProxy } from '../core/method-proxy.js';
import type { OperationShape } from '../core/names.js';
import type { EntitySignal, OperationCalls } from '../core/proxies.js';
import type { Constructor } from '../core/values.js';
import { names } from '../definitions/names.js';
import { checkEntityKey } from '../wire/checks.js';
import type { Administration } from './administration.js';
import type { Entities, EntityStateResponse, ReadOptions } from './entities.js';
import { HubOperations } from './hub-operations.js';
import { inPlace } from './many.js';
import { namedEntity } from './named-entity.js';
import type { Orchestrations } from './orchestrations.js';
import type { CallOptions } from './waits.js';

type EntityClass<E extends object> = new () => E;

/** How a client sends a signal. */
export interface SignalOptions extends EntitySignalOptions, CallOptions {}

/**
 * How a client talks to entities: signals, calls and reads of their states.
 *
 * @example
 * ```ts
 * import type { TaskHubClient } from 'perdure';
 *
 * export async function visit(client: TaskHubClient, page: string): Promise<unknown> {
 *   await client.signalEntity('visits', page, 'add', 1);
 *   await client.signalEntity('visits', page, 'forget', undefined, { signalAt: 86_400_000 });
 *   return (await client.readEntityState('visits', page)).entityState;
 * }
 * ```
 */
export abstract class EntityAccess extends HubOperations {
  readonly #entities: Entities;

  /** @internal */
  constructor(orchestrations: Orchestrations, administration: Administration, entities: Entities) {
    super(orchestrations, administration);
    this.#entities = entities;
  }

  /**
   * Sends one-way messages to an entity: `await client.signalEntity(Account, 'alice').deposit({ amount: 5 })` resolves
   * when the message is stored. Signals and calls of one client reach an entity in the order in which they were
   * made; a call of a readonly operation sees all that was sent before it.
   *
   * @throws {DefinitionError} at once, for a class without `@Entity`
   * @throws {InvalidIdError} at once, for a key that is none
   * @throws {UnknownOperationError} for a method without `@Operation()`, or one that no worker has ever registered
   * @throws {UnknownEntityError} when no worker has ever registered the entity
   * @throws {InvalidInputError} when the input does not fit its DTO class
   * @throws {UnserializableError} for an input that cannot be stored; TooDeepError and ForbiddenKeyError likewise
   * @throws {PayloadTooLargeError} for an input of more than the hub's `maxValueBytes`, 16 MiB by default
   * @throws {InvalidTimeError} at once, for a `signalAt` that is none
   * @throws {TimeoutError} when it is not known to be stored in time; its text says whether it was sent
   * @throws {ClosedError} when the client or the connection is closed
   */
  signalEntity<E extends object>(
    entity: EntityClass<E>,
    key: string,
    options?: SignalOptions,
  ): OperationCalls<E, 'accepted'>;
  /**
   * The same by names; the input is validated where it arrives.
   *
   * @throws {InvalidNameError} for a name that is none, and what the form with a class throws
   */
  signalEntity(entity: string, key: string, operation: string, input?: unknown, options?: SignalOptions): Promise<void>;
  signalEntity(
    entity: string | EntityClass<object>,
    key: string,
    given?: string | SignalOptions,
    input?: unknown,
    last?: SignalOptions,
  ): unknown {
    const options = (typeof entity === 'string' ? last : (given as SignalOptions | undefined)) ?? {};
    const due = this.#entities.dueOf(options);
    if (typeof entity === 'string') return this.#entities.signalByName(entity, key, given, input, due, options);
    return this.#proxy(entity, key, async (id, name, shape, value) =>
      this.#entities.send(this.#entities.prepared(id, name, value, shape, due), options),
    );
  }

  /**
   * Sends many one-way messages to entities of one class, each given as the entity's key, the operation and its input;
   * resolves when all are stored. They reach each entity in this order. All inputs and keys are checked before anything is
   * sent.
   *
   * @example
   * ```ts
   * import { TaskHubClient } from 'perdure';
   * import { Entity, Operation } from 'perdure/decorators';
   *
   * @Entity('stock')
   * class Stock {
   *   state = 0;
   *   @Operation() arrive(pieces: number): void {
   *     this.state += pieces;
   *   }
   *   @Operation() clear(): void {
   *     this.state = 0;
   *   }
   * }
   *
   * export async function receive(client: TaskHubClient): Promise<void> {
   *   await client.signalMany(Stock, [
   *     ['nails', 'arrive', 1_000],
   *     ['screws', 'clear'],
   *     ['screws', 'arrive', 500],
   *   ]);
   * }
   * ```
   *
   * @throws {PartlySentError} when some are not known to be stored: it says of each what became of it
   * @throws what `signalEntity` throws for an input, a key or a name; nothing is sent then, and the text says which it is
   */
  signalMany<E extends object>(
    entity: EntityClass<E>,
    signals: Iterable<EntitySignal<E>>,
    options?: CallOptions,
  ): Promise<void>;
  /** The same by names; each input is validated where it arrives. Rejects likewise. */
  signalMany(
    entity: string,
    signals: Iterable<readonly [key: string, operation: string, input?: unknown]>,
    options?: CallOptions,
  ): Promise<void>;
  async signalMany(
    entity: string | EntityClass<object>,
    signals: Iterable<readonly [key: string, operation: string, input?: unknown]>,
    options: CallOptions = {},
  ): Promise<void> {
    const prepare = this.#entities.signalsTo(entity as string | Constructor);
    const prepared = Array.from(signals, ([key, operation, input], at) =>
      inPlace(`signals[${at}]`, () => prepare(key, operation, input)),
    );
    await this.#entities.sendMany(prepared, options);
  }

  /**
   * Calls operations of an entity: `await client.callEntity(Account, 'alice').balance()` resolves with the result, as a
   * copy, once the operation is committed. Rejects as `signalEntity`, and further:
   *
   * @throws {EntityOperationFailedError} when the operation failed; the entity is as before
   * @throws {TimeoutError} when there was no answer in time; its text says whether the call is stored
   * @throws {SessionExpiredError} when its process slept with the call on its way, or there are too many clients; `effect`
   *   says what is known. Told of signals likewise.
   */
  callEntity<E extends object>(
    entity: EntityClass<E>,
    key: string,
    options?: CallOptions,
  ): OperationCalls<E, 'promise'>;
  /**
   * The same by names; the input is validated where it arrives, and one that does not fit fails the operation.
   *
   * @throws {InvalidNameError} for a name that is none, and what the form with a class throws
   */
  callEntity<T = unknown>(
    entity: string,
    key: string,
    operation: string,
    input?: unknown,
    options?: CallOptions,
  ): Promise<T>;
  callEntity(
    entity: string | EntityClass<object>,
    key: string,
    given?: string | CallOptions,
    input?: unknown,
    last: CallOptions = {},
  ): unknown {
    if (typeof entity === 'string') return this.#entities.callByName(entity, key, given, input, last);
    const options = (given as CallOptions | undefined) ?? {};
    return this.#proxy(entity, key, (id, name, shape, value) => this.#entities.call(id, name, value, shape, options));
  }

  /**
   * The state of an entity, as a copy: exact while a worker owns it, else as of its view (`source` says which). With
   * `consistency: 'eventual'` always as of its view, which is up to some 100 ms behind, and asks nothing of its owner. A state of
   * an older version is migrated here, for the answer alone; by name it is told as it is stored. With `asOf` a former state.
   *
   * @throws {UnknownEntityError} when no worker has ever registered the entity
   * @throws {DefinitionError} for a class without `@Entity`
   * @throws {InvalidIdError} for a key that is none; ConfigError for a `consistency`
   * @throws {RemoteError} when its owner could not tell, such as of a state too large for one answer
   * @throws {CorruptHistoryError} when the view cannot be read; VersionTooNewError when a newer version wrote it
   * @throws {StateMigrationError} when the class cannot migrate the state, StateTooNewError when it is older than the state
   * @throws {HistoryNotKeptError} for a former state that is not kept; InvalidTimeError and ConfigError for an `asOf` that is none
   * @throws {ClosedError} when the client or the connection is closed
   */
  readEntityState<E extends { state: unknown }>(
    entity: EntityClass<E>,
    key: string,
    options?: ReadOptions,
  ): Promise<EntityStateResponse<E['state']>>;
  /**
   * The same by name.
   *
   * @throws {InvalidNameError} for a name that is none, and what the form with a class throws
   */
  readEntityState<T = unknown>(entity: string, key: string, options?: ReadOptions): Promise<EntityStateResponse<T>>;
  async readEntityState(
    entity: string | EntityClass<object>,
    key: string,
    options?: ReadOptions,
  ): Promise<EntityStateResponse<unknown>> {
    return this.#entities.read(namedEntity(entity, key), options);
  }

  #proxy(
    entity: EntityClass<object>,
    key: string,
    send: (id: EntityId, operation: string, shape: OperationShape | undefined, input: unknown) => Promise<unknown>,
  ): object {
    const shape = names.entity(entity as Constructor);
    const id = { name: shape.name, key: checkEntityKey(key) };
    return operationProxy(shape, (operation, input) => send(id, operation, shape.operations.get(operation), input));
  }
}
