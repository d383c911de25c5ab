import { codedHubPorts } from './coded-ports.js';
import type { Logger } from '../engine/ports.js';
import { ConfigError, ServerUnavailableError } from '../errors.js';
import { checkHubName } from '../wire/checks.js';
import { subjectsOf } from '../wire/subjects.js';
import { connectSession } from './connect.js';
import { consoleLogger } from './console-logger.js';
import { openHub, type HubOptions, type NatsHub } from './hub.js';
import { keepRunning } from './keep-running.js';
import { natsHubPorts } from './hub-ports.js';
import { TaskHub, type TaskHubOptions } from './task-hub.js';
import { startEmbeddedServer, type EmbeddedServer } from './server/embedded-server.js';
import type { Session } from './session.js';

type ConnectOptions = TaskHubOptions &
  Pick<HubOptions, 'mustExist' | 'damaged'> & { readonly opened?: ((hub: NatsHub) => void) | undefined };

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

/** Before anything is started or connected. */
export function checkOptions({ name, timeoutInMilliseconds = Infinity }: Partial<TaskHubOptions> = {}): void {
  checkHubName(name);
  if (!(timeoutInMilliseconds >= 0))
    throw new ConfigError(`timeoutInMilliseconds: must be 0 or more, not ${timeoutInMilliseconds}`);
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
  try {
    const left = (timeoutInMilliseconds ?? Infinity) - (performance.now() - began);
    const hub = await inTime(whileAllowed(session, openHub(session, options)), left, session.where);
    options.opened?.(hub);
    if (server) keepRunning(server, session, logger);
    const ports = natsHubPorts(hub, logger);
    const { payloadCodec } = options;
    return new TaskHub(payloadCodec ? codedHubPorts(ports, payloadCodec) : ports, session, server);
  } catch (error) {
    await session.close();
    throw error;
  }
}

/** What a timer can be set to; beyond it, it would fire at once. */
const LONGEST_TIMER = 2 ** 31 - 1;

/** What the server refuses for want of permissions it refuses again: then it is not opened. */
export function whileAllowed<T>(session: Session, opening: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const endListening = session.listen({ onDenied: reject });
    opening.then(resolve, reject).finally(endListening);
  });
}

/** The server answers, but does not do what is asked of it: its log, and this one's, say why. */
function inTime<T>(opening: Promise<T>, milliseconds: number, where: string): Promise<T> {
  if (milliseconds > LONGEST_TIMER) return opening;
  return new Promise((resolve, reject) => {
    const late = (): void =>
      reject(
        new ServerUnavailableError(
          `The NATS server at ${where} could not open the task hub in the given time. The errors logged before say what it ` +
            'refused, such as storage that is full.',
        ),
      );
    const timer = setTimeout(late, Math.max(0, milliseconds));
    opening.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
