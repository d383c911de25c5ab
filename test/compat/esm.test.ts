import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { outcome, perdure } from '../cli/perdure.js';
import { until } from '../until.js';
import { funcStart, polled, temporaryFolder } from './func.js';

test('an app of ES modules: requests, times, hooks, and a CommonJS module among them', async (t) => {
  const keys = { PERDURE_HTTP_KEYS: 'key-0123456789abcdef' };
  const { run, origin } = await funcStart(t, 'esm', ['--folder', await temporaryFolder(t)], keys);
  const ask = (path: string, init: RequestInit = {}) => fetch(`${origin}/api/${path}`, init);

  const order = await ask('orders/7/lines?q=a%20b', { method: 'PUT', body: '{"pieces":1}' });
  t.is(order.status, 201);
  t.is(order.headers.get('x-app'), 'esm');
  t.is(order.headers.get('set-cookie'), 'a=b%20c; Max-Age=5; Path=/; HttpOnly; SameSite=Lax');
  const told = { method: 'PUT', params: { id: '7', part: 'lines' }, q: 'a b', user: null, body: { pieces: 1 } };
  t.deepEqual(await order.json(), told);
  await until(() => run.stderr().includes('the *** of 7'), 'the line, as the hook made it');
  t.is(await (await ask('orders/latest')).text(), 'latest');
  t.is((await ask('orders/none')).status, 404);
  t.is((await ask('orders/7', { method: 'POST' })).status, 404);
  t.is(await (await ask('files/a/b.txt')).text(), 'a/b.txt');
  t.is(await (await ask('generic', { method: 'POST', body: 'ab' })).text(), 'abab');
  t.is((await ask('nothing')).status, 204);
  t.is((await ask('text')).status, 500);
  t.is((await ask('throws')).status, 500);
  await until(() => /Function 'throws' failed: Error: it broke/.test(run.stderr()), 'the error to be told');
  const hooked = await ask('hooked');
  t.deepEqual([hooked.status, await hooked.text()], [299, 'by a hook']);

  const page = { origin: 'http://localhost:3000' };
  const readable = await ask('orders/latest', { headers: page });
  t.is(readable.headers.get('access-control-allow-origin'), 'http://localhost:3000');
  const stranger = await ask('orders/latest', { headers: { origin: 'http://elsewhere' } });
  t.is(stranger.headers.get('access-control-allow-origin'), null);
  const preflight = await ask('orders/latest', {
    method: 'OPTIONS',
    headers: { ...page, 'access-control-request-method': 'PUT', 'access-control-request-headers': 'x-a' },
  });
  t.deepEqual([preflight.status, preflight.headers.get('access-control-allow-headers')], [204, 'x-a']);

  t.is((await ask('guarded')).status, 401);
  t.is((await ask('guarded?code=key-0123456789abcdef')).status, 200);
  t.is((await ask('guarded', { headers: { 'x-functions-key': 'key-0123456789abcdef' } })).status, 200);
  t.is((await fetch(`${origin}/runtime/webhooks/durabletask/instances`)).status, 401);

  const start = await ask('startShouting', { method: 'POST', body: 'hello' });
  const { statusQueryGetUri } = (await start.json()) as { statusQueryGetUri: string };
  t.regex(statusQueryGetUri, /&code=/);
  t.is((await polled(statusQueryGetUri)).body.output, 'HELLO on TestHubName');
  t.is(run.stdout().match(/shouting: shouts/g)?.length, 1);

  t.regex(run.stdout(), /warm: warmed up/);
  await until(async () => ((await (await ask('ticks')).json()) as { ticks: number }).ticks >= 2, 'the timer to tick');
  t.regex(run.stdout(), /tick: tick \{ isPastDue: false, next: true \}/);
  const signaled = `${origin}/runtime/webhooks/durabletask/entities/ticks/all`;
  const headers = { 'x-functions-key': 'key-0123456789abcdef' };
  await until(async () => (await fetch(signaled, { headers })).status === 200, 'the entity to be signaled');

  const { started, seen } = (await (await ask('seen')).json()) as { started: number; seen: string[] };
  t.is(started, 1);
  t.true(['order', 'tick', 'shout', 'startShouting'].every((name) => seen.includes(name)));
});

/** An app with one module, written for a test. */
async function appWith(
  t: ExecutionContext,
  code: string,
  files: Readonly<Record<string, string>> = {},
): Promise<string> {
  const folder = await temporaryFolder(t);
  await mkdir(join(folder, 'src'));
  const all = { 'package.json': '{"main":"src/*.js"}', 'src/index.js': code, ...files };
  for (const [name, content] of Object.entries(all)) await writeFile(join(folder, name), content);
  return folder;
}

async function refused(t: ExecutionContext, folder: string, ...args: string[]): Promise<string> {
  const { code, stderr } = await outcome(
    perdure(t, ['func', 'start', '--script-root', folder, '--port', '0', ...args]),
  );
  t.is(code, 1, stderr);
  return stderr;
}

test('what only Azure has is named, function by function', async (t) => {
  const folder = await appWith(
    t,
    `const { app, input, output } = require('@azure/functions');
     const df = require('durable-functions');
     df.app.client.storageQueue('orders', { queueName: 'orders', connection: 'X', handler: () => {} });
     app.http('fine', { handler: () => ({}) });
     app.http('reads', { extraInputs: [input.cosmosDB({ databaseName: 'a' })], extraOutputs: [output.storageBlob({ path: 'b' })], handler: () => ({}) });`,
  );
  t.is(
    await refused(t, folder),
    'PERDURE_CONFIG: These functions need services that only Azure has:\n' +
      '  orders: the trigger queueTrigger\n' +
      '  reads: the input cosmosDB, the output blob\n' +
      'Start orchestrations and signal entities from a client of Perdure instead, such as in a subscriber of NATS, or leave these modules out.\n',
  );
});

test('an app that cannot run says why', async (t) => {
  t.regex(await refused(t, await temporaryFolder(t)), /has no package\.json/);
  t.regex(await refused(t, await appWith(t, '', { 'package.json': '{}' })), /"main" must name the modules/);
  const unbuilt = { 'package.json': '{"main":"dist/src/functions/*.js"}' };
  t.regex(await refused(t, await appWith(t, '', unbuilt)), /no file fits\. Build the app first/);
  t.regex(await refused(t, await appWith(t, 'throw new Error("broken")')), /index\.js cannot be loaded: broken/);
  t.regex(await refused(t, await appWith(t, '', { 'host.json': '{' })), /host\.json: is no JSON/);
  const encrypted = { 'local.settings.json': '{"IsEncrypted":true}' };
  t.regex(await refused(t, await appWith(t, '', encrypted)), /local\.settings\.json: is encrypted/);
  const timer = `require('@azure/functions').app.timer('late', { schedule: '%NOT_SET%', handler: () => {} });`;
  t.regex(await refused(t, await appWith(t, timer)), /late: its schedule is the setting %NOT_SET%, which there is not/);
  const twice = `const df = require('durable-functions'); for (const _ of [1, 2]) df.app.activity('a', { handler: () => {} });`;
  t.regex(await refused(t, await appWith(t, twice)), /A function with name "a" has already been registered/);
  t.regex(
    await refused(t, await appWith(t, ''), '--hostname', '0.0.0.0'),
    /without a key the host listens on the loopback/,
  );
  const named = `require('durable-functions').app.orchestration('${'a'.repeat(65)}', function* () {});`;
  t.regex(await refused(t, await appWith(t, named)), /PERDURE_INVALID_NAME: .*name "a{65}" is not acceptable/);
});
