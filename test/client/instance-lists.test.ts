import test from 'ava';
import type { InstanceFilter, InstanceIdPage, InstancePage, OrchestrationStatus } from 'perdure';
import { builtInFor } from '../../lib/worker/built-in.js';
import { createHost } from '../../lib/worker/host.js';
import { Order, orchestrators, Ticker } from './order-classes.js';
import { rejection, Surroundings } from './surroundings.js';

const host = () => createHost('shop', { orchestrators }, builtInFor({ orchestrators }, {}));

/** Longer than a view is behind. */
const LAG = 500;

async function shop() {
  const around = new Surroundings();
  const worker = await around.work('worker', host());
  const { client } = around;
  const settle = <T>(promise: Promise<T>): Promise<T> => around.settle(promise);
  const start = async (instanceId: string, how = 'end', tags?: Record<string, string>): Promise<void> => {
    await settle(client.startNew(Order, how, { instanceId, tags, memo: { by: instanceId } }));
  };
  const ids = async (filter: InstanceFilter): Promise<string[]> => {
    const { instances, continuationToken } = await settle(client.listInstances(filter));
    if (continuationToken !== undefined) throw new Error('A short list has another page');
    const found = instances.map(({ instanceId }) => instanceId).toSorted();
    const { instanceIds } = await settle(client.listInstanceIds(filter));
    const { total } = await settle(client.countInstances(filter));
    if (JSON.stringify(instanceIds.toSorted()) !== JSON.stringify(found) || total !== found.length)
      throw new Error(`Ids, counts and instances differ: ${instanceIds.join()}, ${total}, ${found.join()}`);
    return found;
  };
  return { around, worker, client, settle, start, ids, advance: (ms: number) => around.advance(ms) };
}

async function gathered<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

test('instances are found by state, name, prefix, tags and times, and by all that is given together', async (t) => {
  const { client, settle, start, ids, advance, around } = await shop();
  await start('a-1', 'end', { customer: 'alice', region: 'north' });
  await start('a-2', 'wait', { customer: 'alice' });
  await advance(1_000);
  const middle = new Date(around.world.time);
  await advance(1_000);
  await start('b-1', 'fail', { customer: 'bob', region: 'north' });
  await start('b.2=x', 'end');
  await settle(client.startNew(Ticker, 0, { instanceId: 'tick' }));
  await advance(LAG);
  t.deepEqual(await ids({}), ['a-1', 'a-2', 'b-1', 'b.2=x', 'tick']);
  t.deepEqual(await ids({ runtimeStatus: 'Failed' }), ['b-1']);
  t.deepEqual(await ids({ runtimeStatus: ['Running', 'Failed'] }), ['a-2', 'b-1', 'tick']);
  t.deepEqual(await ids({ runtimeStatus: 'Canceled' }), []);
  t.deepEqual(await ids({ orchestrator: 'order' }), ['a-1', 'a-2', 'b-1', 'b.2=x']);
  t.deepEqual(await ids({ orchestrator: Ticker }), ['tick']);
  t.deepEqual(await ids({ instanceIdPrefix: 'a-' }), ['a-1', 'a-2']);
  t.deepEqual(await ids({ instanceIdPrefix: 'b.2=' }), ['b.2=x'], 'an id is compared as it is, not as it is stored');
  t.deepEqual(await ids({ tags: { customer: 'alice' } }), ['a-1', 'a-2']);
  t.deepEqual(await ids({ tags: { customer: 'alice', region: 'north' } }), ['a-1']);
  t.deepEqual(await ids({ tags: { customer: 'Alice' } }), []);
  t.deepEqual(await ids({ tags: { toString: 'alice' } }), []);
  t.deepEqual(await ids({ createdTimeFrom: middle }), ['b-1', 'b.2=x', 'tick']);
  t.deepEqual(await ids({ createdTimeTo: middle }), ['a-1', 'a-2']);
  t.true(await settle(client.raiseEvent('a-2', 'Go')));
  await advance(LAG);
  t.deepEqual(await ids({ lastUpdatedTimeFrom: middle, createdTimeTo: middle }), ['a-2']);
  t.deepEqual(await ids({ lastUpdatedTimeTo: middle }), ['a-1']);
  const all = { orchestrator: Order, runtimeStatus: 'Completed', tags: { customer: 'alice' } } as const;
  t.deepEqual(await ids({ ...all, createdTimeTo: middle, instanceIdPrefix: 'a' }), ['a-1', 'a-2']);
  const { total, byRuntimeStatus } = await settle(client.countInstances());
  t.deepEqual([total, byRuntimeStatus], [5, { Completed: 3, Failed: 1, Running: 1 }]);
});

