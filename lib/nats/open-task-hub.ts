import type { Logger } from '../engine/ports.js';
import { subjectsOf } from '../wire/subjects.js';
import { connectSession } from './connect.js';
import { consoleLogger } from './console-logger.js';
import { checkOptions, openOn, type OpenOptions } from './hub-opening.js';
import { keepRunning } from './keep-running.js';
import type { TaskHub, TaskHubOptions } from './task-hub.js';
import { startEmbeddedServer, type EmbeddedServer } from './server/embedded-server.js';

type ConnectOptions = OpenOptions & Pick<TaskHubOptions, 'servers' | 'folder'>;

/** Connects as `connectTaskHub`, also for whoever has more to ask of the hub: what is public must not lead to types of `nats`. */
export async function openTaskHub(options: ConnectOptions): Promise<TaskHub> {
  checkOptions(options);
  const logger = options.logger ?? consoleLogger();
  if (isGiven(options.servers)) return open(options, options.servers, logger, undefined);
  const server = await startEmbeddedServer({ folder: options.folder });
  try {
    return await open(options, server.url, logger, server);
  } catch (error) {
    await server.stop();
    throw error;
  }
}

/** `process.env['NATS_URL']` may be set to nothing. */
export function isGiven(servers: TaskHubOptions['servers']): servers is string | readonly string[] {
  return servers !== undefined && servers !== '';
}

async function open(
  options: ConnectOptions,
  servers: string | readonly string[],
  logger: Logger,
  server: EmbeddedServer | undefined,
): Promise<TaskHub> {
  const { name, credentials, tls, timeoutInMilliseconds } = options;
  const { inboxPrefix } = subjectsOf(name);
  const began = performance.now();
  const session = await connectSession({
    servers,
    name: `perdure ${name}`,
    inboxPrefix,
    // The embedded server knows no users.
    ...(server ? {} : { credentials, tls }),
    timeoutInMilliseconds,
    logger,
  });
  const hub = await openOn(session, options, logger, began, server);
  if (server) keepRunning(server, session, logger);
  return hub;
}
