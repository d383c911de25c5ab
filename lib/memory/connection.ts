import { ClosedError, PayloadTooLargeError } from '../errors.js';
import type { HubStore } from '../engine/hub-store.js';
import type { Logger, MailSender, ObjectStore, PartitionPorts, TaskQueues } from '../engine/ports.js';
import { MemoryBus } from './bus.js';
import { MemoryClock } from './clock.js';
import type { PortCall } from './faults.js';
import type { MemoryHub } from './hub.js';
import { MemoryHubStore } from './hub-store.js';
import { MemoryLog } from './log.js';
import { MemoryMailbox, MemoryMailSender, MemorySender } from './mailbox.js';
import { MemoryObjectStore } from './object-store.js';
import { valueLimits, type ValueLimits } from '../wire/value-limits.js';
import type { SeededRandom } from './random.js';
import { MemoryStorage } from './storage.js';
import { MemoryTaskQueues } from './task-queues.js';
import { MemoryProcess } from './process.js';
import { MemoryViews } from './views.js';

/** How long a message takes from process to server or back, in virtual milliseconds. */
const ONE_WAY = 0.25;

/** After this many virtual milliseconds a call counts as unknown. */
const DEADLINE = 1500;

/** The largest message body, in bytes: that of a server with default settings, less room for headers. */
const MAX_BODY_BYTES = 1_048_576 - 1024;

/** The answer to a call; undefined when none came in time. */
export type Answer<T> = { readonly value: T } | undefined;

