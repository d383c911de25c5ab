import { PerdureError } from './perdure-error.js';

/** An instance id or entity key is not acceptable: empty, too long, malformed, or holding a forbidden character. */
export class InvalidIdError extends PerdureError {
  readonly code = 'PERDURE_INVALID_ID';
}

/** The name of an entity, orchestrator, activity, operation or event is not acceptable. */
export class InvalidNameError extends PerdureError {
  readonly code = 'PERDURE_INVALID_NAME';
}

/** The tags of an orchestration instance are not acceptable: too many, too long, or no texts. */
export class InvalidTagsError extends PerdureError {
  readonly code = 'PERDURE_INVALID_TAGS';
  constructor(reason: string) {
    super(`Invalid tags: ${reason}. Tags are short texts; what is longer belongs into the memo or the input.`);
  }
}

/** What is to say where a list of instances goes on does not: it is no token, or that of another list. */
export class InvalidContinuationTokenError extends PerdureError {
  readonly code = 'PERDURE_INVALID_CONTINUATION_TOKEN';
  constructor(reason: string) {
    super(
      `Invalid continuation token: ${reason}. Give what the page before said, with the same filter, or begin anew.`,
    );
  }
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

/** A single value is larger than the hub's connection takes, or a step brings more than can be stored. */
export class PayloadTooLargeError extends PerdureError {
  readonly code = 'PERDURE_PAYLOAD_TOO_LARGE';
  constructor(
    /** What was too large, for people. */ readonly what: string,
    /** Its size in bytes of UTF-8; of a custom status and a memo, in characters of JSON. */ readonly bytes: number,
    /** The largest size that is accepted, in the same unit; undefined: the server did not say. */
    readonly limit: number | undefined,
    /** The unit of both. */ readonly unit: 'bytes' | 'characters' = 'bytes',
  ) {
    const size = limit === undefined ? `${bytes}` : `${bytes} > ${limit}`;
    super(`${what} is too large: ${size} ${unit}. Send less, split it, or store it elsewhere and pass a reference.`);
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

/** A class with activities has no such one: only decorated methods, by their exact names, can be called. */
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

/** The orchestrator has no such query; only decorated methods, by their exact names, can be asked. */
export class UnknownQueryError extends PerdureError {
  readonly code = 'PERDURE_UNKNOWN_QUERY';
  constructor(
    /** The orchestrator's registered name. */ readonly orchestrator: string,
    /** The name asked for. */ readonly query: string,
    /** The names of the orchestrator's queries. */ readonly registered: readonly string[],
    hint = '',
  ) {
    super(`Orchestrator "${orchestrator}" has no query "${query}"; it has: ${listOf(registered)}${hint}`);
  }
}

/** The orchestrator has no such update; only decorated methods, by their exact names, can be sent. */
export class UnknownUpdateError extends PerdureError {
  readonly code = 'PERDURE_UNKNOWN_UPDATE';
  constructor(
    /** The orchestrator's registered name. */ readonly orchestrator: string,
    /** The name asked for. */ readonly update: string,
    /** The names of the orchestrator's updates. */ readonly registered: readonly string[],
    hint = '',
  ) {
    super(`Orchestrator "${orchestrator}" has no update "${update}"; it has: ${listOf(registered)}${hint}`);
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

/** The run that a handle stands for has ended, and another one with the same id has taken its place. */
export class InstanceReplacedError extends PerdureError {
  readonly code = 'PERDURE_INSTANCE_REPLACED';
  constructor(
    /** The id of both runs. */
    readonly instanceId: string,
  ) {
    super(
      `The run of orchestration instance "${instanceId}" that this handle started has ended, and another one was started with ` +
        'the same id: its result is not kept. Use getHandle for the present run, or an id for each run.',
    );
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

/** The orchestration instance has ended: what was asked for concerns only one that goes on. */
export class InstanceEndedError extends PerdureError {
  readonly code = 'PERDURE_INSTANCE_ENDED';
  constructor(
    /** The instance that has ended. */
    readonly instanceId: string,
  ) {
    super(`Orchestration instance "${instanceId}" has ended. Look at its status, or start it again.`);
  }
}

/** The execution of an orchestration instance has ended before the handler of an update that waited: it is cut off. */
export class UpdateCutOffError extends PerdureError {
  readonly code = 'PERDURE_UPDATE_CUT_OFF';
  constructor(
    /** The instance, which goes on with another execution. */
    readonly instanceId: string,
    /** The update. */
    readonly update: string,
  ) {
    super(
      `Orchestration instance "${instanceId}" has continued as new before update "${update}" had ended, and does not go on ` +
        'with it. What the update had asked for stands.',
    );
  }
}

/** The orchestration instance goes on: what was asked for concerns only one that has ended. */
export class InstanceNotEndedError extends PerdureError {
  readonly code = 'PERDURE_INSTANCE_NOT_ENDED';
  constructor(
    /** The instance that goes on. */
    readonly instanceId: string,
  ) {
    super(`Orchestration instance "${instanceId}" has not ended. Wait for its end, or terminate it first.`);
  }
}

/** The orchestration instance cannot be rewound; the text says why. */
export class NotRewindableError extends PerdureError {
  readonly code = 'PERDURE_NOT_REWINDABLE';
  constructor(
    message: string,
    /** The instance, which is as it was. */
    readonly instanceId: string,
  ) {
    super(message);
  }
}

/** No answer came in time. `effect` says what is known of the request. */
export class TimeoutError extends PerdureError {
  readonly code = 'PERDURE_TIMEOUT';
  constructor(
    message: string,
    /** Of a start: the id of the instance, which may begin yet. Look at it before you start another. */
    readonly instanceId?: string,
    /**
     * `none`: nothing was sent, or nothing that changes anything; `stored`: it is stored, and will be carried out; `unknown`:
     * it was sent, and whether it is stored, or was carried out, is not known.
     */
    readonly effect: 'none' | 'stored' | 'unknown' = 'none',
  ) {
    super(message);
  }
}

function listOf(names: readonly string[]): string {
  return names.length === 0 ? '(none)' : names.join(', ');
}
