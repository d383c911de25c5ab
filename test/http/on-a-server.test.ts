import test from 'ava';
import { connectTaskHub, TaskHubClient, TaskHubWorker, type TaskHub } from 'perdure';
import { HttpApi } from 'perdure/http';
import { serveHttpApi, type HttpApiServer } from 'perdure/http/node';
import { recordingLogger } from '../contract/harness.js';
import { startTestServer, type TestServer } from '../servers.js';
import { until } from '../until.js';
import { entities, Kitchen, orchestrators } from './http-classes.js';

const key = 'k-0123456789abcdef';
const headers = { 'x-functions-key': key, 'content-type': 'application/json' };

let server: TestServer;
let hub: TaskHub;
let worker: TaskHubWorker;
let client: TaskHubClient;
let listener: HttpApiServer;
let url: string;
const kitchen = new Kitchen();
const hosted = { orchestrators, entities, activities: [kitchen] };

test.before(async () => {
  server = await startTestServer();
  hub = await connectTaskHub({ name: 'http', servers: server.url, partitions: 2, logger: recordingLogger() });
  worker = await TaskHubWorker.start(hub, hosted);
  client = new TaskHubClient(hub);
  const api = new HttpApi(client, { auth: { keys: [key] }, orchestrators, entities });
  listener = await serveHttpApi(api, { port: 0 });
  url = `${listener.url}${api.basePath}`;
});
test.after.always(async () => {
  await listener?.close();
  await client?.close();
  await worker?.stop();
  await hub?.close();
  await server?.stop();
});

const post = (path: string, body?: unknown) =>
  fetch(path.startsWith('http') ? path : `${url}${path}`, {
    method: 'POST',
    headers,
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
const get = (path: string) => fetch(path.startsWith('http') ? path : `${url}${path}`, { headers });

test.serial('an instance lives its whole life over HTTP', async (t) => {
  const started = await post('/orchestrators/table/t');
  t.is(started.status, 202);
  const links = (await started.json()) as Record<string, string>;
  const without = (link: string, init: RequestInit = {}) => fetch(link.replace(/\{\w+\}/, 'Guest'), init);
  t.is((await without(links['statusQueryGetUri']!)).status, 202, 'its URLs need no key');
  t.is((await without(links['suspendPostUri']!, { method: 'POST' })).status, 202);
  const suspended = (await (await without(links['statusQueryGetUri']!)).json()) as { runtimeStatus: string };
  t.is(suspended.runtimeStatus, 'Suspended');
  t.is((await without(links['resumePostUri']!, { method: 'POST' })).status, 202);
  const guest = { method: 'POST', body: '{"name":"ada"}', headers: { 'content-type': 'application/json' } };
  t.is((await without(links['sendEventPostUri']!, guest)).status, 202);
  await until(async () => (await without(links['statusQueryGetUri']!)).status === 200, 'its end');
  t.like(await (await without(links['statusQueryGetUri']!)).json(), {
    runtimeStatus: 'Completed',
    output: { name: 'ada' },
  });
  t.is((await without(links['sendEventPostUri']!, guest)).status, 410);
  await until(async () => ((await (await get('/instances')).json()) as unknown[]).length === 1, 'it to be listed');
  t.deepEqual(await (await without(links['purgeHistoryDeleteUri']!, { method: 'DELETE' })).json(), {
    instancesDeleted: 1,
  });
  t.is((await without(links['statusQueryGetUri']!)).status, 404);
});

test.serial('a start waits for its end, and entities are called', async (t) => {
  const meal = await post('/orchestrators/meal?timeout=20&pollingInterval=1', 'rice');
  t.deepEqual([meal.status, await meal.json()], [200, 'hot rice']);
  const put = await post('/entities/till/a/call/put', 5);
  t.deepEqual([put.status, await put.json()], [200, 5]);
  t.deepEqual(await (await get('/entities/till/a')).json(), { coins: 5 });
  t.is((await post('/entities/till/a?op=put', 'much')).status, 400);
});

test.serial('a watch goes on over a change of the owner', async (t) => {
  const watch = await get('/entities/till/watched/watch');
  const reader = watch.body!.getReader();
  let told = '';
  const next = async (text: string): Promise<void> => {
    while (!told.includes(text)) told += new TextDecoder().decode((await reader.read()).value as Uint8Array);
  };
  await next('"entityExists":false');
  await post('/entities/till/watched/call/put', 1);
  await next('{"coins":1}');
  await worker.stop();
  worker = await TaskHubWorker.start(hub, hosted);
  await post('/entities/till/watched/call/put', 1);
  await next('{"coins":2}');
  await reader.cancel();
  t.pass();
});

test.serial('so does that of an instance, to its end', async (t) => {
  await post('/orchestrators/table/watched');
  const reader = (await get('/instances/watched/watch')).body!.getReader();
  let told = '';
  const next = async (text: string): Promise<void> => {
    while (!told.includes(text)) told += new TextDecoder().decode((await reader.read()).value as Uint8Array);
  };
  await next('"Running"');
  await worker.stop();
  worker = await TaskHubWorker.start(hub, hosted);
  await post('/instances/watched/raiseEvent/Guest', 'ada');
  await next('event: end');
  t.regex(told, /"runtimeStatus":"Completed".*"output":"ada"/);
});

test.serial('without a worker instances are told from their views, and new ones are taken', async (t) => {
  t.is((await post('/orchestrators/meal/m?timeout=20&pollingInterval=1', 'rice')).status, 200);
  await worker.stop();
  const seen = await get('/instances/m');
  t.deepEqual([seen.status, seen.headers.get('perdure-source')], [200, 'view']);
  const started = await post('/orchestrators/meal', 'tea');
  t.is(started.status, 202);
  worker = await TaskHubWorker.start(hub, hosted);
  const { id } = (await started.json()) as { id: string };
  await until(async () => (await get(`/instances/${id}`)).status === 200, 'its end');
});
