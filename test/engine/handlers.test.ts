import test from 'ava';
import { OrchestrationContext, type Orchestration } from 'perdure';
import { Orchestrator, Run, Update } from 'perdure/decorators';
import { ActivationCache } from '../../lib/engine/activation-cache.js';
import type { Host } from '../../lib/engine/host.js';
import type { Fault, PortCall } from '../../lib/memory/faults.js';
import { MemoryWorld } from '../../lib/memory/world.js';
import { orchestrationAddress } from '../../lib/wire/addresses.js';
import { encodeMessage } from '../../lib/wire/message-codec.js';
import type { Answer } from '../../lib/wire/queries.js';
import { parseMessageId } from '../../lib/wire/sessions.js';
import { Counter, Nap } from './bank.js';
import { Order, Tally } from './order.js';
import { ask, hostOf, MemoryClient, MemoryWorker, outcomesAt, surroundings } from './surroundings.js';

const host = (): Host => hostOf({ entities: [Counter], orchestrators: [Order, Tally, Nap] });
const inbox = '_INBOX.updates';

/** A hub with an owner of its only partition, and what clients do there. */
async function around({ limits = {}, hosted = host() } = {}) {
  const world = surroundings(1, 1, limits);
  const { hub, client, settle, advance } = world;
  const told = outcomesAt(client.ports, inbox);
  const own = async (name: string, by: Host = hosted, options = {}) => {
    const worker = new MemoryWorker(hub, name, by, options);
    await settle(worker.claim());
    return worker;
  };
  const send = (id: string, name: string, input?: unknown): Promise<void> => {
    const message = { kind: 'update', name, ...(input !== undefined && { input }), reply: inbox };
    return settle(client.send(orchestrationAddress(id), message as never));
  };
  const update = async (id: string, name: string, input?: unknown) => {
    await send(id, name, input);
    await advance(200);
    return told.at(-1);
  };
  const query = async (id: string, name: string, input?: unknown): Promise<Answer | undefined> => {
    const asked = { kind: 'query', instanceId: id, name, ...(input !== undefined && { input }) };
    return (await ask(world, orchestrationAddress(id), asked))[0];
  };
  return { ...world, told, own, send, update, query, worker: await own('w1') };
}

const line = (item: string) => ({ item, pieces: 2 });

test('an update is answered with what its handler returns, and what it asked for happens', async (t) => {
  const { client, settle, update, query, told } = await around();
  await settle(client.start('order', 'o'));
  t.like(await update('o', 'add', line('nails')), { result: 1 });
  t.like(await update('o', 'add', line('screws')), { result: 2 });
  t.like(await query('o', 'items'), { kind: 'query', result: ['nails', 'screws'] });
  t.deepEqual((await settle(client.entityHead('counter', 'stock')))?.state, { seen: ['nails', 'screws'] });
  await update('o', 'close');
  t.is((await settle(client.orchestrationHead('o')))?.output, '2 nails, 2 screws');
  t.is(told.length, 3);
});

test('an update that throws, or is refused, is told as a failure; only what has run is in the history', async (t) => {
  const { client, settle, update } = await around();
  await settle(client.start('order', 'o'));
  t.like(await update('o', 'add', line('none')), { failure: { name: 'RangeError', message: 'Nothing to add' } });
  t.like(await update('o', 'add', { item: 5 }), { failure: { code: 'PERDURE_INVALID_INPUT' } });
  t.like(await update('o', 'remove', 'all'), { failure: { code: 'PERDURE_UNKNOWN_UPDATE' } });
  t.like(await update('nobody', 'add', line('nails')), { failure: { code: 'PERDURE_NOT_FOUND' } });
  const history = (await settle(client.orchestrationHead('o')))!.history;
  t.deepEqual(
    history.map(({ type }) => type),
    ['ExecutionStarted', 'UpdateRequested'],
  );
  t.like(history[1], { failure: { name: 'RangeError' } });
  t.false('reply' in history[1]!);
  await update('o', 'close');
  t.like(await update('o', 'add', line('late')), { failure: { code: 'PERDURE_INSTANCE_ENDED' } });
});