test('each instance is told as its status tells it, with input and output when they are asked for', async (t) => {
  const { client, settle, start, advance } = await shop();
  for (const how of ['end', 'fail', 'wait']) await start(how, how, { how });
  await advance(LAG);
  for (const how of ['end', 'fail', 'wait']) {
    const { source: _, ...status } = await settle(client.getHandle(how).status());
    const filter = { tags: { how } };
    const whole = await settle(client.listInstances(filter, { fetchInputsAndOutputs: true }));
    t.deepEqual(whole.instances, [{ ...status, source: 'view' }]);
    const { instances } = await settle(client.listInstances(filter));
    t.deepEqual(instances, [{ ...status, input: undefined, output: undefined, source: 'view' }]);
  }
});

test('a status tells the history when it is asked to, and leaves away inputs and outputs', async (t) => {
  const { client, settle, start, advance, worker } = await shop();
  await start('whole');
  const handle = client.getHandle('whole');
  await settle(handle.result());
  for (const source of ['owner', 'view'] as const) {
    const status = await settle(handle.status());
    t.is(status.source, source);
    t.false('history' in status);
    const history = await settle(handle.history());
    t.true(history.length > 1);
    t.deepEqual(await settle(handle.status({ fetchHistory: true })), { ...status, history });
    const bare = await settle(handle.status({ fetchInputsAndOutputs: false }));
    t.deepEqual(bare, { ...status, input: undefined, output: undefined });
    await advance(LAG);
    await settle(worker.stop());
  }
});

test('a large input is fetched only when it is asked for', async (t) => {
  const { client, settle, advance } = await shop();
  const input = `end ${'x'.repeat(2_000_000)}`;
  await settle(client.startNew(Order, input, { instanceId: 'large' }));
  await advance(LAG);
  const small = await settle(client.listInstances());
  t.is(small.instances[0]!.input, undefined);
  const whole = await settle(client.listInstances({}, { fetchInputsAndOutputs: true }));
  t.is(whole.instances[0]!.input, input);
  t.is(whole.instances[0]!.output, `did ${input}`);
});

test('pages go on where the one before ended, and together they are everything', async (t) => {
  const { client, settle, start, advance } = await shop();
  const all = Array.from({ length: 23 }, (_, n) => `i${n}`);
  for (const id of all) await start(id, 'end', { even: String(Number(id.slice(1)) % 2 === 0) });
  await advance(LAG);
  for (const pageSize of [1, 5, 22, 23, 24, 1_000]) {
    for (const list of ['listInstances', 'listInstanceIds'] as const) {
      const found: string[] = [];
      let continuationToken: string | undefined;
      do {
        const call = client[list]({ tags: { even: 'true' } }, { pageSize, continuationToken });
        const page: InstancePage | InstanceIdPage = await settle<InstancePage | InstanceIdPage>(call);
        const ids = 'instanceIds' in page ? page.instanceIds : page.instances.map(({ instanceId }) => instanceId);
        t.true(ids.length <= pageSize);
        t.true(ids.length === pageSize || page.continuationToken === undefined, 'only the last page is short');
        found.push(...ids);
        ({ continuationToken } = page);
      } while (continuationToken !== undefined);
      t.deepEqual(found.toSorted(), all.filter((id) => Number(id.slice(1)) % 2 === 0).toSorted());
    }
  }
});

test('going through all instances tells each once, also one that changes all the time', async (t) => {
  const { client, settle, start, advance } = await shop();
  for (let n = 0; n < 150; n++) await start(`i${n}`);
  for (const id of ['t1', 't2', 't3', 't4']) await settle(client.startNew(Ticker, 0, { instanceId: id }));
  await advance(LAG);
  const found: string[] = [];
  const iterator = client.allInstances()[Symbol.asyncIterator]();
  for (let next = await settle(iterator.next()); !next.done; next = await settle(iterator.next())) {
    found.push(next.value.instanceId);
    if (found.length % 40 !== 0) continue;
    for (const id of ['t1', 't2', 't3', 't4']) await settle(client.raiseEvent(id, 'Tick'));
    await advance(LAG);
  }
  t.is(found.length, 154);
  t.is(new Set(found).size, 154);
});

