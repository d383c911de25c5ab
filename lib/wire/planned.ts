import type { Json, ValueReference } from '../core/values.js';

/** An operation that an entity is to carry out at a time: a scheduled signal, or a reminder of its own. */
export interface PlannedOperation {
  /** Its own in this entity: of a reminder `r.` and its name. */
  readonly id: string;
  /** When it is due, in milliseconds since 1970. */
  readonly at: number;
  /** The operation. */
  readonly name: string;
  readonly input?: Json;
  readonly inputRef?: ValueReference;
  /** The name of the reminder. */
  readonly reminder?: string;
  /** How often it comes, in milliseconds; absent: once. */
  readonly every?: number;
}
