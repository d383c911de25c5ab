import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import test from 'ava';
import { deterministicGuid } from '../../lib/compat/durable/deterministic-guid.js';
import * as df from '../../lib/compat/durable-functions.js';
import { until } from '../until.js';
import { appWith, funcStart, outputOf, polled, started, temporaryFolder } from './func.js';

const starter = `
const { app, output } = require('@azure/functions');
const df = require('durable-functions');
df.app.client.http('start', {
  route: 'orchestrators/{name}/{instanceId?}',
  methods: ['POST'],
  handler: async (request, client) => {
    const { name, instanceId } = request.params;
    const text = await request.text();
    const input = text === '' ? undefined : JSON.parse(text);
    return client.createCheckStatusResponse(request, await client.startNew(name, { instanceId, input, version: input?.version }));
  },
});
const told = (name, tell) => df.app.client.http(name, { handler: async (request, client) => {
  try {
    return { jsonBody: await tell(client, request) };
  } catch (error) {
    return { status: 400, jsonBody: error.message };
  }
} });
`;

const versions = `${starter}
df.app.orchestration('shown', function* (context) {
  const child = context.df.getInput()?.child;
  const version = context.df.version;
  if (!child) return version;
  const own = yield context.df.callSubOrchestrator('shown');
  return [version, own, yield context.df.callSubOrchestrator('shown', undefined, undefined, child)];
});
`;

test('versions: that of host.json, or the one that is given', async (t) => {
  const durableTask = { defaultVersion: '1.1', versionMatchStrategy: 'CurrentOrOlder' };
  const files = { 'host.json': JSON.stringify({ version: '2.0', extensions: { durableTask } }) };
  const { origin } = await funcStart(t, await appWith(t, versions, files), ['--folder', await temporaryFolder(t)]);
  t.is(await outputOf(origin, 'shown'), '1.1');
  t.is(await outputOf(origin, 'shown', { version: '1.0' }), '1.0');
  t.deepEqual(await outputOf(origin, 'shown', { child: '0.9' }), ['1.1', '1.1', '0.9']);
});

const members = `${starter}
df.app.entity('Counter', (context) => {
  if (context.df.operationName === 'add') context.df.setState(context.df.getState(() => 0) + context.df.getInput());
  else context.df.return(context.df.getState());
});
df.app.orchestration('waiting', function* (context) {
  context.df.customStatus = { at: 'the event' };
  const event = yield context.df.waitForExternalEvent('Go');
  return [context.df.customStatus, event];
});
df.app.orchestration('eternalEvents', function* (context) {
  const seen = [...(context.df.getInput() ?? []), yield context.df.waitForExternalEvent('Number')];
  if (seen.length === 3) return seen;
  context.df.continueAsNew(seen);
});
df.app.activity('double', { handler: (number) => 2 * number });
df.app.orchestration('doubled', function* (context) {
  return yield context.df.callActivity('double', 21);
});
const counter = new df.EntityId('Counter', 'other');
told('elsewhere', async (client) => {
  const other = { taskHubName: 'OtherHub' };
  await client.signalEntity(counter, 'add', 5, other);
  const own = await client.readEntityState(counter);
  return { own, other: await client.readEntityState(counter, other) };
});
told('raiseElsewhere', (client) => client.raiseEvent('nobody', 'Go', 1, { taskHubName: 'OtherHub' }));
told('links', (client) => ({
  origins: client.uniqueWebhookOrigins,
  location: client.createCheckStatusResponse(undefined, 'x').headers.get('location'),
  ofEntity: String(counter),
}));
told('ofEntity', (client) => client.getStatus(String(counter)));
told('history', async (client) => {
  const { history } = await client.getStatus('doubled-1', { showHistory: true, showHistoryOutput: true });
  return history.map(({ EventType, Result }) => [EventType, Result ?? null]);
});
told('cleared', async (client, request) => {
  const between = { createdTimeFrom: new Date(0), createdTimeTo: new Date(Date.now() + 60_000) };
  const { Completed, Running, Failed } = df.OrchestrationRuntimeStatus;
  const ids = async (filter) => (await client.getStatusBy(filter)).map(({ instanceId }) => instanceId);
  const before = await ids({ ...between, runtimeStatus: [Completed] });
  const none = await ids({ createdTimeTo: new Date(0) });
  const running = await client.purgeInstanceHistoryBy({ ...between, runtimeStatus: [Running] });
  const failed = await client.purgeInstanceHistoryBy({ ...between, runtimeStatus: [Failed] });
  const completed = await client.purgeInstanceHistoryBy({ ...between, runtimeStatus: [Completed] });
  return { before, none, purged: [running, failed, completed].map(({ instancesDeleted }) => instancesDeleted) };
});
`;

