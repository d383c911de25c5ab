import { execFile } from 'node:child_process';
import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import test, { type ExecutionContext } from 'ava';
import { until } from '../until.js';
import { asynchronousServer } from './asynchronous-server.js';
import { funcStart, outputOf, polled, started, temporaryFolder, type RunningApp } from './func.js';

const app = resolve('test/compat/apps/typescript');
const tsc = resolve('node_modules/typescript/bin/tsc');
const run = promisify(execFile);

/** What the compiler says of the app, which is built in a folder inside `build`, so that packages are found. */
async function compiled(name: string, paths?: Readonly<Record<string, readonly string[]>>): Promise<string> {
  const folder = resolve(`build/compat/${name}`);
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  await cp(app, folder, { recursive: true });
  const config = JSON.parse(await readFile(join(app, 'tsconfig.json'), 'utf8')) as { compilerOptions: object };
  Object.assign(config.compilerOptions, paths && { paths });
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(config));
  try {
    return (await run(process.execPath, [tsc, '-p', folder])).stdout;
  } catch (error) {
    return (error as { stdout: string }).stdout;
  }
}

test('a program in TypeScript compiles against the original packages, and against ours', async (t) => {
  t.is(await compiled('theirs'), '');
  const paths = {
    'durable-functions': [resolve('build/lib/compat/durable-functions.d.ts')],
    '@azure/functions': [resolve('build/lib/compat/azure-functions.d.ts')],
  };
  t.is(await compiled('ours', paths), '');
});

/** The app, built against the original packages, which are installed. */
async function runningApp(t: ExecutionContext, name: string): Promise<RunningApp> {
  t.is(await compiled(name), '');
  return funcStart(t, resolve(`build/compat/${name}`), ['--folder', await temporaryFolder(t)]);
}

test('what was built against the original packages, which are installed, runs on ours', async (t) => {
  const { origin } = await runningApp(t, 'run');
  t.deepEqual(await outputOf(origin, 'order', { article: 'nails', pieces: 2 }), {
    what: '2 nails',
    price: 10,
    left: 998,
  });
  t.deepEqual(await outputOf(origin, 'twoOrders', null), {
    done: { what: '2 nails', price: 10, left: 996 },
    refused: 'RangeError',
  });
  t.is(await outputOf(origin, 'locked', null), 0);
  const { statusQueryGetUri } = await started(origin, 'order', { article: 'nails', pieces: 101 });
  const { body } = await polled(statusQueryGetUri);
  t.regex(String(body.output), /RangeError: 101 are too many/);
  const health = await fetch(`${origin}/api/health?a=b`, { headers: { 'x-echo': 'c' } });
  t.deepEqual([health.headers.get('x-echo'), await health.json()], ['c', { query: { a: 'b' } }]);
});

test('every pattern in TypeScript', async (t) => {
  const { origin, run: app } = await runningApp(t, 'patterns');
  const hello = await fetch(`${origin}/api/hello`, { method: 'POST', body: 'someone' });
  t.is(hello.status, 202);
  const { id, statusQueryGetUri } = (await hello.json()) as { id: string; statusQueryGetUri: string };
  const { status, body } = await polled(statusQueryGetUri);
  t.deepEqual(
    [status, body.name, body.instanceId, body.runtimeStatus, body.input, body.output],
    [200, 'helloOrchestrator', id, 'Completed', 'someone', ['Hello, Tokyo', 'Hello, Seattle', 'Hello, Cairo']],
  );
  const outputFor = (name: string, input: unknown = null) => outputOf(origin, name, input);
  t.is(await outputFor('fanOutFanIn', 'a bc def'), 6);
  t.deepEqual(await outputFor('parent'), [3, 3]);
  t.is(await outputFor('monitor', { polls: 3 }), 3);
  t.is(await outputFor('approval', 20), 'escalated');
  const { sendEventPostUri, statusQueryGetUri: approval } = await started(origin, 'approval', 60_000);
  const raised = await fetch(sendEventPostUri.replace('{eventName}', 'ApprovalEvent'), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"by":"Ada"}',
  });
  t.is(raised.status, 202);
  t.deepEqual((await polled(approval)).body.output, [{ by: 'Ada' }, true]);
  const [before, after, entity] = (await outputFor('counting')) as unknown[];
  t.deepEqual([before, after], [5, 0]);
  t.regex(String(entity), /^@counter@/);
  t.deepEqual(await outputFor('transfer'), [[-10, 10], 2, false]);
  t.deepEqual(await outputFor('retries'), [3, 'attempt 2']);
  t.is(await outputFor('eternal', 3), 'the last round');
  const server = await asynchronousServer(t, 1);
  t.deepEqual(await outputFor('calling', `${server.origin}/jobs`), [200, '{"done":true}']);
  t.is(server.polls, 2);
  t.is((await fetch(`${origin}/api/enqueue`, { method: 'POST', body: 'four five' })).status, 202);
  await until(() => app.stdout().includes('collect: collected from-a-queue'), 'the id to be collected', 60);
  const statusOf = (started: string) => polled(`${origin}/runtime/webhooks/durabletask/instances/${started}`);
  t.is((await statusOf('from-a-queue')).body.output, 8);
  await until(async () => {
    const answer = await fetch(`${origin}/runtime/webhooks/durabletask/instances/from-any`);
    return answer.status !== 404;
  }, 'the other queue to start one');
  t.is((await statusOf('from-any')).body.output, 11);
});
