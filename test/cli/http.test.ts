import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { connectTaskHub, OrchestrationContext, TaskHubWorker, type Orchestration, type TaskHub } from 'perdure';
import { Orchestrator, Run } from 'perdure/decorators';
import { startTestServer, type TestServer } from '../servers.js';
import { until } from '../until.js';
import { perdureHere } from './here.js';
import { outcome, perdure } from './perdure.js';

let server: TestServer;
let hub: TaskHub;
test.before(async () => {
  server = await startTestServer();
  hub = await connectTaskHub({ name: 'shop', servers: server.url, partitions: 1 });
});
test.after.always(async () => {
  await hub?.close();
  await server?.stop();
});

@Orchestrator('echo')
class Echo {
  @Run({ input: 'unknown' }) *run(said: unknown, ctx: OrchestrationContext): Orchestration<unknown> {
    yield* ctx.createTimer(1);
    return said;
  }
}

/** The command, and the address that it prints. */
async function serving(t: ExecutionContext, args: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const run = perdure(t, ['http', 'shop', '--servers', server.url, '--port', '0', ...args], env);
  await until(() => run.stdout().includes('\n'), 'the address to be printed');
  return { run, url: run.stdout().trim() };
}

test('the API of a hub is served until it is told to stop', async (t) => {
  await using worker = await TaskHubWorker.start(hub, { orchestrators: [Echo] });
  const { run, url } = await serving(t, []);
  t.regex(url, /^http:\/\/127\.0\.0\.1:\d+\/runtime\/webhooks\/durabletask$/);
  const answer = await fetch(`${url}/orchestrators/echo?timeout=20&pollingInterval=1`, {
    method: 'POST',
    body: '{"a":[1,null]}',
    headers: { 'content-type': 'application/json' },
  });
  t.deepEqual([answer.status, await answer.json()], [200, { a: [1, null] }]);
  run.child.kill('SIGTERM');
  t.is((await outcome(run)).code, 0);
  await worker.stop();
});

test('with --json the address is told as JSON, on one line', async (t) => {
  const { run, url: printed } = await serving(t, ['--json']);
  const { url } = JSON.parse(printed) as { url: string };
  t.is((await fetch(`${url}/health`)).status, 200);
  run.child.kill('SIGTERM');
  t.deepEqual(await outcome(run), { code: 0, stdout: `${JSON.stringify({ url })}\n`, stderr: '' });
});

test('keys come from a file or the environment, and are shown nowhere', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'perdure-http-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  const file = join(folder, 'keys');
  await writeFile(file, 'first-0123456789abcdef\n\nsecond-0123456789abcdef\n');
  const env = { PERDURE_HTTP_KEYS: 'third-0123456789abcdef' };
  const { run, url } = await serving(t, ['--key-file', file, '--hostname', '0.0.0.0', '--base-path', '/api'], env);
  const asked = url.replace('0.0.0.0', '127.0.0.1');
  t.is((await fetch(`${asked}/instances`)).status, 401);
  for (const name of ['first', 'second', 'third']) {
    const headers = { 'x-functions-key': `${name}-0123456789abcdef` };
    t.is((await fetch(`${asked}/instances`, { headers })).status, 200, name);
  }
  run.child.kill('SIGINT');
  const { code, stdout, stderr } = await outcome(run);
  t.is(code, 0);
  t.false(`${stdout}${stderr}`.includes('0123456789abcdef'));
});

test('what cannot be served is told', async (t) => {
  const run = (...args: string[]) => perdureHere(['http', 'shop', '--servers', server.url, ...args]);
  const open = await run('--hostname', '0.0.0.0');
  t.is(open.code, 1);
  t.true(open.stderr.startsWith('PERDURE_CONFIG: hostname: without auth '), open.stderr);
  t.true((await run('--key-file', '/nowhere/keys')).stderr.startsWith('PERDURE_CONFIG: --key-file: '));
  t.is((await run('--port', 'x')).code, 2);
  const nobody = await perdureHere(['http', 'nobody', '--servers', server.url]);
  t.true(nobody.stderr.startsWith('PERDURE_CONFIG: There is no task hub nobody at '), nobody.stderr);
});