test('an instance that changes between two pages is told again, and none is missed', async (t) => {
  const { client, settle, start, advance } = await shop();
  for (let n = 0; n < 20; n++) await start(`i${n}`, 'wait');
  await advance(LAG);
  const found: OrchestrationStatus[] = [];
  let continuationToken: string | undefined;
  let round = 0;
  do {
    const page = await settle(client.listInstances({}, { pageSize: 6, continuationToken }));
    found.push(...page.instances);
    ({ continuationToken } = page);
    if (round++ < 3) t.true(await settle(client.raiseEvent(`i${round}`, 'Go')));
    await advance(LAG);
  } while (continuationToken !== undefined);
  const latest = new Map(found.map((status) => [status.instanceId, status.runtimeStatus]));
  t.is(latest.size, 20);
});

test('what was purged is not told any more, and what is to be purged is found by tags too', async (t) => {
  const { client, settle, start, ids, advance } = await shop();
  await start('a', 'end', { customer: 'alice' });
  await start('b', 'end', { customer: 'bob' });
  await start('c', 'wait', { customer: 'alice' });
  await advance(LAG);
  t.is(await settle(client.purgeInstances({ tags: { customer: 'alice' } })), 1, 'one that runs is not purged');
  await advance(LAG);
  t.deepEqual(await ids({}), ['b', 'c']);
  t.is(await settle(client.purgeInstances({ instanceIdPrefix: 'x' })), 0);
  t.is(await settle(client.purgeInstances({ orchestrator: Order, runtimeStatus: 'Completed' })), 1);
  await advance(LAG);
  t.deepEqual(await ids({}), ['c']);
});

test('without a worker lists tell what the last one left, and what nobody has taken is not there', async (t) => {
  const { client, settle, start, ids, advance, worker, around } = await shop();
  await start('a', 'wait');
  await settle(worker.stop());
  await settle(client.startNew(Order, 'end'));
  await advance(60_000);
  t.deepEqual(await ids({}), ['a']);
  t.deepEqual(await settle(client.countInstances()), { total: 1, byRuntimeStatus: { Running: 1 } });
  await around.work('next', host());
  await advance(LAG);
  t.is((await ids({})).length, 2);
});

test('a view is up to some 100 ms behind', async (t) => {
  const { start, ids, advance } = await shop();
  await start('a');
  t.deepEqual(await ids({}), []);
  await advance(150);
  t.deepEqual(await ids({}), ['a']);
});

test('events that wait for the start of their instance are no instance', async (t) => {
  const { client, settle, ids, advance } = await shop();
  await rejection({ settle } as unknown as Surroundings, () => client.raiseEvent('early', 'Go'));
  await advance(LAG);
  t.deepEqual(await ids({}), []);
});

test("Perdure's own instances are told to who names their orchestrator", async (t) => {
  const { client, settle, start, ids, advance } = await shop();
  await start('mine');
  await settle(client.schedules.create('hourly', { intervalInMilliseconds: 3_600_000, start: [Order, 'end'] }));
  await advance(LAG);
  t.deepEqual(await ids({}), ['mine']);
  t.deepEqual(await ids({ orchestrator: 'perdure-schedule' }), ['perdure.schedule:hourly']);
});

test('views of a former version, which have no notes, and those with long tags are found as well', async (t) => {
  const { client, settle, start, ids, advance, around } = await shop();
  await start('a', 'fail', { customer: 'alice' });
  const long = Object.fromEntries(Array.from({ length: 16 }, (_, n) => [`tag${n}`, 'ä'.repeat(128)]));
  await start('b', 'end', long);
  await settle(client.raiseEvent('nobody', 'Go').catch(() => false));
  await advance(LAG);
  for (const partition of [0, 1]) {
    const { state } = around.hub.streams(partition);
    const heads = [...state.all()].filter(({ subject }) => subject.includes('.s.'));
    for (const { subject, body } of heads) state.store(subject, body, around.world.time);
  }
  t.deepEqual(await ids({}), ['a', 'b']);
  t.deepEqual(await ids({ tags: { customer: 'alice' }, runtimeStatus: 'Failed' }), ['a']);
  t.deepEqual(await ids({ tags: { tag7: 'ä'.repeat(128) } }), ['b']);
});

