import type { EntityId } from './history.js';
import type { EntitySignalOptions } from './call-options.js';
import type { EntityStartOptions, Reminder, ReminderOptions } from './entity-options.js';
import type { OperationCalls, OrchestratorObject, StartArguments } from './proxies.js';
import type { Constructor } from './values.js';

/**
 * What an entity's operation knows of its surroundings, and its door to other instances, until the operation ends.
 *
 * @example
 * ```ts
 * import { EntityContext } from 'perdure';
 * import { Entity, Operation } from 'perdure/decorators';
 *
 * @Entity('stock')
 * export class Stock {
 *   state = { pieces: 10 };
 *   @Operation({ input: Number }) take(pieces: number, ctx: EntityContext): void {
 *     this.state.pieces -= pieces;
 *     if (this.state.pieces < 5) ctx.signalEntity('purchasing', 'main', 'order', ctx.entityId.key);
 *   }
 * }
 * ```
 */
export abstract class EntityContext {
  /** The entity that runs the operation. */
  abstract readonly entityId: EntityId;
  /** The operation's name. */
  abstract readonly operationName: string;
  /**
   * Aborted, with OperationTimeoutError as its reason, when the operation has taken longer than it may: pass it on to
   * what the operation waits for.
   */
  abstract readonly signal: AbortSignal;
  /** When the operation was taken from the mailbox; within one entity it never goes back. */
  abstract readonly currentUtcDateTime: Date;
  /**
   * Whether the entity does not exist yet: the state is the initial one, and this operation makes the entity exist when it
   * ends well and is not readonly. True again after a deletion.
   */
  abstract readonly isNewlyConstructed: boolean;

  /**
   * Deletes the entity when this operation ends well, whatever the operation makes of `this.state` before or after it. Its
   * next operation begins with the initial state. Of an entity that is gone nothing stays stored.
   *
   * @throws {ReadonlyOperationError} in a readonly operation
   * @throws {ClosedError} once the operation has ended
   */
  abstract deleteState(): void;

  /**
   * Sends an operation to another entity, one-way, when this operation ends well: a throw discards it together with the
   * changes of state. Order to one entity is kept. The input is copied at the call and validated where it arrives.
   *
   * @throws {InvalidIdError} for a key that is none
   * @throws {DefinitionError} for a class without `@Entity`, and in a readonly operation, which sends nothing
   * @throws {UnknownOperationError} for a method without `@Operation()`
   * @throws {UnserializableError} for an input that cannot be stored; TooDeepError and ForbiddenKeyError likewise
   * @throws {InvalidTimeError} for a `signalAt` that is no time, negative, or more than 100 years away
   * @throws {ClosedError} once the operation has ended
   */
  abstract signalEntity<E extends object>(
    type: Constructor<E>,
    key: string,
    options?: EntitySignalOptions,
  ): OperationCalls<E, 'signal'>;
  /**
   * Sends an operation to another entity by names. An unknown name is found out where the message arrives, and is told
   * to nobody.
   *
   * @throws {InvalidNameError} for a name that is none, UnknownOperationError for one that begins with `#`, and what the form with a class throws
   */
  abstract signalEntity(
    name: string,
    key: string,
    operation: string,
    input?: unknown,
    options?: EntitySignalOptions,
  ): void;

  /**
   * Calls an operation of another entity and waits for its answer: `await ctx.callEntity(Account, 'bob').balance()`. For
   * async operations. The call leaves at once, ahead of the signals of this operation, and is not undone when the operation
   * throws. While it waits, this entity takes nothing else. Exactly once: when the process dies, the operation runs again
   * from its start, and what was called before is answered as before (rule P18), so it has to make the same calls again.
   *
   * @throws {EntityOperationFailedError} when the operation fails there; with `PERDURE_CALL_CYCLE` as the code of its `failureDetails`, when
   *   the two have come to wait for each other
   * @throws {CallCycleError} when that entity waits for this operation, or for the critical section in which that was called
   * @throws {OperationChangedError} when the operation runs again and makes another call than before
   * @throws {DefinitionError} in a readonly operation and in one that is not async, and what `signalEntity` throws
   */
  abstract callEntity<E extends object>(type: Constructor<E>, key: string): OperationCalls<E, 'promise'>;
  /**
   * Calls an operation of another entity by names. An unknown name fails there.
   *
   * @throws {InvalidNameError} for a name that is none, UnknownOperationError for one that begins with `#`, and what the form with a class throws
   */
  abstract callEntity<T = unknown>(name: string, key: string, operation: string, input?: unknown): Promise<T>;

  /**
   * Starts an orchestration, one-way, when this operation ends well; its id. Where an instance of that id goes on, it stays as
   * it is, and nothing comes of this.
   *
   * @throws {InvalidIdError} for an id that is none, InvalidTimeError for a `startAt`, InvalidTagsError for tags
   * @throws {DefinitionError} for a class without `@Orchestrator`, and in a readonly operation
   * @throws {UnserializableError} for an input that cannot be stored; TooDeepError and ForbiddenKeyError likewise
   * @throws {ClosedError} once the operation has ended
   */
  abstract startNew<O extends OrchestratorObject>(
    type: Constructor<O>,
    ...args: StartArguments<O, EntityStartOptions>
  ): string;
  /** Starts an orchestration by its name. Throws InvalidNameError for a name that is none, and likewise. */
  abstract startNew(name: string, input?: unknown, options?: EntityStartOptions): string;

  /**
   * Raises an external event, one-way, when this operation ends well. For an instance that has ended nothing comes of it; one that
   * is still to be started gets it.
   *
   * @throws {InvalidIdError} for an id, InvalidNameError for a name that is none
   * @throws {DefinitionError} in a readonly operation
   * @throws {UnserializableError} for data that cannot be stored; TooDeepError and ForbiddenKeyError likewise
   * @throws {ClosedError} once the operation has ended
   */
  abstract raiseEvent(instanceId: string, name: string, data?: unknown): void;

  /**
   * Sets a reminder of this entity, in place of one of the same name, when this operation ends well. From then on an operation of the
   * entity is signalled, once or again and again, also when nobody else touches the entity and its worker has died. It comes at its times,
   * counted from the first one: never early, late when the entity is busy or no worker is up, and once for all times
   * that were missed meanwhile. One whose operation fails comes again at its next time. Deleting the entity cancels its reminders.
   *
   * @throws {InvalidNameError} for the name of a reminder or an operation that is none
   * @throws {UnknownOperationError} for an operation that begins with `#`
   * @throws {InvalidTimeError} for times that are none, or when none is given
   * @throws {PayloadTooLargeError} for inputs of more than 65,536 characters of JSON in all, and UnserializableError, TooDeepError and ForbiddenKeyError
   * @throws {BusyError} for more than 100 reminders of an entity
   * @throws {DefinitionError} in a readonly operation
   * @throws {ClosedError} once the operation has ended
   */
  abstract setReminder(name: string, options: ReminderOptions): void;

  /**
   * Cancels a reminder when this operation ends well; false: there is none of this name. One that waits for its turn in the
   * mailbox is cancelled too.
   *
   * @throws {DefinitionError} in a readonly operation
   * @throws {ClosedError} once the operation has ended
   */
  abstract cancelReminder(name: string): boolean;

  /** The reminders of this entity as this operation leaves them, by name. */
  abstract get reminders(): readonly Reminder[];
}
