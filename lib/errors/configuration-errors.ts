import { PerdureError } from './perdure-error.js';

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
        `streams. Install a newer one there, or do not name it: Perdure then finds or fetches a server itself.`,
    );
  }
}

/** The server refused the credentials. */
export class AuthFailedError extends PerdureError {
  readonly code = 'PERDURE_AUTH_FAILED';
}

/** The server does not allow this connection what Perdure needs. */
export class PermissionDeniedError extends PerdureError {
  readonly code = 'PERDURE_PERMISSION_DENIED';
  constructor(
    /** What is not allowed: to publish on the subject, or to subscribe to it. */
    readonly operation: 'publish' | 'subscription',
    /** The subject, as the server names it. */ readonly subject: string,
    /** The server's address, without secrets. */ readonly where: string,
  ) {
    const what = { publish: 'publish on', subscription: 'subscribe to' }[operation];
    super(
      `The NATS server at ${where} does not allow this connection to ${what} ${subject}. Give its user that permission.`,
    );
  }
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
