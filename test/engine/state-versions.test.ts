import test from 'ava';
import type { CodeName } from '../../lib/engine/activation.js';
import type { Directory } from '../../lib/engine/delegation.js';
import { PartitionOwner } from '../../lib/engine/partition-owner.js';
import { StepServer } from '../../lib/engine/step-server.js';
import { memoryHubPorts } from '../../lib/memory/hub-ports.js';
import { runsEntity } from '../../lib/wire/ownership.js';
import { CartV1, CartV2, CartV3 } from './carts.js';
import { ask, hostOf, outcomesAt, recordingLogger, servedWith, surroundings } from './surroundings.js';

const versions = [CartV1, CartV2, CartV3] as const;

/** Owners of the only partition, each with the class of one version, and workers that they may ask. */
function deployments() {
  const around = surroundings(1);
  const { hub, client, settle, advance } = around;
  const lines: string[] = [];
  const others = new Map<string, number>();
  const asked: (string | undefined)[] = [];
  const listeners = new Set<() => void>();
  const directory: Directory = {
    workersWith: ({ name, version }: CodeName) => {
      asked.push(version);
      return [...others].flatMap(([worker, own]) =>
        runsEntity({ entities: ['cart'], stateVersions: { cart: own } }, name, version) ? [worker] : [],
      );
    },
    onChange: (listener) => {
      listeners.add(listener);
      return { close: () => void listeners.delete(listener) };
    },
  };
  let owners = 0;
  /** The next owner, with code of a version; 0: with none. */
  const own = async (version: number): Promise<PartitionOwner> => {
    const ports = memoryHubPorts(hub.connect(`owner-${++owners}`), recordingLogger(lines));
    const entities = version === 0 ? [] : [versions[version - 1]!];
    const owner = new PartitionOwner(0, ports, hostOf({ entities }), { directory });
    await settle(owner.claim());
    return owner;
  };
  const join = (name: string, version: number): StepServer => {
    const ports = memoryHubPorts(hub.connect(name), recordingLogger(lines));
    const server = new StepServer(ports, hostOf({ entities: [versions[version - 1]!] }), name, servedWith(ports));
    others.set(name, version);
    for (const listener of listeners) listener();
    return server;
  };
  const told = outcomesAt(client.ports, '_INBOX.x');
  let calls = 0;
  const call = async (name: string, input?: unknown, key = 'k'): Promise<void> => {
    const message = {
      kind: 'operation',
      name,
      id: `m${++calls}`,
      reply: '_INBOX.x',
      ...(input !== undefined && { input }),
    };
    await settle(client.send(`e.cart.${key}`, message as never));
    await advance(300);
  };
  const head = async (key = 'k') => {
    await advance(500);
    const { state, stateVersion, v } = (await settle(client.entityHead('cart', key))) ?? {};
    return { state, stateVersion, v };
  };
  const readonly = async (key = 'k') =>
    (await ask(around, `e.cart.${key}`, { kind: 'read', entity: { name: 'cart', key }, name: 'look' }))[0];
  return { ...around, lines, asked, own, join, told, call, head, readonly };
}

test('a state of an older version is migrated in memory, and stored with the first operation that ends well', async (t) => {
  const { own, call, told, head, readonly, settle } = deployments();
  const first = await own(1);
  for (const name of ['nails', 'nails', 'glue']) await call('add', name);
  const stored = { state: ['nails', 'nails', 'glue'], stateVersion: undefined, v: 1 };
  t.deepEqual(await head(), stored);
  await settle(first.stop());
  await own(2);
  t.like(await readonly(), { kind: 'read', result: { nails: 2, glue: 1 } });
  await call('fail');
  t.is(told.at(-1)?.failure?.message, 'no');
  t.deepEqual(await head(), stored, 'what reads or fails stores nothing');
  await call('touch');
  t.deepEqual(await head(), { state: { items: { nails: 2, glue: 1 } }, stateVersion: 2, v: 2 });
  await call('add', 'glue');
  t.is(told.at(-1)?.result, 2);
  t.deepEqual(await head(), { state: { items: { nails: 2, glue: 2 } }, stateVersion: 2, v: 2 });
});

test('a migration over several versions knows where it begins', async (t) => {
  const { own, call, head, settle } = deployments();
  const first = await own(1);
  await call('add', 'nails', 'one');
  await call('add', 'nails', 'two');
  await settle(first.stop());
  const second = await own(2);
  await call('touch', undefined, 'two');
  await settle(second.stop());
  await own(3);
  for (const key of ['one', 'two', 'new']) await call('add', 'glue', key);
  t.deepEqual(await head('one'), { state: { items: { nails: 1, glue: 1 }, owner: 'from 1' }, stateVersion: 3, v: 2 });
  t.deepEqual(await head('two'), { state: { items: { nails: 1, glue: 1 }, owner: 'from 2' }, stateVersion: 3, v: 2 });
  t.deepEqual(await head('new'), { state: { items: { glue: 1 }, owner: 'nobody' }, stateVersion: 3, v: 2 });
});

