import type { ExecutionContext } from 'ava';
import { connectTaskHub, TaskHubClient } from 'perdure';
import { startTestServer } from '../servers.js';
import { Journal } from './campaign/programs.js';
import { ServiceProcess } from './service-process.js';

/** Three processes of workers, so many clients with connections of their own, and so often all processes are killed. */
export async function workersToKill(t: ExecutionContext, clientCount: number, kills: number) {
  t.timeout(900_000);
  const server = await startTestServer();
  t.teardown(() => server.stop());
  const connect = async () => {
    const hub = await connectTaskHub({ name: 'kills', servers: server.url });
    t.teardown(() => hub.close());
    const client = new TaskHubClient(hub, { timeoutInMilliseconds: 600_000 });
    t.teardown(() => client.close());
    return client;
  };
  const clients = await Promise.all(Array.from({ length: clientCount }, connect));
  const start = (): ServiceProcess => {
    const service = new ServiceProcess(server.url, 'kills');
    t.teardown(() => service.kill('SIGKILL'));
    return service;
  };
  const workers = new Workers(start, clients[0]!, kills);
  await workers.begin();
  return { clients, workers };
}

/** Kills all processes each time when so much more of the work is done, and starts others in their place. */
class Workers {
  readonly #start: () => ServiceProcess;
  readonly #client: TaskHubClient;
  readonly #kills: number;
  #running: ServiceProcess[] = [];
  #killed = 0;

  constructor(start: () => ServiceProcess, client: TaskHubClient, kills: number) {
    this.#start = start;
    this.#client = client;
    this.#kills = kills;
  }

  /** Three are there, and answer. */
  async begin(): Promise<void> {
    this.#running = [this.#start(), this.#start(), this.#start()];
    await exactly(this.#client, Journal, 'one');
  }

  /** `done` of `all` is done. Resolves when others have taken over, where it is time for a kill. */
  async tell(done: number, all: number): Promise<void> {
    if (this.#killed >= this.#kills || done < ((this.#killed + 1) * all) / (this.#kills + 1)) return;
    this.#killed++;
    for (const worker of this.#running) worker.kill('SIGKILL');
    await this.begin();
  }

  /** All that were to be killed were, and the others end in good order. */
  async end(t: ExecutionContext): Promise<void> {
    t.is(this.#killed, this.#kills);
    for (const worker of this.#running) t.is(await worker.stop(), 0, worker.errors);
  }
}

/** What the owner of an entity says; while nobody owns it a read tells what was stored last, which may be less. */
export async function exactly<E extends { state: unknown }>(
  client: TaskHubClient,
  entity: new () => E,
  key: string,
): Promise<E['state'] | undefined> {
  for (;;) {
    const { source, entityState } = await client.readEntityState(entity, key);
    if (source === 'owner') return entityState;
  }
}
