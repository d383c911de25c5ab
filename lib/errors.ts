/**
 * Every error a user of Perdure can meet, told apart by who must act:
 * definition errors (the programmer, at start-up), caller errors (whoever sent the input), configuration errors
 * (whoever runs the server), failures (happened elsewhere and travelled as data) and operational errors.
 *
 * `switch` on `code`, never on text. Each code has a section in docs/reference/errors.md.
 */

/** The base of every error this package throws on purpose. */
export abstract class PerdureError extends Error {
  /** What went wrong, as text that never changes: `switch` on it. Kept when the error travels as data. */
  abstract readonly code: `PERDURE_${string}`;
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

// ---- definition errors -------------------------------------------------------------------------------------------

/** A decorated class or a definition cannot work as written; the text names the fix. */
export class DefinitionError extends PerdureError {
  readonly code = 'PERDURE_DEFINITION';
}

// ---- caller errors -----------------------------------------------------------------------------------------------

/** An instance id or entity key is not acceptable: empty, too long, malformed, or holding a forbidden character. */
export class InvalidIdError extends PerdureError {
  readonly code = 'PERDURE_INVALID_ID';
}

/** The name of an entity, orchestrator, activity, operation or event is not acceptable. */
export class InvalidNameError extends PerdureError {
  readonly code = 'PERDURE_INVALID_NAME';
}

/** A task hub's name is not acceptable. */
export class InvalidHubError extends PerdureError {
  readonly code = 'PERDURE_INVALID_HUB';
}

/** A due time or duration is not a time, or lies beyond the limit. */
export class InvalidTimeError extends PerdureError {
  readonly code = 'PERDURE_INVALID_TIME';
}

/** One rule of a DTO class that an input breaks. */
export interface Violation {
  /** Where in the input, as a path from `$`, such as `$.lines[2].amount`. */
  readonly path: string;
  /** The names of the broken rules with their texts. */
  readonly messages: readonly string[];
}

/** An input does not fit the DTO class that its handler declares. */
export class InvalidInputError extends PerdureError {
  readonly code = 'PERDURE_INVALID_INPUT';
  constructor(
    /** What was to receive the input, such as `account.deposit`. */
    readonly target: string,
    /** Every rule that is broken, at least one. */ readonly violations: readonly Violation[],
  ) {
    const listed = violations.map((violation) => `${violation.path}: ${violation.messages.join(', ')}`);
    super(`The input of ${target} is invalid: ${listed.join('; ')}`);
  }
}

/** A value cannot be stored without loss; `path` says where in the value. */
export class UnserializableError extends PerdureError {
  readonly code = 'PERDURE_UNSERIALIZABLE';
  constructor(
    /** Where in the value, as a path from `$`. */ readonly path: string,
    /** What is there, and often what to do. */ readonly reason: string,
  ) {
    super(`The value at ${path} cannot be stored: ${reason}`);
  }
}

/** A value is nested deeper than can be stored: more than 256 arrays and objects. */
export class TooDeepError extends PerdureError {
  readonly code = 'PERDURE_TOO_DEEP';
  constructor(
    /** Where in the value, as a path from `$`. */ readonly path: string,
    /** The level that was reached, counted in arrays and objects. */ readonly depth: number,
    /** The deepest level that can be stored: 256. */ readonly limit: number,
  ) {
    super(`The value is nested too deeply: ${depth} > ${limit} at ${path}. Flatten it, or store it in parts.`);
  }
}

/** A value holds a key that could change prototypes when read back. */
export class ForbiddenKeyError extends PerdureError {
  readonly code = 'PERDURE_FORBIDDEN_KEY';
  constructor(
    /** Where in the value, as a path from `$`. */ readonly path: string,
    /** The refused key. */ readonly key: string,
  ) {
    super(`The key "${key}" at ${path} is refused: it could change an object's prototype. Rename it.`);
  }
}

/** A single value or message is larger than one message of the server can carry. */
export class PayloadTooLargeError extends PerdureError {
  readonly code = 'PERDURE_PAYLOAD_TOO_LARGE';
  constructor(
    /** What was too large, for people. */ readonly what: string,
    /** Its size in bytes of UTF-8; of a custom status, in characters of JSON. */ readonly bytes: number,
    /** The largest size that is accepted, in the same unit. */ readonly limit: number,
  ) {
    super(
      `${what} is too large: ${bytes} > ${limit} bytes. Send less, split it, or store it elsewhere and pass a reference.`,
    );
  }
}

/** No worker of this task hub has ever registered the entity. */
export class UnknownEntityError extends PerdureError {
  readonly code = 'PERDURE_UNKNOWN_ENTITY';
  constructor(
    /** The name asked for. */ readonly entity: string,
    /** The names that are known. */ readonly registered: readonly string[],
  ) {
    super(`Entity "${entity}" is not registered; registered are: ${listOf(registered)}`);
  }
}

/** No worker of this task hub has ever registered the orchestrator. */
export class UnknownOrchestratorError extends PerdureError {
  readonly code = 'PERDURE_UNKNOWN_ORCHESTRATOR';
  constructor(
    /** The name asked for. */ readonly orchestrator: string,
    /** The names that are known. */ readonly registered: readonly string[],
  ) {
    super(`Orchestrator "${orchestrator}" is not registered; registered are: ${listOf(registered)}`);
  }
}

/** No worker of this task hub has ever registered the activity. */
export class UnknownActivityError extends PerdureError {
  readonly code = 'PERDURE_UNKNOWN_ACTIVITY';
  constructor(
    /** The name asked for. */ readonly activity: string,
    /** The names that are known. */ readonly registered: readonly string[],
    hint = '',
  ) {
    super(`Activity "${activity}" is not registered; registered are: ${listOf(registered)}${hint}`);
  }
}

/** The entity has no such operation; only decorated methods, by their exact names, can be called. */
export class UnknownOperationError extends PerdureError {
  readonly code = 'PERDURE_UNKNOWN_OPERATION';
  constructor(
    /** The entity's registered name. */ readonly entity: string,
    /** The name asked for. */ readonly operation: string,
    /** The names of the entity's operations. */ readonly registered: readonly string[],
    hint = '',
  ) {
    super(`Entity "${entity}" has no operation "${operation}"; it has: ${listOf(registered)}${hint}`);
  }
}

/** An orchestration instance with this id exists and has not ended. */
export class InstanceExistsError extends PerdureError {
  readonly code = 'PERDURE_INSTANCE_EXISTS';
  constructor(
    /** The id that is in use. */
    readonly instanceId: string,
  ) {
    super(`An orchestration instance with id "${instanceId}" exists and has not ended. Use its handle, or another id.`);
  }
}

/** There is no orchestration instance with this id. */
export class NotFoundError extends PerdureError {
  readonly code = 'PERDURE_NOT_FOUND';
  constructor(
    /** The id asked for. */
    readonly instanceId: string,
  ) {
    super(`There is no orchestration instance with id "${instanceId}".`);
  }
}

/** No answer came in time. Whether the request took effect is not known unless the text says so. */
export class TimeoutError extends PerdureError {
  readonly code = 'PERDURE_TIMEOUT';
}

// ---- configuration errors ----------------------------------------------------------------------------------------

/** An option or environment variable has a value that cannot work; the text names it. */
export class ConfigError extends PerdureError {
  readonly code = 'PERDURE_CONFIG';
}

/** No nats-server could be found or fetched; the text lists what was tried. */
export class NatsServerMissingError extends PerdureError {
  readonly code = 'PERDURE_NATS_SERVER_MISSING';
}

/** No NATS server answered at the address in the given time. */
export class ServerUnavailableError extends PerdureError {
  readonly code = 'PERDURE_SERVER_UNAVAILABLE';
}

/** The server is older than 2.12: it lacks features that Perdure needs. */
export class ServerTooOldError extends PerdureError {
  readonly code = 'PERDURE_SERVER_TOO_OLD';
  constructor(
    /** The server's version. */ readonly found: string,
    /** The oldest version that will do. */ readonly needed: string,
    /** The server's address, without secrets, or the path of its binary. */ readonly where: string,
  ) {
    super(
      `nats-server ${found} at ${where} is too old: ${found} < ${needed}. Older servers silently ignore what Perdure asks of ` +
        `streams. Install a newer one, or leave the address away to use the embedded server.`,
    );
  }
}

/** The server refused the credentials. */
export class AuthFailedError extends PerdureError {
  readonly code = 'PERDURE_AUTH_FAILED';
}

/** A stream of the task hub exists with settings under which nothing could be promised. */
export class StreamMismatchError extends PerdureError {
  readonly code = 'PERDURE_STREAM_MISMATCH';
  constructor(
    /** The stream's name. */ readonly stream: string,
    /** The setting, by the name that the server gives it. */ readonly field: string,
    /** Its value; null when it is not set. */ readonly have: unknown,
    /** The value that is needed. */ readonly want: unknown,
  ) {
    super(
      `Stream ${stream} has ${field} = ${JSON.stringify(have)}, needed is ${JSON.stringify(want)}. ` +
        `Restore the setting with "nats stream edit ${stream}", or use another task hub.`,
    );
  }
}

// ---- failures ----------------------------------------------------------------------------------------------------

/** How an error travels: as data, never as an instance of a class chosen by data. */
export interface FailureDetails {
  /** The `name` of the error as it was thrown. */
  readonly name: string;
  /** Its message, cut at 8 KiB. */
  readonly message: string;
  /** The stable `code`, when the error had one. */
  readonly code?: string;
  /** Its stack, cut at 8 KiB, when kept. */
  readonly stack?: string;
  /** What caused it, at most 4 deep. */
  readonly cause?: FailureDetails;
}

/** A failure that happened elsewhere and came back as data. */
export abstract class FailureError extends PerdureError {
  constructor(
    message: string,
    /** The failure as it was told. */ readonly failureDetails: FailureDetails,
  ) {
    super(message, failureDetails.cause && { cause: new RemoteError(failureDetails.cause) });
  }

