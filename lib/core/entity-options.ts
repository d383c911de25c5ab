import type { LabelOptions } from './labels.js';
import type { Json } from './values.js';

/** How an entity starts an orchestration. */
export interface EntityStartOptions extends LabelOptions {
  /**
   * The instance's id. Default: a random one; when the process dies, the operation that runs again chooses another. What goes
   * on with that id has to be given one.
   */
  readonly instanceId?: string | undefined;
  /** When it is to begin: a Date. Default: at once. */
  readonly startAt?: Date | undefined;
}

/** What a reminder is to do, and when. */
export interface ReminderOptions {
  /** The operation of the entity that is signalled, by its exact name. Default: the name of the reminder. */
  readonly operation?: string | undefined;
  /**
   * Its input; copied at the call, and validated when it is due. Those of all reminders of an entity have 65,536 characters of JSON
   * at most.
   */
  readonly input?: unknown;
  /** How often it comes: every so many milliseconds, 1 to 100 years. Default: it comes once. */
  readonly everyInMilliseconds?: number | undefined;
  /**
   * When it comes first: milliseconds from now (0 to 100 years) or a Date. Default: after `everyInMilliseconds`. One of the
   * two has to be given.
   */
  readonly firstTime?: number | Date | undefined;
}

/** A reminder of an entity. */
export interface Reminder {
  /** Its name, one of each in an entity. */
  readonly name: string;
  /** The operation that is signalled. */
  readonly operation: string;
  /** When it comes next. */
  readonly nextTime: Date;
  /** How often it comes, in milliseconds; undefined: once. */
  readonly everyInMilliseconds: number | undefined;
}

/** A reminder as it is kept. */
export interface StoredReminder {
  readonly name: string;
  readonly operation: string;
  readonly input?: Json;
  /** When it comes next, in milliseconds since 1970. */
  readonly at: number;
  readonly every?: number;
}
