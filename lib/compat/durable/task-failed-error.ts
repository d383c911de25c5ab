import {
  RemoteError,
  TaskFailedError as CoreTaskFailedError,
  type FailureDetails as CoreFailureDetails,
} from '../../errors.js';

/** Why an activity or a sub-orchestration failed. */
export interface FailureDetails {
  /** The name of the error. */
  errorType: string;
  /** Its message. */
  errorMessage: string;
  /** Its stack, when it is known. */
  stackTrace?: string;
  /** Whether trying again is of no use. */
  isNonRetriable: boolean;
  /** The error's own plain fields, and what the provider of `setExceptionPropertiesProvider` gave. */
  properties?: Record<string, unknown>;
  /** What it was caused by. */
  innerFailure?: FailureDetails;
  /** Whether it, or something that caused it, is of this name. */
  isCausedBy(errorType: string): boolean;
}

/**
 * An activity or a sub-orchestration failed.
 *
 * @example
 * ```ts
 * import * as df from 'perdure/durable-functions';
 *
 * df.app.orchestration('order', function* (context) {
 *   try {
 *     yield context.df.callActivity('charge', context.df.getInput());
 *   } catch (error) {
 *     if (error instanceof df.TaskFailedError && error.failureDetails.isCausedBy('CardRefused')) return 'refused';
 *     throw error;
 *   }
 * });
 * ```
 */
export class TaskFailedError extends Error {
  /** Why. */
  readonly failureDetails: FailureDetails;
  /** The name of what failed. */
  readonly taskName?: string;
  /** Of the original; not known here. */
  declare readonly taskId?: number;

  /** Made by the orchestration that waits. */
  constructor(failureDetails: FailureDetails, taskName?: string, cause?: Error) {
    super(`${failureDetails.errorType}: ${failureDetails.errorMessage}`, cause && { cause });
    this.name = 'TaskFailedError';
    this.failureDetails = failureDetails;
    if (taskName !== undefined) this.taskName = taskName;
    if (failureDetails.stackTrace !== undefined) this.stack = failureDetails.stackTrace;
  }
}

/** The error that programs of the original know, in place of the core's. */
export function taskError(error: unknown, taskName: string): unknown {
  if (!(error instanceof CoreTaskFailedError)) return error;
  return new TaskFailedError(detailsOf(error.failureDetails), taskName, error);
}

function detailsOf({ name, type, message, stack, fields, nonRetriable, cause }: CoreFailureDetails): FailureDetails {
  const inner = cause && detailsOf(cause);
  return {
    errorType: name,
    errorMessage: message,
    ...(stack !== undefined && { stackTrace: stack }),
    isNonRetriable: nonRetriable ?? false,
    ...(fields && { properties: { ...fields } }),
    ...(inner && { innerFailure: inner }),
    isCausedBy: (errorType) => errorType === name || errorType === type || (inner?.isCausedBy(errorType) ?? false),
  };
}

/**
 * What an orchestration fails with when this error leaves it: as in the original, with what the activity or child failed with. The
 * core still finds the task that brought it.
 */
export function failureOf(error: unknown): unknown {
  if (!(error instanceof TaskFailedError && error.cause instanceof CoreTaskFailedError)) return error;
  const failure = new RemoteError(error.cause.failureDetails);
  Object.defineProperty(failure, 'cause', { value: error.cause, configurable: true, writable: true });
  return failure;
}
