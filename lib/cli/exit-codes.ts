import {
  ClosedError,
  EntityOperationFailedError,
  NotFoundError,
  NoWorkerError,
  OrchestrationCanceledError,
  OrchestrationFailedError,
  OrchestrationTerminatedError,
  ScheduleNotFoundError,
  ServerUnavailableError,
  TimeoutError,
  UnknownEntityError,
  UnknownOperationError,
  UnknownOrchestratorError,
  type PerdureError,
} from '../errors.js';

/** What the exit codes of all commands mean: docs/guide/command-line.md says the same. */
export const exitCodes = {
  done: 0,
  failed: 1,
  wrongUsage: 2,
  notFound: 3,
  noAnswer: 4,
  endedBadly: 5,
} as const;

const notFound = [
  NotFoundError,
  ScheduleNotFoundError,
  UnknownEntityError,
  UnknownOperationError,
  UnknownOrchestratorError,
];
const noAnswer = [TimeoutError, ServerUnavailableError, NoWorkerError, ClosedError];
const endedBadly = [
  OrchestrationFailedError,
  OrchestrationTerminatedError,
  OrchestrationCanceledError,
  EntityOperationFailedError,
];

/** The exit code of a command that ends with an error. */
export function exitCodeOf(error: PerdureError): number {
  const isOneOf = (classes: readonly (abstract new (...args: never[]) => PerdureError)[]): boolean =>
    classes.some((type) => error instanceof type);
  if (isOneOf(notFound)) return exitCodes.notFound;
  if (isOneOf(noAnswer)) return exitCodes.noAnswer;
  return isOneOf(endedBadly) ? exitCodes.endedBadly : exitCodes.failed;
}

/** A command ends without what was asked for, and no error of Perdure's says so. */
export class CommandError extends Error {
  constructor(
    readonly exitCode: number,
    message: string,
  ) {
    super(message);
  }
}

/** What was asked for cannot be meant: told as what commander refuses. */
export class UsageError extends CommandError {
  constructor(message: string) {
    super(exitCodes.wrongUsage, message);
  }
}
