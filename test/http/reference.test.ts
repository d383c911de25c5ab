import test, { type ExecutionContext } from 'ava';
import { until } from '../until.js';
import { opened } from './street.js';

/**
 * The HTTP API as programs of the original ask it: over the wire, knowing nothing but the table of the original's routes. A test
 * for each of its rows, with each status that it names; of every body each field, and that there are no others.
 */

const rows = [
  'POST orchestrators/{functionName}[/{instanceId}]',
  'GET instances/{id}',
  'GET instances',
  'DELETE instances/{id}',
  'DELETE instances',
  'POST instances/{id}/raiseEvent/{eventName}',
  'POST instances/{id}/terminate',
  'POST instances/{id}/suspend, /resume',
  'POST instances/{id}/rewind',
  'POST instances/{id}/restart',
  'GET entities/{name}/{key}',
  'POST entities/{name}/{key}',
  'DELETE entities/{name}/{key}',
  'GET entities[/{name}]',
  'POST makeprimary',
] as const;

interface Answered {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly body: unknown;
}

/** A program that has the base URL of the API. */
class Caller {
  constructor(
    readonly t: ExecutionContext,
    readonly base: string,
    /** Activities fail from now on, or do not. */
    readonly breakKitchen: (isBroken: boolean) => void,
  ) {}

  async ask(method: string, path: string, json?: unknown, headers: Record<string, string> = {}): Promise<Answered> {
    const typed = json === undefined ? headers : { 'content-type': 'application/json', ...headers };
    const url = path.startsWith('http') ? path : `${this.base}/${path}`;
    const body = json === undefined ? null : typeof json === 'string' ? json : JSON.stringify(json);
    const response = await fetch(url, { method, headers: typed, body });
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.includes('json') ?? false;
    return { status: response.status, headers: response.headers, text, body: isJson ? JSON.parse(text) : undefined };
  }

  async status(method: string, path: string, json?: unknown, headers?: Record<string, string>): Promise<number> {
    return (await this.ask(method, path, json, headers)).status;
  }

  /** Until an instance stands so, as a program of the original polls. */
  async isIn(id: string, runtimeStatus: string): Promise<void> {
    const stands = async () => (await this.ask('GET', `instances/${id}`)).body as { runtimeStatus?: string };
    await until(async () => (await stands()).runtimeStatus === runtimeStatus, `${id} to be ${runtimeStatus}`);
  }

  /** A body has these fields and no others; a text is matched by a pattern where one is given. */
  same(body: unknown, fields: Readonly<Record<string, unknown>>): void {
    const given = body as Readonly<Record<string, unknown>>;
    this.t.deepEqual(Object.keys(given).toSorted(), Object.keys(fields).toSorted());
    for (const [name, expected] of Object.entries(fields))
      if (expected instanceof RegExp) this.t.regex(String(given[name]), expected, name);
      else this.t.deepEqual(given[name], expected, name);
  }
}

const shown = new Set<string>();

function reference(row: (typeof rows)[number], run: (caller: Caller) => Promise<void>): void {
  shown.add(row);
  test(row, async (t) => {
    const { url, restaurant } = await opened(t);
    await run(new Caller(t, url, (isBroken) => (restaurant.kitchen.isBroken = isBroken)));
  });
}

const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;
const stamp = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

/** The body of a check-status answer: without `rewindPostUri`. */
function checkStatus({ base }: Caller, id: string): Readonly<Record<string, string>> {
  const [url, query] = [`${base}/instances/${id}`, 'taskHub=test&connection=nats'];
  return {
    id,
    statusQueryGetUri: `${url}?${query}`,
    sendEventPostUri: `${url}/raiseEvent/{eventName}?${query}`,
    terminatePostUri: `${url}/terminate?reason={text}&${query}`,
    purgeHistoryDeleteUri: `${url}?${query}`,
    restartPostUri: `${url}/restart?${query}`,
    suspendPostUri: `${url}/suspend?reason={text}&${query}`,
    resumePostUri: `${url}/resume?reason={text}&${query}`,
  };
}

