import type { HubPorts, Logger } from '../engine/ports.js';
import type { HubCredentials, HubTls } from './hub-credentials.js';
import type { PayloadCodec } from './payload-codec.js';

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
  /** Who connects: instead of what stands in an address. Of no effect without `servers`. */
  readonly credentials?: HubCredentials | undefined;
  /** Certificates of the connection. Of no effect without `servers`; `tls://` alone trusts the authorities that Node.js knows. */
  readonly tls?: HubTls | undefined;
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
   * Encodes users' values before they leave the process, for example to encrypt them: the same for all workers and clients of
   * the hub. Default: none.
   */
  readonly payloadCodec?: PayloadCodec | undefined;
  /**
   * How long to wait until a server has opened the hub, in milliseconds. Default: for ever, with a line in the log each
   * 5 s. The start of an embedded server has its own limit.
   */
  readonly timeoutInMilliseconds?: number | undefined;
  /** Where to tell what happens. Default: warnings and errors on the standard error; PERDURE_LOG sets the level. */
  readonly logger?: Logger | undefined;
}

// The public types must not lead to those of `nats`, which do not compile in every project.
interface Connection {
  readonly where: string;
  drain(): Promise<void>;
}

interface Server {
  readonly url: string;
  readonly monitorUrl: string;
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
