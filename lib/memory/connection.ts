import { ClosedError } from '../errors.js';
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
import { partitionSubjects } from '../wire/subjects.js';
import type { SeededRandom } from './random.js';
import { MemoryStorage } from './storage.js';
import { MemoryTaskQueues } from './task-queues.js';
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
  #state: 'open' | 'closed' | 'killed' = 'open';
  readonly #pending = new Set<() => void>();
  #settleClosed: (reason: undefined) => void = () => {};
  /** Resolves once `close` was called. */
  readonly closed = new Promise<undefined>((resolve) => (this.#settleClosed = resolve));

  constructor(
    readonly hub: MemoryHub,
    readonly name: string,
  ) {
    this.random = hub.world.random.fork();
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
      subjects: partitionSubjects(this.hub.name, partition),
      mailOf: (other) => this.mailOf(other),
      deadLetters: new MemorySender(
        this,
        { partition, port: 'deadLetters', operation: 'send' },
        () => this.hub.deadLetters,
      ),
      maxBodyBytes: this.maxBodyBytes,
    };
  }

  /** Sends to a partition, as a client does. */
  mailOf(partition: number): MailSender {
    return new MemoryMailSender(this, partition);
  }

  /** Ends the connection: writes under way become unknown, everything later rejects with ClosedError. */
  close(): void {
    if (this.#state !== 'open') return;
    this.#state = 'closed';
    for (const giveUp of this.#pending) giveUp();
    this.#settleClosed(undefined);
  }

  /** The process dies: what it sent may still arrive, but nothing ever comes back to it, and no timer of it fires. */
  kill(): void {
    this.#state = 'killed';
  }

  get isOpen(): boolean {
    return this.#state === 'open';
  }

  /** Runs something later in this process, unless it is closed or dead by then; the result cancels. */
  later(milliseconds: number, run: () => void): () => void {
    return this.hub.world.scheduler.after(milliseconds, () => {
      if (this.isOpen) run();
    });
  }

  /** A request that the server carries out at one instant. */
  call<T>(call: Omit<PortCall, 'connection'>, act: () => T): Promise<Answer<T>> {
    if (this.#state === 'closed') return Promise.reject(new ClosedError(`Connection ${this.name} is closed`));
    if (this.#state === 'killed') return new Promise(() => {});
    const { scheduler, faults } = this.hub.world;
    const fault = faults.next({ ...call, connection: this.name });
    return new Promise((resolve) => {
      const settle = (answer: Answer<T>): void => {
        cancelDeadline();
        this.#pending.delete(giveUp);
        if (this.#state !== 'killed') resolve(answer);
      };
      const giveUp = (): void => settle(undefined);
      const cancelDeadline = scheduler.after(DEADLINE, giveUp);
      this.#pending.add(giveUp);
      if (fault === 'requestLost') return;
      scheduler.after(ONE_WAY + (typeof fault === 'object' ? fault.delay : 0), () => {
        const value = act();
        if (fault !== 'responseLost') scheduler.after(ONE_WAY, () => settle({ value }));
      });
    });
  }

  /** A read: asked again until it is answered. */
  async read<T>(call: Omit<PortCall, 'connection'>, act: () => T): Promise<T> {
    for (;;) {
      const answer = await this.call(call, act);
      if (answer) return answer.value;
    }
  }

  /** A message that nobody answers. */
  tell(call: Omit<PortCall, 'connection'>, act: () => void): void {
    if (!this.isOpen) return;
    const fault = this.hub.world.faults.next({ ...call, connection: this.name });
    if (fault === 'requestLost') return;
    this.hub.world.scheduler.after(ONE_WAY + (typeof fault === 'object' ? fault.delay : 0), act);
  }

  /** What the server pushes to this process. */
  deliver(run: () => void): void {
    this.later(ONE_WAY, run);
  }
}
