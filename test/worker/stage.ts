import {
  connectTaskHub,
  NotFoundError,
  TaskHubClient,
  TaskHubWorker,
  type TaskHub,
  type TaskHubWorkerOptions,
} from 'perdure';
import type { TestServer } from '../servers.js';
import { until } from '../until.js';

/** A task hub of its own on a real server, with a client, and workers as the test starts them. */
export class Stage implements AsyncDisposable {
  /** All that was logged, with its fields. */
  readonly lines: readonly string[];
  readonly client: TaskHubClient;
  readonly #hubs: TaskHub[];
  readonly #workers: TaskHubWorker[] = [];
  readonly #connect: () => Promise<TaskHub>;

  private constructor(hub: TaskHub, connect: () => Promise<TaskHub>, lines: string[]) {
    this.lines = lines;
    this.client = new TaskHubClient(hub, { timeoutInMilliseconds: 60_000 });
    this.#hubs = [hub];
    this.#connect = connect;
  }

  static async on(server: TestServer, name: string, partitions = 2): Promise<Stage> {
    const lines: string[] = [];
    const keep = (message: string, fields: object): void => void lines.push(`${message} ${JSON.stringify(fields)}`);
    const logger = { debug: keep, info: keep, warn: keep, error: keep };
    const connect = () => connectTaskHub({ name, servers: server.url, partitions, logger });
    return new Stage(await connect(), connect, lines);
  }

  /** A worker on a connection of its own. */
  async start(hosted: TaskHubWorkerOptions): Promise<TaskHubWorker> {
    const hub = await this.#connect();
    this.#hubs.push(hub);
    const worker = await TaskHubWorker.start(hub, hosted);
    this.#workers.push(worker);
    return worker;
  }

  /** Waits until the history of an instance has so many events of a type. */
  async reached(instanceId: string, type: string, count = 1): Promise<void> {
    const isReached = async () => {
      const history = await begun(this.client.getHandle(instanceId).history());
      if (!history) return false;
      return history.filter((event) => event.type === type).length >= count;
    };
    await until(isReached, `${instanceId} to have ${count} ${type}`);
  }

  /** Waits until an instance has a status. */
  async isIn(instanceId: string, status: string): Promise<void> {
    const isIn = async () => (await begun(this.client.getHandle(instanceId).status()))?.runtimeStatus === status;
    await until(isIn, `${instanceId} to be ${status}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.client.close();
    for (const worker of this.#workers) await worker.stop();
    for (const hub of this.#hubs) await hub.close();
  }
}

/** A start without an id is told when it is stored, and shows when its owner has taken it. */
async function begun<T>(read: Promise<T>): Promise<T | undefined> {
  try {
    return await read;
  } catch (error) {
    if (error instanceof NotFoundError) return undefined;
    throw error;
  }
}
