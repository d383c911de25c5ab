import type { HubPorts, Logger } from '../engine/ports.js';
import { ConfigError, ServerUnavailableError } from '../errors.js';
import { checkHubName } from '../wire/checks.js';
import { subjectsOf } from '../wire/subjects.js';
import { connectSession } from './connect.js';
import { consoleLogger } from './console-logger.js';
import { openHub, type HubOptions, type NatsHub } from './hub.js';
import { keepRunning } from './keep-running.js';
import { natsHubPorts } from './hub-ports.js';
import { startEmbeddedServer, type EmbeddedServer } from './server/embedded-server.js';
import type { Session } from './session.js';

/** Which task hub to connect to, and where. */
export interface TaskHubOptions {
  /** The task hub's name: 1 to 64 letters, digits, `_` or `-`. It is created when it does not exist. */
  readonly name: string;
  /**
   * Addresses such as `nats://localhost:4222` or `tls://user:password@host`, several in an array or separated by
   * commas; the credentials are those of the first. Default, also for an empty text: an embedded nats-server, shared by
   * all processes that use the same folder.
   */
  readonly servers?: string | readonly string[] | undefined;
  /**
   * Where the embedded server keeps its data. Default: `.perdure` beside the nearest package.json above the working
   * directory. Of no effect with `servers`.
   */
  readonly folder?: string | undefined;
  /** 1 to 1024, fixed for ever when the hub is created. Default: 8, or what the hub has. */
  readonly partitions?: number | undefined;
  /** Copies of each stream when the hub is created: 1, 3 or 5. Default 1. */
  readonly replicas?: number | undefined;
  /**
   * Values whose JSON has more bytes of UTF-8 than this go to the hub's object store, and only a reference travels in
   * messages: 1,024 to 262,144. Default 262,144 (256 KiB), less when the server takes only small messages. Workers and
   * clients of a hub may differ.
   */
  readonly maxInlineValueBytes?: number | undefined;
  /**
   * The largest value, in bytes of UTF-8 of its JSON: 1,024 to 268,435,456 (256 MiB). Larger ones are refused with
   * PayloadTooLargeError. A value is in memory as a whole, several times. Default 16,777,216 (16 MiB).
   */
  readonly maxValueBytes?: number | undefined;
  /**
   * How long to wait until a server has opened the hub, in milliseconds. Default: for ever, with a line in the log each
   * 5 s. The start of an embedded server has its own limit.
   */
  readonly timeoutInMilliseconds?: number | undefined;
  /** Where to tell what happens. Default: warnings and errors on the standard error; PERDURE_LOG sets the level. */
  readonly logger?: Logger | undefined;
}

/**
 * Connects to a task hub, creating it when it does not exist; without `servers`, to one on an embedded nats-server. The
 * connection restores itself for ever.
 *
 * @example
 * ```ts
 * import { connectTaskHub } from 'perdure';
 *
 * await using hub = await connectTaskHub({ name: 'bank', servers: 'nats://localhost:4222' });
 * console.log(`Connected to ${hub.name} at ${hub.url}`);
 * ```
 *
 * @throws {InvalidHubError} for a name that is none
 * @throws {ConfigError} for an option that cannot work, other partitions than the hub has, and a server without
 * JetStream
 * @throws {AuthFailedError} when the server refuses the credentials
 * @throws {PermissionDeniedError} when it does not allow what is needed
 * @throws {ServerTooOldError} when the server is older than 2.12
 * @throws {ServerUnavailableError} when no server answered in `timeoutInMilliseconds`, or the embedded one does not
 * start
 * @throws {NatsServerMissingError} when no nats-server for embedding was found or could be fetched
 * @throws {StreamMismatchError} when a stream exists with other settings
 * @throws {StorageRegressedError} when a stream of the hub is gone or was created anew
 * @throws {VersionTooNewError} when a newer version created the hub
 * @throws {CorruptHistoryError} when the hub's record cannot be read
 */
export function connectTaskHub(options: TaskHubOptions): Promise<TaskHub> {
  return connectTo(options);
}

