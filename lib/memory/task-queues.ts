import type { QueuedTask, QueueSettings, TaskConsumption, TaskQueues } from '../engine/ports.js';
import { ClosedError } from '../errors.js';
import { refuseTooLarge } from '../wire/body-limit.js';
import { checkMessageId } from '../wire/checks.js';
import type { MemoryConnection } from './connection.js';
import type { MemoryQueue, MemoryTask, MemoryTaker } from './tasks.js';

const call = (operation: string) => ({ partition: -1, port: 'tasks', operation }) as const;

/** The work queues of a task hub in memory, as one process's connection sees them. */
export class MemoryTaskQueues implements TaskQueues {
  readonly #connection: MemoryConnection;

  constructor(connection: MemoryConnection) {
    this.#connection = connection;
  }

  async publish(queue: string, body: Uint8Array, messageId: string): Promise<boolean> {
    refuseTooLarge(body, this.#connection.maxBodyBytes);
    checkMessageId(messageId);
    const sent = body.slice();
    const { tasks } = this.#connection.hub;
    const publish = { ...call('publish'), bytes: sent.length };
    return (await this.#connection.call(publish, () => tasks.store(queue, sent, messageId))) !== undefined;
  }

  consume(name: string, { maxInFlight }: QueueSettings, onTask: (task: QueuedTask) => void): TaskConsumption {
    const connection = this.#connection;
    connection.refuseClosed();
    const queue = connection.hub.tasks.queue(name);
    let isOpen = true;
    let asked = 0;
    const taker: MemoryTaker = {
      wanted: 0,
      get isThere() {
        return connection.isOpen;
      },
      deliver: (task, backlog) => {
        const taken = new TakenTask(connection, queue, task, backlog);
        connection.deliver(() => isOpen && onTask(taken));
      },
    };
    const tell = (operation: string, act: () => void): void => {
      connection.read(call(operation), act).catch((error: unknown) => {
        if (!(error instanceof ClosedError)) throw error; // closed, nobody is there to take anything
      });
    };
    tell('consume', () => {
      queue.maxInFlight = maxInFlight ?? Infinity;
      if (isOpen) queue.join(taker);
    });
    return {
      want: (count) => {
        const mine = ++asked;
        tell('want', () => {
          if (mine !== asked) return; // it was said again meanwhile
          taker.wanted = count;
          queue.deliver();
        });
      },
      close: () => {
        isOpen = false;
        queue.leave(taker);
      },
    };
  }

  sizes(): Promise<ReadonlyMap<string, number>> {
    return this.#connection.read(call('sizes'), () => this.#connection.hub.tasks.sizes());
  }

  look(queue: string, most: number): Promise<readonly Uint8Array[]> {
    const { tasks } = this.#connection.hub;
    return this.#connection.read(call('look'), () =>
      tasks
        .queue(queue)
        .tasks.slice(0, most)
        .map(({ body }) => body),
    );
  }
}

class TakenTask implements QueuedTask {
  readonly sequence: number;
  readonly body: Uint8Array;
  readonly deliveries: number;
  readonly time: number;

  constructor(
    private readonly connection: MemoryConnection,
    private readonly queue: MemoryQueue,
    private readonly task: MemoryTask,
    readonly backlog: number,
  ) {
    this.sequence = task.sequence;
    this.body = task.body;
    this.deliveries = task.deliveries;
    this.time = task.time;
  }

  async acknowledge(): Promise<boolean> {
    return (await this.connection.call(call('acknowledge'), () => this.queue.acknowledge(this.task))) !== undefined;
  }

  keep(): void {
    this.connection.tell(call('keep'), () => this.queue.keep(this.task));
  }
}
