import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { connectTaskHub, TaskHubClient, TaskHubWorker } from 'perdure';
import { connectSession } from '../../lib/nats/connect.js';
import { JetStream } from '../../lib/nats/jetstream.js';
import { recordingLogger } from '../contract/harness.js';
import { Caller, Leaver, type Calls } from '../engine/task-surroundings.js';
import { startTestServer, type TestServer } from '../servers.js';
import { until } from '../until.js';
import type { RunNews } from './activity-process.js';

let server: TestServer;
let hubs = 0;

test.before(async () => {
  server = await startTestServer();
});

test.after.always(() => server.stop());

const script = fileURLToPath(new URL('activity-process.js', import.meta.url));

/** A worker with activities only, in a process of its own, and what its runs told. */
class ActivityProcess {
  readonly news: RunNews[] = [];
  readonly ended: Promise<unknown>;
  readonly #ready: Promise<void>;
  readonly #child: ChildProcess;

  constructor(hub: string) {
    this.#child = fork(script, [server.url, hub], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    this.ended = once(this.#child, 'close');
    this.#ready = new Promise((resolve) =>
      this.#child.on('message', (message) =>
        message === 'ready' ? resolve() : void this.news.push(message as RunNews),
      ),
    );
  }

  async ready(): Promise<this> {
    await this.#ready;
    return this;
  }

  async end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    this.#child.kill(signal);
    await this.ended;
  }
}

/** A hub whose one owner, in this process, has no activities. */
async function surroundings() {
  const name = `activities-${hubs++}`;
  const hub = await connectTaskHub({ name, servers: server.url, logger: recordingLogger(), partitions: 2 });
  const owner = await TaskHubWorker.start(hub, { orchestrators: [Caller, Leaver] });
  const client = new TaskHubClient(hub);
  const session = await connectSession({ servers: server.url, logger: recordingLogger() });
  const jetStream = new JetStream(session);
  const processes: ActivityProcess[] = [];
  const start = (): Promise<ActivityProcess> => {
    const process = new ActivityProcess(name);
    processes.push(process);
    return process.ready();
  };
  const backlog = async (queue: string) => {
    const answer = await jetStream.ask<{ num_pending: number; num_ack_pending: number }>(
      `CONSUMER.INFO.PD-${name}-tasks.${queue}`,
    );
    return answer.error ? undefined : [answer.value.num_pending, answer.value.num_ack_pending];
  };
  const call = (calls: Calls) => client.startNew(Caller, calls);
  const close = async (): Promise<void> => {
    await Promise.all(processes.map((each) => each.end('SIGKILL')));
    await client.close();
    await owner.stop();
    await session.close();
    await hub.close();
  };
  return { name, hub, client, jetStream, processes, start, backlog, call, close };
}

const begun = (processes: readonly ActivityProcess[]) =>
  processes.flatMap(({ news }) => news.filter(({ what }) => what === 'begun'));

test.serial('the backlog of a queue stands on its durable consumer, before any worker has served it', async (t) => {
  const around = await surroundings();
  try {
    const running = await around.call({ name: 'job', inputs: [1, 2, 3] });
    await until(async () => (await around.backlog('job'))?.[0] === 3, 'three requests to wait');
    await around.start();
    t.is((await running.result()).length, 3);
    await until(async () => String(await around.backlog('job')) === '0,0', 'nothing to wait');
    t.is(begun(around.processes).length, 3);
  } finally {
    await around.close();
  }
});

test.serial('kill -9 in the middle of an activity: another process runs it again, with the same key', async (t) => {
  const around = await surroundings();
  try {
    await around.start();
    const [victim] = around.processes;
    const running = await around.call({ name: 'job', inputs: [3_600_000] });
    await until(() => victim!.news.length === 1, 'the activity to begin');
    const other = await around.start();
    const killedAt = Date.now();
    await victim!.end('SIGKILL');
    await until(() => other.news.length === 1, 'the activity to begin again');
    const [first, second] = [victim!.news[0]!, other.news[0]!];
    t.log(`begun again after ${second.at - killedAt} ms`);
    t.true(second.at - killedAt < 15_000, `${second.at - killedAt} ms`);
    t.deepEqual([first.attempt, second.attempt], [1, 2]);
    t.is(first.key, second.key);
    t.is((await running.status()).runtimeStatus, 'Running');
  } finally {
    await around.close();
  }
});