test('the retry of an update gets the first outcome, also from the next owner, and is not carried out again', async (t) => {
  const { client, settle, update, advance, worker, own, query, told } = await around();
  await settle(client.start('order', 'o'));
  const first = await update('o', 'add', line('nails'));
  const { session, number } = parseMessageId(first!.id)!;
  const message = { kind: 'update', name: 'add', input: line('nails'), reply: inbox, session, number } as const;
  const again = async () => {
    const subject = client.ports.subjects.partition(0).mail(orchestrationAddress('o'));
    await settle(client.ports.mailOf(0).send(subject, encodeMessage(message)));
    await advance(200);
    return told.at(-1);
  };
  t.deepEqual(await again(), first);
  worker.connection.kill();
  await own('w2');
  t.deepEqual(await again(), first);
  t.like(await query('o', 'items'), { result: ['nails'] });
});

test('idle instances are unloaded: queries and updates find the object as it was, rebuilt by replay', async (t) => {
  const { client, settle, advance, own, worker, update, query } = await around();
  await settle(worker.stop());
  const evicting = await own('w2', host(), { activations: new ActivationCache(0) });
  await settle(client.start('order', 'o'));
  for (const [at, item] of ['nails', 'screws', 'bolts'].entries()) {
    t.like(await update('o', 'add', line(item)), { result: at + 1 });
    await advance(5_000);
  }
  t.like(await query('o', 'items'), { result: ['nails', 'screws', 'bolts'] });
  t.true(evicting.replayedEvents > 5, 'it was replayed');
  const { result: one } = (await query('o', 'line', 1)) as Extract<Answer, { kind: 'query' }>;
  await advance(5_000);
  t.like(await query('o', 'line', 1), { result: one }, 'what initializers made is recorded');
});

test('a query of what is not there, not known or not right is told so, and records nothing', async (t) => {
  const { client, settle, query, hub, advance } = await around();
  await settle(client.start('order', 'o'));
  await settle(client.start('nap', 'n', 1_000_000));
  await advance(2_000);
  const records = hub.streams(0).log.last;
  t.deepEqual(await query('nobody', 'items'), { v: 1, kind: 'query', isMissing: true });
  t.like(await query('o', 'line', 7), { failure: { name: 'RangeError', message: 'There is no line 7' } });
  t.like(await query('o', 'line', 'seven'), { failure: { code: 'PERDURE_INVALID_INPUT' } });
  t.like(await query('o', 'add', line('nails')), { failure: { code: 'PERDURE_UNKNOWN_QUERY' } });
  t.like(await query('n', 'items'), { failure: { code: 'PERDURE_UNKNOWN_QUERY' } });
  t.like(await query('o', 'filler', 2_000_000), { kind: 'failed', failure: { code: 'PERDURE_PAYLOAD_TOO_LARGE' } });
  t.is(hub.streams(0).log.last, records);
});

test('an instance that has ended answers queries from its final state, also when its history is in segments', async (t) => {
  const { client, settle, update, query, advance, own, worker } = await around();
  await settle(client.start('order', 'o'));
  const items = Array.from({ length: 40 }, (_, at) => `${at} ${'x'.repeat(10_000)}`);
  for (const item of items) await update('o', 'add', line(item));
  await update('o', 'close');
  await advance(2_000);
  const head = (await settle(client.orchestrationHead('o')))!;
  t.is(head.status, 'Completed');
  t.true(head.segments.length > 0);
  t.like(await query('o', 'items'), { result: items });
  worker.connection.kill();
  await own('w2');
  t.like(await query('o', 'items'), { result: items });
  t.like(await query('o', 'line', 39), { result: { item: items[39] } });
});

