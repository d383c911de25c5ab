import type { ActivityTimeouts } from '../core/activity-timeouts.js';
import type {
  ActivitiesShape,
  ActivityShape,
  EntityShape,
  HandlerShape,
  OperationShape,
  OrchestratorShape,
} from '../core/names.js';
import type { VersionMatchStrategy } from '../core/orchestrator-version.js';
import type { VersionedState } from '../core/state-migration.js';
import type { RetryOptions } from '../core/retry-options.js';
import type { Constructor, InputType } from '../core/values.js';

/** A user's method as it is called: on its object, with the decoded input and the context, which a query does not get. */
export type Handler = (this: object, input: unknown, context?: object) => unknown;

/** What was recorded of an `@Entity` class. */
export interface EntityDefinition extends EntityShape, VersionedState {
  readonly type: Constructor<{ state: unknown }>;
  readonly operations: ReadonlyMap<string, OperationDefinition>;
  /** What carries out every operation that is not among these, whatever its name. */
  readonly dispatcher?: OperationDefinition | undefined;
  readonly mailboxLimit: number | undefined;
  readonly keepHistory: number | undefined;
}

/** What was recorded of a method with `@Operation()`. */
export interface OperationDefinition extends OperationShape {
  /** An async function, or declared to return a promise. */
  readonly isAsync: boolean;
  readonly timeoutInMilliseconds: number;
  readonly method: Handler;
}

/** What was recorded of an `@Orchestrator` class. */
export interface OrchestratorDefinition extends OrchestratorShape, Omit<OrchestratorOptions, 'retention'> {
  /** How long an instance is kept once it has ended; undefined: for ever. */
  readonly retentionInMilliseconds: number | undefined;
  readonly type: Constructor;
  readonly method: Handler;
  readonly queries: ReadonlyMap<string, HandlerDefinition>;
  readonly updates: ReadonlyMap<string, HandlerDefinition>;
  readonly undecorated: ReadonlySet<string>;
}

/** What was recorded of a method with `@Query()` or `@Update()`. */
export interface HandlerDefinition extends HandlerShape {
  readonly method: Handler;
}

/** What was recorded of a class with activities. */
export interface ActivitiesDefinition extends ActivitiesShape {
  readonly type: Constructor;
  readonly activities: ReadonlyMap<string, ActivityDefinition>;
}

/** What was recorded of a method with `@Activity()`. */
export interface ActivityDefinition extends ActivityShape, ActivityLimits {
  readonly methodName: string;
  readonly method: Handler;
}

/**
 * The type of a handler's input, where it cannot be read from the declaration: a DTO class, `String`, `Number`,
 * `Boolean` or `Date`; `[Class]` for an array of it; `'unknown'` for any value, unchecked; `'none'` for no input.
 */
export type GivenInput = InputType | 'unknown' | 'none';

/** Options of `@Entity()`. */
export interface EntityOptions {
  /**
   * The most messages that may wait for one entity of this class: a whole number from 1 to 1,000,000. Of more, calls fail with
   * BusyError, and signals go to the dead letters, as told in the log. It holds where the owner of the entity hosts the class.
   * Default 1,000,000.
   */
  readonly mailboxLimit?: number | undefined;
  /**
   * The version of the shape of `state`: a whole number from 1 to 1,000,000. It is stored with each state. Above 1 the class needs
   * `static migrate(old, fromVersion)`, which gets a copy of a state of an older version and returns that state in the present
   * shape. Default 1.
   */
  readonly stateVersion?: number | undefined;
  /**
   * How many of the last changes of an entity's state are kept, for `client.entities.history` and reads of former states: a whole
   * number from 1 to 1,000. Of those older ones go first when they take more than 65,536 bytes. They are gone with the entity.
   * Default: none are kept.
   */
  readonly keepHistory?: number | undefined;
}

