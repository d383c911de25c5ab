import type { Logger } from '../engine/ports.js';
import { ConfigError, ServerUnavailableError } from '../errors.js';
import { checkHubName } from '../wire/checks.js';
import { codedHubPorts } from './coded-ports.js';
import { openHub, type HubOptions, type NatsHub } from './hub.js';
import { natsHubPorts } from './hub-ports.js';
import { payloadOverhead } from './payload-codec.js';
import type { Session } from './session.js';
import { TaskHub, type TaskHubOptions } from './task-hub.js';

/** How a hub is opened once its server is reached. */
export type OpenOptions = Omit<TaskHubOptions, 'servers' | 'folder'> &
  Pick<HubOptions, 'mustExist' | 'damaged'> & { readonly opened?: ((hub: NatsHub) => void) | undefined };

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

/** Opens a hub over a session, which is closed when that fails, within what is left of the time. */
export async function openOn(
  session: Session,
  options: OpenOptions,
  logger: Logger,
  began: number,
  server?: ConstructorParameters<typeof TaskHub>[2],
): Promise<TaskHub> {
  const { timeoutInMilliseconds } = options;
  try {
    const left = (timeoutInMilliseconds ?? Infinity) - (performance.now() - began);
    const hub = await inTime(whileAllowed(session, openHub(session, options)), left, session.where);
    options.opened?.(hub);
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