reference('POST orchestrators/{functionName}[/{instanceId}]', async (caller) => {
  const { t } = caller;
  const given = await caller.ask('POST', 'orchestrators/table/t-1', { seats: 2 });
  t.is(given.status, 202);
  caller.same(given.body, checkStatus(caller, 't-1'));
  t.is(given.headers.get('location'), checkStatus(caller, 't-1')['statusQueryGetUri']!);
  t.is(given.headers.get('retry-after'), '10');
  t.regex(given.headers.get('content-type')!, /^application\/json/);
  const generated = await caller.ask('POST', 'orchestrators/meal', '"rice"');
  t.is(generated.status, 202);
  caller.same(generated.body, checkStatus(caller, (generated.body as { id: string }).id));
  const waited = await caller.ask('POST', 'orchestrators/meal?timeout=20&pollingInterval=1', '"rice"');
  t.deepEqual([waited.status, waited.body], [200, 'hot rice']);
  const late = await caller.ask('POST', 'orchestrators/table/t-2?timeout=0.2&pollingInterval=0.1');
  t.is(late.status, 202);
  caller.same(late.body, checkStatus(caller, 't-2'));
  caller.breakKitchen(true);
  t.is(await caller.status('POST', 'orchestrators/meal?timeout=20&pollingInterval=1', '"rice"'), 500);
  for (const [path, body] of [
    ['orchestrators/meal', '{'],
    ['orchestrators/nobody', '1'],
    ['orchestrators/meal/@a', '1'],
    [`orchestrators/meal/${'x'.repeat(257)}`, '1'],
  ] as const)
    t.is(await caller.status('POST', path, body), 400, path);
});

reference('GET instances/{id}', async (caller) => {
  const { t } = caller;
  const began = {
    name: 'table',
    instanceId: 't',
    runtimeStatus: 'Running',
    input: { seats: 2 },
    customStatus: null,
    output: null,
    createdTime: time,
    lastUpdatedTime: time,
    version: '2.1', // not of the original: where there is something to say
  };
  await caller.ask('POST', 'orchestrators/table/t', { seats: 2 });
  const running = await caller.ask('GET', 'instances/t');
  t.is(running.status, 202);
  caller.same(running.body, began);
  t.is(running.headers.get('location'), `${caller.base}/instances/t`);
  t.is(running.headers.get('retry-after'), '5');
  caller.same((await caller.ask('GET', 'instances/t?showInput=false')).body, { ...began, input: null });
  await caller.ask('POST', 'instances/t/suspend?reason=');
  const suspended = await caller.ask('GET', 'instances/t');
  t.is(suspended.status, 202);
  caller.same(suspended.body, { ...began, runtimeStatus: 'Suspended' });
  t.is(await caller.status('GET', 'instances/nobody'), 404);

  await caller.ask('POST', 'orchestrators/meal/m?timeout=20&pollingInterval=1', '"rice"');
  const done = await caller.ask('GET', 'instances/m?showHistory=true&showHistoryOutput=true');
  t.is(done.status, 200);
  const { historyEvents, ...status } = done.body as { readonly historyEvents: readonly unknown[] };
  caller.same(status, {
    name: 'meal',
    instanceId: 'm',
    runtimeStatus: 'Completed',
    input: 'rice',
    customStatus: { cooking: 'rice' },
    output: 'hot rice',
    createdTime: time,
    lastUpdatedTime: time,
  });
  const [first, second, third, ...more] = historyEvents;
  t.deepEqual(more, []);
  caller.same(first, { EventType: 'ExecutionStarted', Timestamp: stamp, FunctionName: 'meal', Input: 'rice' });
  caller.same(second, {
    EventType: 'TaskCompleted',
    Timestamp: stamp,
    ScheduledTime: stamp,
    FunctionName: 'cook',
    Input: 'rice',
    Result: 'hot rice',
  });
  caller.same(third, {
    EventType: 'ExecutionCompleted',
    Timestamp: stamp,
    OrchestrationStatus: 'Completed',
    Result: 'hot rice',
  });
  const brief = (await caller.ask('GET', 'instances/m?showHistory=true&showInput=false')).text;
  t.notRegex(brief, /"Result"|"Input"/);

  caller.breakKitchen(true);
  await caller.ask('POST', 'orchestrators/meal/f?timeout=20&pollingInterval=1', '"rice"');
  t.is(await caller.status('GET', 'instances/f'), 200, 'a failure, too');
  t.is(await caller.status('GET', 'instances/f?returnInternalServerErrorOnFailure=true'), 500);
  t.is(await caller.status('GET', 'instances/m?returnInternalServerErrorOnFailure=true'), 200);
  await caller.ask('POST', 'instances/t/terminate?reason=late');
  t.is(await caller.status('GET', 'instances/t'), 200);
});

