import { readFileSync } from 'node:fs';
import test from 'ava';
import { connectTaskHub, TaskHubClient, TaskHubWorker, VersionTooNewError } from 'perdure';
import { connectSession } from '../../lib/nats/connect.js';
import { recordingLogger } from '../contract/harness.js';
import { startTestServer } from '../servers.js';
import { until } from '../until.js';
import { loadHub, options, type Line } from './hub.js';
import { hosted } from './programs.js';
import { folder } from './recorded-history.js';

const logger = recordingLogger();

/** A server of its own with a recorded hub, perhaps edited. */
async function serverWith(state: string, edit: (line: Line) => Line = (line) => line) {
  const text = readFileSync(`${folder}/hub-1-${state}.jsonl`, 'utf8');
  const lines = text
    .trim()
    .split('\n')
    .map((line) => JSON.stringify(edit(JSON.parse(line) as Line)));
  const server = await startTestServer();
  const session = await connectSession({ servers: server.url, logger });
  await loadHub(session, lines.join('\n'));
  await session.close();
  return server;
}

for (const state of ['stopped', 'running'])
  test(`a hub that an earlier build left ${state} is opened, and everything in it goes on`, async (t) => {
    const server = await serverWith(state);
    const hub = await connectTaskHub({ ...options, servers: server.url, logger });
    const worker = await TaskHubWorker.start(hub, hosted());
    const client = new TaskHubClient(hub);
    // What had ended, and entities.
    const hello = client.getHandle<string[]>('hello');
    t.deepEqual(await hello.result(), ['Hello, Tokyo!', 'Hello, Seattle!', 'Hello, Cairo!']);
    t.is((await hello.history()).length, 8);
    await t.throwsAsync(client.getHandle('failing').result(), { code: 'PERDURE_ORCHESTRATION_FAILED' });
    t.deepEqual((await client.readEntityState('stock', 'nails')).entityState, { pieces: 6 });
    t.is(await client.callEntity<number>('stock', 'screws', 'put', 1), 8);
    // What was waiting: for an event, for a timer, with a large value, between two executions.
    for (const instanceId of ['w1', 'w2', 'w3']) {
      t.is((await client.getHandle(instanceId).status()).runtimeStatus, 'Running');
      await client.raiseEvent(instanceId, 'Go', 'went');
      t.regex(await client.getHandle<string>(instanceId).result(), new RegExp(`^Hello, ${instanceId}! went \\d+$`));
    }
    await client.raiseEvent('large', 'Go', 'at last');
    t.regex(await client.getHandle<string>('large').result(), /^Hello, x{2000}! at last \d+$/);
    await client.raiseEvent('rounds', 'Next', 3);
    t.deepEqual(await client.getHandle('rounds').result(), { round: 3, seen: 3 });
    // What is new.
    t.is(await (await client.startNew<number>('fan-out', 4)).result(), 14);
    await client.close();
    await worker.stop();
    await hub.close();
    await server.stop();
  });

const newer = (line: Line, what: RegExp): Line => {
  if (!('data' in line) || !what.test(line.subject)) return line;
  const body = JSON.parse(Buffer.from(line.data, 'base64').toString()) as object;
  return { ...line, data: Buffer.from(JSON.stringify({ ...body, v: 3 })).toString('base64') };
};

test('an instance that only a newer build can replay is suspended and says so, and all others go on', async (t) => {
  const server = await serverWith('stopped', (line) => {
    if (!('data' in line) || !line.subject.endsWith('.s.o.w1')) return line;
    const head = Buffer.from(line.data, 'base64').toString();
    const newer = head.replace('"type":"ExecutionStarted"', '"type":"ExecutionStarted","behaviour":1000');
    return { ...line, data: Buffer.from(newer).toString('base64') };
  });
  const hub = await connectTaskHub({ ...options, servers: server.url, logger });
  const worker = await TaskHubWorker.start(hub, hosted());
  const client = new TaskHubClient(hub);
  for (const instanceId of ['w1', 'w2', 'w3']) await client.raiseEvent(instanceId, 'Go', 'went');
  for (const instanceId of ['w2', 'w3']) t.regex(await client.getHandle<string>(instanceId).result(), / went \d+$/);
  const status = () => client.getHandle('w1').status();
  await until(async () => (await status()).runtimeStatus === 'Suspended', 'w1 to be suspended');
  t.regex((await status()).reason!, /^The replay of orchestration "waiting".* has format version 1000, /);
  await client.close();
  await worker.stop();
  await hub.close();
  await server.stop();
});

test('a hub whose record is of a newer format is refused when it is opened', async (t) => {
  const server = await serverWith('stopped', (line) => newer(line, /^\$KV\..*\.hub$/));
  const error = await t.throwsAsync(connectTaskHub({ ...options, servers: server.url, logger }), {
    instanceOf: VersionTooNewError,
  });
  t.regex(error.message, /^The record of task hub recorded has format version 3/);
  await server.stop();
});

for (const [what, subject] of [
  ['commit log', /\.0\.l$/],
  ['checkpoint', /\.0\.c$/],
  ['list of names', /\.names$/],
] as const)
  test(`a worker refuses a hub whose ${what} is of a newer format`, async (t) => {
    const server = await serverWith('running', (line) => newer(line, subject));
    const hub = await connectTaskHub({ ...options, servers: server.url, logger });
    await t.throwsAsync(TaskHubWorker.start(hub, hosted()), { instanceOf: VersionTooNewError, message: /version 3/ });
    await hub.close();
    await server.stop();
  });
