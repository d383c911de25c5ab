import type { ActivityTimeouts } from './activity-timeouts.js';
import type { RetryOptions } from './retry-options.js';
import type { Constructor, InputType } from './values.js';

/**
 * What the core and the client need to know of a user's class to talk to it. The definitions recorded by decorators are
 * a superset of these shapes; the resolver is passed in, so the core reads no metadata itself.
 */
export interface Names {
  /** Throws DefinitionError when the class is not an `@Entity`. */
  entity(type: Constructor): EntityShape;
  /** Throws DefinitionError when the class is not an `@Orchestrator`. */
  orchestrator(type: Constructor): OrchestratorShape;
  /** Throws DefinitionError when the class has no `@Activity`. */
  activities(type: Constructor): ActivitiesShape;
}

/** Stands among the names of an entity's operations for every other name: its code takes them all. No operation can have it as its name. */
export const ANY_OPERATION = '*';

export interface EntityShape {
  readonly name: string;
  /** Operations by their exact wire names, which are the method names. */
  readonly operations: ReadonlyMap<string, OperationShape>;
  /** Public methods without `@Operation()`: refused before sending, with a text that says so. */
  readonly undecorated: ReadonlySet<string>;
}

/** What a handler takes. */
export interface InputShape {
  /** Undefined: nothing. */
  readonly input?: InputType | undefined;
  /** Whether it may be left away. */
  readonly isInputOptional?: boolean | undefined;
}

export interface OperationShape extends InputShape {
  readonly name: string;
  readonly isReadonly: boolean;
}

export interface OrchestratorShape extends InputShape {
  readonly name: string;
  /** The version of the code. */
  readonly version?: string | undefined;
  /** What clients may ask of an instance, by name; undefined: the class is not at hand. */
  readonly queries?: ReadonlyMap<string, HandlerShape> | undefined;
  readonly updates?: ReadonlyMap<string, HandlerShape> | undefined;
  /** Public methods that are neither: refused before sending, with a text that says so. */
  readonly undecorated?: ReadonlySet<string> | undefined;
}

/** A query or an update: its name is the method's. */
export interface HandlerShape extends InputShape {
  readonly name: string;
}

export interface ActivitiesShape {
  /** Activities by method name. */
  readonly activities: ReadonlyMap<string, ActivityShape>;
  readonly undecorated: ReadonlySet<string>;
}

export interface ActivityShape extends InputShape, ActivityTimeouts {
  /** The wire name: the method's unless given. */
  readonly name: string;
  readonly queue?: string | undefined;
  readonly retry?: RetryOptions | undefined;
}
