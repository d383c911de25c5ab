import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import test from 'ava';
import { until } from '../until.js';
import { funcStart, outputOf, polled, started, temporaryFolder, type RunningApp } from './func.js';

let app: RunningApp;
test.before(async (t) => {
  // Hooks end before the tests begin: what is torn down then is stopped by `after`.
  app = await funcStart({ ...t, teardown: () => {} } as never, 'patterns', ['--folder', await folder()]);
});
test.after.always(async () => {
  app?.run.child.kill('SIGTERM');
  await app?.run.ended;
  await removeFolder();
});

let removeFolder = async (): Promise<void> => {};
async function folder(): Promise<string> {
  let remove: (() => unknown) | undefined;
  const made = await temporaryFolder({ teardown: (run: () => unknown) => (remove = run) } as never);
  removeFolder = async () => void (await remove?.());
  return made;
}

/** Calls a method of the client in the app. */
async function client(method: string, input: unknown): Promise<{ status: number; result?: unknown; error?: string }> {
  const response = await fetch(`${app.origin}/api/client/${method}`, { method: 'POST', body: JSON.stringify(input) });
  return { status: response.status, ...((await response.json()) as object) };
}

const run = (name: string, input?: unknown) => outputOf(app.origin, name, input);

test('fan-out, fan-in: results come in order', async (t) => {
  t.deepEqual(await run('fanOutFanIn', 4), { sum: 20, first: 2, isCompleted: true });
});

test('sub-orchestrations, by name and as registered, with retries and without', async (t) => {
  t.deepEqual(await run('parent'), {
    greetings: ['Hello, Oslo!', 'Hello, Rome!', 'Hello, Bern!', 'Hello, Kyiv!'],
    areMine: true,
  });
  t.deepEqual(await run('failingParent'), { isTaskFailed: true, taskName: 'failingChild', errorType: 'OutOfStock' });
});

test('what an activity throws is told with its type, message and properties', async (t) => {
  t.deepEqual(await run('catching'), {
    name: 'TaskFailedError',
    message: 'OutOfStock: nothing left',
    taskName: 'fail',
    errorType: 'OutOfStock',
    errorMessage: 'nothing left',
    properties: { article: 7, warehouse: 'Oslo' },
    isNonRetriable: false,
    isFaulted: true,
    isCompleted: false,
    isResult: true,
  });
  const { statusQueryGetUri } = await started(app.origin, 'failing');
  const { status, body } = await polled(statusQueryGetUri);
  t.is(status, 200);
  t.is(body.runtimeStatus, 'Failed');
  t.regex(String(body.output), /OutOfStock: nothing left/);
});

test('Task.all fails with the first error, and the others go on', async (t) => {
  t.deepEqual(await run('oneOfManyFails'), [true, 'OutOfStock: nothing left', 8]);
  t.regex(String(await run('emptyAll')), /^When constructing a CompoundTask .* you must specify at least one Task\.$/);
});

test('a monitor polls between timers', async (t) => {
  t.deepEqual(await run('monitor', { key: 'job', times: 4 }), { key: 'job', polls: 4 });
});

test('human interaction: an event over HTTP, or the time is over', async (t) => {
  const { statusQueryGetUri, sendEventPostUri } = await started(app.origin, 'approval');
  const raised = await fetch(sendEventPostUri.replace('{eventName}', 'Approval'), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ approved: true }),
  });
  t.is(raised.status, 202);
  t.deepEqual((await polled(statusQueryGetUri)).body.output, { outcome: 'approved', canceled: true });
  t.deepEqual(await run('approval', { limit: 20 }), {
    outcome: 'escalated',
    told: 'Cannot cancel a completed task.',
    event: null,
  });
});

test('events that come early are kept in order, by their names in capitals or not', async (t) => {
  const { id, statusQueryGetUri } = await started(app.origin, 'events');
  for (const data of [1, 2]) t.is((await client('raise', { id, name: 'NUMBER', data })).status, 200);
  t.deepEqual((await polled(statusQueryGetUri)).body.output, [1, 2]);
});

test('retries end with success, or with the last error', async (t) => {
  t.deepEqual(await run('retries'), { third: 3, last: 'attempt 2' });
  t.regex(String(await run('retryBuilder')), /^Invalid use of `\.withRetry`/);
});

test('continueAsNew goes on with the new input, and what is yielded behind it is not asked for', async (t) => {
  t.deepEqual(await run('eternal', { rounds: 3, seen: [] }), [3, 2, 1]);
});

