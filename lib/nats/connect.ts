import { connect, NatsError, type ConnectionOptions, type NatsConnection } from 'nats';
import type { Logger } from '../engine/ports.js';
import { AuthFailedError, ConfigError, ServerTooOldError, ServerUnavailableError } from '../errors.js';
import { floorVersion, isAtLeast } from './server/version.js';
import { parseServers, type ServerAddresses } from './servers.js';
import { Session } from './session.js';

/** The level of the JetStream API that the oldest server speaks. */
const API_LEVEL = 2;

/** How often a wait for the server is logged, and how long one attempt is followed by none, in milliseconds. */
const LOG_INTERVAL = 5_000;
const ATTEMPT_INTERVAL = 250;

/** How to reach the server. */
export interface ConnectOptions {
  /** Addresses such as `nats://localhost:4222`, several separated by commas; with user and password when needed. */
  readonly servers: string | readonly string[];
  /** Shown by the server's monitoring. Default `perdure`. */
  readonly name?: string | undefined;
  /** Where replies arrive, so that permissions can be told apart. Default `_INBOX`. */
  readonly inboxPrefix?: string | undefined;
  /** How long to wait for a server, in milliseconds. Default: for ever. */
  readonly timeoutInMilliseconds?: number | undefined;
  readonly logger: Logger;
}

/**
 * Connects to a NATS server and checks that it can hold a task hub. Waits for a server that does not answer, with a log
 * line each 5 s. Throws ConfigError, AuthFailedError, ServerTooOldError, and ServerUnavailableError after the given time.
 */
export async function connectSession(options: ConnectOptions): Promise<Session> {
  const addresses = parseServers(options.servers);
  const { inboxPrefix = '_INBOX', logger } = options;
  const connection = await dial(addresses, options, inboxPrefix);
  const session = new Session(connection, addresses.where, inboxPrefix, logger);
  try {
    await checkServer(connection, session);
    return session;
  } catch (error) {
    await session.close();
    throw error;
  }
}

async function dial(addresses: ServerAddresses, options: ConnectOptions, inboxPrefix: string): Promise<NatsConnection> {
  const { timeoutInMilliseconds = Infinity, logger, name = 'perdure' } = options;
  const began = performance.now();
  let logged = began;
  for (;;) {
    try {
      return await connect({ ...addresses.options, ...CLIENT_OPTIONS, name, inboxPrefix });
    } catch (error) {
      const reason = refuseFatal(error, addresses);
      const now = performance.now();
      if (now - began >= timeoutInMilliseconds)
        throw new ServerUnavailableError(
          `No NATS server answered at ${addresses.where} within ${timeoutInMilliseconds} ms (${reason}). ` +
            'Start one, or correct the address.',
          { cause: error },
        );
      if (now - logged >= LOG_INTERVAL) {
        logged = now;
        logger.warn(`Waiting for a NATS server at ${addresses.where} (${reason})`, { instance: addresses.where });
      }
      await delay(Math.min(ATTEMPT_INTERVAL, Math.max(0, began + timeoutInMilliseconds - now)));
    }
  }
}

/** Reconnects for ever, notices a dead link within 10 s, and never hangs in an attempt. */
const CLIENT_OPTIONS: ConnectionOptions = {
  maxReconnectAttempts: -1,
  reconnectTimeWait: 250,
  reconnectJitter: 250,
  timeout: 3_000,
  pingInterval: 5_000,
  maxPingOut: 2,
  noAsyncTraces: true,
};

/** What an attempt failed of, when waiting may help; otherwise throws. */
function refuseFatal(error: unknown, { where, options }: ServerAddresses): string {
  if (!(error instanceof Error)) throw error;
  const code = error instanceof NatsError ? error.code : '';
  if (error instanceof NatsError && error.isAuthError()) {
    const given = (options.user ?? options.token) ? 'the given credentials' : 'a connection without credentials';
    throw new AuthFailedError(`The NATS server at ${where} refused ${given} (${code}).`);
  }
  if (code === 'BAD_OPTIONS' || code === 'INVALID_OPTION' || error.message.includes('TLS'))
    throw new ConfigError(`servers: cannot connect to ${where}: ${error.message}`, { cause: error });
  return code || error.message;
}

async function checkServer(connection: NatsConnection, session: Session): Promise<void> {
  const { version = '0.0.0', jetstream } = connection.info ?? {};
  const { where } = session;
  if (!isAtLeast(version, floorVersion)) throw new ServerTooOldError(version, floorVersion, where);
  for (;;) {
    const reply = await session.requests.send('$JS.API.INFO', new Uint8Array());
    const info = reply?.json<{ error?: { description: string }; api?: { level?: number } }>();
    if (info?.error)
      throw new ConfigError(`JetStream is not enabled for this account at ${where}: ${info.error.description}`);
    if (info && (info.api?.level ?? 0) < API_LEVEL) throw new ServerTooOldError(version, floorVersion, where);
    if (info) return;
    // A cluster without a leader is silent for a while; a server that says it has no JetStream will not answer.
    if (jetstream !== true)
      throw new ConfigError(
        `JetStream is not enabled at ${where}. Start nats-server with -js, or set "jetstream" in its configuration.`,
      );
  }
}

function delay(milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
  });
}
