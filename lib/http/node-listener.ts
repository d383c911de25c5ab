import type { IncomingMessage, ServerResponse } from 'node:http';
import { ConfigError } from '../errors.js';
import type { HttpApi } from './http-api.js';
import { listen, listenerOf, type HttpApiServer } from './node-server.js';

/** Where the API listens. */
export interface ListenOptions {
  /** The port; 0: one that is free. Default 7071, as that of the original's local host. */
  readonly port?: number | undefined;
  /** The address. Any but a loopback one needs an API with `auth`. Default `127.0.0.1`. */
  readonly hostname?: string | undefined;
  /** How many connections there may be at the same time. Default 1,000. */
  readonly maxConnections?: number | undefined;
}

/** For Express, Connect and other servers of Node.js: what is not below the base path is left to `next`. */
export type NodeHandler = (request: IncomingMessage, response: ServerResponse, next?: () => void) => void;

const MAX_HEADER_BYTES = 16_384;
const HEADERS_TIMEOUT = 10_000;
/** Behind the time of the body, which the API itself answers: the server hangs up without a word of its own. */
const BEHIND_BODY = 5_000;
/** What a timer can be set to. */
const LONGEST_TIMER = 2 ** 31 - 1;
const CHECK_INTERVAL = 1_000;

/**
 * The API as a handler of Node.js. Mount it before anything that reads bodies.
 *
 * @example
 * ```ts
 * import { createServer } from 'node:http';
 * import type { HttpApi } from 'perdure/http';
 * import { nodeHandler } from 'perdure/http/node';
 *
 * export function listen(api: HttpApi): void {
 *   const handler = nodeHandler(api);
 *   createServer((request, response) => handler(request, response, () => response.writeHead(404).end())).listen(8080);
 * }
 * ```
 */
export function nodeHandler(api: HttpApi): NodeHandler {
  const listener = listenerOf(api.fetch);
  return (request, response, next) => {
    const isOurs = request.url?.startsWith(`${api.basePath}/`) ?? false;
    if (next && !isOurs) return next();
    listener(request, response);
  };
}

/**
 * Listens with the API on a port of its own: on the loopback device unless told otherwise.
 *
 * @example
 * ```ts
 * import type { HttpApi } from 'perdure/http';
 * import { serveHttpApi } from 'perdure/http/node';
 *
 * export async function serve(api: HttpApi): Promise<void> {
 *   const server = await serveHttpApi(api, { port: 8080, hostname: '0.0.0.0' }); // refused unless the API has `auth`
 *   process.once('SIGTERM', () => void server.close());
 * }
 * ```
 *
 * @throws {ConfigError} for an address other than a loopback one while the API needs no credentials, and when it cannot listen there
 */
export async function serveHttpApi(api: HttpApi, options: ListenOptions = {}): Promise<HttpApiServer> {
  const { port = 7071, hostname = '127.0.0.1', maxConnections = 1_000 } = options;
  if (!api.isProtected && !isLoopback(hostname))
    throw new ConfigError(
      `hostname: without auth the API listens on the loopback device only, not on ${hostname}. Give HttpApi the option auth.`,
    );
  const requestTimeout = Math.min(HEADERS_TIMEOUT + api.bodyTimeoutInMilliseconds + BEHIND_BODY, LONGEST_TIMER);
  const limits = { maxHeaderSize: MAX_HEADER_BYTES, headersTimeout: HEADERS_TIMEOUT, requestTimeout };
  return listen(api.fetch, {
    port,
    hostname,
    maxConnections,
    name: 'The HTTP API',
    limits: { ...limits, connectionsCheckingInterval: CHECK_INTERVAL },
    isEndless: ({ headers }) => headers.get('content-type') === 'text/event-stream', // a watch
  });
}

/** Whether only this machine can reach an address. */
export function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '::1' || /^127(?:\.\d{1,3}){3}$/.test(hostname);
}
