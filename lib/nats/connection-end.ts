import { AuthFailedError, ClosedError } from '../errors.js';
import { isNatsError } from './nats-error.js';

/** Why a connection to a server is closed for good, for which the client library gives this reason. */
export function connectionEnd(reason: Error, where: string): ClosedError {
  const cause =
    isNatsError(reason) && reason.isAuthError()
      ? new AuthFailedError(`The NATS server at ${where} does not accept the credentials any more (${reason.code}).`, {
          cause: reason,
        })
      : reason;
  return new ClosedError(`The connection to ${where} is closed for good: ${cause.message}`, { cause });
}
