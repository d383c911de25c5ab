import type { Logger } from '../engine/ports.js';
import { connectSession } from './connect.js';
import { consoleLogger } from './console-logger.js';
import { checkOptions, openOn, sessionOptions, type OpenOptions } from './hub-opening.js';
import { keepRunning } from './keep-running.js';
import type { TaskHub, TaskHubOptions } from './task-hub.js';
import type { Session } from './session.js';
import type { EmbeddedServer } from './server/embedded-server.js';

type ConnectOptions = OpenOptions & Pick<TaskHubOptions, 'servers' | 'folder' | 'credentials' | 'tls'>;

/** Connects as `connectTaskHub`, also for whoever has more to ask of the hub: what is public must not lead to types of `nats`. */
export async function openTaskHub(options: ConnectOptions): Promise<TaskHub> {
  checkOptions(options);
  const logger = options.logger ?? consoleLogger();
  const server = await serverFor(options);
  try {
    return await open(options, logger, server);
  } catch (error) {
    await server?.stop();
    throw error;
  }
}

/** The embedded server, unless another one is given; `process.env['NATS_URL']` may be set to nothing. */
export async function serverFor({ servers, folder }: ConnectOptions): Promise<EmbeddedServer | undefined> {
  if (servers !== undefined && servers !== '') return undefined;
  const { startEmbeddedServer } = await import('./server/embedded-server.js'); // with a server of their own, programs start faster without
  return startEmbeddedServer({ folder });
}

/** Connects for a hub, to the embedded server or to the one that is given. The embedded one knows no users. */
export function connectFor(
  options: ConnectOptions,
  logger: Logger,
  server: EmbeddedServer | undefined,
): Promise<Session> {
  const { servers = '', credentials, tls } = options;
  const place = server ? { servers: server.url } : { servers, credentials, tls };
  return connectSession({ ...place, ...sessionOptions(options, logger) });
}

async function open(options: ConnectOptions, logger: Logger, server: EmbeddedServer | undefined): Promise<TaskHub> {
  const began = performance.now();
  const session = await connectFor(options, logger, server);
  const hub = await openOn(session, options, logger, began, server);
  if (server) keepRunning(server, session, logger);
  return hub;
}
