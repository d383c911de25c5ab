import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import { ConfigError } from '../errors.js';
import type { HttpApi } from './http-api.js';

/** Where the API listens. */
export interface ListenOptions {
  /** The port; 0: one that is free. Default 7071, as that of the original's local host. */
  readonly port?: number | undefined;
  /** The address. Any but a loopback one needs an API with `auth`. Default `127.0.0.1`. */
  readonly hostname?: string | undefined;
  /** How many connections there may be at the same time. Default 1,000. */
  readonly maxConnections?: number | undefined;
}

/** An API that listens. */
export interface HttpApiServer extends AsyncDisposable {
  /** Where, such as `http://127.0.0.1:7071`, without the base path. */
  readonly url: string;
  /** The port. */
  readonly port: number;
  /** Takes no more connections; what is asked already is answered first, for five seconds at most, and watches are ended. */
  close(): Promise<void>;
}

/** For Express, Connect and other servers of Node.js: what is not below the base path is left to `next`. */
export type NodeHandler = (request: IncomingMessage, response: ServerResponse, next?: () => void) => void;

const MAX_HEADER_BYTES = 16_384;
const HEADERS_TIMEOUT = 10_000;
/** Behind that of the body, which is answered by the API itself. */
const REQUEST_TIMEOUT = 35_000;
const CHECK_INTERVAL = 1_000;
const GRACE = 5_000;

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
  return handlerOf(api, () => {});
}

function handlerOf(api: HttpApi, onWatch: (response: ServerResponse) => void): NodeHandler {
  const listener = getRequestListener(
    async (request, { outgoing }) => {
      const answer = await api.fetch(request);
      if (answer.headers.get('content-type') === 'text/event-stream') onWatch(outgoing as ServerResponse);
      return answer;
    },
    { overrideGlobalObjects: false },
  );
  return (request, response, next) => {
    const isOurs = request.url?.startsWith(`${api.basePath}/`) ?? false;
    if (next && !isOurs) return next();
    void listener(request, response);
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
  const watches = new Set<ServerResponse>();
  const handler = handlerOf(api, (response) => {
    watches.add(response);
    response.on('close', () => watches.delete(response));
  });
  const limits = { maxHeaderSize: MAX_HEADER_BYTES, headersTimeout: HEADERS_TIMEOUT, requestTimeout: REQUEST_TIMEOUT };
  const server = createServer({ ...limits, connectionsCheckingInterval: CHECK_INTERVAL }, (request, response) => {
    // Its connection is kept alive for others, who do not come any more once the server is closed.
    response.on('close', () => server.listening || setImmediate(() => server.closeIdleConnections()));
    handler(request, response);
  });
  server.maxConnections = maxConnections;
  await listening(server, port, hostname);
  const { port: given } = server.address() as AddressInfo;
  const close = once(() => closed(server, watches));
  return {
    url: `http://${hostname.includes(':') ? `[${hostname}]` : hostname}:${given}`,
    port: given,
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** Whether only this machine can reach an address. */
export function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '::1' || /^127(?:\.\d{1,3}){3}$/.test(hostname);
}

function listening(server: Server, port: number, hostname: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (cause: Error): void =>
      reject(new ConfigError(`The HTTP API cannot listen on ${hostname}:${port}: ${cause.message}`, { cause }));
    try {
      server.once('error', fail).listen(port, hostname, () => {
        server.off('error', fail);
        resolve();
      });
    } catch (error) {
      fail(error as Error); // a port that is none
    }
  });
}

function closed(server: Server, watches: ReadonlySet<ServerResponse>): Promise<void> {
  return new Promise((resolve) => {
    const force = setTimeout(() => server.closeAllConnections(), GRACE);
    server.close(() => {
      clearTimeout(force);
      resolve();
    });
    for (const response of watches) response.destroy();
    server.closeIdleConnections();
  });
}

function once(run: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined;
  return () => (running ??= run());
}
