import { classNames } from './class-names.js';
import { PerdureError } from './perdure-error.js';

/** A value of a failure's fields: plain JSON. */
export type FailureField =
  null | boolean | number | string | readonly FailureField[] | { readonly [key: string]: FailureField };

/** How an error travels: as data, never as an instance of a class chosen by data. */
export interface FailureDetails {
  /** The `name` of the error as it was thrown; that of its class when the error had none of its own. */
  readonly name: string;
  /** The name of its class, when that is another one. */
  readonly type?: string;
  /** The names of the classes that its class inherits from, when there are others between it and Error. */
  readonly bases?: readonly string[];
  /** Its message, cut at 8 KiB. */
  readonly message: string;
  /** The stable `code`, when the error had one. */
  readonly code?: string;
  /** Its stack, cut at 8 KiB, when kept. */
  readonly stack?: string;
  /** Whoever threw it said that trying again is of no use. */
  readonly nonRetriable?: true;
  /** Its own further fields that are plain data, as many as fit into 4 KiB of JSON. */
  readonly fields?: Readonly<Record<string, FailureField>>;
  /** What caused it, at most 4 deep: of a longer chain the middle is left out. Of an aggregate, its first error. */
  readonly cause?: FailureDetails;
  /** Of an aggregate, up to 9 of its further errors, in brief. */
  readonly errors?: readonly FailureDetails[];
}

/** A class of errors, or the name under which errors are thrown. */
export type ErrorName = string | (new (...args: never[]) => Error);

/** A failure that happened elsewhere and came back as data. */
export abstract class FailureError extends PerdureError {
  constructor(
    message: string,
    /** The failure as it was told. */ readonly failureDetails: FailureDetails,
  ) {
    super(message, failureDetails.cause && { cause: new RemoteError(failureDetails.cause) });
  }

  /** Whether whoever threw it said that trying again is of no use, such as by NonRetriableError. */
  get isNonRetriable(): boolean {
    return this.failureDetails.nonRetriable === true;
  }

  /**
   * Whether the failure or one of its causes was thrown under this name, or is of this class or one that inherits from it,
   * however many orchestrations and entities it has passed. A class is known by its name; Error does
   * not count as one that others inherit from.
   */
  isCausedBy(error: ErrorName): boolean {
    return isCausedBy(this.failureDetails, nameOf(error));
  }
}

function nameOf(error: ErrorName): string {
  return typeof error === 'string' ? error : error.name;
}

function isCausedBy({ name, type, bases, cause, errors }: FailureDetails, wanted: string): boolean {
  if (name === wanted || type === wanted || bases?.includes(wanted)) return true;
  if (cause && isCausedBy(cause, wanted)) return true;
  return errors?.some((error) => isCausedBy(error, wanted)) ?? false;
}

/** An error of another process, read back: name and message as they were there. */
export class RemoteError extends FailureError {
  readonly code = 'PERDURE_REMOTE';
  constructor(details: FailureDetails) {
    super(`${details.name}: ${details.message}`, details);
  }
}

/** An activity or a sub-orchestration that an orchestrator waited for failed. */
export class TaskFailedError extends FailureError {
  readonly code = 'PERDURE_TASK_FAILED';
  constructor(
    /** What failed, such as `activity "hello"`. */ readonly task: string,
    details: FailureDetails,
  ) {
    super(`${task} failed: ${details.message}`, details);
  }
}

/** A called operation failed; the entity's state is as before the call. */
export class EntityOperationFailedError extends FailureError {
  readonly code = 'PERDURE_ENTITY_OPERATION_FAILED';
  constructor(
    /** The entity's registered name. */ readonly entity: string,
    /** The operation's name. */ readonly operation: string,
    details: FailureDetails,
  ) {
    super(`${entity}.${operation} failed: ${details.message}`, details);
  }
}

