import type { Logger } from '../engine/ports.js';
import { ConfigError, ServerUnavailableError } from '../errors.js';
import { checkHubName } from '../wire/checks.js';
import { subjectsOf } from '../wire/subjects.js';
import { codedHubPorts } from './coded-ports.js';
import { openHub, type HubOptions, type NatsHub } from './hub.js';
import { natsHubPorts } from './hub-ports.js';
import { payloadOverhead } from './payload-codec.js';
import type { Session } from './session.js';
import type { SessionOptions } from './session-opening.js';
import { TaskHub, type TaskHubOptions } from './task-hub.js';

/** How a hub is opened once its server is reached. */
export type OpenOptions = Omit<TaskHubOptions, 'servers' | 'folder' | 'credentials' | 'tls'> &
  Pick<HubOptions, 'mustExist' | 'damaged'> & {
    /** Is told of the hub, and of the server that runs for it. */
    readonly opened?: ((hub: NatsHub, server: OwnServer) => void) | undefined;
  };

type OwnServer = ConstructorParameters<typeof TaskHub>[2];

/** Before anything is started or connected. Throws InvalidHubError and ConfigError. */
export function checkOptions({
  name,
  timeoutInMilliseconds = Infinity,
  payloadCodec,
}: Partial<OpenOptions> = {}): void {
  checkHubName(name);
  if (payloadCodec) payloadOverhead(payloadCodec);
  if (!(timeoutInMilliseconds >= 0))
    throw new ConfigError(`timeoutInMilliseconds: must be 0 or more, not ${timeoutInMilliseconds}`);
}

/** How a session for a hub is opened. */
export function sessionOptions({ name, timeoutInMilliseconds }: OpenOptions, logger: Logger): SessionOptions {
  const { inboxPrefix } = subjectsOf(name);
  return { name: `perdure ${name}`, inboxPrefix, timeoutInMilliseconds, logger };
}

/** Opens a hub over a session, which is closed when that fails, within what is left of the time. */
export async function openOn(
  session: Session,
  options: OpenOptions,
  logger: Logger,
  began: number,
  server?: OwnServer,
): Promise<TaskHub> {
  try {
    const hub = await inTime(session, options, began, openHub(session, options));
    options.opened?.(hub, server);
    const ports = natsHubPorts(hub, logger);
    const { payloadCodec } = options;
    return new TaskHub(payloadCodec ? codedHubPorts(ports, payloadCodec) : ports, session, server);
  } catch (error) {
    await session.close();
    throw error;
  }
}

/** What the server refuses for want of permissions it refuses again: then it is not opened. */
function whileAllowed<T>(session: Session, opening: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const endListening = session.listen({ onDenied: reject });
    opening.then(resolve, reject).finally(endListening);
  });
}

/** What a timer can be set to; beyond it, it would fire at once. */
const LONGEST_TIMER = 2 ** 31 - 1;

/**
 * What is asked of the server, within what is left of the time and unless that is not allowed. A server that answers, but does
 * not do what is asked of it, says in its log why, as this one's does.
 */
export function inTime<T>(
  session: Session,
  { timeoutInMilliseconds = Infinity }: Pick<OpenOptions, 'timeoutInMilliseconds'>,
  began: number,
  asked: Promise<T>,
): Promise<T> {
  const { where } = session;
  const opening = whileAllowed(session, asked);
  const milliseconds = timeoutInMilliseconds - (performance.now() - began);
  if (milliseconds > LONGEST_TIMER) return opening;
  return new Promise((resolve, reject) => {
    const late = (): void =>
      reject(
        new ServerUnavailableError(
          `The NATS server at ${where} did not do what the task hub needs in the given time. The errors logged before say what ` +
            'it refused, such as storage that is full.',
        ),
      );
    const timer = setTimeout(late, Math.max(0, milliseconds));
    opening.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