test('large inputs and results of updates go by reference, and queries of the replayed object find them', async (t) => {
  const { client, settle, update, query, advance, own, worker, hub } = await around({
    limits: { maxInlineValueBytes: 1_024 },
  });
  await settle(client.start('order', 'o'));
  const long = 'n'.repeat(5_000);
  t.like(await update('o', 'add', line(long)), { result: 1 });
  const told = await update('o', 'text', 4_000);
  t.truthy(told?.resultRef);
  t.is(await settle(client.large.get(told!.resultRef!)), 'x'.repeat(4_000));
  const event = (await settle(client.orchestrationHead('o')))!.history.find(({ type }) => type === 'UpdateRequested');
  t.true('inputRef' in event!);
  await settle(worker.stop());
  await own('w2');
  t.like(await query('o', 'items'), { result: [long] });
  await update('o', 'close');
  await advance(2_000);
  t.like(await query('o', 'items'), { result: [long] });
  t.true(hub.objects.size > 0);
});

test('an update whose result is too large for the hub fails it and the instance, as whatever code makes too large', async (t) => {
  const { client, settle, update } = await around({ limits: { maxInlineValueBytes: 1_024, maxValueBytes: 10_000 } });
  await settle(client.start('order', 'o'));
  t.like(await update('o', 'text', 20_000), { failure: { code: 'PERDURE_PAYLOAD_TOO_LARGE' } });
  t.like(await settle(client.orchestrationHead('o')), { status: 'Failed' });
});

test('updates go on over continueAsNew, each to the execution that runs', async (t) => {
  const { client, settle, update, query } = await around();
  await settle(client.start('tally', 't', 0));
  for (let total = 1; total <= 7; total++) t.like(await update('t', 'count'), { result: total });
  t.like(await query('t', 'total'), { result: 7 });
});

test('a query sees no step that is not in a record yet: it waits while the values of one are being stored', async (t) => {
  let isStuck = false;
  const next = ({ connection, port, operation }: PortCall): Fault =>
    isStuck && connection === 'w' && port === 'objects' && operation === 'put' ? 'requestLost' : 'none';
  const world = new MemoryWorld({ faults: { next } });
  const hub = world.createHub('test', 1, { maxInlineValueBytes: 1_024 });
  const client = new MemoryClient(hub, 'client');
  const settle = <T>(promise: Promise<T>): Promise<T> => world.scheduler.settle(promise, 60_000);
  const worker = new MemoryWorker(hub, 'w', host());
  await settle(worker.claim());
  await settle(client.start('order', 'o'));
  const advance = (milliseconds: number) => world.scheduler.advance(milliseconds);
  const items = () => ask({ client, advance }, 'o.o', { kind: 'query', instanceId: 'o', name: 'items' });
  t.like(await items(), [{ result: [] }]);
  isStuck = true;
  const long = 'n'.repeat(5_000);
  await settle(client.send('o.o', { kind: 'update', name: 'add', input: line(long) } as never));
  t.deepEqual(await items(), [], 'its handler has run, and its input is not stored');
  isStuck = false;
  await advance(5_000);
  t.like(await items(), [{ result: [long] }]);
});

test('C11: a replaced owner answers no query, and the new one does', async (t) => {
  const { client, settle, update, query, own, hub } = await around();
  await settle(client.start('order', 'o'));
  await update('o', 'add', line('nails'));
  await own('next');
  const records = hub.streams(0).log.last;
  const told = await ask({ client, advance: (ms) => hub.world.scheduler.advance(ms) }, 'o.o', {
    kind: 'query',
    instanceId: 'o',
    name: 'items',
  });
  t.like(told, [{ result: ['nails'] }]);
  t.is(told.length, 1, 'the former owner is silent');
  t.is(hub.streams(0).log.last, records);
  t.like(await query('o', 'items'), { result: ['nails'] });
});

/** An order whose code does something else than the first one's. */
@Orchestrator('order')
class OtherOrder {
  @Run() *run(_none: void, context: OrchestrationContext): Orchestration<void> {
    yield* context.createTimer(1_000);
  }
}

/** An order that ends with its first update. */
@Orchestrator('order')
class ShortOrder extends Order {
  @Run() override *run(_none: void, context: OrchestrationContext): Orchestration<string> {
    yield* context.waitUntil(() => this.lines.length === 2);
    return 'full';
  }
}

