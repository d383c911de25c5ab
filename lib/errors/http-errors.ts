import { PerdureError } from './perdure-error.js';

/** An HTTP request that an orchestrator asks for cannot be sent as it is; the text says what of it. */
export class InvalidHttpRequestError extends PerdureError {
  readonly code = 'PERDURE_INVALID_HTTP_REQUEST';
  constructor(what: string) {
    super(`callHttp: ${what}.`);
  }
}

/** There was no answer to an HTTP request, or none that can be followed; the cause is what the network said. */
export class HttpRequestFailedError extends PerdureError {
  readonly code = 'PERDURE_HTTP_REQUEST_FAILED';
}

/** The body of an answer over HTTP is larger than the call allows. */
export class HttpResponseTooLargeError extends PerdureError {
  readonly code = 'PERDURE_HTTP_RESPONSE_TOO_LARGE';
  constructor(
    /** The method and the address, without its query. */ readonly request: string,
    /** The largest body that the call allows, in bytes. */ readonly limit: number,
  ) {
    super(
      `${request}: the body of the answer has more than ${limit} bytes. Raise maxResponseBytes, ask for less, or fetch it in ` +
        'an activity that stores it elsewhere.',
    );
  }
}

/** A worker could not get the credentials for an HTTP request. */
export class TokenSourceError extends PerdureError {
  readonly code = 'PERDURE_TOKEN_SOURCE';
  constructor(
    /** The name of the source. */ readonly source: string,
    reason: string,
    options?: ErrorOptions,
  ) {
    super(`Token source ${JSON.stringify(source)} ${reason}`, options);
  }
}
