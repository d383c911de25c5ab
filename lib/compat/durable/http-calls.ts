import type {
  CallHttpOptions as CoreHttpOptions,
  DurableHttpResponse as CoreResponse,
} from '../../core/http-messages.js';
import { CallTask } from './tasks.js';

/** The name of the source of tokens for managed identities, as the worker has it. */
export const MANAGED_IDENTITY = 'AzureManagedIdentity';

/**
 * Where the token of a request comes from: the managed identity that the machine has in Azure.
 *
 * @example
 * ```ts
 * import * as df from 'perdure/durable-functions';
 *
 * export const tokenSource = new df.ManagedIdentityTokenSource('https://management.core.windows.net');
 * ```
 */
export class ManagedIdentityTokenSource {
  /** What the token is for. */
  readonly resource: string;

  /** For a resource. */
  constructor(resource: string) {
    this.resource = resource;
  }
}

/** Where the token of a request comes from. */
export type TokenSource = ManagedIdentityTokenSource;

/** What `callHttp` sends. */
export interface CallHttpOptions {
  /** Such as `POST`. */
  method: string;
  /** The absolute address. */
  url: string;
  /** The body: a text, or a value that is sent as JSON. */
  body?: string | object;
  /** The headers. */
  headers?: { [key: string]: string };
  /** Where its token comes from. */
  tokenSource?: TokenSource;
  /** Whether an answer 202 with a `Location` is asked again there. Default true. */
  enablePolling?: boolean;
  /** The former name of `enablePolling`. */
  asynchronousPatternEnabled?: boolean;
}

/** An answer to `callHttp`. */
export class DurableHttpResponse {
  /** The status. */
  readonly statusCode: number;
  /** The body. */
  readonly content?: string;
  /** The headers. */
  readonly headers?: { [key: string]: string };

  /** Made of an answer. */
  constructor(statusCode: number, content?: string, headers?: { [key: string]: string }) {
    this.statusCode = statusCode;
    if (content !== undefined) this.content = content;
    if (headers !== undefined) this.headers = headers;
  }

  /** A header by its name, in capitals or not. */
  getHeader(name: string): string | undefined {
    const folded = name.toLowerCase();
    return Object.entries(this.headers ?? {}).find(([key]) => key.toLowerCase() === folded)?.[1];
  }
}

/** A request, once it is waited for. `pollingInterval`: the wait between two polls where the answer says none. */
export function httpTask(options: CallHttpOptions, pollingInterval: number | undefined): CallTask {
  const { method, url, tokenSource } = options;
  const body = bodyOf(options.body);
  const request: CoreHttpOptions = {
    method,
    url,
    ...(body !== undefined && { body }),
    headers: headersOf(options.headers, body),
    enablePolling: options.enablePolling ?? options.asynchronousPatternEnabled ?? true,
    ...(tokenSource && { tokenSource: { name: MANAGED_IDENTITY, resource: tokenSource.resource } }),
    ...(pollingInterval !== undefined && { pollingIntervalInMilliseconds: pollingInterval }),
  };
  return new CallTask({
    start: (context) => context.callHttp(request),
    showResult: (answer) => {
      const { statusCode, content, headers } = answer as CoreResponse;
      return new DurableHttpResponse(statusCode, content, { ...headers });
    },
  });
}

function bodyOf(body: string | object | undefined): string | undefined {
  if (!body) return undefined;
  return typeof body === 'string' ? body : JSON.stringify(body);
}

/** As the original: JSON is sent as such, unless the headers say what it is. */
function headersOf(given: { readonly [key: string]: string } = {}, body: string | undefined): Record<string, string> {
  const isTold = Object.keys(given).some((name) => name.toLowerCase() === 'content-type');
  if (body === undefined || isTold) return { ...given };
  return { ...given, 'content-type': isJson(body) ? 'application/json' : 'text/plain' };
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