test('a migration that throws fails the operation alone; code that does better goes on with the same state', async (t) => {
  const { own, call, told, head, readonly, settle } = deployments();
  const first = await own(1);
  await call('add', 'poison');
  await call('add', 'nails', 'fine');
  await settle(first.stop());
  const second = await own(2);
  await call('add', 'glue');
  t.like(told.at(-1)?.failure, { code: 'PERDURE_STATE_MIGRATION', cause: { message: 'poison cannot be counted' } });
  t.like(await readonly(), { failure: { code: 'PERDURE_STATE_MIGRATION' } });
  await call('add', 'glue', 'fine');
  t.is(told.at(-1)?.result, 1);
  t.deepEqual(await head(), { state: ['poison'], stateVersion: undefined, v: 1 });
  await settle(second.stop());
  await own(3);
  await call('add', 'glue');
  t.deepEqual((await head()).state, { items: { poison: 1, glue: 1 }, owner: 'from 1' });
});

test('a migrated state that was not yet in a head is there for the next owner, with its version', async (t) => {
  const around = deployments();
  const { own, call, head, settle, client, advance } = around;
  const first = await own(1);
  await call('add', 'nails');
  await settle(first.stop());
  await own(2);
  await settle(client.signal('cart', 'k', 'add', 'glue'));
  await advance(5);
  await own(2); // the former one is fenced, its head perhaps not stored
  await call('add', 'glue');
  t.deepEqual(await head(), { state: { items: { nails: 1, glue: 2 } }, stateVersion: 2, v: 2 });
});

test('a state of a newer version than the code waits, unharmed, and a worker that knows it goes on with it', async (t) => {
  const { own, join, call, told, head, readonly, settle, advance, asked, lines } = deployments();
  const second = await own(2);
  await call('add', 'nails');
  await settle(second.stop());
  const first = await own(1);
  await call('add', 'glue');
  await call('add', 'tape', 'other');
  t.deepEqual(
    told.map(({ result }) => result),
    [1, 1],
    'another entity goes on',
  );
  t.like(await readonly(), { isWaiting: true });
  t.true(asked.includes('2'));
  join('same', 1);
  await advance(5_000);
  t.is(told.length, 2, 'a worker of the same version is none that helps');
  t.deepEqual(await head(), { state: { items: { nails: 1 } }, stateVersion: 2, v: 2 });
  join('newer', 2);
  await advance(5_000);
  t.is(told.length, 3);
  t.is(told.at(-1)?.result, 1);
  t.deepEqual(await head(), { state: { items: { nails: 1, glue: 1 } }, stateVersion: 2, v: 2 });
  await call('add', 'nails');
  t.is(told.at(-1)?.result, 2);
  t.like(await readonly(), { result: { nails: 2, glue: 1 } });
  await call('add', 'tape', 'other');
  t.is(told.at(-1)?.result, 2, 'what the owner can do itself it does');
  await settle(first.stop());
  await own(2);
  await call('add', 'nails');
  t.is(told.at(-1)?.result, 3);
  t.deepEqual(lines, []);
});

test('what waits for newer code is told with its version', async (t) => {
  const around = deployments();
  const { own, call, settle } = around;
  const third = await own(3);
  await call('add', 'nails');
  await settle(third.stop());
  await own(1);
  await call('add', 'glue');
  const [answer] = await ask(around, 'e.cart.k', { kind: 'waiting' });
  t.like(answer, { names: [{ kind: 'entity', name: 'cart@3', instances: 1 }] });
});

test('an owner without the class has a state migrated by a worker that has it, and lets none of an older version touch it', async (t) => {
  const { own, join, call, told, head, settle, advance } = deployments();
  const first = await own(1);
  await call('add', 'nails');
  await settle(first.stop());
  await own(0);
  const newer = join('newer', 2);
  await call('add', 'glue');
  t.is(told.at(-1)?.result, 1);
  t.deepEqual(await head(), { state: { items: { nails: 1, glue: 1 } }, stateVersion: 2, v: 2 });
  newer.close();
  join('older', 1);
  await call('add', 'glue');
  await advance(20_000);
  t.is(told.length, 2);
  join('newest', 3);
  await advance(20_000);
  t.is(told.at(-1)?.result, 2);
  t.deepEqual(await head(), { state: { items: { nails: 1, glue: 2 }, owner: 'from 2' }, stateVersion: 3, v: 2 });
});
