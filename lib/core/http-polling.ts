import { HttpRequestFailedError } from '../errors.js';
import { locationOf, shownUrl, urlOf } from './http-address.js';
import type { HttpCall } from './http-call.js';
import { bodilessHeaders, harmlessHeaders, keylessHeaders } from './http-headers.js';
import type { DurableHttpResponse, HttpRequest } from './http-messages.js';
import { retryAfter } from './retry-after.js';

/** Which answer it is, and when it came. */
export interface Answering {
  /** Whether it answers a poll. */
  readonly isPoll: boolean;
  /** Whether polls keep the header `x-functions-key`. Until behaviour 1. */
  readonly keepsKey: boolean;
  /** The time of the current turn. */
  readonly now: number;
}

/** What is to be asked next, and after how many milliseconds. */
export interface Poll {
  readonly request: HttpRequest;
  readonly delay: number;
}

/**
 * The poll that an answer to a request asks for; undefined: the answer is the result. A 202 without a `Location` is a
 * result when it answers the call, and goes on with the same address when it answers a poll.
 * Throws HttpRequestFailedError for a `Location` that is no address.
 *
 * H1. Credentials go to the origin that the call names, and to no other: once a request was redirected to another one, or
 *     a `Location` names one, none of the polls that follow has any. The key of a function goes along with no poll.
 */
export function pollAfter(
  request: HttpRequest,
  response: DurableHttpResponse,
  { isPolling, pollingInterval }: HttpCall,
  { isPoll, keepsKey, now }: Answering,
): Poll | undefined {
  const { location } = response.headers;
  if (!isPolling || response.statusCode !== 202 || (location === undefined && !isPoll)) return undefined;
  const next = location === undefined ? request.url : nextAddress(location, request, response);
  const { body: _body, isBase64Encoded: _isBase64, headers, ...rest } = request;
  const kept = keepsKey ? headers : keylessHeaders(headers);
  const poll = { ...rest, method: 'GET', url: next, headers: bodilessHeaders(kept) };
  const isSame = [response.url, next].every((url) => urlOf(url)?.origin === urlOf(request.url)?.origin);
  return {
    request: isSame ? poll : withoutCredentials(poll),
    delay: retryAfter(response.headers['retry-after'], now) ?? pollingInterval,
  };
}

function withoutCredentials(request: HttpRequest): HttpRequest {
  const { tokenSource: _, headers, ...rest } = request;
  return { ...rest, headers: harmlessHeaders(headers) };
}

function nextAddress(location: string, request: HttpRequest, response: DurableHttpResponse): string {
  const url = locationOf(location, response.url);
  if (url) return url.href;
  const { method } = request;
  throw new HttpRequestFailedError(
    `${method} ${shownUrl(request.url)}: the answer 202 asks to poll ${JSON.stringify(location)}, which is no address.`,
  );
}
