import test from 'ava';
import type { CodeName } from '../../lib/engine/activation.js';
import type { Directory } from '../../lib/engine/delegation.js';
import { StepServer } from '../../lib/engine/step-server.js';
import { memoryHubPorts } from '../../lib/memory/hub-ports.js';
import { orchestrationAddress } from '../../lib/wire/addresses.js';
import type { Answer } from '../../lib/wire/queries.js';
import { Counter } from './bank.js';
import { Order, Tally } from './order.js';
import { ask, hostOf, MemoryWorker, outcomesAt, recordingLogger, surroundings, servedWith } from './surroundings.js';

const inbox = '_INBOX.updates';

/** An owner of the only partition that has no orders, and workers that have. */
async function elsewhere() {
  const world = surroundings(1);
  const { hub, client, settle, advance } = world;
  const lines: string[] = [];
  const servers = new Map<string, StepServer>();
  const listeners = new Set<() => void>();
  const directory: Directory = {
    workersWith: ({ name }: CodeName) => (name === 'order' ? [...servers.keys()] : []),
    onChange: (listener) => {
      listeners.add(listener);
      return { close: () => void listeners.delete(listener) };
    },
  };
  const join = (name: string): void => {
    const ports = memoryHubPorts(hub.connect(name), recordingLogger(lines));
    servers.set(name, new StepServer(ports, hostOf({ orchestrators: [Order] }), name, servedWith(ports)));
    for (const listener of listeners) listener();
  };
  const leave = (name: string): void => {
    servers.get(name)?.close();
    servers.delete(name);
    for (const listener of listeners) listener();
  };
  const owner = new MemoryWorker(hub, 'owner', hostOf({ entities: [Counter], orchestrators: [Tally] }), {
    directory,
  });
  await settle(owner.claim());
  const told = outcomesAt(client.ports, inbox);
  const update = async (name: string, input?: unknown) => {
    const message = { kind: 'update', name, ...(input !== undefined && { input }), reply: inbox } as never;
    await settle(client.send(orchestrationAddress('o'), message));
    await advance(200);
    return told.at(-1);
  };
  const query = async (name: string, input?: unknown): Promise<Answer | undefined> => {
    const asked = { kind: 'query', instanceId: 'o', name, ...(input !== undefined && { input }) };
    return (await ask(world, orchestrationAddress('o'), asked))[0];
  };
  return { ...world, lines, servers, join, leave, update, query, told, owner };
}

const line = (item: string) => ({ item, pieces: 2 });

test('updates and queries of an orchestrator that another worker registered are run there', async (t) => {
  const { client, settle, advance, join, update, query, lines } = await elsewhere();
  join('orders');
  await settle(client.start('order', 'o'));
  t.like(await update('add', line('nails')), { result: 1 });
  t.like(await update('add', line('none')), { failure: { name: 'RangeError' } });
  t.like(await query('items'), { kind: 'query', result: ['nails'] });
  t.like(await update('add', line('screws')), { result: 2 }, 'the copy is not touched by the query');
  t.like(await query('line', 5), { failure: { name: 'RangeError' } });
  await update('close');
  await advance(2_000);
  t.is((await settle(client.orchestrationHead('o')))?.output, '2 nails, 2 screws');
  t.like(await query('items'), { result: ['nails', 'screws'] }, 'also of an instance that has ended');
  t.deepEqual((await settle(client.entityHead('counter', 'stock')))?.state, { seen: ['nails', 'screws'] });
  t.deepEqual(lines, []);
});

test('without a worker an update waits, and a query is told which name nobody has', async (t) => {
  const { client, settle, advance, join, leave, update, query, told } = await elsewhere();
  join('orders');
  await settle(client.start('order', 'o'));
  await update('add', line('nails'));
  leave('orders');
  t.is((await update('add', line('screws')))?.result, 1, 'the answer before: this one is to come');
  t.deepEqual(await query('items'), { v: 1, kind: 'query', noWorkerWith: 'order' });
  join('others');
  await advance(2_000);
  t.like(told.at(-1), { result: 2 });
  t.like(await query('items'), { result: ['nails', 'screws'] });
});

test('a run that takes the place of another is run by the worker that has its code, and not by the one of the other', async (t) => {
  const { client, settle, advance, join, update, query } = await elsewhere();
  join('orders');
  await settle(client.start('tally', 'o', 0));
  t.like(await update('count'), { result: 1 });
  await settle(client.send(orchestrationAddress('o'), { kind: 'start', name: 'order', ifExists: 'replace' }));
  await advance(500);
  t.like(await query('items'), { result: [] });
  t.like(await update('add', line('nails')), { result: 1 });
  t.like(await query('items'), { result: ['nails'] });
});

test('a query that one worker does not answer is asked of another', async (t) => {
  const { client, settle, advance, join, update, query, servers } = await elsewhere();
  join('a');
  await settle(client.start('order', 'o'));
  await update('add', line('nails'));
  servers.get('a')!.close(); // it lives, as far as is seen
  t.is(await query('items'), undefined, 'it is asked again, and nobody is told yet');
  join('b');
  t.like(await query('items'), { result: ['nails'] });
  await advance(1);
});
