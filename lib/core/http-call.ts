import { InvalidHttpRequestError } from '../errors.js';
import { longestDuration } from './fire-time.js';
import { hasUserInfo, isHttp, urlOf } from './http-address.js';
import { isFieldValue, isToken } from './http-headers.js';
import type { CallHttpOptions, HttpRequest, HttpRetryOptions, TokenSourceReference } from './http-messages.js';
import type { ValueCodec } from './values.js';

/** A call of `callHttp`, checked: its first request, and how it goes on. */
export interface HttpCall {
  readonly request: HttpRequest;
  readonly isPolling: boolean;
  readonly pollingInterval: number;
  readonly timeout: number;
  readonly retry: (HttpRetryOptions & { readonly statusCodes: readonly number[] }) | undefined;
}

const POLLING_INTERVAL = 30_000;
const TIMEOUT = 100_000;
const RESPONSE_BYTES = 4 * 1_024 * 1_024;
const MOST_RESPONSE_BYTES = 16 * 1_024 * 1_024;
const transientStatuses = [408, 425, 429, 500, 502, 503, 504];

const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

const refusedMethods: ReadonlySet<string> = new Set(['CONNECT', 'TRACE', 'TRACK']);
const transportHeaders: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'expect',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** The call, its defaults filled in. Throws InvalidHttpRequestError, and what the codec throws of a body. */
export function httpCallOf(options: CallHttpOptions, values: ValueCodec): HttpCall {
  const { pollingIntervalInMilliseconds = POLLING_INTERVAL, timeoutInMilliseconds = TIMEOUT, retry } = options;
  const statusCodes = retry?.statusCodes ?? transientStatuses;
  for (const status of statusCodes) demand(isStatus(status), `${status} in retry.statusCodes is no status`);
  const isTime = pollingIntervalInMilliseconds >= 1 && pollingIntervalInMilliseconds <= longestDuration;
  demand(isTime, `pollingIntervalInMilliseconds must be from 1 to 100 years, not ${pollingIntervalInMilliseconds}`);
  return {
    request: requestOf(options, values),
    isPolling: options.enablePolling ?? true,
    pollingInterval: Math.ceil(pollingIntervalInMilliseconds),
    timeout: timeoutInMilliseconds,
    retry: retry && { ...retry, statusCodes: [...statusCodes] },
  };
}

function requestOf(options: CallHttpOptions, values: ValueCodec): HttpRequest {
  const { redirect = 'follow', maxResponseBytes = RESPONSE_BYTES, tokenSource } = options;
  const method = methodOf(options.method);
  const headers = headersOf(options.headers);
  const body = bodyOf(options, method, values);
  const isSize = Number.isInteger(maxResponseBytes) && maxResponseBytes >= 1 && maxResponseBytes <= MOST_RESPONSE_BYTES;
  demand(isSize, `maxResponseBytes must be a whole number from 1 to ${MOST_RESPONSE_BYTES}, not ${maxResponseBytes}`);
  demand(redirect === 'follow' || redirect === 'manual', `redirect must be 'follow' or 'manual', not ${redirect}`);
  return {
    method,
    url: addressOf(options.url),
    headers: body?.isJson === true ? { 'content-type': 'application/json', ...headers } : headers,
    ...(body && { body: body.text }),
    ...(options.isBase64Encoded === true && { isBase64Encoded: true }),
    ...(tokenSource && { tokenSource: sourceOf(tokenSource) }),
    ...(redirect === 'manual' && { redirect }),
    maxResponseBytes,
  };
}

function methodOf(given = 'GET'): string {
  demand(isToken(given), `the method ${JSON.stringify(given)} is none`);
  const method = given.toUpperCase();
  demand(!refusedMethods.has(method), `${method} cannot be sent`);
  return method;
}

/** As it was given: how an address is normalised may change, and what the history says may not. */
function addressOf(given: string | URL): string {
  const text = String(given);
  const url = urlOf(text);
  if (!url) throw new InvalidHttpRequestError(`${JSON.stringify(text)} is no absolute URL`);
  demand(isHttp(url), `the URL must begin with http: or https:, not ${url.protocol}`);
  demand(!hasUserInfo(url), 'the URL holds a user name or password, which would be stored: use a token source');
  return text;
}

function headersOf(given: Readonly<Record<string, string>> = {}): Readonly<Record<string, string>> {
  const headers = new Map<string, string>();
  for (const [name, value] of Object.entries(given)) {
    const key = name.toLowerCase();
    demand(isToken(name) && key !== '__proto__', `the header name ${JSON.stringify(name)} is none`);
    demand(isFieldValue(value), `the value of header ${name} cannot be sent`);
    demand(!transportHeaders.has(key), `the header ${name} is set by the transport`);
    demand(!headers.has(key), `the header ${name} is given twice`);
    headers.set(key, value);
  }
  return Object.fromEntries(headers);
}

function bodyOf({ body, isBase64Encoded = false }: CallHttpOptions, method: string, values: ValueCodec) {
  if (body === undefined) {
    demand(!isBase64Encoded, 'isBase64Encoded says that the body is base64, but there is none');
    return undefined;
  }
  demand(method !== 'GET' && method !== 'HEAD', `a ${method} request has no body`);
  const json = values.encode(body) ?? null;
  const isText = typeof json === 'string';
  demand(!isBase64Encoded || (isText && base64.test(json)), 'the body is no base64');
  return { text: isText ? json : JSON.stringify(json), isJson: !isText };
}

function sourceOf({ name, resource }: TokenSourceReference): TokenSourceReference {
  demand(typeof name === 'string' && name !== '', 'tokenSource needs the name of a source');
  return { name, ...(resource !== undefined && { resource }) };
}

function isStatus(status: number): boolean {
  return Number.isInteger(status) && status >= 100 && status <= 599;
}

function demand(isMet: boolean, what: string): void {
  if (!isMet) throw new InvalidHttpRequestError(what);
}