/** An asynchronous operation took longer than it may, and was given up. */
export class OperationTimeoutError extends PerdureError {
  readonly code = 'PERDURE_OPERATION_TIMEOUT';
  constructor(
    /** The entity's registered name. */ readonly entity: string,
    /** The operation's name. */ readonly operation: string,
    /** How long it may take. */ readonly milliseconds: number,
    /** The calls whose answers it waited for: addresses of entities, each with the operation. */ readonly calls: readonly string[] = [],
  ) {
    super(
      `${entity}.${operation} has not ended within ${milliseconds} ms and was given up; the state is as before. ` +
        (calls.length > 0
          ? `It waited for the answer of ${calls.join(', ')}: that may wait for this entity, or for a lock. `
          : '') +
        'Do long work in an activity, or set timeoutInMilliseconds of @Operation.',
    );
  }
}

/** Entities that call each other would wait for each other for ever. */
export class CallCycleError extends PerdureError {
  readonly code = 'PERDURE_CALL_CYCLE';
  constructor(
    /**
     * The addresses of the entities, in the order in which each waits for the next; the last one is the first one again. What a critical section has
     * locked waits for its orchestration.
     */
    readonly cycle: readonly string[],
  ) {
    super(
      `The call would close a cycle, in which each waits for the next for ever: ${cycle.join(' -> ')}. ` +
        'Signal the entity instead, or let an orchestration call both.',
    );
  }
}

/** An operation that ran again, after its process had died, made another call than before. */
export class OperationChangedError extends PerdureError {
  readonly code = 'PERDURE_OPERATION_CHANGED';
  constructor(
    /** The entity's registered name. */ readonly entity: string,
    /** The operation's name. */ readonly operation: string,
    /** The number of the call, from 1. */ readonly call: number,
    /** What it called before. */ readonly expected: string,
    /** What it calls now. */ readonly actual: string,
  ) {
    super(
      `Call ${call} of ${entity}.${operation} was ${expected} before its process died, and is ${actual} now, or has another input. ` +
        'An operation that calls entities makes the same calls when it runs again: what chooses them must come from its ' +
        'input, its state and the answers.',
    );
  }
}

/** An attempt of an activity took longer than it may. */
export class ActivityTimedOutError extends PerdureError {
  readonly code = 'PERDURE_ACTIVITY_TIMED_OUT';
  constructor(
    /** The activity's registered name. */ readonly activity: string,
    /** What was exceeded: the time of one run, or the time from the call to the end. */
    readonly timeout: 'startToClose' | 'scheduleToClose',
  ) {
    super(`Activity "${activity}" took longer than its ${timeout} timeout.`);
  }
}

/** Nobody waits for the activity any more: the reason of its aborted signal. */
export class ActivityCanceledError extends PerdureError {
  readonly code = 'PERDURE_ACTIVITY_CANCELED';
  constructor(
    /** The activity's registered name. */ readonly activity: string,
    /** The orchestration instance that had called it. */ readonly instanceId: string,
  ) {
    super(`Orchestration ${instanceId} does not wait for activity "${activity}" any more.`);
  }
}

/** An activity was begun several times, and each time its process ended before it told how it went. */
export class ActivityLostError extends PerdureError {
  readonly code = 'PERDURE_ACTIVITY_LOST';
  constructor(
    /** The activity's registered name. */ readonly activity: string,
    /** How often it was begun. */ readonly attempts: number,
  ) {
    super(
      `Activity "${activity}" was begun ${attempts} times, and each time its process ended, or was cut off, before it told ` +
        'how it went. It is not begun again: it may be what ends them.',
    );
  }
}

/**
 * Thrown by an activity, an operation or an orchestrator for which trying again is of no use: no retry follows. An error of
 * one's own says the same by a field `isNonRetriable` that is true.
 */
export class NonRetriableError extends PerdureError {
  readonly code = 'PERDURE_NON_RETRIABLE';
  /** What retries look at. */
  readonly isNonRetriable = true;
}

/** A task, or an external event, was waited for with a time limit and did not come in time. */
export class TaskTimedOutError extends PerdureError {
  readonly code = 'PERDURE_TASK_TIMED_OUT';
  constructor(
    /** What was waited for, such as `event "Approved"`. */ readonly task: string,
    /** When the wait was over. */ readonly deadline: Date,
  ) {
    super(`${task} did not come by ${deadline.toISOString()}.`);
  }
}

