import test, { type ExecutionContext } from 'ava';
import type { Fault, FaultPlan, PortCall } from '../../lib/memory/faults.js';
import type { MemoryHub } from '../../lib/memory/hub.js';
import { Loops } from '../../lib/engine/loops.js';
import { ValueSweep } from '../../lib/engine/value-sweep.js';
import { MemoryWorld } from '../../lib/memory/world.js';
import { partitionOf } from '../../lib/wire/addresses.js';
import { keysNamedIn } from '../../lib/wire/value-references.js';
import { Album, Frame, Gallery, picture, Print, Studio, thumbnail } from './album.js';
import { KillAt } from './kill-at.js';
import { hostOf, MemoryClient, MemoryWorker, outcomesAt } from './surroundings.js';

const MIB = 1024 * 1024;
const host = () => hostOf({ entities: [Album], orchestrators: [Print, Frame, Gallery], activities: [new Studio()] });

/** A hub with a worker; values of more than 16 KiB go by reference. */
async function studio({
  faults,
  partitions = 3,
  replicas = 1,
}: { faults?: FaultPlan; partitions?: number; replicas?: number } = {}) {
  const world = new MemoryWorld({ seed: 1, faults });
  const hub = world.createHub('test', partitions, { maxInlineValueBytes: 16 * 1024 }, replicas);
  const settle = <T>(promise: Promise<T>): Promise<T> => world.scheduler.settle(promise, 60_000);
  const client = new MemoryClient(hub, 'client');
  const worker = new MemoryWorker(hub, 'w1', host());
  await settle(worker.claim());
  return { world, hub, client, worker, settle, advance: (ms: number) => world.scheduler.advance(ms) };
}

const keysOf = (hub: MemoryHub): string[] => [...hub.objects.keys()].map((key) => key.split('/')[0]!).toSorted();

/** A large value as a client puts it. */
async function send(around: Awaited<ReturnType<typeof studio>>, address: string, message: object): Promise<void> {
  const { large } = around.client;
  const text = large.textIn(message, () => 'It');
  const fitting = text === undefined ? message : await around.settle(large.byReference(address, message, text));
  await around.settle(around.client.send(address, fitting as never));
}

async function valueOf(around: Awaited<ReturnType<typeof studio>>, item: object | undefined): Promise<unknown> {
  const whole = (await around.settle(around.client.large.whole(item ?? {}))) as { state?: unknown; output?: unknown };
  return whole.state ?? whole.output;
}

test('a large value goes through activity, child and entity, and what nothing names is removed', async (t) => {
  const around = await studio();
  const { hub, client, settle, advance } = around;
  const text = picture(MIB, 'sea');
  await send(around, 'o.p', { kind: 'start', name: 'print', input: text });
  await advance(3_000);
  const head = await settle(client.orchestrationHead('p'));
  t.is(head?.status, 'Completed');
  const framed = `[${text.toUpperCase()}]`;
  t.is(await valueOf(around, { outputRef: head?.outputRef }), `${framed}p`);
  t.deepEqual(await valueOf(around, await settle(client.entityHead('album', 'prints'))), {
    pictures: [framed],
    shown: 1,
  });
  t.is(new Set(head?.values).size, 7, 'what it took, what it asked for, what it returned');
  const child = [...hub.objects.keys()].find((key) => key.startsWith('o.') && !key.startsWith('o.p/'))!.split('/')[0]!;
  t.deepEqual(keysOf(hub), ['e.album.prints', ...Array.from({ length: 7 }, () => 'o.p'), child, child].toSorted());
  for (const { body } of [0, 1, 2].flatMap((p) => [...hub.streams(p).log.all(), ...hub.streams(p).mail.all()]))
    t.true(body.length < 16 * 1024, 'only references were in messages');
});

test('the values of a state that shrank, of consumed messages and of a deleted state are removed', async (t) => {
  const around = await studio();
  const { hub, client, settle, advance } = around;
  for (const seed of ['a', 'b', 'c'])
    await send(around, 'e.album.k', { kind: 'operation', name: 'add', input: picture(50_000, seed) });
  await advance(1_000);
  t.deepEqual(keysOf(hub), ['e.album.k']);
  await settle(client.signal('album', 'k', 'copyTo', 'other'));
  await advance(1_000);
  t.deepEqual(keysOf(hub), ['e.album.k', 'e.album.other']);
  t.deepEqual(await valueOf(around, await settle(client.entityHead('album', 'other'))), {
    pictures: ['a', 'b', 'c'].map((seed) => picture(50_000, seed)),
    shown: 0,
  });
  await settle(client.signal('album', 'k', 'keep', 0));
  await settle(client.signal('album', 'other', 'burn'));
  await advance(1_000);
  t.deepEqual(keysOf(hub), []);
  t.deepEqual((await settle(client.entityHead('album', 'k')))?.state, { pictures: [], shown: 0 });
  t.is((await settle(client.entityHead('album', 'other')))?.state, undefined);
});