/** Options of `@Operation()`. */
export interface OperationOptions {
  /** The type of the input. Default: the declared type of the first parameter. */
  readonly input?: GivenInput | undefined;
  /** Whether it only reads: it runs over the committed state, cannot change it and may send nothing. Default false. */
  readonly readonly?: boolean | undefined;
  /**
   * How long it may take when it is asynchronous, in milliseconds: 1 to 3,600,000 (an hour). After that it has failed
   * with OperationTimeoutError, nothing of it stays, and the next operation runs; its `signal` tells it. What is left of
   * it runs on, but reaches nobody. Default 60,000. Work that takes long belongs into an activity.
   */
  readonly timeoutInMilliseconds?: number | undefined;
  /**
   * Whether the input may be left away: the handler gets undefined then. Default: whether the parameter has a default
   * value; that it is written with `?` cannot be seen at run time.
   */
  readonly optional?: boolean | undefined;
}

/** Options of `@Orchestrator()`. */
export interface OrchestratorOptions {
  /**
   * The version of this code: 1 to 64 letters, digits and `. _ + -`, such as `2.1.0`. Instances that are started without a
   * version of their own have it, and keep it: only code of that version runs them. A worker may have several versions of an
   * orchestrator; it begins new instances with the newest. Default: none.
   */
  readonly version?: string | undefined;
  /**
   * Which instances of other versions this code runs where their own version is not at hand: `strict` none,
   * `currentOrOlder` those of older versions, `none` all of them. Instances without a version are run by any. Default
   * `strict`.
   */
  readonly versionMatchStrategy?: VersionMatchStrategy | undefined;
  /**
   * How long an instance is kept once it has ended, before it is purged: so many days, a number above 0, or
   * `'purgeOnCompletion'`: a minute, in which its result can be read. It is purged within two hours after that. What holds
   * for an instance is what its class says when it begins. Default: until it is purged.
   */
  readonly retention?: { readonly days: number } | 'purgeOnCompletion' | undefined;
}

/** Options of `@Run()`. */
export interface RunOptions {
  /** The type of the input. Default: the declared type of the first parameter. */
  readonly input?: GivenInput | undefined;
  /**
   * Whether the input may be left away: the handler gets undefined then. Default: whether the parameter has a default
   * value; that it is written with `?` cannot be seen at run time.
   */
  readonly optional?: boolean | undefined;
}

/** Options of `@Query()`. */
export interface QueryOptions extends RunOptions {}

/** Options of `@Update()`. */
export interface UpdateOptions extends RunOptions {}

/** How many runs of an activity there may be at a time. */
export interface ActivityLimits {
  /** Runs at a time in one worker: a whole number of at least 1. Default: as the worker's `maxConcurrentActivities`. */
  readonly concurrency?: number | undefined;
  /**
   * Runs at a time in all workers of the hub: a whole number of at least 1. All calls then go through the activity's own
   * work queue. Cannot be given together with `queue`. Default: no limit.
   */
  readonly hubConcurrency?: number | undefined;
}

/** Options of `@Activity()`. */
export interface ActivityOptions extends ActivityTimeouts, ActivityLimits {
  /** The name under which the activity is scheduled. Default: the method's name. */
  readonly name?: string | undefined;
  /**
   * The work queue that its calls wait in, for the workers that serve the queue: a letter, then up to 63 letters, digits,
   * `_` or `-`. Default: calls run in the worker of their orchestration when that has the activity and is not busy, else
   * they wait in a queue named after the activity.
   */
  readonly queue?: string | undefined;
  /** How a failed attempt is repeated, unless the call says otherwise. Default: not at all. */
  readonly retry?: RetryOptions | undefined;
  /** The type of the input. Default: the declared type of the first parameter. */
  readonly input?: GivenInput | undefined;
  /**
   * Whether the input may be left away: the handler gets undefined then. Default: whether the parameter has a default
   * value; that it is written with `?` cannot be seen at run time.
   */
  readonly optional?: boolean | undefined;
}
