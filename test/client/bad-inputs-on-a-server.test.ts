import test, { type ExecutionContext } from 'ava';
import { connect, type JetStreamManager } from 'nats';
import { connectTaskHub, PerdureError, TaskHubClient, TaskHubWorker, type TaskHub } from 'perdure';
import { recordingLogger } from '../contract/harness.js';
import { Account, Counter, Hello, Nap, Transfer } from '../engine/bank.js';
import { startBareServer, startFakeServer } from '../nats/bare-server.js';
import { startTestServer, type TestServer } from '../servers.js';
import { badIds, badValues, oddKeys } from './bad-rows.js';

/** The same rows as on the memory twin, on a real server: its protocol and its streams get nothing of a bad input. */

let server: TestServer;
let hub: TaskHub;
let worker: TaskHubWorker;
let client: TaskHubClient;
const warnings: string[] = [];

test.before(async () => {
  server = await startTestServer();
  hub = await connectTaskHub({ name: 'doors', servers: server.url, partitions: 2, logger: recordingLogger(warnings) });
  worker = await TaskHubWorker.start(hub, { entities: [Account, Counter], orchestrators: [Hello, Nap, Transfer] });
  client = new TaskHubClient(hub);
});
test.after.always(async () => {
  await client?.close();
  await worker?.stop();
  await hub?.close();
  await server?.stop();
});

async function managed<T>(use: (manager: JetStreamManager) => Promise<T>): Promise<T> {
  const connection = await connect({ servers: server.url });
  try {
    return await use(await connection.jetstreamManager());
  } finally {
    await connection.close();
  }
}

/** How many messages every mailbox, commit log and object store on the server has ever stored. */
async function stored(): Promise<Record<string, number>> {
  const streams = await managed((manager) => manager.streams.list().next());
  const kept = streams.filter(({ config }) => /-(?:mail|log)$|^OBJ_/.test(config.name));
  return Object.fromEntries(kept.map(({ config, state }) => [config.name, state.last_seq]));
}

/** Whether the client has told of its session, as it does once a minute, since so many messages were stored. */
async function hasToldOfSession(before: Record<string, number>): Promise<boolean> {
  const told = [0, 1].map((partition) =>
    managed(async ({ streams }) => {
      const stream = `PD-doors-${partition}-mail`;
      const { state } = await streams.info(stream, { subjects_filter: `pd.doors.${partition}.m.s` });
      if (!state.subjects) return false;
      const { seq } = await streams.getMessage(stream, { last_by_subj: `pd.doors.${partition}.m.s` });
      return seq > before[stream]!;
    }),
  );
  return (await Promise.all(told)).includes(true);
}

/** What is done stores nothing; it is done again where the client told of its session meanwhile. */
async function storesNothing(t: ExecutionContext, run: () => Promise<void>): Promise<void> {
  for (let round = 1; ; round++) {
    const before = await stored();
    t.is(Object.keys(before).length, 5);
    await run();
    const after = await stored();
    if (round < 5 && (await hasToldOfSession(before))) continue;
    return void t.deepEqual(after, before);
  }
}

async function refused(t: ExecutionContext, row: number, code: string, call: () => unknown): Promise<void> {
  const error = await t.throwsAsync(async () => call());
  t.true(error instanceof PerdureError, `row ${row}: ${String(error)}`);
  t.is((error as PerdureError).code as string, code, `row ${row}: ${error?.message}`);
}

async function goesOn(t: ExecutionContext): Promise<void> {
  const before = (await client.readEntityState(Account, 'steady')).entityState?.balance ?? 0;
  t.is(await client.callEntity(Account, 'steady').deposit({ amount: 1 }), before + 1);
}