test('the values of executions that continued as new, and of a run that was replaced, are removed', async (t) => {
  const around = await studio();
  const { hub, client, settle, advance } = around;
  const hang = (input: string) => send(around, 'o.g', { kind: 'event', name: 'hang', input });
  await settle(client.start('gallery', 'g', ''));
  for (let round = 0; round < 4; round++) {
    for (const seed of ['x', 'y']) await hang(picture(20_000, `${seed}${round}`));
    await advance(500);
    t.deepEqual(keysOf(hub), ['o.g']);
  }
  // One event more than the execution sees is carried over.
  for (const seed of ['a', 'b', 'c']) await hang(picture(20_000, seed));
  await advance(500);
  t.deepEqual(keysOf(hub), ['o.g', 'o.g']);
  await hang('');
  for (const input of ['', '']) await hang(input);
  await advance(500);
  const head = await settle(client.orchestrationHead('g'));
  t.is(head?.status, 'Completed');
  t.is(((await valueOf(around, { outputRef: head?.outputRef })) as string).length, 11 * 20_000);
  await settle(client.start('gallery', 'g', ''));
  await advance(500);
  t.deepEqual(keysOf(hub), []);
});

test('a large entity and a large history are fetched by the next owner, and only when a step needs them', async (t) => {
  const gets: string[] = [];
  const faults: FaultPlan = {
    next({ connection, port, operation }: PortCall): Fault {
      if (connection !== 'client' && port === 'objects' && operation === 'get') gets.push(connection);
      return 'none';
    },
  };
  const around = await studio({ faults });
  const { hub, client, worker, settle, advance } = around;
  await send(around, 'e.album.k', { kind: 'operation', name: 'add', input: picture(50_000, 'a') });
  await settle(client.start('gallery', 'g', ''));
  await send(around, 'o.g', { kind: 'event', name: 'hang', input: picture(50_000, 'b') });
  await advance(1_000);
  await settle(worker.stop());
  gets.length = 0;
  const next = new MemoryWorker(hub, 'w2', host());
  await settle(next.claim());
  await advance(1_000);
  t.deepEqual(gets, []);
  await settle(client.signal('album', 'k', 'show', 0));
  await settle(client.send('o.g', { kind: 'event', name: 'hang', input: 'c' }));
  await advance(1_000);
  t.deepEqual(gets, ['w2', 'w2']);
  t.deepEqual(await valueOf(around, await settle(client.entityHead('album', 'k'))), {
    pictures: [picture(50_000, 'a')],
    shown: 1,
  });
  const input = (await settle(client.orchestrationHead('g')))?.inputRef;
  t.is(await valueOf(around, { outputRef: input }), `${picture(50_000, 'b')}c`);
});

test('a value that is gone or damaged stops its instance, and no other', async (t) => {
  const around = await studio({ partitions: 1 });
  const { hub, client, worker, settle, advance } = around;
  await send(around, 'e.album.lost', { kind: 'operation', name: 'add', input: picture(50_000, 'a') });
  await send(around, 'e.album.fine', { kind: 'operation', name: 'add', input: picture(50_000, 'b') });
  await settle(client.start('gallery', 'g', ''));
  await send(around, 'o.g', { kind: 'event', name: 'hang', input: picture(50_000, 'c') });
  await advance(1_000);
  await settle(worker.stop());
  const saved = new Map(hub.objects);
  for (const [key, object] of saved)
    if (key.startsWith('o.g/')) hub.objects.delete(key);
    else if (key.startsWith('e.album.lost/')) hub.objects.set(key, { ...object, body: object.body.map((x) => x ^ 1) });
  const second = new MemoryWorker(hub, 'w2', host());
  await settle(second.claim());
  await settle(client.send('o.g', { kind: 'event', name: 'hang', input: 'd' }));
  const call = { kind: 'operation', name: 'thumbnails', id: 'm1', reply: '_INBOX.x' } as const;
  const told = outcomesAt(client.ports, '_INBOX.x');
  await settle(client.send('e.album.lost', call));
  await settle(client.send('e.album.fine', { ...call, id: 'm2' }));
  await advance(1_000);
  t.is(told[0]?.failure?.code, 'PERDURE_CORRUPT_HISTORY');
  t.deepEqual(told[1]?.result, [thumbnail(picture(50_000, 'b'))]);
  const head = await settle(client.orchestrationHead('g'));
  t.is(head?.status, 'Suspended');
  t.regex(head?.reason ?? '', /^The stored value o\.g\/.* is gone/);
  // What an operator puts back is taken again.
  for (const [key, object] of saved) hub.objects.set(key, object);
  await settle(second.stop());
  const third = new MemoryWorker(hub, 'w3', host());
  await settle(third.claim());
  await settle(client.signal('album', 'lost', 'show', 0));
  await advance(1_000);
  t.like(await settle(client.orchestrationHead('g')), { status: 'Running', reason: undefined });
  t.like(await valueOf(around, await settle(client.entityHead('album', 'lost'))), { shown: 1 });
});

