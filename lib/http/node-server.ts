import { createServer, type RequestListener, type Server, type ServerOptions, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import { ConfigError } from '../errors.js';

/** Answers a request. */
export type Answer = (request: Request) => Response | Promise<Response>;

/** An API that listens. */
export interface HttpApiServer extends AsyncDisposable {
  /** Where, such as `http://127.0.0.1:7071`, without the base path. */
  readonly url: string;
  /** The port. */
  readonly port: number;
  /** Takes no more connections; what is asked already is answered first, for five seconds at most, and watches are ended. */
  close(): Promise<void>;
}

/** Where to listen. */
export interface ListenPlace {
  readonly port: number;
  readonly hostname: string;
  /** Who listens, in errors. */
  readonly name: string;
  /** Default: any number. */
  readonly maxConnections?: number;
  /** What requests may take. */
  readonly limits?: ServerOptions;
  /** Whether an answer goes on until somebody ends it: closing does. Default: none does. */
  readonly isEndless?: (response: Response) => boolean;
}

const GRACE = 5_000;

/** Answers requests of Node.js; `onAnswer` is told where each answer goes. */
export function listenerOf(
  answer: Answer,
  onAnswer: (response: Response, outgoing: ServerResponse) => void = () => {},
): RequestListener {
  const listener = getRequestListener(
    async (request, { outgoing }) => {
      const response = await answer(request);
      onAnswer(response, outgoing as ServerResponse);
      return response;
    },
    { overrideGlobalObjects: false },
  );
  return (request, response) => void listener(request, response);
}

/** Listens on a port. Throws ConfigError when it cannot. */
export async function listen(answer: Answer, place: ListenPlace): Promise<HttpApiServer> {
  const { hostname, maxConnections, limits = {}, isEndless = () => false } = place;
  const endless = new Set<ServerResponse>();
  const listener = listenerOf(answer, (response, outgoing) => {
    if (!isEndless(response)) return;
    endless.add(outgoing);
    outgoing.on('close', () => endless.delete(outgoing));
  });
  const server = createServer(limits, (request, response) => {
    // Its connection is kept alive for others, who do not come any more once the server is closed.
    response.on('close', () => server.listening || setImmediate(() => server.closeIdleConnections()));
    listener(request, response);
  });
  if (maxConnections !== undefined) server.maxConnections = maxConnections;
  await listening(server, place);
  const { port } = server.address() as AddressInfo;
  const close = once(() => closed(server, endless));
  return {
    url: `http://${hostname.includes(':') ? `[${hostname}]` : hostname}:${port}`,
    port,
    close,
    [Symbol.asyncDispose]: close,
  };
}

function listening(server: Server, { port, hostname, name }: ListenPlace): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (cause: Error): void =>
      reject(new ConfigError(`${name} cannot listen on ${hostname}:${port}: ${cause.message}`, { cause }));
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

function closed(server: Server, endless: ReadonlySet<ServerResponse>): Promise<void> {
  return new Promise((resolve) => {
    const force = setTimeout(() => server.closeAllConnections(), GRACE);
    server.close(() => {
      clearTimeout(force);
      resolve();
    });
    for (const outgoing of endless) outgoing.destroy();
    server.closeIdleConnections();
  });
}

function once(run: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined;
  return () => (running ??= run());
}
