import type { EntityId } from './history.js';

/** What an entity's operation knows of its surroundings, and its door to other instances. */
export abstract class EntityContext {
  /** The entity that runs the operation. */
  abstract readonly entityId: EntityId;
  /** The operation's name. */
  abstract readonly operationName: string;
}
