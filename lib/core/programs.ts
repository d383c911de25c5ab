import type { EntityContext } from './entity-context.js';
import type { VersionedOrchestrator } from './orchestrator-version.js';
import type { OrchestrationContext } from './orchestration-context.js';
import type { VersionedState } from './state-migration.js';
import type { Json } from './values.js';

/** A user's orchestrator as the core runs it. */
export interface OrchestratorProgram extends VersionedOrchestrator {
  /** How long an instance is kept once it has ended, in milliseconds; undefined: for ever. */
  readonly retentionInMilliseconds?: number | undefined;
  /**
   * The input as it is recorded: with what its class adds by initializers, made once, so that every replay sees the same.
   * One that does not fit stays as it is; `run` refuses it.
   */
  accept(input: Json | undefined): Json | undefined;
  /** A new object of the class: one for each execution and each replay of it. */
  create(): object;
  /**
   * Calls the object's `run` method, the input decoded and validated (throws InvalidInputError). Returns the generator, or
   * the output itself when the method is no generator.
   */
  run(target: object, input: Json | undefined, context: OrchestrationContext): unknown;
  /** By name. */
  readonly queries: ReadonlyMap<string, QueryProgram>;
  /** By name. */
  readonly updates: ReadonlyMap<string, UpdateProgram>;
}

export interface QueryProgram {
  /** Calls the method on the object; the input decoded and validated (throws InvalidInputError). */
  invoke(target: object, input: Json | undefined): unknown;
}

export interface UpdateProgram {
  /** The input as it is recorded: as for the orchestrator itself. Throws InvalidInputError for one that does not fit. */
  accept(input: Json | undefined): Json | undefined;
  /** Calls the method on the object; the input decoded and validated (throws InvalidInputError). */
  invoke(target: object, input: Json | undefined, context: OrchestrationContext): unknown;
}

/** A user's entity class as the core runs it. */
export interface EntityProgram extends VersionedState {
  readonly name: string;
  /** A new object of the class with its initial `state`. */
  create(): { state: unknown };
  /** The operation of this exact name, or undefined. */
  operation(name: string): OperationProgram | undefined;
  readonly operationNames: readonly string[];
  /** The most messages that may wait for one of them; undefined: as for any instance. */
  readonly mailboxLimit?: number | undefined;
  /** How many of the last changes of one are kept; undefined: none. */
  readonly keepHistory?: number | undefined;
}

export interface OperationProgram {
  readonly name: string;
  /** Runs over the committed state and commits nothing. */
  readonly isReadonly: boolean;
  /** Whether it may do IO: it then starts only when the record of its input is acknowledged (P17). */
  readonly isAsync: boolean;
  /** How long it may take when it is asynchronous. */
  readonly timeoutInMilliseconds: number;
  /** Calls the method on the object; the input decoded and validated (throws InvalidInputError). */
  invoke(target: object, input: Json | undefined, context: EntityContext): unknown;
}