test('members of the client and of contexts that the patterns do not need', async (t) => {
  const args = ['--folder', await temporaryFolder(t)];
  const { origin } = await funcStart(t, await appWith(t, members), args);
  const other = await funcStart(t, await appWith(t, members), [...args, '--hub', 'OtherHub']);
  const ask = async (name: string) => (await fetch(`${origin}/api/${name}`)).json();
  const raise = (id: string, name: string, data: unknown) =>
    fetch(`${origin}/runtime/webhooks/durabletask/instances/${id}/raiseEvent/${name}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(data),
    });

  const waiting = await started(origin, 'waiting/waiting-1');
  await until(async () => {
    const status = (await (await fetch(waiting.statusQueryGetUri)).json()) as { customStatus: unknown };
    return JSON.stringify(status.customStatus) === '{"at":"the event"}';
  }, 'the custom status');
  t.is((await raise('waiting-1', 'Go', 7)).status, 202);
  t.deepEqual((await polled(waiting.statusQueryGetUri)).body.output, [{ at: 'the event' }, 7]);

  const eternal = await started(origin, 'eternalEvents/eternal-1');
  for (const number of [1, 2, 3]) t.is((await raise('eternal-1', 'Number', number)).status, 202);
  t.deepEqual((await polled(eternal.statusQueryGetUri)).body.output, [1, 2, 3]);

  await polled((await started(origin, 'doubled/doubled-1')).statusQueryGetUri);
  t.deepEqual(await ask('history'), [
    ['ExecutionStarted', null],
    ['TaskCompleted', 42],
    ['ExecutionCompleted', 42],
  ]);

  await until(async () => {
    const { own, other: read } = (await ask('elsewhere')) as { own: object; other: { entityState?: number } };
    t.deepEqual(own, { entityExists: false });
    return (read.entityState ?? 0) > 0;
  }, 'the entity of the other hub');
  const rest = `${other.origin}/runtime/webhooks/durabletask/entities/Counter/other`;
  t.is((await fetch(rest)).status, 200);
  t.is(await ask('raiseElsewhere'), `No instance with ID 'nobody' found.`);
  t.regex(String(await ask('ofEntity')), /Invalid instance id: must not start with @, which marks entities/);
  t.deepEqual(await ask('links'), {
    origins: [origin],
    location: `${origin}/runtime/webhooks/durabletask/instances/x?taskHub=TestHubName&connection=nats`,
    ofEntity: '@counter@other',
  });

  await started(origin, 'waiting/waiting-2');
  const ids = ['waiting-1', 'eternal-1', 'doubled-1'];
  await until(async () => {
    const { before, none, purged } = (await ask('cleared')) as { before: string[]; none: string[]; purged: number[] };
    t.deepEqual(none, []);
    t.deepEqual(purged.slice(0, 2), [0, 0]);
    t.true(
      before.every((id) => ids.includes(id)),
      before.join(),
    );
    for (const id of before) ids.splice(ids.indexOf(id), 1);
    return ids.length === 0;
  }, 'all that were completed to be purged');
  const statusOf = async (id: string) => (await fetch(`${origin}/runtime/webhooks/durabletask/instances/${id}`)).status;
  t.is(await statusOf('doubled-1'), 404);
  t.is(await statusOf('waiting-2'), 202);
});

const identity = `${starter}
df.app.orchestration('calls', function* (context) {
  const tokenSource = new df.ManagedIdentityTokenSource('https://management.core.windows.net');
  try {
    return (yield context.df.callHttp({ method: 'GET', url: context.df.getInput(), tokenSource })).content;
  } catch (error) {
    if (error instanceof df.TaskFailedError) return [error.message, error.failureDetails.innerFailure.errorMessage];
  }
});
`;

test('a request with the token of a managed identity, where there is one', async (t) => {
  const server = createServer(({ url = '', headers }, response) => {
    const { searchParams } = new URL(url, 'http://localhost');
    const isAsked = searchParams.get('resource') !== null && headers['x-identity-header'] === 'secret';
    if (isAsked) response.end(JSON.stringify({ access_token: `for ${searchParams.get('resource')}` }));
    else response.end(`was sent: ${headers.authorization}`);
  }).listen(0, '127.0.0.1');
  t.teardown(() => server.close());
  await until(() => server.listening, 'the server to listen');
  const there = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const folder = await appWith(t, identity);
  const env = { IDENTITY_ENDPOINT: `${there}/token`, IDENTITY_HEADER: 'secret' };
  const { origin } = await funcStart(t, folder, ['--folder', await temporaryFolder(t)], env);
  t.is(await outputOf(origin, 'calls', there), 'was sent: Bearer for https://management.core.windows.net');
  const without = { IDENTITY_ENDPOINT: '', IDENTITY_HEADER: '' };
  const other = await funcStart(t, folder, ['--folder', await temporaryFolder(t)], without);
  const [failed, why] = (await outputOf(other.origin, 'calls', there)) as string[];
  t.regex(failed!, /: Token source "AzureManagedIdentity" failed to give credentials\.$/);
  t.regex(why!, /there is no managed identity here/);
});

test('guids are those that the original makes of the same texts', (t) => {
  const path = 'durable-functions/lib/src/util/GuidManager.js';
  const { GuidManager } = createRequire(import.meta.url)(path) as {
    GuidManager: { createDeterministicGuid(namespace: string, name: string): string; UrlNamespaceValue: string };
  };
  for (const name of ['abc_1767225600000_0', 'abc_1767225600000_1', 'ä_0_2', ' '.repeat(3) + 'x'.repeat(300)])
    t.is(deterministicGuid(name), GuidManager.createDeterministicGuid(GuidManager.UrlNamespaceValue, name));
});

test('unit tests of apps put contexts together', (t) => {
  const handler: df.OrchestrationHandler = function* (context) {
    const name: string = yield context.df.callActivity('name');
    context.log(name);
    return `${context.df.getInput<string>()}, ${name}`;
  };
  const lines: unknown[] = [];
  const context = new df.DummyOrchestrationContext('greeting', 'id', (level, ...args) => lines.push([level, ...args]));
  context.df = { getInput: () => 'Hello', callActivity: (name: string) => name } as never;
  const generator = handler(context);
  t.is(generator.next().value, 'name' as never);
  t.deepEqual(generator.next('Ada'), { done: true, value: 'Hello, Ada' });
  t.deepEqual([context.functionName, context.invocationId, lines], ['greeting', 'id', [['information', 'Ada']]]);
  const entity = new df.DummyEntityContext<number>();
  t.is(entity.functionName, 'dummyContextFunctionName');
  entity.df = { getState: () => 7 } as never;
  t.is(entity.df.getState(), 7);
});
