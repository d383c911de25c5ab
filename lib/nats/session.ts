import type { NatsConnection, Status } from 'nats';
import type { Logger, Subscription } from '../engine/ports.js';
import { ClosedError, PermissionDeniedError } from '../errors.js';
import { ServerClock } from './clock.js';
import { connectionEnd } from './connection-end.js';
import { Outbox } from './outbox.js';
import { Requests } from './requests.js';
import { subscribeForGood } from './subscribe-for-good.js';
import { Turn } from './turn.js';

/** Room for the headers of a message, in bytes. */
const HEADER_ROOM = 1024;

/** A refusal that comes again is logged once in so many milliseconds; so many different ones are remembered. */
const TOLD_AGAIN = 5_000;
const MOST_TOLD = 1_000;

/** How long a closing connection waits for the server to have read everything, in milliseconds. */
const FLUSH_DEADLINE = 1500;

/** One connection to a NATS server, with what Perdure needs to know of it. Reconnects by itself, for ever. */
export class Session {
  readonly clock: ServerClock;
  readonly requests: Requests;
  /** Resolves when the connection is closed for good, with the reason unless `close` was called. */
  readonly closed: Promise<ClosedError | undefined>;
  readonly #connection: NatsConnection;
  readonly #outbox: Outbox;
  readonly #listeners = new Set<ConnectionListener>();
  /** When each refusal was logged last. */
  readonly #toldAt = new Map<string, number>();
  /** When something was refused last for want of permissions, by its subject. */
  readonly #deniedAt = new Map<string, number>();
  #denial: PermissionDeniedError | undefined;
  /** Requests that are tried to see whether they are allowed, by their subjects. */
  readonly #tried = new Map<string, () => void>();
  #waiting: { resolve: () => void; reject: (error: Error) => void }[] = [];
  #state: 'connected' | 'disconnected' | 'closed' = 'connected';
  /** Why it is closed, unless `close` was called. */
  #end: ClosedError | undefined;

