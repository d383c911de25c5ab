import type { FailureDetails } from '../errors.js';
import type { StoredReminder } from './entity-options.js';
import type { EntityId } from './history.js';
import type { Labels } from './labels.js';
import type { Json } from './values.js';

/** What deletes an entity as an operation of its own would, at a client's wish. No class can have an operation of this name, or is asked. */
export const DELETION = '#delete';
/** What makes an entity exist with a state that it had, or another one of its class in another hub. Likewise. */
export const RESTORATION = '#restore';

/** An operation as it comes from an entity's mailbox. */
export interface OperationRequest {
  readonly name: string;
  readonly input?: Json | undefined;
  /** When it was taken, in milliseconds since 1970. */
  readonly at: number;
  /** The entity's reminders. */
  readonly reminders?: readonly StoredReminder[];
  /** Makes the id of an orchestration that has none. */
  readonly newId?: () => string;
  /** What carries out its calls. Absent: it cannot make any. */
  readonly calls?: CallPort;
}

/** A call of an operation of another entity, as an operation makes it. */
export interface EntityCall {
  readonly entity: EntityId;
  readonly operation: string;
  readonly input?: Json;
}

/** What was answered to a call. */
export interface CallAnswer {
  readonly result?: Json;
  readonly failure?: FailureDetails;
}

/** Carries out the calls of one operation. */
export interface CallPort {
  /**
   * The answer to a call, numbered from 1 in the order in which the operation makes them. An operation that runs again
   * makes the same calls and gets the same answers (P18). Throws OperationChangedError when it does not, and CallCycleError.
   */
  call(number: number, call: EntityCall): Promise<CallAnswer>;
}

/** What follows from one operation. */
export interface OperationOutcome {
  readonly result?: Json;
  /** Why it failed; then nothing changed and nothing is sent. */
  readonly failure?: FailureDetails;
  /** Whether the state is another than before. The first operation that ends well makes the entity exist. */
  readonly changed: boolean;
  /** The state after it; undefined: the entity does not exist. */
  readonly state: Json | undefined;
  /** The version of its schema. Absent: that of the class. */
  readonly stateVersion?: number;
  /** What it sent, in order. */
  readonly messages: readonly EntityMessage[];
  /** The reminders that it set, and undefined for each that it cancelled, by name. Absent: none. */
  readonly reminders?: ReadonlyMap<string, StoredReminder | undefined>;
}

/** A message that an operation sent. */
export type EntityMessage =
  | {
      readonly type: 'signal';
      readonly entity: EntityId;
      readonly operation: string;
      readonly input?: Json;
      /** When it is to be carried out, in milliseconds since 1970. */
      readonly due?: number;
    }
  | ({
      readonly type: 'start';
      readonly instanceId: string;
      readonly name: string;
      readonly input?: Json;
      readonly startAt?: number;
    } & Labels)
  | { readonly type: 'event'; readonly instanceId: string; readonly name: string; readonly input?: Json };