test('a filter that is none is refused, and nothing is looked at', async (t) => {
  const { client, around } = await shop();
  class Undecorated {
    *run(): Generator<never, void> {}
  }
  const rows: readonly (readonly [filter: unknown, code: string])[] = [
    [null, 'PERDURE_CONFIG'],
    ['Failed', 'PERDURE_CONFIG'],
    [[], 'PERDURE_CONFIG'],
    [{ runtimeStatuses: ['Failed'] }, 'PERDURE_CONFIG'],
    [{ name: 'order' }, 'PERDURE_CONFIG'],
    [{ runtimeStatus: 'failed' }, 'PERDURE_CONFIG'],
    [{ runtimeStatus: [] }, 'PERDURE_CONFIG'],
    [{ runtimeStatus: [null] }, 'PERDURE_CONFIG'],
    [{ runtimeStatus: 7 }, 'PERDURE_CONFIG'],
    [{ runtimeStatus: 'x'.repeat(10_000) }, 'PERDURE_CONFIG'],
    [{ orchestrator: '' }, 'PERDURE_INVALID_NAME'],
    [{ orchestrator: 'a b' }, 'PERDURE_INVALID_NAME'],
    [{ orchestrator: 5 }, 'PERDURE_INVALID_NAME'],
    [{ orchestrator: Undecorated }, 'PERDURE_DEFINITION'],
    [{ instanceIdPrefix: '' }, 'PERDURE_INVALID_ID'],
    [{ instanceIdPrefix: '@' }, 'PERDURE_INVALID_ID'],
    [{ instanceIdPrefix: 'a/b' }, 'PERDURE_INVALID_ID'],
    [{ instanceIdPrefix: '\ud800' }, 'PERDURE_INVALID_ID'],
    [{ instanceIdPrefix: 'x'.repeat(257) }, 'PERDURE_INVALID_ID'],
    [{ instanceIdPrefix: /a/ }, 'PERDURE_INVALID_ID'],
    [{ tags: 'alice' }, 'PERDURE_INVALID_TAGS'],
    [{ tags: ['alice'] }, 'PERDURE_INVALID_TAGS'],
    [{ tags: null }, 'PERDURE_INVALID_TAGS'],
    [{ tags: { customer: undefined } }, 'PERDURE_INVALID_TAGS'],
    [{ tags: { customer: 5 } }, 'PERDURE_INVALID_TAGS'],
    [{ tags: { customer: 'a\nb' } }, 'PERDURE_INVALID_TAGS'],
    [{ tags: { '': 'a' } }, 'PERDURE_INVALID_TAGS'],
    [{ tags: JSON.parse('{"__proto__":"a"}') as unknown }, 'PERDURE_INVALID_TAGS'],
    [{ createdTimeFrom: 'yesterday' }, 'PERDURE_INVALID_TIME'],
    [{ createdTimeTo: new Date(NaN) }, 'PERDURE_INVALID_TIME'],
    [{ lastUpdatedTimeFrom: 5 }, 'PERDURE_INVALID_TIME'],
    [{ lastUpdatedTimeTo: null }, 'PERDURE_INVALID_TIME'],
    [{ createdTimeFrom: new Date(2), createdTimeTo: new Date(1) }, 'PERDURE_INVALID_TIME'],
    [{ lastUpdatedTimeFrom: new Date(2), lastUpdatedTimeTo: new Date(1) }, 'PERDURE_INVALID_TIME'],
  ];
  for (const [row, [bad, code]] of rows.entries()) {
    const filter = bad as InstanceFilter;
    const doors = [
      () => client.listInstances(filter),
      () => client.listInstanceIds(filter),
      () => client.countInstances(filter),
      () => gathered(client.allInstances(filter)),
      () => client.purgeInstances(filter as object),
    ];
    for (const [door, call] of doors.entries()) {
      const error = await rejection(around, call);
      t.is(error.code, code, `row ${row}, door ${door}: ${error.message}`);
    }
  }
  const notEnded = await rejection(around, () => client.purgeInstances({ runtimeStatus: 'Running' as 'Failed' }));
  t.is(notEnded.code, 'PERDURE_CONFIG');
});

