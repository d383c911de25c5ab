import type { ConnectionOptions, NatsConnection } from 'nats';
import type { Logger } from '../engine/ports.js';
import { AuthFailedError, ConfigError, ServerTooOldError, ServerUnavailableError } from '../errors.js';
import { floorVersion, isAtLeast } from './server/versions.js';
import { isNatsError } from './nats-error.js';
import { isLogin, type ServerAddresses } from './servers.js';
import { Session } from './session.js';

/** The level of the JetStream API that the oldest server speaks. */
const API_LEVEL = 2;

/** How often a wait for the server is logged, and the pause between two attempts, in milliseconds. */
const LOG_INTERVAL = 5_000;
const ATTEMPT_INTERVAL = 250;

/** How to talk to the server. */
export interface SessionOptions {
  /** Shown by the server's monitoring. Default `perdure`. */
  readonly name?: string | undefined;
  /** Where replies arrive, so that permissions can be told apart. Default `_INBOX`. */
  readonly inboxPrefix?: string | undefined;
  /** How long to wait for a server, in milliseconds. Default: for ever. */
  readonly timeoutInMilliseconds?: number | undefined;
  readonly logger: Logger;
}

/** Connects to a server, by a transport. */
export type Dial = (options: ConnectionOptions) => Promise<NatsConnection>;

/**
 * Connects to a NATS server and checks that it can hold a task hub. Waits for a server that does not answer, with a log
 * line each 5 s. Throws ConfigError, AuthFailedError, PermissionDeniedError, ServerTooOldError, and ServerUnavailableError after
 * the given time.
 */
export async function openSession(addresses: ServerAddresses, dial: Dial, options: SessionOptions): Promise<Session> {
  const { inboxPrefix = '_INBOX', name = 'perdure', logger } = options;
  const patience = new Patience(addresses.where, options);
  const connection = await dialed(addresses, dial, { ...CLIENT_OPTIONS, name, inboxPrefix }, patience);
  const session = new Session(connection, addresses.where, inboxPrefix, logger);
  try {
    await checkServer(connection, session, patience);
    return session;
  } catch (error) {
    await session.close();
    throw error;
  }
}

async function dialed(
  addresses: ServerAddresses,
  dial: Dial,
  options: ConnectionOptions,
  patience: Patience,
): Promise<NatsConnection> {
  for (;;) {
    try {
      return await dial({ ...addresses.options, ...options });
    } catch (error) {
      await patience.wait(refuseFatal(error, addresses), error);
    }
  }
}

/** Waits between attempts, says so from time to time, and ends when the given time is over. */
class Patience {
  readonly #where: string;
  readonly #limit: number;
  readonly #logger: Logger;
  readonly #began = performance.now();
  #logged = this.#began;

  constructor(where: string, { timeoutInMilliseconds = Infinity, logger }: SessionOptions) {
    this.#where = where;
    this.#limit = timeoutInMilliseconds;
    this.#logger = logger;
  }

  async wait(reason: string, cause?: unknown): Promise<void> {
    const now = performance.now();
    if (now - this.#began >= this.#limit)
      throw new ServerUnavailableError(
        `No NATS server answered at ${this.#where} within ${this.#limit} ms (${reason}). Start one, or correct the address.`,
        { cause },
      );
    if (now - this.#logged >= LOG_INTERVAL) {
      this.#logged = now;
      this.#logger.warn(`Waiting for a NATS server at ${this.#where} (${reason})`, { instance: this.#where });
    }
    const pause = Math.min(ATTEMPT_INTERVAL, this.#began + this.#limit - now);
    await new Promise((resolve) => {
      setTimeout(resolve, pause);
    });
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
  const code = isNatsError(error) ? error.code : '';
  if (isNatsError(error) && error.isAuthError()) {
    const given = isLogin(options) ? 'the given credentials' : 'a connection without credentials';
    throw new AuthFailedError(`The NATS server at ${where} refused ${given} (${code}).`);
  }
  if (isAboutCertificate(error))
    throw new ConfigError(
      `tls: the certificate of ${where} is not trusted, or it does not trust the given one: ${error.message}`,
      { cause: error },
    );
  if (code === 'BAD_OPTIONS' || code === 'INVALID_OPTION' || String(error.message).includes('TLS'))
    throw new ConfigError(`servers: cannot connect to ${where}: ${error.message}`, { cause: error });
  return code || error.message;
}

/** As Node.js and OpenSSL name it; whoever waits meets the same certificate again. */
function isAboutCertificate({ code = '' }: NodeJS.ErrnoException): boolean {
  return /^ERR_TLS_|CERT|VERIFY|ALTNAME|ISSUER|^ERR_SSL_.*ALERT/.test(code);
}

async function checkServer(connection: NatsConnection, session: Session, patience: Patience): Promise<void> {
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
    if (session.denial) throw session.denial;
    if (jetstream !== true)
      throw new ConfigError(
        `JetStream is not enabled at ${where}. Start nats-server with -js, or set "jetstream" in its configuration.`,
      );
    // A cluster is silent while it has no leader.
    await patience.wait('JetStream does not answer');
  }
}