reference('GET instances', async (caller) => {
  const { t } = caller;
  for (const id of ['a-1', 'a-2', 'b-1']) await caller.ask('POST', `orchestrators/table/${id}`, '"x"');
  await caller.ask('POST', 'orchestrators/meal/b-2?timeout=20&pollingInterval=1', '"rice"');
  const ids = async (query: string, headers?: Record<string, string>) => {
    const { status, body, headers: told } = await caller.ask('GET', `instances?${query}`, undefined, headers);
    t.is(status, 200, query);
    const found = (body as { instanceId: string }[]).map(({ instanceId }) => instanceId);
    return { found: found.toSorted(), token: told.get('x-ms-continuation-token') };
  };
  await until(async () => (await ids('runtimeStatus=Completed')).found.length === 1, 'the views');
  await until(async () => (await ids('')).found.length === 4, 'all views');
  t.deepEqual((await ids('instanceIdPrefix=a-')).found, ['a-1', 'a-2']);
  t.deepEqual((await ids('runtimeStatus=Running,Completed')).found, ['a-1', 'a-2', 'b-1', 'b-2']);
  t.deepEqual((await ids('createdTimeTo=2000-01-01T00:00:00Z')).found, []);
  t.is((await ids('createdTimeFrom=1970-01-01T00:00:00Z')).found.length, 4);
  const first = await ids('top=3');
  t.is(first.found.length, 3);
  const next = await ids('top=3', { 'x-ms-continuation-token': first.token! });
  t.deepEqual([...first.found, ...next.found].toSorted(), ['a-1', 'a-2', 'b-1', 'b-2']);
  t.is(next.token, null);
  const [one] = (await caller.ask('GET', 'instances?instanceIdPrefix=b-2&showInput=true')).body as [unknown];
  caller.same(one, {
    name: 'meal',
    instanceId: 'b-2',
    runtimeStatus: 'Completed',
    input: 'rice',
    customStatus: { cooking: 'rice' },
    output: 'hot rice',
    createdTime: time,
    lastUpdatedTime: time,
  });
});

reference('DELETE instances/{id}', async (caller) => {
  await caller.ask('POST', 'orchestrators/meal/m?timeout=20&pollingInterval=1', '"rice"');
  const purged = await caller.ask('DELETE', 'instances/m');
  caller.t.is(purged.status, 200);
  caller.same(purged.body, { instancesDeleted: 1 });
  caller.t.is(await caller.status('DELETE', 'instances/m'), 404);
  caller.t.is(await caller.status('GET', 'instances/m'), 404);
});