test.serial('a limit for the whole hub holds over three processes under load', async (t) => {
  const around = await surroundings();
  try {
    await Promise.all([around.start(), around.start(), around.start()]);
    const calls = await Promise.all(
      Array.from({ length: 10 }, () => around.call({ name: 'scarce', inputs: [30, 31, 32, 33] })),
    );
    for (const running of calls) t.is((await running.result()).length, 4);
    const moments = around.processes
      .flatMap(({ news }) => news)
      .map(({ what, at }) => ({ at, change: what === 'begun' ? 1 : -1 }))
      .toSorted((a, b) => a.at - b.at || a.change - b.change);
    let [running, most] = [0, 0];
    for (const { change } of moments) most = Math.max(most, (running += change));
    t.is(most, 2);
    t.is(begun(around.processes).length, 40, 'each ran once');
    const shares = around.processes.map((each) => begun([each]).length);
    t.true(shares.filter((share) => share > 0).length >= 2, shares.join());
  } finally {
    await around.close();
  }
});

test.serial('an orchestration that ends tells the process that runs its activity', async (t) => {
  const around = await surroundings();
  try {
    const process = await around.start();
    const running = await around.client.startNew(Leaver, { name: 'job' });
    await until(() => process.news.length >= 1, 'the activity to begin');
    t.is(process.news[0]?.input, 1);
    const long = await around.call({
      name: 'job',
      inputs: [3_600_000],
      options: { scheduleToCloseTimeoutInMilliseconds: 1_500 },
    });
    t.deepEqual(await long.result(), ['PERDURE_ACTIVITY_TIMED_OUT']);
    await until(() => process.news.some(({ what }) => what === 'aborted'), 'the activity to be told');
    t.is(process.news.find(({ what }) => what === 'aborted')?.code, 'PERDURE_ACTIVITY_CANCELED');
    await running.raiseEvent('go');
    t.is(await running.result(), 'left');
    await until(async () => String(await around.backlog('job')) === '0,0', 'the requests to be acknowledged');
  } finally {
    await around.close();
  }
});

test.serial('a consumer that is deleted is made again, and nothing that waits or runs is lost', async (t) => {
  const around = await surroundings();
  try {
    const process = await around.start();
    const first = await around.call({ name: 'job', inputs: [1] });
    await first.result();
    const running = await around.call({ name: 'job', inputs: [500] });
    await until(() => process.news.some(({ input }) => input === 500), 'the activity to begin');
    await around.jetStream.ask(`CONSUMER.DELETE.PD-${around.name}-tasks.job`);
    const later = await around.call({ name: 'job', inputs: [2, 3] });
    t.is((await running.result()).length, 1);
    t.is((await later.result()).length, 2);
    await until(async () => String(await around.backlog('job')) === '0,0', 'all to be acknowledged');
  } finally {
    await around.close();
  }
});

test.serial(
  'a server that is killed and comes back: calls go on, the one that runs is not run twice here',
  async (t) => {
    const around = await surroundings();
    try {
      const process = await around.start();
      const running = await around.call({ name: 'job', inputs: [6_000] });
      await until(() => process.news.length === 1, 'the activity to begin');
      await server.killAndRestart();
      t.is((await running.result()).length, 1);
      const later = await around.call({ name: 'job', inputs: [1] });
      t.is((await later.result()).length, 1);
      t.is(begun([process]).filter(({ input }) => input === 6_000).length, 1);
    } finally {
      await around.close();
    }
  },
);