  /** Whether the failure or one of its causes was thrown under this name or by this class. */
  isCausedBy(error: string | (new (...args: never[]) => Error)): boolean {
    const name = typeof error === 'string' ? error : error.name;
    for (let at: FailureDetails | undefined = this.failureDetails; at; at = at.cause) if (at.name === name) return true;
    return false;
  }
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
}

// ---- operational errors ------------------------------------------------------------------------------------------

/** An orchestrator waited for something that is not a task, such as a promise. */
export class IllegalAwaitError extends PerdureError {
  readonly code = 'PERDURE_ILLEGAL_AWAIT';
}

/** On replay, an orchestrator asked for something other than what its history says. */
export class NonDeterminismError extends PerdureError {
  readonly code = 'PERDURE_NON_DETERMINISM';
  constructor(
    /** The number of the event in the history, from 0. */ readonly eventNumber: number,
    /** What the history says. */ readonly expected: string,
    /** What the code does. */ readonly actual: string,
  ) {
    super(
      `Event ${eventNumber} of the history says: ${expected}; the code now does: ${actual}. ` +
        `Orchestrators must do the same on every replay: no clock, randomness or IO, and no changed order of calls.`,
    );
  }
}

/** Another worker has taken over the partition; what was not committed is dropped and done again there. */
export class OwnershipLostError extends PerdureError {
  readonly code = 'PERDURE_OWNERSHIP_LOST';
}

/** A stream is older than what is known to have been stored: the storage lost acknowledged messages. */
export class StorageRegressedError extends PerdureError {
  readonly code = 'PERDURE_STORAGE_REGRESSED';
}

/** A stored record cannot be read: damaged, or missing where the chain needs it. */
export class CorruptHistoryError extends PerdureError {
  readonly code = 'PERDURE_CORRUPT_HISTORY';
}

/** A stored message was written by a newer version of Perdure. */
export class VersionTooNewError extends PerdureError {
  readonly code = 'PERDURE_VERSION_TOO_NEW';
  constructor(
    /** What has the newer format, for people. */ readonly what: string,
    /** Its format version. */ readonly found: unknown,
    /** The newest format version that this build reads. */ readonly supported: number,
  ) {
    super(`${what} has format version ${String(found)}, this build reads up to ${supported}. Update Perdure here.`);
  }
}

/** The connection, the worker or the client is closed, or the context of an operation was used after its end. */
export class ClosedError extends PerdureError {
  readonly code = 'PERDURE_CLOSED';
}

function listOf(names: readonly string[]): string {
  return names.length === 0 ? '(none)' : names.join(', ');
}