test('a page size, a token and a timeout that are none are refused', async (t) => {
  const { client, around, settle, start, advance } = await shop();
  await start('a');
  await start('b');
  await advance(LAG);
  for (const pageSize of [0, -1, 1.5, NaN, Infinity, 1e9, '5' as unknown as number, null as unknown as number])
    t.is((await rejection(around, () => client.listInstances({}, { pageSize }))).code, 'PERDURE_CONFIG');
  const { continuationToken } = await settle(client.listInstances({}, { pageSize: 1 }));
  t.regex(continuationToken!, /^[0-9a-f-]{1,64}$/, 'it may stand in a header or a query');
  const tokens: unknown[] = ['', 'x', '1-0-1-00000000', `${continuationToken!}0`, 5, {}, 'x'.repeat(1_000_000), '🙂'];
  const [, , , of] = continuationToken!.split('-');
  tokens.push(`1-2-1-${of!}`, `1-0-0-${of!}`, `2-0-1-${of!}`, `1-0-9999999999999999-${of!}`, `1--1-1-${of!}`);
  for (const token of tokens) {
    const options = { continuationToken: token as string };
    for (const call of [() => client.listInstances({}, options), () => client.listInstanceIds({}, options)])
      t.is((await rejection(around, call)).code, 'PERDURE_INVALID_CONTINUATION_TOKEN', JSON.stringify(token));
  }
  const other = await rejection(around, () => client.listInstances({ orchestrator: 'order' }, { continuationToken }));
  t.is(other.code, 'PERDURE_INVALID_CONTINUATION_TOKEN');
  t.regex(other.message, /another filter/);
  const same = await settle(client.listInstances({ runtimeStatus: undefined }, { continuationToken }));
  t.is(same.instances.length, 1);
  const behind = await settle(client.listInstances({}, { continuationToken: `1-1-999999999999999-${of!}` }));
  t.deepEqual(behind, { instances: [], continuationToken: undefined });
  t.is(
    (await rejection(around, () => client.countInstances({}, { timeoutInMilliseconds: -1 }))).code,
    'PERDURE_CONFIG',
  );
});

test('a list ends by its signal, at its deadline, and with its client', async (t) => {
  const { around, client } = await shop();
  const deaf = new Surroundings({
    faults: { next: ({ operation }) => (operation === 'notes' ? 'requestLost' : 'none') },
  });
  const doors = (of: typeof client, options: { signal?: AbortSignal; timeoutInMilliseconds?: number }) => [
    () => of.listInstances({}, options),
    () => of.listInstanceIds({}, options),
    () => of.countInstances({}, options),
    () => gathered(of.allInstances({}, options)),
  ];
  const reason = new Error('enough');
  for (const call of doors(client, { signal: AbortSignal.abort(reason) })) t.is(await rejection(around, call), reason);
  for (const call of doors(deaf.client, { timeoutInMilliseconds: 3_000 }))
    t.is((await rejection(deaf, call)).code, 'PERDURE_TIMEOUT');
  for (const call of doors(deaf.client, {})) t.is((await rejection(deaf, call)).code, 'PERDURE_TIMEOUT');
  const controller = new AbortController();
  for (const call of doors(deaf.client, { signal: controller.signal, timeoutInMilliseconds: Infinity })) {
    const rejected = rejection(deaf, call);
    controller.abort(reason);
    t.is(await rejected, reason);
  }
  const left = doors(deaf.client, { timeoutInMilliseconds: Infinity }).map((call) => t.throwsAsync(call()));
  await deaf.advance(10);
  await deaf.client.close();
  for (const error of await deaf.settle(Promise.all(left)))
    t.is((error as Error & { code?: string }).code, 'PERDURE_CLOSED');
  await client.close();
  for (const call of doors(client, {})) t.is((await rejection(around, call)).code, 'PERDURE_CLOSED');
});