test('P11: a value that a deposed leader does not know yet is looked for until one who does has answered', async (t) => {
  let isDeposed = true;
  const faults: FaultPlan = {
    next: ({ port, operation }) => (isDeposed && port === 'objects' && operation === 'get' ? 'stale' : 'none'),
  };
  const around = await studio({ faults, partitions: 1, replicas: 3 });
  const { client, settle, advance } = around;
  const told = outcomesAt(client.ports, '_INBOX.x');
  const call = { kind: 'operation', name: 'add', id: 'm1', reply: '_INBOX.x' } as const;
  await send(around, 'e.album.k', { ...call, input: picture(50_000, 'a') });
  await settle(client.start('gallery', 'g', ''));
  await send(around, 'o.g', { kind: 'event', name: 'hang', input: picture(50_000, 'b') });
  await advance(500);
  isDeposed = false;
  await advance(1_000);
  t.is(told[0]?.failure, undefined);
  t.is(told.length, 1);
  t.like(await valueOf(around, await settle(client.entityHead('album', 'k'))), { shown: 0 });
  t.is((await settle(client.orchestrationHead('g')))?.status, 'Running');
});

test('P11: of several replicas too, a value that is gone is found to be in the end', async (t) => {
  const around = await studio({ partitions: 1, replicas: 3 });
  const { hub, client, advance } = around;
  const told = outcomesAt(client.ports, '_INBOX.x');
  const { large } = client;
  const message = { kind: 'operation', name: 'add', id: 'm1', reply: '_INBOX.x', input: picture(50_000, 'a') } as const;
  const text = large.textIn(message, () => 'It')!;
  const byReference = await around.settle(large.byReference('e.album.k', message, text));
  hub.objects.clear();
  await around.settle(client.send('e.album.k', byReference));
  await advance(5_000);
  t.is(told[0]?.failure?.code, 'PERDURE_CORRUPT_HISTORY');
});

test('a reference to a value of another instance is refused, and takes nothing from its holder', async (t) => {
  const around = await studio();
  const { hub, client, settle, advance } = around;
  await send(around, 'e.album.k', { kind: 'operation', name: 'add', input: picture(50_000, 'a') });
  await advance(1_000);
  const { stateRef } = (await settle(client.entityHead('album', 'k')))!;
  await settle(client.send('e.album.thief', { kind: 'operation', name: 'add', inputRef: stateRef! }));
  await settle(client.send('o.thief', { kind: 'start', name: 'print', inputRef: stateRef! }));
  await advance(1_000);
  t.is(await settle(client.entityHead('album', 'thief')).then((head) => head?.state), undefined);
  t.like(await settle(client.orchestrationHead('thief')), {
    status: 'Failed',
    failure: { code: 'PERDURE_CORRUPT_HISTORY' },
  });
  t.deepEqual(keysOf(hub), ['e.album.k']);
});

test("a user's value that looks like a reference is none", async (t) => {
  const around = await studio();
  const { client, settle, advance } = around;
  const input = { inputRef: { key: 'e.album.k/1', bytes: 1, hash: `SHA-256=${'A'.repeat(43)}=` }, resultRef: 1 };
  await settle(client.start('gallery', 'g', ''));
  await settle(client.send('o.g', { kind: 'event', name: 'hang', input }));
  await advance(500);
  const head = await settle(client.orchestrationHead('g'));
  t.deepEqual(head?.history.at(-1), { type: 'EventRaised', at: head!.updatedAt, name: 'hang', input });
});

