import type { EntityCallOptions, EntitySignalOptions } from './call-options.js';
import type { EntityReference, LockOptions, LockState, LockTask } from './lock.js';
import type { OperationCalls } from './proxies.js';
import type { Orchestration, Task } from './task.js';
import type { TransactionBody, TransactionOptions } from './transaction.js';
import type { Constructor } from './values.js';

/**
 * What an orchestrator does with entities, by its context.
 *
 * @example
 * ```ts
 * import { EntityOperationFailedError, OrchestrationContext, type Orchestration } from 'perdure';
 *
 * export function* transfer(ctx: OrchestrationContext, from: string, to: string): Orchestration<boolean> {
 *   try {
 *     yield* ctx.transaction([['account', from], ['account', to]], function* (left, right) {
 *       yield* left('withdraw', 100); // throws when there is not enough
 *       yield* right('deposit', 100);
 *     });
 *   } catch (error) {
 *     if (error instanceof EntityOperationFailedError) return false; // nothing has happened
 *     throw error;
 *   }
 *   ctx.signalEntity('audit', 'transfers', 'moved', { from, to });
 *   return true;
 * }
 * ```
 */
export abstract class OrchestrationEntities {
  /**
   * Calls an entity's operation: `ctx.callEntity(Account, 'alice').deposit(amount)`. Order to one entity is kept, with
   * signals too. The task fails with EntityOperationFailedError when the operation throws, or when no worker knows it.
   *
   * @throws {InvalidIdError} for a key that is none
   * @throws {DefinitionError} for a class without `@Entity`
   * @throws {UnknownOperationError} for a method without `@Operation()`
   * @throws {ConfigError} for retry options that cannot work
   */
  abstract callEntity<E extends object>(
    type: Constructor<E>,
    key: string,
    options?: EntityCallOptions,
  ): OperationCalls<E, 'task'>;
  /**
   * Calls an entity's operation by names.
   *
   * @throws {InvalidNameError} for a name that is none
   * @throws {UnknownOperationError} for an operation that begins with `#`
   * @throws {InvalidIdError} for a key that is none
   * @throws {ConfigError} for retry options that cannot work
   */
  abstract callEntity<T = unknown>(
    name: string,
    key: string,
    operation: string,
    input?: unknown,
    options?: EntityCallOptions,
  ): Task<T>;

  /**
   * Sends an operation to an entity, one-way: there is nothing to wait for, and what it throws is told to nobody. Order
   * to one entity is kept. With `signalAt` it is carried out later. Throws as `callEntity`, and further:
   *
   * @throws {InvalidTimeError} for a `signalAt` that is no time, negative, or more than 100 years away
   */
  abstract signalEntity<E extends object>(
    type: Constructor<E>,
    key: string,
    options?: EntitySignalOptions,
  ): OperationCalls<E, 'signal'>;
  /** Sends an operation to an entity by names. Throws as `callEntity` by names, and InvalidTimeError. */
  abstract signalEntity(
    name: string,
    key: string,
    operation: string,
    input?: unknown,
    options?: EntitySignalOptions,
  ): void;

  /**
   * Begins a critical section over entities: `using lock = yield* ctx.lock([Account, 'alice'], [Account, 'bob'])`. It
   * waits until all are locked, each in its turn, in one order for all orchestrations, so sections never wait for each other
   * in a circle. Until the lock is released, others' operations on them wait; at the end of the execution it is. In between
   * only these entities can be called, each call after the one before has ended; they cannot be signaled, and neither another
   * section nor a sub-orchestration can begin. The task, and later calls, fail with LockLostError when a lock was
   * lost. Options stand behind the entities.
   *
   * @throws {CriticalSectionError} for no entities, and within a critical section
   * @throws {InvalidNameError} for a name that is none; InvalidIdError for a key
   * @throws {DefinitionError} for a class without `@Entity`
   * @throws {ConfigError} for a lease that is none
   */
  abstract lock(...entities: readonly EntityReference[]): LockTask;
  /** The same with options. Throws as the form without. */
  abstract lock(...entitiesAndOptions: readonly [...EntityReference[], LockOptions]): LockTask;

  /**
   * Carries operations of several entities out together, or none of them:
   * `yield* ctx.transaction([[Account, 'alice'], [Account, 'bob']], function* (alice, bob) { ... })`. The body gets what calls
   * the operations of each entity, once all are locked, as for `lock`. What they do is prepared, and seen by the operations
   * of the transaction alone. When the body returns, all of it is committed by the step that follows, and what
   * the operations have sent is sent; the result is the body's. When it throws, nothing has happened, and the error
   * goes on. An operation that fails aborts the transaction at once, also when the body goes on.
   *
   * In the body only these entities can be called, each call after the one before has ended, and none can be signaled;
   * neither a critical section, another transaction nor a sub-orchestration can begin. What else it asks for, such as
   * activities and events, is no part of the transaction, and stays. The operations call no other entities. The
   * orchestration fails with TransactionAbortedError when an operation has failed whose error was caught, when it took
   * longer than it may, and when an operator ended it.
   *
   * @throws {CriticalSectionError} for no entities, and within a critical section or another transaction
   * @throws {InvalidNameError} for a name that is none; InvalidIdError for a key
   * @throws {DefinitionError} for a class without `@Entity`
   * @throws {ConfigError} for a timeout that is none
   */
  abstract transaction<const E extends readonly EntityReference[], R>(
    entities: E,
    body: TransactionBody<E, R>,
    options?: TransactionOptions,
  ): Orchestration<R>;

  /** Whether it is in a critical section or a transaction, and the entities that are locked for it. */
  abstract isLocked(): LockState;
}
