import type { EntityContext as CoreEntityContext } from '../../core/entity-context.js';
import type { InvocationContext } from '../functions/invocation-context.js';
import { EntityId, entityName } from './entity-id.js';
import { plainValue } from './plain-value.js';

/** The door of an entity in the style of Durable Functions to its state, and to what is outside it. */
export interface DurableEntityContext<TState> {
  /** The name of the entity's function, in small letters. */
  readonly entityName: string;
  /** Which of these entities. */
  readonly entityKey: string;
  /** Both. */
  readonly entityId: EntityId;
  /** The operation. */
  readonly operationName: string | undefined;
  /** Whether the entity does not exist yet. */
  readonly isNewlyConstructed: boolean;
  /** A copy of the state; of an entity that has none what the function gives. */
  getState(initializer?: () => TState): TState | undefined;
  /** Sets the state. */
  setState(state: TState): void;
  /** The input of the operation. */
  getInput<TInput = TState>(): TInput | undefined;
  /** Gives the caller a result. */
  return<TResult = TState>(result: TResult): void;
  /** Deletes the entity when the operation ends. */
  destructOnExit(): void;
  /** Sends an operation to an entity, one-way. */
  signalEntity(entity: EntityId, operationName: string, operationInput?: unknown): void;
}

/** What an entity's function gets. */
export interface EntityContext<T> extends InvocationContext {
  /** The door to its state, and to what is outside it. */
  df: DurableEntityContext<T>;
}

/** The code of an entity: it is called for each operation. */
export type EntityHandler<T> = (context: EntityContext<T>) => void;

/** One operation of an entity, over the object that holds the state while it runs. */
export class EntityOperation implements DurableEntityContext<unknown> {
  readonly #core: CoreEntityContext;
  readonly #holder: { state: unknown };
  readonly #input: unknown;
  readonly entityId: EntityId;
  readonly isNewlyConstructed: boolean;
  #exists: boolean;
  #result: unknown;

  constructor(core: CoreEntityContext, holder: { state: unknown }, input: unknown) {
    this.#core = core;
    this.#holder = holder;
    this.#input = input;
    this.isNewlyConstructed = core.isNewlyConstructed;
    this.#exists = !core.isNewlyConstructed;
    this.entityId = new EntityId(core.entityId.name, core.entityId.key);
  }

  get entityName(): string {
    return this.entityId.name;
  }

  get entityKey(): string {
    return this.entityId.key;
  }

  get operationName(): string {
    return this.#core.operationName;
  }

  readonly getState = (initializer?: () => unknown): unknown => {
    const state = this.#exists ? plainValue(this.#holder.state) : undefined;
    return state ?? initializer?.();
  };

  readonly setState = (state: unknown): void => {
    this.#holder.state = plainValue(state) ?? null;
    this.#exists = true;
  };

  readonly getInput = <T>(): T => this.#input as T;

  readonly return = (result: unknown): void => {
    this.#result = plainValue(result);
    this.#exists = true;
  };

  readonly destructOnExit = (): void => {
    this.#holder.state = null;
    this.#exists = false;
  };

  readonly signalEntity = (entity: EntityId, operationName: string, operationInput?: unknown): void => {
    this.#core.signalEntity(entityName(entity.name), entity.key, operationName, plainValue(operationInput));
  };

  /** Ends it: an entity that has neither a state nor given a result does not exist. What its caller gets. */
  end(): unknown {
    if (!this.#exists) this.#core.deleteState();
    return this.#result;
  }
}