test('beyond the largest value an operation fails, an execution fails, and an activity fails where it can be caught', async (t) => {
  const world = new MemoryWorld({ seed: 1 });
  const hub = world.createHub('test', 1, { maxInlineValueBytes: 16 * 1024, maxValueBytes: 64 * 1024 });
  const settle = <T>(promise: Promise<T>): Promise<T> => world.scheduler.settle(promise, 60_000);
  const client = new MemoryClient(hub, 'client');
  await settle(new MemoryWorker(hub, 'w', host()).claim());
  const around = { hub, client, settle } as Awaited<ReturnType<typeof studio>>;
  for (const seed of ['a', 'b'])
    await send(around, 'e.album.k', { kind: 'operation', name: 'add', input: picture(40_000, seed) });
  await send(around, 'o.p', { kind: 'start', name: 'print', input: picture(65_533, 'p') });
  await world.scheduler.advance(1_000);
  t.like(await valueOf(around, await settle(client.entityHead('album', 'k'))), { pictures: [picture(40_000, 'a')] });
  t.like(await settle(client.orchestrationHead('p')), {
    status: 'Failed',
    failure: { cause: { code: 'PERDURE_PAYLOAD_TOO_LARGE' } },
  });
  t.throws(() => client.large.textIn({ input: picture(65_535, 'q') }, () => 'It'), {
    code: 'PERDURE_PAYLOAD_TOO_LARGE',
    message: /65537 > 65536/,
  } as never);
});

async function nothingIsLost(t: ExecutionContext, around: Awaited<ReturnType<typeof studio>>, what: string) {
  const { client, settle } = around;
  const text = `[${picture(MIB, 'sea').toUpperCase()}]`;
  const head = await settle(client.orchestrationHead('p'));
  t.is(await valueOf(around, { outputRef: head?.outputRef }), `${text}p`, what);
  const album = (await valueOf(around, await settle(client.entityHead('album', 'prints')))) as { pictures: string[] };
  t.deepEqual(album.pictures.map(thumbnail), [thumbnail(text)], what);
  const gallery = await settle(client.orchestrationHead('g'));
  t.is(await valueOf(around, { outputRef: gallery?.inputRef }), `${picture(30_000, 'x')}${picture(30_000, 'y')}`, what);
  const copied = (await valueOf(around, await settle(client.entityHead('album', 'b')))) as { pictures: string[] };
  t.deepEqual(copied.pictures.map(thumbnail), [thumbnail(picture(30_000, 'z'))], what);
}

async function runThrough(plan: FaultPlan & { onKill?: () => void }, kill: boolean) {
  const around = await studio({ faults: plan });
  const { hub, worker, settle, advance, client } = around;
  plan.onKill = () => worker.connection.kill();
  await send(around, 'o.p', { kind: 'start', name: 'print', input: picture(MIB, 'sea') });
  await settle(client.start('gallery', 'g', ''));
  for (const seed of ['x', 'y'])
    await send(around, 'o.g', { kind: 'event', name: 'hang', input: picture(30_000, seed) });
  await send(around, 'e.album.a', { kind: 'operation', name: 'add', input: picture(30_000, 'z') });
  await settle(client.signal('album', 'a', 'copyTo', 'b'));
  await advance(1_500);
  if (kill) await settle(new MemoryWorker(hub, 'w2', host()).claim());
  await advance(6_000);
  return around;
}

const stride = process.env['PERDURE_VERIFY'] ? 1 : 9;

for (const fault of ['requestLost', 'responseLost'] as const)
  test(`P15: a worker that dies at any of its calls loses no large value and repeats none (${fault})`, async (t) => {
    t.timeout(600_000);
    let n = fault === 'requestLost' ? 1 : 5;
    for (; ; n += stride) {
      const plan = new KillAt(n, fault, 'w1');
      const around = await runThrough(plan, true);
      await nothingIsLost(t, around, `killed at call ${n}`);
      if (plan.calls < n) break;
    }
    t.log(`${n} calls`);
    t.true(n > 100);
  });

