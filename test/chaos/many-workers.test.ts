import { setTimeout as delay } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import { connectTaskHub, TaskHubClient, type TaskHub } from 'perdure';
import { partitionOf } from '../../lib/wire/addresses.js';
import { decodeLease, decodeWorker } from '../../lib/wire/ownership-codec.js';
import { Counter } from '../../samples/counter/counter.js';
import { startTestServer } from '../servers.js';
import { until } from '../until.js';
import { ServiceProcess } from './service-process.js';

const partitions = 8;

/** A lease lapses in 9 s, the takeover of a quiet machine takes less than a second: the rest is for a busy one. */
const longestTakeover = 30_000;
/** How long processes of a busy machine may take to start, in seconds. */
const patience = 60;
/** Sooner than any lease lapses: what is given back is not waited for. */
const longestHandOver = 12_000;

/** A key of a counter in each partition. */
const keys = Array.from({ length: partitions }, (_, partition) => {
  for (let n = 0; ; n++) if (partitionOf(`e.counter.k${n}`, partitions) === partition) return `k${n}`;
});

/** Calls an entity of each partition again and again, and keeps what came of it. */
class Load {
  readonly #client: TaskHubClient;
  readonly #running: Promise<void>[];
  readonly #waits = keys.map(() => 0);
  readonly values = keys.map(() => 0);
  #isOver = false;

  constructor(client: TaskHubClient) {
    this.#client = client;
    this.#running = keys.map((key, partition) => this.#run(key, partition));
  }

  /** The longest that a call took since the last time that this was asked, in milliseconds. */
  async longest(): Promise<number> {
    const before = [...this.values];
    await until(
      () => this.values.every((value, partition) => value > before[partition]! + 1),
      'all partitions to answer',
      patience,
    );
    return Math.max(...this.#waits.splice(0, partitions, ...keys.map(() => 0)));
  }

  async end(): Promise<void> {
    this.#isOver = true;
    await Promise.all(this.#running);
  }

  async #run(key: string, partition: number): Promise<void> {
    while (!this.#isOver) {
      const begun = performance.now();
      const value = await this.#client.callEntity(Counter, key).add({ by: 1 });
      if (value !== this.values[partition]! + 1)
        throw new Error(`${key} counted to ${value} after ${this.values[partition]}`);
      this.values[partition] = value;
      this.#waits[partition] = Math.max(this.#waits[partition]!, Math.round(performance.now() - begun));
      await delay(5);
    }
  }
}

/** How many partitions each worker holds, by the number of its process. */
async function shares({ ports: { store } }: TaskHub): Promise<Record<number, number>> {
  const [workers, leases] = [await store.list('workers'), await store.list('leases')];
  const pids = new Map(
    workers.map(({ value }) => {
      const { id, name } = decodeWorker(value, 'worker');
      return [id, Number(name.split('.').at(-2))] as const;
    }),
  );
  const held: Record<number, number> = {};
  for (const { value } of leases) {
    const { owner, state } = decodeLease(value, 'lease');
    const pid = pids.get(owner);
    if (state === 'held' && pid !== undefined) held[pid] = (held[pid] ?? 0) + 1;
  }
  return held;
}

async function spread(hub: TaskHub, services: readonly ServiceProcess[], expected: readonly number[]): Promise<void> {
  await until(
    async () => {
      const held = await shares(hub);
      const mine = services.map(({ pid }) => held[pid] ?? 0).toSorted((a, b) => a - b);
      return JSON.stringify(mine) === JSON.stringify(expected);
    },
    `shares of ${expected.join(', ')}`,
    patience,
  );
}

async function startAll(t: ExecutionContext) {
  t.timeout(180_000);
  const server = await startTestServer();
  t.teardown(() => server.stop());
  const hub = await connectTaskHub({ name: 'many', servers: server.url, partitions });
  t.teardown(() => hub.close());
  const client = new TaskHubClient(hub, { timeoutInMilliseconds: 60_000 });
  t.teardown(() => client.close());
  const start = (): ServiceProcess => {
    const service = new ServiceProcess(server.url, 'many', 'far');
    t.teardown(() => {
      if (service.isRunning) service.kill('SIGKILL');
    });
    return service;
  };
  return { hub, client, start };
}

test('three workers share a hub through a kill -9, a freeze, a stop and a join, and no call is lost or done twice', async (t) => {
  const { hub, client, start } = await startAll(t);
  const [killed, frozen, stopped] = [start(), start(), start()];
  await spread(hub, [killed, frozen, stopped], [2, 3, 3]);
  const load = new Load(client);
  const usual = await load.longest();

  killed.kill('SIGKILL');
  t.is(await killed.ended, 'SIGKILL');
  await spread(hub, [frozen, stopped], [4, 4]);
  const afterKill = await load.longest();
  t.true(afterKill <= longestTakeover, `${afterKill} ms after kill -9`);

  frozen.kill('SIGSTOP');
  await spread(hub, [stopped], [8]);
  const afterFreeze = await load.longest();
  t.true(afterFreeze <= longestTakeover, `${afterFreeze} ms after SIGSTOP`);
  frozen.kill('SIGCONT');
  await spread(hub, [frozen, stopped], [4, 4]);
  const afterThaw = await load.longest();

  const joined = start();
  await spread(hub, [frozen, stopped, joined], [2, 3, 3]);
  const afterJoin = await load.longest();
  t.true(afterJoin <= longestHandOver, `${afterJoin} ms after a join`);

  t.is(await stopped.stop(), 0, stopped.errors);
  await spread(hub, [frozen, joined], [4, 4]);
  const afterStop = await load.longest();
  t.true(afterStop <= longestHandOver, `${afterStop} ms after a graceful stop`);

  await load.end();
  const values = await Promise.all(keys.map((key) => client.callEntity(Counter, key).get()));
  t.deepEqual(values, load.values);
  t.true(frozen.isRunning && joined.isRunning);
  t.is(await frozen.stop(), 0, frozen.errors);
  t.is(await joined.stop(), 0, joined.errors);
  t.log(
    `longest call in ms: ${usual} undisturbed, ${afterKill} over a kill -9, ${afterFreeze} over a freeze, ` +
      `${afterThaw} over its end, ${afterJoin} over a join, ${afterStop} over a graceful stop`,
  );
});