reference('DELETE instances', async (caller) => {
  const { t } = caller;
  for (const id of ['m-1', 'm-2'])
    await caller.ask('POST', `orchestrators/meal/${id}?timeout=20&pollingInterval=1`, '"rice"');
  const listed = async () => ((await caller.ask('GET', 'instances?runtimeStatus=Completed')).body as unknown[]).length;
  await until(async () => (await listed()) === 2, 'the views');
  t.is(await caller.status('DELETE', 'instances'), 400);
  t.is(await caller.status('DELETE', 'instances?createdTimeFrom=yesterday'), 400);
  t.is(await caller.status('DELETE', 'instances?createdTimeFrom=1970-01-01&runtimeStatus=Failed'), 404);
  const purged = await caller.ask(
    'DELETE',
    'instances?createdTimeFrom=1970-01-01T00:00:00Z&createdTimeTo=2999-01-01T00:00:00Z&runtimeStatus=Completed',
  );
  t.is(purged.status, 200);
  caller.same(purged.body, { instancesDeleted: 2 });
});

reference('POST instances/{id}/raiseEvent/{eventName}', async (caller) => {
  const { t } = caller;
  await caller.ask('POST', 'orchestrators/table/t');
  const raise = (json: string, type?: string) =>
    caller.status('POST', 'instances/t/raiseEvent/Guest', json, type === undefined ? {} : { 'content-type': type });
  t.is(await raise('ada', 'text/plain'), 415, 'the original has 400: see what differs');
  t.is(await raise('{'), 400);
  t.is(await caller.status('POST', 'instances/nobody/raiseEvent/Guest', '1'), 404);
  const raised = await caller.ask('POST', 'instances/t/raiseEvent/Guest', { name: 'ada' });
  t.deepEqual([raised.status, raised.text], [202, '']);
  await caller.isIn('t', 'Completed');
  t.deepEqual(((await caller.ask('GET', 'instances/t')).body as { output: unknown }).output, { name: 'ada' });
  t.is(await raise('1'), 410);
});

reference('POST instances/{id}/terminate', async (caller) => {
  const { t } = caller;
  await caller.ask('POST', 'orchestrators/table/t');
  const ended = await caller.ask('POST', 'instances/t/terminate?reason=fire');
  t.deepEqual([ended.status, ended.text], [202, '']);
  await caller.isIn('t', 'Terminated');
  t.is(((await caller.ask('GET', 'instances/t')).body as { output: unknown }).output, 'fire');
  t.is(await caller.status('POST', 'instances/t/terminate?reason=fire'), 410);
  t.is(await caller.status('POST', 'instances/nobody/terminate?reason=fire'), 404);
});

reference('POST instances/{id}/suspend, /resume', async (caller) => {
  const { t } = caller;
  await caller.ask('POST', 'orchestrators/table/t');
  for (const [verb, state] of [
    ['suspend', 'Suspended'],
    ['resume', 'Running'],
  ] as const) {
    const asked = await caller.ask('POST', `instances/t/${verb}?reason=lunch`);
    t.deepEqual([asked.status, asked.text], [202, ''], verb);
    await caller.isIn('t', state);
    t.is(await caller.status('POST', `instances/nobody/${verb}?reason=lunch`), 404, verb);
  }
  await caller.ask('POST', 'instances/t/terminate?reason=');
  for (const verb of ['suspend', 'resume']) t.is(await caller.status('POST', `instances/t/${verb}`), 410, verb);
});

reference('POST instances/{id}/rewind', async (caller) => {
  const { t } = caller;
  caller.breakKitchen(true);
  await caller.ask('POST', 'orchestrators/meal/m?timeout=20&pollingInterval=1', '"rice"');
  caller.breakKitchen(false);
  const rewound = await caller.ask('POST', 'instances/m/rewind?reason=mended');
  t.deepEqual([rewound.status, rewound.text], [202, '']);
  await caller.isIn('m', 'Completed');
  t.is(await caller.status('POST', 'instances/m/rewind?reason=mended'), 410);
  t.is(await caller.status('POST', 'instances/nobody/rewind?reason=mended'), 404);
  await caller.ask('POST', 'orchestrators/table/t');
  t.is(await caller.status('POST', 'instances/t/rewind?reason=mended'), 400, 'it runs');
});

