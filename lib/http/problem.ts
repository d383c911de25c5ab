import { withoutStacks } from '../client/told-failure.js';
import {
  FailureError,
  InvalidInputError,
  PerdureError,
  RefusedRequestError,
  TimeoutError,
  type FailureDetails,
} from '../errors.js';

/** What an error of the client means to whoever asked over HTTP. Others are 500. */
const statuses: Readonly<Record<string, number>> = {
  PERDURE_INVALID_ID: 400,
  PERDURE_INVALID_NAME: 400,
  PERDURE_INVALID_TAGS: 400,
  PERDURE_INVALID_TIME: 400,
  PERDURE_INVALID_CONTINUATION_TOKEN: 400,
  PERDURE_INVALID_INPUT: 400,
  PERDURE_UNSERIALIZABLE: 400,
  PERDURE_TOO_DEEP: 400,
  PERDURE_FORBIDDEN_KEY: 400,
  PERDURE_UNKNOWN_ORCHESTRATOR: 400,
  PERDURE_CONFIG: 400,
  PERDURE_NOT_REWINDABLE: 400,
  PERDURE_NOT_FOUND: 404,
  PERDURE_UNKNOWN_ENTITY: 404,
  PERDURE_UNKNOWN_OPERATION: 404,
  PERDURE_INSTANCE_EXISTS: 409,
  PERDURE_INSTANCE_NOT_ENDED: 409,
  PERDURE_INSTANCE_REPLACED: 409,
  PERDURE_INSTANCE_ENDED: 410,
  PERDURE_PAYLOAD_TOO_LARGE: 413,
  PERDURE_BUSY: 429,
  PERDURE_REMOTE: 502,
  PERDURE_NO_WORKER: 503,
  PERDURE_CLOSED: 503,
  PERDURE_SESSION_EXPIRED: 503,
  PERDURE_TIMEOUT: 504,
};

/** Errors of what is called by request: what it throws is a failure of its own, whatever its code. */
const called: ReadonlySet<string> = new Set([
  'PERDURE_ENTITY_OPERATION_FAILED',
  'PERDURE_QUERY_FAILED',
  'PERDURE_UPDATE_FAILED',
]);

/** What is called and does not run has not failed. */
const refusals: Readonly<Record<string, number>> = {
  PERDURE_INVALID_INPUT: 400,
  PERDURE_UNKNOWN_OPERATION: 404,
  PERDURE_UNKNOWN_QUERY: 404,
  PERDURE_UNKNOWN_UPDATE: 404,
  PERDURE_BUSY: 429,
};

const titles: Readonly<Record<number, string>> = {
  400: 'One or more of the arguments submitted is incorrect',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  408: 'Request Timeout',
  409: 'Conflict',
  410: 'Gone',
  413: 'Content Too Large',
  415: 'Unsupported Media Type',
  421: 'Misdirected Request',
  429: 'Too Many Requests',
  500: 'Something went wrong while processing your request',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
};

/** What is said of an error (RFC 9457). */
export interface Problem {
  readonly type: 'about:blank';
  readonly title: string;
  readonly status: number;
  readonly detail?: string;
  /** The error's code, as in docs/reference/errors.md. */
  readonly code?: string;
  /** Which rules the input breaks. */
  readonly violations?: InvalidInputError['violations'];
  /** The instance that may begin yet, though its start was not answered in time. */
  readonly instanceId?: string;
  /** How what was called has failed. */
  readonly failure?: FailureDetails;
  readonly requestId: string;
}

/** What is said of an error. Stacks are told to nobody. */
export function problemOf(error: unknown, requestId: string): Problem {
  const status = statusOf(error);
  const told = { type: 'about:blank', title: titles[status] ?? 'Error', status } as const;
  if (!isTold(error, status)) return { ...told, requestId };
  return {
    ...told,
    detail: error.message,
    code: error.code,
    ...(error instanceof InvalidInputError && { violations: error.violations }),
    ...(error instanceof TimeoutError && error.instanceId !== undefined && { instanceId: error.instanceId }),
    ...(error instanceof FailureError && { failure: withoutStacks(error.failureDetails) }),
    requestId,
  };
}

/** Errors of ours with a status, and failures of user code that was called. */
function isTold(error: unknown, status: number): error is PerdureError {
  return error instanceof PerdureError && (status !== 500 || error instanceof FailureError);
}

export function problemResponse(problem: Problem, headers: Readonly<Record<string, string>>): Response {
  const { status } = problem;
  const later = status === 429 || status === 503 ? { 'retry-after': '1' } : {};
  return new Response(JSON.stringify(problem), {
    status,
    headers: { 'content-type': 'application/problem+json', ...later, ...headers },
  });
}

/** The status that stands for an error. An operation that refuses its input is a bad request. */
function statusOf(error: unknown): number {
  if (error instanceof RefusedRequestError) return error.status;
  if (!(error instanceof PerdureError)) return 500;
  if (called.has(error.code) && error instanceof FailureError) return refusals[error.failureDetails.code ?? ''] ?? 500;
  return statuses[error.code] ?? 500;
}