/** Of the object store's calls, each second one goes wrong, and every third of those comes late instead. */
class BadStore implements FaultPlan {
  #calls = 0;
  next({ port }: PortCall): Fault {
    if (port !== 'objects' || this.#calls++ % 2 === 0) return 'none';
    if (this.#calls % 3 === 0) return { delay: 4_000 };
    return this.#calls % 4 === 0 ? 'requestLost' : 'responseLost';
  }
}

test('P15: puts that get lost, come late or lose their answers are made again', async (t) => {
  const around = await runThrough(new BadStore(), false);
  await around.advance(60_000);
  await nothingIsLost(t, around, 'bad store');
  const named = new Set<string>();
  for (const partition of [0, 1, 2])
    for (const { body } of around.hub.streams(partition).state.all())
      for (const key of keysNamedIn(new TextDecoder().decode(body))) named.add(key);
  t.deepEqual(
    [...around.hub.objects.keys()].filter((key) => !named.has(key)),
    [],
    'what came late is what was named',
  );
});

test('P15: an owner that was replaced while it put a value leaves garbage, and harms nothing', async (t) => {
  let isSlow = true;
  const faults: FaultPlan = {
    next: ({ connection, port, operation }) =>
      isSlow && connection === 'w1' && port === 'objects' && operation === 'put' ? { delay: 1_000 } : 'none',
  };
  const around = await studio({ faults, partitions: 1 });
  const { hub, client, settle, advance } = around;
  await send(around, 'e.album.k', { kind: 'operation', name: 'add', input: picture(50_000, 'a') });
  await advance(100); // the former owner puts the state
  const next = new MemoryWorker(hub, 'w2', host());
  await settle(next.claim());
  await advance(300);
  t.is((await settle(client.entityHead('album', 'k')))?.stateRef?.bytes, 50_000 + 27);
  await advance(2_000);
  isSlow = false;
  t.is(keysOf(hub).length, 2, 'its put has come');
  await settle(client.signal('album', 'k', 'keep', 0));
  await advance(1_000);
  t.is(keysOf(hub).length, 1);
  await advance(8 * 24 * 3_600_000);
  t.deepEqual(keysOf(hub), [], 'a sweep has found it');
});

test('a sweep removes what nothing names, once it is old', async (t) => {
  const around = await studio({ partitions: 2 });
  const { hub, client, worker, settle, advance } = around;
  await send(around, 'e.album.k', { kind: 'operation', name: 'add', input: picture(50_000, 'a') });
  await settle(client.start('gallery', 'g', ''));
  await send(around, 'o.g', { kind: 'event', name: 'hang', input: picture(50_000, 'c') });
  await advance(1_000);
  await settle(worker.stop());
  const text = JSON.stringify(picture(20_000, 'garbage'));
  const garbage: string[] = [];
  for (const holder of ['e.album.k', 'o.g', 'o.nobody', 'e.album.other'])
    garbage.push((await settle(client.large.put(holder, text))).key);
  // What waits in the mail is named by it alone.
  await send(around, 'e.album.later', { kind: 'operation', name: 'add', input: picture(30_000, 'm') });
  await send(around, 'o.g', { kind: 'event', name: 'hang', input: picture(30_000, 'd') });
  const kept = [...hub.objects.keys()].filter((key) => !garbage.includes(key));
  await advance(6 * 24 * 3_600_000);
  const sweepOf = (partition: number) => {
    const ports = client.ports.partition(partition);
    return new ValueSweep(ports, client.ports, () => ({ consumed: 0, parked: [] }), new Loops(client.ports.clock));
  };
  const before = client.ports.clock.now() - 3_600_000;
  const removed = [await settle(sweepOf(0).run(before)), await settle(sweepOf(1).run(before))];
  t.is(removed[0]! + removed[1]!, garbage.length);
  t.deepEqual([...hub.objects.keys()].toSorted(), kept.toSorted());
  const next = new MemoryWorker(hub, 'w2', host());
  await settle(next.claim());
  await advance(1_000);
  t.deepEqual(keysOf(hub), ['e.album.k', 'e.album.later', 'o.g'], 'what was kept was needed');
});

test('a sweep keeps what is on its way from one partition to another', async (t) => {
  let isCut = false;
  const faults: FaultPlan = {
    next: ({ connection, port, operation }) =>
      isCut && connection === 'w1' && port === 'mailbox' && operation === 'send' ? 'requestLost' : 'none',
  };
  const around = await studio({ partitions: 2, faults });
  const { hub, client, settle, advance } = around;
  const [from, to] = [0, 1].map((partition) =>
    ['a', 'b', 'c', 'd', 'e', 'f'].find((key) => partitionOf(`e.album.${key}`, 2) === partition),
  ) as [string, string];
  await send(around, `e.album.${from}`, { kind: 'operation', name: 'add', input: picture(50_000, 'a') });
  await advance(1_000);
  isCut = true;
  await settle(client.signal('album', from, 'copyTo', to));
  await advance(20_000); // it is in no log any more, only in the sender's checkpoint
  t.is(keysOf(hub).length, 2);
  const sweep = new ValueSweep(
    client.ports.partition(1),
    client.ports,
    () => ({ consumed: 0, parked: [] }),
    new Loops(client.ports.clock),
  );
  t.is(await settle(sweep.run(Infinity)), 0);
  isCut = false;
  await advance(20_000);
  t.deepEqual(await valueOf(around, await settle(client.entityHead('album', to))), {
    pictures: [picture(50_000, 'a')],
    shown: 0,
  });
});