reference('POST instances/{id}/restart', async (caller) => {
  const { t } = caller;
  await caller.ask('POST', 'orchestrators/meal/m?timeout=20&pollingInterval=1', '"rice"');
  const other = await caller.ask('POST', 'instances/m/restart');
  t.is(other.status, 202);
  const { id } = other.body as { id: string };
  t.not(id, 'm');
  caller.same(other.body, checkStatus(caller, id));
  await caller.isIn(id, 'Completed');
  t.is(((await caller.ask('GET', `instances/${id}`)).body as { input: unknown }).input, 'rice');
  const same = await caller.ask('POST', 'instances/m/restart?restartWithNewInstanceId=false');
  t.is(same.status, 202);
  caller.same(same.body, checkStatus(caller, 'm'));
  t.is(await caller.status('POST', 'instances/nobody/restart'), 400);
});

reference('GET entities/{name}/{key}', async (caller) => {
  const { t } = caller;
  t.is(await caller.status('GET', 'entities/till/a'), 404);
  await caller.ask('POST', 'entities/till/a?op=put', '5');
  await until(async () => (await caller.status('GET', 'entities/till/a')) === 200, 'the signal');
  caller.same((await caller.ask('GET', 'entities/till/a')).body, { coins: 5 });
});

reference('POST entities/{name}/{key}', async (caller) => {
  const { t } = caller;
  const signaled = await caller.ask('POST', 'entities/till/a?op=put', '5');
  t.deepEqual([signaled.status, signaled.text], [202, '']);
  t.is(await caller.status('POST', 'entities/till/a?op=put', '7'), 202);
  const coins = async () => ((await caller.ask('GET', 'entities/till/a')).body as { coins?: number }).coins;
  await until(async () => (await coins()) === 12, 'both signals');
});

reference('DELETE entities/{name}/{key}', async (caller) => {
  const { t } = caller;
  await caller.ask('POST', 'entities/till/a?op=put', '5');
  const deleted = await caller.ask('DELETE', 'entities/till/a');
  t.deepEqual([deleted.status, deleted.text], [202, '']);
  await until(async () => (await caller.status('GET', 'entities/till/a')) === 404, 'the deletion');
});

reference('GET entities[/{name}]', async (caller) => {
  const { t } = caller;
  for (const key of ['a', 'b', 'c']) await caller.ask('POST', `entities/till/${key}?op=put`, '5');
  interface Listed {
    readonly entityId: { readonly key: string };
  }
  const list = async (path: string, headers?: Record<string, string>) => {
    const { status, body, headers: told } = await caller.ask('GET', path, undefined, headers);
    t.is(status, 200, path);
    return { entities: body as readonly Listed[], token: told.get('x-ms-continuation-token') };
  };
  await until(async () => (await list('entities')).entities.length === 3, 'the views');
  t.is((await list('entities/till')).entities.length, 3);
  t.is((await list('entities/nobody')).entities.length, 0);
  const [one] = (await list('entities/till?top=1&fetchState=true')).entities;
  caller.same(one, {
    entityId: { name: 'till', key: one!.entityId.key },
    lastOperationTime: time,
    state: { coins: 5 },
  });
  const [brief] = (await list('entities/till?top=1')).entities;
  caller.same(brief, { entityId: brief!.entityId, lastOperationTime: time });
  t.is((await list('entities?lastOperationTimeTo=2000-01-01T00:00:00Z')).entities.length, 0);
  t.is((await list('entities?lastOperationTimeFrom=1970-01-01T00:00:00Z')).entities.length, 3);
  const first = await list('entities?top=2');
  const next = await list('entities?top=2', { 'x-ms-continuation-token': first.token! });
  t.deepEqual([...first.entities, ...next.entities].map(({ entityId }) => entityId.key).toSorted(), ['a', 'b', 'c']);
  t.is(next.token, null);
});

reference('POST makeprimary', async (caller) => {
  caller.t.is(await caller.status('POST', 'makeprimary'), 200);
});

test('every row of the table has a test', (t) => {
  t.deepEqual(
    [...rows].filter((row) => !shown.has(row)),
    [],
  );
});