/** The same for people who look at a hub: one that does not exist is not created, but refused with ConfigError. */
export function connectExistingTaskHub(options: Omit<TaskHubOptions, 'partitions' | 'replicas'>): Promise<TaskHub> {
  return connectTo({ ...options, mustExist: true });
}

type ConnectOptions = TaskHubOptions &
  Pick<HubOptions, 'mustExist' | 'damaged'> & { readonly opened?: ((hub: NatsHub) => void) | undefined };

/** The same for whoever has more to ask of the hub. */
export async function connectTo(options: ConnectOptions): Promise<TaskHub> {
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
function checkOptions({ name, timeoutInMilliseconds = Infinity }: Partial<TaskHubOptions> = {}): void {
  checkHubName(name);
  if (!(timeoutInMilliseconds >= 0))
    throw new ConfigError(`timeoutInMilliseconds: must be 0 or more, not ${timeoutInMilliseconds}`);
}

/** `process.env['NATS_URL']` may be set to nothing. */
function isGiven(servers: TaskHubOptions['servers']): servers is string | readonly string[] {
  return servers !== undefined && servers !== '';
}

async function open(
  options: ConnectOptions,
  servers: string | readonly string[],
  logger: Logger,
  server: EmbeddedServer | undefined,
): Promise<TaskHub> {
  const { name, timeoutInMilliseconds } = options;
  const { inboxPrefix } = subjectsOf(name);
  const began = performance.now();
  const session = await connectSession({
    servers,
    name: `perdure ${name}`,
    inboxPrefix,
    timeoutInMilliseconds,
    logger,
  });
  try {
    const left = (timeoutInMilliseconds ?? Infinity) - (performance.now() - began);
    const hub = await inTime(whileAllowed(session, openHub(session, options)), left, session.where);
    options.opened?.(hub);
    if (server) keepRunning(server, session, logger);
    return new TaskHub(natsHubPorts(hub, logger), session, server);
  } catch (error) {
    await session.close();
    throw error;
  }
}

/** What a timer can be set to; beyond it, it would fire at once. */
const LONGEST_TIMER = 2 ** 31 - 1;

/** What the server refuses for want of permissions it refuses again: then it is not opened. */
function whileAllowed<T>(session: Session, opening: Promise<T>): Promise<T> {
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

// The public types must not lead to those of `nats`, which do not compile in every project.
interface Connection {
  readonly where: string;
  drain(): Promise<void>;
}

interface Server {
  readonly url: string;
  stop(): Promise<void>;
}

/**
 * A connection to a task hub: what workers and clients are built on. Several may share it.
 *
 * @example
 * ```ts
 * import { connectTaskHub, TaskHubClient } from 'perdure';
 *
 * const hub = await connectTaskHub({ name: 'bank' });
 * const client = new TaskHubClient(hub);
 * console.log(await client.readEntityState('account', 'alice'));
 * await client.close();
 * await hub.close(); // last: it takes the connection from all that share it
 * ```
 */
export class TaskHub implements AsyncDisposable {
  /**
   * What workers and clients build on. No part of the public interface; it changes without notice.
   *
   * @internal
   */
  readonly ports: HubPorts;
  readonly #session: Connection;
  readonly #server: Server | undefined;
  #closing: Promise<void> | undefined;

  /** Internal: use `connectTaskHub`. */
  constructor(ports: HubPorts, session: Connection, server: Server | undefined) {
    this.ports = ports;
    this.#session = session;
    this.#server = server;
  }

  /** The task hub's name. */
  get name(): string {
    return this.ports.name;
  }

  /** The server's address, without secrets. With an embedded server other programs can connect there as well. */
  get url(): string {
    return this.#server?.url ?? this.#session.where;
  }

  /**
   * Closes the connection after what was published has left, and stops the embedded server if this process started it.
   * Stop workers and close clients before it: what they still wait for rejects with ClosedError. Calling it again gives
   * the same promise.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** As `close`, at the end of the block of an `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    await this.#session.drain();
    await this.#server?.stop();
  }
}