/** One process's connection to the twin's server. */
export class MemoryConnection {
  readonly clock = new MemoryClock(this);
  readonly bus = new MemoryBus(this);
  readonly store: HubStore = new MemoryHubStore(this);
  readonly objects: ObjectStore = new MemoryObjectStore(this);
  readonly tasks: TaskQueues = new MemoryTaskQueues(this);
  readonly random: SeededRandom;
  readonly maxBodyBytes = MAX_BODY_BYTES;
  readonly valueLimits: ValueLimits;
  /** The process that holds it. */
  readonly process: MemoryProcess;
  /** How much longer than others' each message to the server takes, and each from it, in virtual milliseconds. */
  distance = 0;
  /** Whether the server hands on no core messages to it, for want of permissions. */
  isDeaf = false;
  /** Where it is told what the server refuses it. */
  logger: Logger | undefined;
  #isClosed = false;
  readonly #pending = new Set<() => void>();
  #settleClosed: (reason: undefined) => void = () => {};
  /** Resolves once `close` was called. */
  readonly closed = new Promise<undefined>((resolve) => (this.#settleClosed = resolve));

  constructor(
    readonly hub: MemoryHub,
    readonly name: string,
  ) {
    this.random = hub.world.random.fork();
    this.process = new MemoryProcess(hub.world.scheduler);
    const { valueLimits: limits } = hub;
    this.valueLimits = 'inline' in limits ? limits : valueLimits(MAX_BODY_BYTES, limits);
  }

  /** The ports of one partition. */
  ports(partition: number, logger: Logger): PartitionPorts {
    return {
      log: new MemoryLog(this, partition),
      mailbox: new MemoryMailbox(this, partition, logger),
      views: new MemoryViews(this, partition),
      objects: this.objects,
      storage: new MemoryStorage(this, partition),
      bus: this.bus,
      clock: this.clock,
      random: this.random,
      logger,
      subjects: this.hub.subjects.partition(partition),
      mailOf: (other) => this.mailOf(other),
      deadLetters: new MemorySender(
        this,
        { partition, port: 'deadLetters', operation: 'send' },
        () => this.hub.deadLetters,
      ),
      maxBodyBytes: this.maxBodyBytes,
      valueLimits: this.valueLimits,
    };
  }

  /** Sends to a partition, as a client does. */
  mailOf(partition: number): MailSender {
    return new MemoryMailSender(this, partition);
  }

  /** Ends the connection: writes under way become unknown, everything later rejects with ClosedError. */
  close(): void {
    if (!this.isOpen) return;
    this.#isClosed = true;
    for (const giveUp of this.#pending) giveUp();
    this.#settleClosed(undefined);
  }

  /** The process dies: what it sent may still arrive, but nothing ever comes back to it, and no timer of it fires. */
  kill(): void {
    this.process.kill();
  }

  get isOpen(): boolean {
    return !this.#isClosed && !this.process.isDead;
  }

  /** Throws ClosedError once it is closed. */
  refuseClosed(): void {
    if (this.#isClosed) throw this.#closedError();
  }

  #closedError(): ClosedError {
    return new ClosedError(`Connection ${this.name} is closed`);
  }

  /** Runs something later in this process, unless it is closed or dead by then; the result cancels. */
  later(milliseconds: number, run: () => void): () => void {
    let isCancelled = false;
    const fire = (): void => {
      if (!isCancelled && this.isOpen) run();
    };
    const cancel = this.hub.world.scheduler.after(milliseconds, () => this.process.enter(fire, true));
    return () => {
      isCancelled = true; // a frozen process may have it waiting
      cancel();
    };
  }

  /**
   * A request that the server carries out at one instant; `stale`: as a deposed leader would; `onFull`: told that there is no
   * room for what it would store.
   */
  call<T>(
    call: Omit<PortCall, 'connection'>,
    actNow: () => T,
    stale = actNow,
    onFull?: () => void,
  ): Promise<Answer<T>> {
    if (this.process.isDead) return new Promise(() => {});
    if (this.#isClosed) return Promise.reject(this.#closedError());
    const { server, world } = this.hub;
    const fault = world.faults.next({ connection: this.name, ...call });
    const act = fault === 'stale' ? stale : actNow;
    if (fault === 'refused') this.#tellRefusal(call);
    return new Promise((resolve, reject) => {
      const end = (): void => {
        cancelDeadline();
        this.#pending.delete(giveUp);
      };
      const settle = (answer: Answer<T>): void => {
        end();
        resolve(answer);
      };
      const giveUp = (): void => settle(undefined);
      const cancelDeadline = world.scheduler.after(DEADLINE, () => this.process.enter(giveUp, true));
      this.#pending.add(giveUp);
      if (fault === 'requestLost' || fault === 'refused') return;
      const { delay = 0, answer = 0, again } = typeof fault === 'object' ? fault : {};
      const oneWay = ONE_WAY + this.distance;
      if (fault === 'tooLarge' || fault === 'full') {
        const refuse = (): void => {
          end();
          if (fault === 'tooLarge') return reject(tooLarge(call));
          onFull?.();
          resolve(undefined);
        };
        return server.request(
          () => {},
          { arrival: oneWay, answer: oneWay },
          () => this.process.enter(refuse),
        );
      }
      server.request(act, { arrival: oneWay + delay, answer: oneWay + answer }, (value) => {
        if (fault === 'responseLost') return;
        this.process.enter(() => {
          this.clock.synchronize();
          settle({ value });
        });
      });
      if (again !== undefined) server.request(act, { arrival: oneWay + delay + again, answer: oneWay }, () => {});
    });
  }

  /** As a real connection is told: of the subject, not of the request. */
  #tellRefusal({ port, operation, partition }: Omit<PortCall, 'connection'>): void {
    const what = `publish on ${port}.${operation} of ${partition < 0 ? 'the hub' : `partition ${partition}`}`;
    this.logger?.error(`The server refused something: ${what} ("PERMISSIONS_VIOLATION")`, { instance: this.name });
  }

  /** A read: asked again until it is answered. */
  async read<T>(call: Omit<PortCall, 'connection'>, act: () => T, stale = act): Promise<T> {
    for (;;) {
      const answer = await this.call(call, act, stale);
      if (answer) return answer.value;
    }
  }

  /** A message that nobody answers. */
  tell(call: Omit<PortCall, 'connection'>, act: () => void): void {
    if (!this.isOpen) return;
    const { server, world } = this.hub;
    const fault = world.faults.next({ connection: this.name, ...call });
    if (fault === 'refused') this.#tellRefusal(call);
    if (fault === 'requestLost' || fault === 'refused') return;
    const { delay = 0 } = typeof fault === 'object' ? fault : {};
    server.request(act, { arrival: ONE_WAY + this.distance + delay, answer: 0 }, () => {});
  }

  /** What the server pushes to this process, after a time in milliseconds. */
  deliver(run: () => void, after = ONE_WAY): void {
    const arrive = (): void => {
      if (this.isOpen) run();
    };
    this.hub.world.scheduler.after(after + this.distance, () => this.process.enter(arrive));
  }
}

function tooLarge({ port, operation, bytes = 0 }: Omit<PortCall, 'connection'>): PayloadTooLargeError {
  const what = `A message of ${port}.${operation}, whose stream has a limit of its own,`;
  return new PayloadTooLargeError(what, bytes, undefined);
}
