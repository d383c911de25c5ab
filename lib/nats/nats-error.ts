import type { NatsError } from 'nats';

/** Whether the client library threw this itself: that of Node.js and that of browsers have each a class of their own. */
export function isNatsError(error: unknown): error is NatsError {
  return error instanceof Error && error.name === 'NatsError' && 'code' in error && 'isAuthError' in error;
}
