import type { FailureDetails } from '../errors.js';
import type { EntityId } from './history.js';
import type { Json } from './values.js';

/** An operation as it comes from an entity's mailbox. */
export interface OperationRequest {
  readonly name: string;
  readonly input?: Json | undefined;
  /** When it was taken, in milliseconds since 1970. */
  readonly at: number;
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
  /** What it sent, in order. */
  readonly messages: readonly EntityMessage[];
}

/** A message that an operation sent. */
export interface EntityMessage {
  readonly type: 'signal';
  readonly entity: EntityId;
  readonly operation: string;
  readonly input?: Json;
}