test('ids, times and guids', async (t) => {
  t.deepEqual(await run('identity'), {
    isOwnId: true,
    guid: true,
    isOther: true,
    goesOn: true,
    isReplaying: false,
    hasParent: false,
  });
});

test('values travel as their JSON says', async (t) => {
  t.deepEqual(await run('values', 0), {
    input: 0,
    echoes: [0, '', false, null, { at: '1970-01-01T00:00:00.000Z', not: null }],
    nothing: null,
  });
});

test('what is never yielded is never asked for, and what is no task fails the orchestration', async (t) => {
  t.is(await run('neverYielded'), 'done');
  const { statusQueryGetUri } = await started(app.origin, 'notATask');
  const { body } = await polled(statusQueryGetUri);
  t.is(body.runtimeStatus, 'Failed');
  t.regex(String(body.output), /programming constraint violation: Orchestration yielded data of type undefined/);
});

test('entities are called and signaled, keep their state, and are rolled back when they throw', async (t) => {
  t.deepEqual(await run('counting'), {
    five: 5,
    told: 'counter.fail failed: no such luck',
    stillFive: 5,
    gone: { state: { names: [] }, isNew: true },
  });
  const { look, who } = (await run('profiling')) as { look: unknown; who: string[] };
  t.deepEqual(look, { state: { names: ['Ada'] }, isNew: false });
  t.deepEqual(who, ['profile', who[1], `@profile@${who[1]}`, 'who']);
  await until(async () => {
    const { result } = await client('read', { entity: 'Counter', key: who[1] });
    return (result as { entityState?: unknown }).entityState === 1;
  }, 'the signal to arrive');
});

test('locks keep the rules of the original', async (t) => {
  t.deepEqual(await run('locking'), {
    refused: [
      ['RangeError', 'lock requires at least one EntityId'],
      ['TypeError', 'lock expected EntityId[]'],
      [true, 'Cannot acquire more locks when already holding some locks.'],
      [true, 'Cannot invoke sub-orchestrations from within a critical section.'],
      [true, 'Cannot call an entity from within a critical section unless it is one of the locked entities.'],
      [true, 'Cannot signal an entity from within a critical section if the entity is one of the locked entities.'],
      [true, 'Cannot call the same entity multiple times in parallel within a critical section.'],
    ],
    sum: 30,
    owned: ['one', 'two'],
    wasLocked: [true, 2],
    isLocked: false,
  });
});

test('callHttp polls what is answered with 202', async (t) => {
  let polls = 0;
  const asked: unknown[] = [];
  const server = createServer((request, response) => {
    if (request.url === '/jobs') {
      asked.push([request.method, request.headers['content-type'], request.headers['x-app']]);
      response.writeHead(202, { location: '/jobs/1' }).end();
    } else if (request.url === '/jobs/1') {
      if (++polls < 3) response.writeHead(202, { location: '/jobs/1' }).end();
      else response.writeHead(200, { 'content-type': 'application/json' }).end('{"done":true}');
    } else response.writeHead(404).end();
  }).listen(0, '127.0.0.1');
  t.teardown(() => server.close());
  await until(() => server.listening, 'the server to listen');
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  t.deepEqual(await run('calling', { base }), {
    polled: { statusCode: 200, content: '{"done":true}', type: 'application/json' },
    once: [202, true],
    missing: 404,
  });
  t.deepEqual(asked, [
    ['POST', 'application/json', 'a'],
    ['POST', 'text/plain', undefined],
  ]);
  t.is(polls, 3);
});

test('the client tells how instances stand, and with what history', async (t) => {
  const { id, statusQueryGetUri } = await started(app.origin, 'fanOutFanIn', 1);
  await polled(statusQueryGetUri);
  const told = {
    name: 'fanOutFanIn',
    runtimeStatus: 'Completed',
    input: 1,
    output: { sum: 2, first: 2, isCompleted: true },
    customStatus: null,
    areDates: true,
  };
  t.deepEqual((await client('status', { id })).result, told);
  t.deepEqual((await client('status', { id, options: { showInput: false, showHistory: true } })).result, {
    ...told,
    input: null,
    events: ['ExecutionStarted', 'TaskCompleted', 'TaskCompleted', 'ExecutionCompleted'],
  });
  t.regex((await client('status', { id: 'nobody' })).error!, /HTTP 404 response\. .*provided: nobody\.$/);
  await until(async () => ((await client('all', {})).result as string[]).includes(id), 'the list to tell of it');
  const found = (await client('by', { runtimeStatus: ['Completed'], from: 0 })).result as string[];
  t.true(found.includes(id));
  t.false(((await client('by', { runtimeStatus: ['Suspended'] })).result as string[]).includes(id));
});