test.serial('rows 1-43: what is refused at a door stores nothing, and the same client and worker go on', async (t) => {
  await client.startNew(Nap, 3_600_000, { instanceId: 'there' });
  await goesOn(t);
  await storesNothing(t, async () => {
    for (const [row, value, code] of badValues) {
      await refused(t, row, code, () => client.callEntity('counter', 'k', 'add', value()));
      await refused(t, row, code, () => client.signalEntity('counter', 'k', 'add', value()));
      await refused(t, row, code, () => client.startNew('hello', value()));
      await refused(t, row, code, () => client.raiseEvent('there', 'Go', value()));
    }
  });
  await storesNothing(t, async () => {
    for (const [row, id] of badIds) {
      await refused(t, row, 'PERDURE_INVALID_ID', () => client.signalEntity('counter', id as string, 'add', 'x'));
      await refused(t, row, 'PERDURE_INVALID_ID', () =>
        client.startNew(Hello, undefined, { instanceId: id as string }),
      );
      await refused(t, row, 'PERDURE_INVALID_ID', () => client.raiseEvent(id as string, 'Go'));
    }
  });
  await storesNothing(t, async () => {
    await refused(t, 19, 'PERDURE_INVALID_NAME', () => client.signalEntity('Counter.x', 'k', 'add'));
    await refused(t, 20, 'PERDURE_UNKNOWN_ENTITY', () => client.signalEntity('nobody', 'k', 'add'));
    await refused(t, 20, 'PERDURE_UNKNOWN_ORCHESTRATOR', () => client.startNew('nobody'));
    await refused(t, 21, 'PERDURE_INVALID_ID', () => client.startNew(Hello, undefined, { instanceId: '@counter@1' }));
    await refused(t, 25, 'PERDURE_UNKNOWN_OPERATION', () => client.callEntity('counter', 'k', 'constructor'));
    const wrong = { from: 'a', to: 'b', amount: -1 };
    await refused(t, 0, 'PERDURE_INVALID_INPUT', () => client.startNew(Transfer, wrong));
  });
  await goesOn(t);
  t.deepEqual(
    warnings.filter((line) => /refused|cannot be read/.test(line)),
    [],
  );
});

test.serial('rows 2-5, 13-15, 17: odd keys are entities of their own, whatever they mean to the server', async (t) => {
  for (const key of oddKeys) t.is(await client.callEntity(Counter, key).add(key), 1, key);
  for (const key of oddKeys) {
    const { entityState } = await client.readEntityState(Counter, key);
    t.deepEqual(entityState, { seen: [key] });
  }
});

test.serial('rows 63-67: a connection that is refused leaves no hub, and those that stand go on', async (t) => {
  const [old, bare] = [await startFakeServer('2.9.10'), await startBareServer(() => '')];
  t.teardown(() => Promise.all([old.stop(), bare.stop()]));
  const changed = await connect({ servers: server.url });
  const streams = (await changed.jetstreamManager()).streams;
  await streams.add({ name: 'PD-other-1-mail', subjects: ['pd.other.1.m.>'], max_age: 60_000_000_000 });
  await changed.close();
  const name = 'other';
  const attempts = [
    [63, 'PERDURE_CONFIG', { name, servers: 'http://127.0.0.1:4222' }],
    [63, 'PERDURE_CONFIG', { name, servers: 'nats://127.0.0.1:99999' }],
    [63, 'PERDURE_CONFIG', { name, servers: server.url, timeoutInMilliseconds: NaN }],
    [64, 'PERDURE_SERVER_UNAVAILABLE', { name, servers: 'nats://127.0.0.1:1', timeoutInMilliseconds: 300 }],
    [65, 'PERDURE_CONFIG', { name, servers: bare.address }],
    [66, 'PERDURE_SERVER_TOO_OLD', { name, servers: old.address }],
    [67, 'PERDURE_STREAM_MISMATCH', { name, servers: server.url }],
  ] as const;
  for (const [row, code, options] of attempts) {
    await refused(t, row, code, () => connectTaskHub({ ...options, logger: recordingLogger() }));
    await goesOn(t);
  }
  const far = await connectTaskHub({ name: 'far', servers: server.url, partitions: 1, timeoutInMilliseconds: 2 ** 32 });
  await far.close();
  const others = Object.entries(await stored()).filter(([stream]) => stream.startsWith('PD-other-'));
  t.deepEqual([...new Set(others.map(([, messages]) => messages))], [0]);
});
