import test from 'ava';
import { connectTaskHub, TaskHubClient, TaskHubWorker, type TaskHub } from 'perdure';
import { HeadChanges } from '../../lib/engine/head-changes.js';
import { NotePageMaker } from '../../lib/engine/note-page-maker.js';
import { recordingLogger } from '../contract/harness.js';
import { startTestServer, type TestServer } from '../servers.js';
import { until } from '../until.js';
import { Order, orchestrators, Ticker } from './order-classes.js';

/** Lists of instances on a real server, from end to end. */

const COUNT = 600;

let server: TestServer;
let hub: TaskHub;
let worker: TaskHubWorker;
let client: TaskHubClient;

test.before(async () => {
  server = await startTestServer();
  hub = await connectTaskHub({ name: 'lists', servers: server.url, partitions: 3, logger: recordingLogger() });
  worker = await TaskHubWorker.start(hub, { orchestrators });
  client = new TaskHubClient(hub, { timeoutInMilliseconds: 60_000 });
  const started = await client.startMany(
    Order,
    Array.from({ length: COUNT }, (_, n) => [
      n % 100 === 7 ? 'fail' : n % 100 === 8 ? 'wait' : 'end',
      { instanceId: `order ${n}.ä`, tags: { customer: `c${n % 50}`, größe: '"12 \\ 3"' } },
    ]),
  );
  await Promise.allSettled(started.flatMap((handle, n) => (n % 100 === 8 ? [] : [handle.result()])));
  await until(async () => (await client.countInstances()).total === COUNT, 'the views to be written');
});
test.after.always(async () => {
  await client?.close();
  await worker?.stop();
  await hub?.close();
  await server?.stop();
});

test.serial('counts, filters and pages agree', async (t) => {
  t.deepEqual(await client.countInstances(), {
    total: COUNT,
    byRuntimeStatus: { Completed: COUNT - 12, Failed: 6, Running: 6 },
  });
  const failed = await client.listInstances({ runtimeStatus: 'Failed' });
  t.is(failed.continuationToken, undefined);
  t.deepEqual(
    failed.instances.map(({ instanceId }) => instanceId).toSorted(),
    [7, 107, 207, 307, 407, 507].map((n) => `order ${n}.ä`).toSorted(),
  );
  const [first] = failed.instances;
  t.like(first, { name: 'order', source: 'view', failure: { name: 'RangeError' }, customStatus: 'is to fail' });
  t.is(first!.input, undefined);
  const tagged = { tags: { customer: 'c3', größe: '"12 \\ 3"' }, instanceIdPrefix: 'order 3' };
  const { instances } = await client.listInstances(tagged, { fetchInputsAndOutputs: true });
  t.deepEqual(
    instances.map(({ instanceId, input, output }) => `${instanceId}: ${String(input)}, ${String(output)}`).toSorted(),
    [3, 303, 353].map((n) => `order ${n}.ä: end, did end`),
  );
});

test.serial('pages of ids are everything, each once while nothing changes', async (t) => {
  const found: string[] = [];
  let continuationToken: string | undefined;
  do {
    const page = await client.listInstanceIds({ orchestrator: Order }, { pageSize: 77, continuationToken });
    found.push(...page.instanceIds);
    ({ continuationToken } = page);
  } while (continuationToken !== undefined);
  t.is(found.length, COUNT);
  t.is(new Set(found).size, COUNT);
});

test.serial('going through all tells each once while they change', async (t) => {
  const tickers = await client.startMany(
    Ticker,
    Array.from({ length: 20 }, (_, n) => [0, { instanceId: `ticker${n}` }]),
  );
  await until(async () => (await client.countInstances({ orchestrator: Ticker })).total === 20, 'the tickers');
  let isOver = false;
  const tick = async (): Promise<void> => {
    while (!isOver) await Promise.all(tickers.map((ticker) => ticker.raiseEvent('Tick')));
  };
  const ticking = tick();
  for (let round = 0; round < 5; round++) {
    const found: string[] = [];
    for await (const { instanceId } of client.allInstances()) found.push(instanceId);
    t.is(new Set(found).size, COUNT + 20);
    t.is(found.length, COUNT + 20);
    t.is((await client.countInstances()).total, COUNT + 20);
  }
  isOver = true;
  await ticking;
});