async function suspended() {
  const world = await around();
  const { client, settle, advance, worker, own, send, told, update } = world;
  await settle(client.start('order', 'o'));
  await update('o', 'add', line('nails'));
  await settle(worker.stop());
  const suspending = await own('w2', hostOf({ entities: [Counter], orchestrators: [OtherOrder] }));
  for (const item of ['screws', 'bolts', 'none']) await send('o', 'add', line(item));
  await advance(1_000);
  return { ...world, suspending, before: told.length };
}

test('updates of a suspended instance are held back, and carried out in order when its code is mended', async (t) => {
  const { settle, advance, own, query, told, suspending, before } = await suspended();
  t.is(told.length, before, 'nobody is answered');
  t.like(await query('o', 'items'), { failure: { code: 'PERDURE_NON_DETERMINISM' } });
  await settle(suspending.stop());
  await own('w3');
  await advance(1_000);
  t.like(told.slice(before), [{ result: 2 }, { result: 3 }, { failure: { name: 'RangeError' } }]);
  t.like(await query('o', 'items'), { result: ['nails', 'screws', 'bolts'] });
});

test('updates that are held back when their instance ends are answered: it takes none any more', async (t) => {
  const { client, settle, advance, own, told, suspending, before } = await suspended();
  await settle(suspending.stop());
  await own('w3', hostOf({ entities: [Counter], orchestrators: [ShortOrder] }));
  await advance(1_000);
  t.is((await settle(client.orchestrationHead('o')))?.output, 'full');
  t.like(
    told.slice(before).toSorted((a, b) => Number(a.id.split('.')[1]) - Number(b.id.split('.')[1])),
    [{ result: 2 }, { failure: { code: 'PERDURE_INSTANCE_ENDED' } }, { failure: { code: 'PERDURE_INSTANCE_ENDED' } }],
  );
});

/** Begins anew with every update, until it is told the last one. */
@Orchestrator('tally')
class RestlessTally {
  #next: number | undefined;
  @Run({ input: Number }) *run(total: number, context: OrchestrationContext): Orchestration<number> {
    this.total = total;
    yield* context.waitUntil(() => this.#next !== undefined);
    if (total < 4) context.continueAsNew(this.#next);
    return total;
  }
  protected total = 0;
  @Update() count(): number {
    return (this.#next = this.total + 1);
  }
}

test('updates that wait together are each taken by the execution that their turn finds', async (t) => {
  const { client, settle, advance, own, worker, send, told } = await around();
  await settle(worker.stop());
  await settle(client.start('tally', 't', 0));
  for (let n = 0; n < 6; n++) await send('t', 'count');
  await own('w2', hostOf({ orchestrators: [RestlessTally] }));
  await advance(1_000);
  t.like(told, [
    { result: 1 },
    { result: 2 },
    { result: 3 },
    { result: 4 },
    { result: 5 },
    { failure: { code: 'PERDURE_INSTANCE_ENDED' } },
  ]);
  t.is((await settle(client.orchestrationHead('t')))?.output, 4);
});

/** Does something else than the other tallies. */
@Orchestrator('tally')
class OtherTally {
  @Run({ input: Number }) *run(_total: number, context: OrchestrationContext): Orchestration<void> {
    yield* context.createTimer(1_000);
  }
}

test('updates that are held back together go over continueAsNew within one step', async (t) => {
  const { client, settle, advance, own, worker, send, told } = await around();
  await settle(worker.stop());
  const first = await own('w2', hostOf({ orchestrators: [RestlessTally] }));
  await settle(client.start('tally', 't', 0));
  await advance(500);
  await settle(first.stop());
  const suspending = await own('w3', hostOf({ orchestrators: [OtherTally] }));
  for (let n = 0; n < 3; n++) await send('t', 'count');
  await advance(500);
  t.deepEqual(told, []);
  await settle(suspending.stop());
  await own('w4', hostOf({ orchestrators: [RestlessTally] }));
  await advance(500);
  t.like(told, [{ result: 1 }, { result: 2 }, { result: 3 }]);
  t.like(await settle(client.orchestrationHead('t')), { status: 'Running', input: 3 });
});