/** An orchestration instance ended without a result. */
export class OrchestrationFailedError extends FailureError {
  readonly code = 'PERDURE_ORCHESTRATION_FAILED';
  constructor(
    /** The instance that ended. */ readonly instanceId: string,
    details: FailureDetails,
  ) {
    super(`Orchestration ${instanceId} failed: ${details.message}`, details);
  }
}

/** A query of an orchestration instance failed: its handler threw, or it could not be asked. */
export class QueryFailedError extends FailureError {
  readonly code = 'PERDURE_QUERY_FAILED';
  constructor(
    /** The instance that was asked. */ readonly instanceId: string,
    /** The query's name. */ readonly query: string,
    details: FailureDetails,
  ) {
    super(`Query "${query}" of orchestration ${instanceId} failed: ${details.message}`, details);
  }
}

/** An update of an orchestration instance failed: its handler threw, or it was refused. */
export class UpdateFailedError extends FailureError {
  readonly code = 'PERDURE_UPDATE_FAILED';
  constructor(
    /** The instance that took it. */ readonly instanceId: string,
    /** The update's name. */ readonly update: string,
    details: FailureDetails,
  ) {
    super(`Update "${update}" of orchestration ${instanceId} failed: ${details.message}`, details);
  }
}

/** An orchestration instance was terminated: it has no result. */
export class OrchestrationTerminatedError extends PerdureError {
  readonly code = 'PERDURE_ORCHESTRATION_TERMINATED';
  constructor(
    /** The instance that was terminated. */ readonly instanceId: string,
    /** Why, when somebody said so. */ readonly reason: string | undefined,
    /** The output that was given for it, as a copy. */ readonly output?: unknown,
  ) {
    super(`Orchestration ${instanceId} was terminated${because(reason)}`);
  }
}

/** An orchestration instance was canceled, and has cleaned up: it has no result. */
export class OrchestrationCanceledError extends PerdureError {
  readonly code = 'PERDURE_ORCHESTRATION_CANCELED';
  constructor(
    /** The instance that was canceled. */ readonly instanceId: string,
    /** Why, when somebody said so. */ readonly reason: string | undefined,
  ) {
    super(`Orchestration ${instanceId} was canceled${because(reason)}`);
  }
}

/**
 * Thrown into an orchestrator where it waits, once its instance is to be canceled: it may clean up in `catch` and
 * `finally`, and wait there. When this error leaves `run`, the instance ends as canceled.
 */
export class CancelledError extends PerdureError {
  readonly code = 'PERDURE_CANCELLED';
  constructor(
    /** The instance that is to end. */ readonly instanceId: string,
    /** Why, when somebody said so. */ readonly reason: string | undefined,
  ) {
    super(`Orchestration ${instanceId} is to end: it was canceled${because(reason)}`);
  }
}

function because(reason: string | undefined): string {
  return reason === undefined ? '.' : `: ${reason}`;
}

/** One or several of the tasks that were waited for together failed; thrown once all of them have ended. */
export class AggregateTaskError extends PerdureError {
  readonly code = 'PERDURE_AGGREGATE';
  constructor(
    /** What those that failed failed with, in the order of the tasks. */ readonly errors: readonly unknown[],
    total: number,
  ) {
    const texts = errors.map((error) => (error instanceof Error ? error.message : String(error)));
    super(`${errors.length} of ${total} tasks failed: ${texts.join('; ')}`);
  }

  /** Whether one of the errors is of this name or class, or a failure that is caused by such a one. */
  isCausedBy(error: ErrorName): boolean {
    const name = nameOf(error);
    return this.errors.some((one) => {
      if (one instanceof FailureError || one instanceof AggregateTaskError) return one.isCausedBy(error);
      return one instanceof Error && (one.name === name || classNames(one).includes(name));
    });
  }
}