test.serial('a list that is left early leaves nothing behind on the server', async (t) => {
  for await (const { instanceId } of client.allInstances()) if (instanceId !== '') break;
  await client.listInstances({}, { pageSize: 1 });
  const consumers = async (): Promise<number> => {
    const answer = (await (await fetch(`${server.monitorUrl}/jsz?consumers=true`)).json()) as {
      account_details: { stream_detail: { name: string; consumer_detail?: unknown[] }[] }[];
    };
    const streams = answer.account_details.flatMap(({ stream_detail }) => stream_detail);
    return streams.filter(({ name }) => name.endsWith('-state')).flatMap((one) => one.consumer_detail ?? []).length;
  };
  await until(async () => (await consumers()) === 0, 'the consumers to be gone');
  t.pass();
});

test.serial('a list survives that its server dies meanwhile', async (t) => {
  const found = new Set<string>();
  let killed: Promise<void> | undefined;
  for await (const { instanceId } of client.allInstances({ orchestrator: Order })) {
    found.add(instanceId);
    if (found.size === 50) await (killed = server.killAndRestart());
  }
  await killed;
  t.is(found.size, COUNT);
});

test.serial('without a worker all is found as before', async (t) => {
  await worker.stop();
  t.is((await client.countInstances({ orchestrator: Order })).total, COUNT);
  const { instances } = await client.listInstances({ runtimeStatus: 'Running', orchestrator: Order });
  t.is(instances.length, 6);
  const purged = client.purgeInstances({ tags: { customer: 'c1' } });
  worker = await TaskHubWorker.start(hub, { orchestrators });
  t.is(await purged, COUNT / 50);
  await until(async () => (await client.countInstances({ tags: { customer: 'c1' } })).total === 0, 'the purge');
});

/** Small ones, of any number of heads, as their owner makes them of many. */
async function makePages(): Promise<void> {
  for (let partition = 0; partition < hub.ports.partitions; partition++) {
    const ports = { ...hub.ports.partition(partition), maxBodyBytes: 4_000 };
    const maker = new NotePageMaker(ports, 1, new HeadChanges(), 1);
    await maker.make();
    if ((await ports.views.read(ports.subjects.notePages)) === undefined) throw new Error('There are no pages');
  }
}

test.serial('with pages of notes the same is found, and what has changed since, as it is now', async (t) => {
  await makePages();
  const failed = [7, 107, 207, 307, 407, 507].map((n) => `order ${n}.ä`).toSorted();
  const found = async (runtimeStatus: 'Failed' | 'Running'): Promise<string[]> => {
    const { instanceIds } = await client.listInstanceIds({ orchestrator: Order, runtimeStatus });
    const { instances } = await client.listInstances({ orchestrator: Order, runtimeStatus });
    t.deepEqual(
      instances.map(({ instanceId }) => instanceId),
      instanceIds,
    );
    t.is((await client.countInstances({ orchestrator: Order, runtimeStatus })).total, instanceIds.length);
    return instanceIds.toSorted();
  };
  t.deepEqual(await found('Failed'), failed);
  const tagged = await client.listInstances({ tags: { customer: 'c3' }, instanceIdPrefix: 'order 3' });
  t.is(tagged.instances.length, 3);
  await client.getHandle('order 7.ä').purge();
  const again = await client.startNew(Order, 'fail', {
    instanceId: 'order 7.ä',
    tags: { customer: 'c7', größe: '"12 \\ 3"' },
  });
  const late = await client.startNew(Order, 'fail', { instanceId: 'late' });
  await Promise.allSettled([again.result(), late.result()]);
  await until(async () => (await client.countInstances({ runtimeStatus: 'Failed' })).total === 7, 'the views');
  t.deepEqual(await found('Failed'), ['late', ...failed]);
  await client.getHandle('late').purge();
  await until(async () => (await client.countInstances({ runtimeStatus: 'Failed' })).total === 6, 'the purge');
  t.deepEqual(await found('Failed'), failed);
  t.is((await found('Running')).length, 6);
});
