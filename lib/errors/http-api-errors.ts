import { PerdureError } from './perdure-error.js';

/** A request to the HTTP API was refused before it reached the task hub; `status` and the text say why. */
export class RefusedRequestError extends PerdureError {
  readonly code = 'PERDURE_REFUSED_REQUEST';
  constructor(
    /** The status of the answer: 400, 401, 403, 404, 405, 408, 413, 415, 421 or 503. */
    readonly status: number,
    message: string,
    /** Headers of the answer, such as `Allow`. */
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(message);
  }
}
