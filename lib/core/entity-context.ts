import type { EntityId } from './history.js';
import type { OperationCalls } from './proxies.js';
import type { Constructor } from './values.js';

/** What an entity's operation knows of its surroundings, and its door to other instances. Valid until it ends. */
export abstract class EntityContext {
  /** The entity that runs the operation. */
  abstract readonly entityId: EntityId;
  /** The operation's name. */
  abstract readonly operationName: string;
  /** When the operation was taken from the mailbox. */
  abstract readonly currentUtcDateTime: Date;

  /**
   * Sends an operation to another entity, one-way, when this operation ends well: a throw discards it together with the
   * changes of state. Order to one entity is kept. Throws UnserializableError for an input that cannot be stored, and
   * DefinitionError in a readonly operation, which sends nothing.
   */
  abstract signalEntity<E extends object>(type: Constructor<E>, key: string): OperationCalls<E, 'signal'>;
  /** Sends an operation to another entity by names. */
  abstract signalEntity(name: string, key: string, operation: string, input?: unknown): void;
}