  constructor(
    connection: NatsConnection,
    /** The server's address for people, without secrets. */
    readonly where: string,
    readonly inboxPrefix: string,
    readonly logger: Logger,
  ) {
    this.#connection = connection;
    const turn = new Turn();
    this.clock = new ServerClock(turn);
    this.#outbox = new Outbox(connection, turn);
    this.requests = new Requests(connection, this.#outbox, inboxPrefix);
    this.closed = connection.closed().then((reason) => {
      this.#onClose(reason ? connectionEnd(reason, where) : undefined);
      return this.#end;
    });
    void this.#followStatus();
  }

  /** The largest message body that can be stored, in bytes, as the server says that it is connected to. */
  get maxBodyBytes(): number {
    return (this.#connection.info?.max_payload ?? 1_048_576) - HEADER_ROOM;
  }

  /** The version of the server that it is connected to, as that says; an empty text: not known. */
  get serverVersion(): string {
    return this.#connection.info?.version ?? '';
  }

  get isConnected(): boolean {
    return this.#state === 'connected';
  }

  /** Whether it is closed for good. */
  get isClosed(): boolean {
    return this.#state === 'closed';
  }

  /** Resolves once connected; rejects with ClosedError once closed. */
  whenConnected(): Promise<void> {
    if (this.#state === 'connected') return Promise.resolve();
    if (this.#state === 'closed') return Promise.reject(this.#closedError());
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }

  /** The first thing that was refused for want of permissions. */
  get denial(): PermissionDeniedError | undefined {
    return this.#denial;
  }

  /** Whether something that was published on a subject since a moment, by the platform's own clock, was refused so. */
  denialOf(subject: string, since: number): PermissionDeniedError | undefined {
    const isDenied = (this.#deniedAt.get(subject) ?? -Infinity) >= since;
    return isDenied ? new PermissionDeniedError('publish', subject, this.where) : undefined;
  }

  /**
   * Whether a request may be made, which must change nothing: what is refused is no error then. Undefined: nobody answered.
   * Rejects with ClosedError.
   */
  async isAllowed(subject: string, body: Uint8Array): Promise<boolean | undefined> {
    const denied = new Promise<false>((resolve) => this.#tried.set(subject, () => resolve(false)));
    const answered = this.requests.send(subject, body).then((reply) => (reply ? true : undefined));
    try {
      return await Promise.race([denied, answered]);
    } finally {
      this.#tried.delete(subject);
      answered.catch(() => {}); // its connection was closed behind the refusal
    }
  }

  /** Tells of the connection's ups and downs; the result ends it. */
  listen(listener: ConnectionListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Core NATS, at most once: dropped while disconnected. */
  publish(subject: string, body: Uint8Array, reply?: string): void {
    if (!this.isConnected) return;
    const onRefused = (error: unknown): void =>
      this.logger.error(`Nothing was published on ${subject}: ${String(error)}`, { instance: this.where });
    this.#outbox.publish({ subject, body, reply, onRefused });
  }

  /** Core NATS; survives reconnects, and permissions that are taken away and given back. Throws ClosedError. */
  subscribe(subject: string, onMessage: (message: ReceivedMessage) => void): Subscription {
    if (this.#state === 'closed') throw this.#closedError();
    return subscribeForGood(this.#connection, subject, (message) => this.#deliver(subject, message, onMessage));
  }

  async close(): Promise<void> {
    this.#onClose();
    await this.#connection.close();
  }

  /** Closes it after the server has read what was published; while disconnected there is nothing to wait for. */
  async drain(): Promise<void> {
    this.#outbox.flush();
    if (this.isConnected) await within(FLUSH_DEADLINE, this.#connection.flush());
    await this.close();
  }

  /** From now on it reconnects to this address and no other: the server it knew has moved. */
  redirect(url: string): void {
    const { servers } = (this.#connection as unknown as ConnectionInternals).protocol;
    const { host } = new URL(url);
    if (servers.getCurrentServer().toString() === host) return;
    servers.clear();
    servers.addServer(host, false);
  }

  /** An error thrown into the client library would cost the connection. */
  #deliver(subject: string, message: ReceivedMessage, onMessage: (message: ReceivedMessage) => void): void {
    try {
      onMessage(message);
    } catch (error) {
      this.logger.error(`A listener on ${subject} failed: ${String(error)}`, { instance: this.where });
    }
  }

  async #followStatus(): Promise<void> {
    for await (const status of this.#connection.status()) {
      const type: string = status.type;
      if (type === 'disconnect') this.#onDisconnect();
      else if (type === 'reconnect') this.#onReconnect();
      else if (type === 'error') {
        const tried = status.permissionContext && this.#tried.get(status.permissionContext.subject);
        if (tried) {
          tried();
          continue;
        }
        if (status.permissionContext) this.#onDenied(status.permissionContext);
        this.#onRefusal(refusalText(status));
      }
    }
  }

  #onDenied({ operation, subject }: { readonly operation: string; readonly subject: string }): void {
    const isPublish = operation === 'publish';
    if (isPublish) {
      if (this.#deniedAt.size === MOST_TOLD) this.#deniedAt.clear();
      this.#deniedAt.set(subject, performance.now());
    }
    const denial = new PermissionDeniedError(isPublish ? 'publish' : 'subscription', subject, this.where);
    this.#denial ??= denial;
    for (const listener of this.#listeners) listener.onDenied?.(denial);
  }

  /** What is refused is tried again and again: it is told once in a while. */
  #onRefusal(text: string): void {
    const now = performance.now();
    if (now - (this.#toldAt.get(text) ?? -Infinity) < TOLD_AGAIN) return;
    if (this.#toldAt.size === MOST_TOLD) this.#toldAt.clear();
    this.#toldAt.set(text, now);
    this.logger.error(`The server refused something: ${text}`, { instance: this.where });
  }

  #onDisconnect(): void {
    if (this.#state !== 'connected') return;
    this.#state = 'disconnected';
    this.logger.warn('Connection lost; reconnecting', { instance: this.where });
    this.#outbox.clear();
    this.requests.onDisconnect();
    for (const listener of this.#listeners) listener.onDisconnect?.();
  }

  #onReconnect(): void {
    if (this.#state !== 'disconnected') return;
    this.#state = 'connected';
    this.logger.info('Connected again', { instance: this.where });
    this.requests.onReconnect();
    for (const listener of this.#listeners) listener.onReconnect?.();
    for (const { resolve } of this.#waiting.splice(0)) resolve();
  }

  #onClose(end?: ClosedError): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#end = end;
    this.requests.close(end);
    for (const { reject } of this.#waiting.splice(0)) reject(this.#closedError());
  }

  #closedError(): ClosedError {
    return this.#end ?? new ClosedError(`The connection to ${this.where} is closed`);
  }
}

/** What the server refused: with permissions, of which subject. */
function refusalText({ data, permissionContext }: Status): string {
  if (!permissionContext) return JSON.stringify(data);
  return `${permissionContext.operation} on ${permissionContext.subject} (${JSON.stringify(data)})`;
}

/** The client library has no way of its own to be told that a server has moved. Its version is pinned. */
interface ConnectionInternals {
  readonly protocol: {
    readonly servers: {
      getCurrentServer(): { toString(): string };
      clear(): void;
      addServer(address: string, gossiped: boolean): void;
    };
  };
}

/** Resolves when the promise settles, at the latest after a time: a flush fails only with the connection. */
function within(milliseconds: number, promise: Promise<void>): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    const settled = (): void => {
      clearTimeout(timer);
      resolve();
    };
    promise.then(settled, settled);
  });
}

/** Who wants to know of the connection's ups and downs. */
export interface ConnectionListener {
  readonly onDisconnect?: (() => void) | undefined;
  readonly onReconnect?: (() => void) | undefined;
  /** The server has refused something for want of permissions. */
  readonly onDenied?: ((denial: PermissionDeniedError) => void) | undefined;
}

/** A message as the client library hands it over. */
export interface ReceivedMessage {
  readonly subject: string;
  readonly data: Uint8Array;
  readonly reply?: string | undefined;
  readonly headers?: { readonly code: number; readonly description: string; get(name: string): string } | undefined;
}