test('the client starts, suspends, resumes, terminates and purges', async (t) => {
  const id = 'chosen-by-the-caller';
  t.is((await client('start', { name: 'WAITSLONG', options: { instanceId: id } })).result, id);
  const status = async () =>
    (await client('status', { id })).result as { runtimeStatus: string; customStatus: unknown };
  await until(async () => (await status()).runtimeStatus === 'Running', 'it to run');
  t.deepEqual((await status()).customStatus, { stage: 'waiting' });
  t.is((await client('start', { name: 'waitsLong', options: { instanceId: id } })).status, 400);
  await client('suspend', { id, reason: 'lunch' });
  await until(async () => (await status()).runtimeStatus === 'Suspended', 'it to be suspended');
  await client('resume', { id, reason: 'done' });
  await until(async () => (await status()).runtimeStatus === 'Running', 'it to go on');
  t.deepEqual((await client('purge', { id })).result, { instancesDeleted: 0 });
  await client('terminate', { id, reason: 'enough' });
  await until(async () => (await status()).runtimeStatus === 'Terminated', 'it to be terminated');
  t.is(((await status()) as { output?: unknown }).output, 'enough');
  for (const method of ['terminate', 'suspend', 'resume', 'raise'])
    t.is((await client(method, { id, reason: 'again', name: 'Go' })).status, 200, method);
  t.regex((await client('rewind', { id, reason: 'x' })).error!, /^The rewind operation is only supported on failed/);
  t.deepEqual((await client('purge', { id })).result, { instancesDeleted: 1 });
  t.deepEqual((await client('purge', { id })).result, { instancesDeleted: 0 });
  for (const method of ['terminate', 'suspend', 'resume', 'raise', 'rewind'])
    t.is((await client(method, { id, reason: 'x', name: 'Go' })).error, `No instance with ID '${id}' found.`, method);
});

test('an orchestration that failed is rewound, and what had succeeded is not done again', async (t) => {
  const { id, statusQueryGetUri } = await started(app.origin, 'unlucky');
  t.is((await polled(statusQueryGetUri)).body.runtimeStatus, 'Failed');
  t.is((await client('rewind', { id, reason: 'better luck' })).status, 200);
  await until(
    async () => ((await client('status', { id })).result as { runtimeStatus: string }).runtimeStatus === 'Completed',
    'it to be completed',
  );
  t.deepEqual((await polled(statusQueryGetUri)).body.output, ['Hello, first!', 2]);
});

test('the client signals and reads entities, and tells URLs', async (t) => {
  const entity = { entity: 'COUNTER', key: 'by the client' };
  t.deepEqual((await client('read', entity)).result, { entityExists: false });
  t.deepEqual(await client('signal', { ...entity, operation: 'add', input: 4 }), { status: 200, result: null });
  await until(async () => {
    const { result } = await client('read', entity);
    return (result as { entityState?: unknown }).entityState === 4;
  }, 'the signal to arrive');
  const rest = `${app.origin}/runtime/webhooks/durabletask/entities/Counter/by%20the%20client`;
  t.is(await (await fetch(rest)).json(), 4);
  const payload = (await client('payload', { id: 'x' })).result as Record<string, string>;
  t.is(
    payload['statusQueryGetUri'],
    `${app.origin}/runtime/webhooks/durabletask/instances/x?taskHub=PatternsHub&connection=nats`,
  );
  t.is((await client('hub', {})).result, 'PatternsHub');
});

test('a request waits for the end, or is told where to look for it', async (t) => {
  const ask = (name: string, query = '') =>
    fetch(`${app.origin}/api/wait/${name}${query}`, { method: 'POST', body: '2' });
  const done = await ask('fanOutFanIn');
  t.deepEqual([done.status, await done.json()], [200, { sum: 6, first: 2, isCompleted: true }]);
  const failed = await ask('failing');
  t.is(failed.status, 500);
  t.is(((await failed.json()) as { runtimeStatus: string }).runtimeStatus, 'Failed');
  const late = await ask('waitsLong', '?timeout=50');
  t.is(late.status, 202);
  t.true(late.headers.has('location'));
});

test('a function without a client among its inputs has none', async (t) => {
  const answer = await fetch(`${app.origin}/api/withoutClient`);
  t.is(answer.status, 500);
  t.regex(await answer.text(), /^Could not find a registered durable client input binding\./);
  t.is((await fetch(`${app.origin}/api/nothing`)).status, 404);
});
