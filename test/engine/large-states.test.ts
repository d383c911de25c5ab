import test, { type ExecutionContext } from 'ava';
import type { Directory } from '../../lib/engine/delegation.js';
import { StepServer } from '../../lib/engine/step-server.js';
import { noFaults, type Fault, type FaultPlan, type PortCall } from '../../lib/memory/faults.js';
import { memoryHubPorts } from '../../lib/memory/hub-ports.js';
import { MemoryWorld } from '../../lib/memory/world.js';
import { decodeHead } from '../../lib/wire/head-codec.js';
import type { EntityHead } from '../../lib/wire/head.js';
import { decodeRecord } from '../../lib/wire/record-codec.js';
import type { CommitRecord, StepEntry } from '../../lib/wire/record.js';
import { KillAt } from './kill-at.js';
import { filling, Sheet } from './sheets.js';
import { ask, hostOf, MemoryClient, MemoryWorker, recordingLogger, servedWith } from './surroundings.js';

/**
 * States that go by what has changed (docs/adr/0057). Values of more than 16 KiB go by reference here: so states of 512 bytes have
 * patches, and 2 KiB of patches are kept behind a stored one.
 */
const INLINE = 16 * 1024;
const host = () => hostOf({ entities: [Sheet] });

interface Sheets {
  readonly faults?: FaultPlan;
  readonly partitions?: number;
  readonly seed?: number;
}

function around({ faults = noFaults, partitions = 1, seed = 1 }: Sheets = {}) {
  const world = new MemoryWorld({ seed, faults });
  const hub = world.createHub('test', partitions, { maxInlineValueBytes: INLINE });
  const settle = <T>(promise: Promise<T>): Promise<T> => world.scheduler.settle(promise, 60_000);
  const advance = (milliseconds: number): Promise<void> => world.scheduler.advance(milliseconds);
  const client = new MemoryClient(hub, 'client');
  const tell = (operation: string, input?: unknown, key = 'k') => settle(client.signal('sheet', key, operation, input));
  const work = async (name: string): Promise<MemoryWorker> => {
    const worker = new MemoryWorker(hub, name, host());
    await settle(worker.claim());
    return worker;
  };
  /** What all records say of a key, without what they say of the mail. */
  const steps = (key = 'k'): readonly StepEntry[] =>
    records().flatMap((record) => record.steps.filter(({ to }) => to === `e.sheet.${key}`));
  const records = (): readonly CommitRecord[] =>
    [...hub.streams(0).log.all()]
      .map(({ body }) => decodeRecord(body, 'record'))
      .filter((record): record is CommitRecord => record.type === 'commit');
  const head = (key = 'k') => settle(client.entityHead('sheet', key));
  /** As text: the order of keys counts. */
  const state = async (key = 'k'): Promise<string> =>
    JSON.stringify((await settle(client.large.whole((await head(key)) ?? ({} as EntityHead)))).state);
  return { world, hub, client, settle, advance, tell, work, steps, records, head, state };
}

/** A sheet as it has to be, as text. */
function sheet([count, length]: [number, number], writes: readonly (readonly [number, string])[]): string {
  const cells = Array.from({ length: count }, (_, at) => filling(at, length));
  for (const [at, text] of writes) cells[at] = text;
  return JSON.stringify({ cells, changes: writes.length });
}

const small: [number, number] = [100, 80];
const large: [number, number] = [500, 200];

test('of a state that fits a message, records tell the changes and the head tells the whole', async (t) => {
  const { work, tell, advance, steps, records, head, state } = around();
  await work('w1');
  await tell('fill', small);
  await tell('write', [7, 'twenty bytes of text']);
  await advance(300);
  const [whole, change] = steps();
  t.is(JSON.stringify(whole?.state), sheet(small, []));
  t.deepEqual(change?.patches, [
    { op: 'replace', path: ['cells', 7], value: 'twenty bytes of text' },
    { op: 'replace', path: ['changes'], value: 1 },
  ]);
  t.is(change?.state, undefined);
  t.deepEqual(
    records().map(({ v, steps: of }) => [v, of.some(({ patches }) => patches)]),
    records().map(({ steps: of }) => (of.some(({ patches }) => patches) ? [2, true] : [1, false])),
    'only a record with changes needs the newer format',
  );
  t.like(await head(), { v: 1, patches: undefined });
  t.is(await state(), sheet(small, [[7, 'twenty bytes of text']]));
});

test('a small state, and one that changes by much, are told as a whole', async (t) => {
  const { work, tell, advance, steps } = around();
  await work('w1');
  await tell('fill', [4, 80]);
  await tell('write', [1, 'x']);
  await tell('fill', small);
  await tell('fill', [100, 81]);
  await tell('write', [1, 'x'.repeat(3_000)]);
  await advance(300);
  t.deepEqual(
    steps().map(({ state, patches }) => [state !== undefined, patches !== undefined]),
    Array.from({ length: 5 }, () => [true, false]),
  );
});

test('a change tells as little whatever the operation did to make it', async (t) => {
  const { work, tell, advance, steps, state } = around();
  await work('w1');
  await tell('fill', small);
  await tell('rewrite', [3, 'other']);
  await tell('refuse');
  await tell('write', [3, 'again']);
  await advance(300);
  t.deepEqual(
    steps().map(({ patches }) => patches?.length),
    [undefined, 2, undefined, 2],
  );
  const cells = Array.from({ length: 100 }, (_, at) => (at === 3 ? 'again' : filling(at, 80)));
  t.is(await state(), JSON.stringify({ cells, changes: 2 }));
});

test('a large state is stored once for many changes, which are in the head; and stored anew when there are many', async (t) => {
  const puts: string[] = [];
  const faults: FaultPlan = {
    next({ port, operation }: PortCall): Fault {
      if (port === 'objects' && operation === 'put') puts.push(operation);
      return 'none';
    },
  };
  const { hub, work, tell, advance, head, state } = around({ faults });
  await work('w1');
  await tell('fill', large);
  await advance(1_000);
  const first = await head();
  t.like(first, { v: 1, state: undefined, patches: undefined });
  const writes: (readonly [number, string])[] = [];
  const write = async (count: number): Promise<void> => {
    for (let left = count; left > 0; left--) {
      writes.push([writes.length % 500, `change ${writes.length}`]);
      await tell('write', writes.at(-1));
    }
    await advance(1_000);
  };
  await write(3);
  const second = await head();
  t.deepEqual(second?.stateRef, first?.stateRef);
  t.is(second?.v, 2);
  t.is(second?.patches?.length, 6);
  t.is(puts.length, 1);
  await write(200);
  t.is(await state(), sheet(large, writes));
  const stored = puts.length;
  t.true(stored > 5 && stored < 20, `${stored} puts of 203`);
  t.is(hub.objects.size, 1, 'what was stored before is gone');
  t.true(JSON.stringify((await head())?.patches ?? []).length < 2_048 + 512);
});

test('a state that fits a message, and goes on changing by little, is stored apart: its heads get small', async (t) => {
  const { hub, work, tell, advance, steps, head, state } = around();
  await work('w1');
  await tell('fill', small);
  const writes = Array.from({ length: 12 }, (_, at) => [at, `change ${at}`] as const);
  for (const each of writes.slice(0, 8)) await tell('write', each);
  await advance(300);
  t.truthy((await head())?.state, 'eight changes prove nothing');
  for (const each of writes.slice(8)) await tell('write', each);
  await advance(300);
  t.deepEqual(
    steps().map((step) => (['state', 'stateRef', 'patches'] as const).find((name) => step[name] !== undefined)),
    ['state', ...Array.from({ length: 8 }, () => 'patches'), 'stateRef', 'patches', 'patches', 'patches'],
  );
  t.true(JSON.stringify(await head()).length < 1_000);
  t.is(await state(), sheet(small, writes));
  await tell('fill', [100, 79]);
  await advance(300);
  t.truthy((await head())?.state, 'what changes by much is told in its record');
  t.is(hub.objects.size, 0);
});

test('a state that shrinks by little at a time is whole in the head again when it is small', async (t) => {
  const { hub, work, tell, advance, head, state } = around();
  await work('w1');
  await tell('fill', [40, 80]);
  for (let count = 39; count >= 15; count--) await tell('keep', count);
  await advance(1_000);
  t.truthy((await head())?.state);
  t.is(JSON.parse(await state()).cells.length, 15);
  t.is(hub.objects.size, 0);
});

test('a change that leaves little of a large state, or makes it fit a message, tells the whole', async (t) => {
  const { hub, work, tell, advance, steps, head, state } = around();
  await work('w1');
  await tell('fill', large);
  await tell('write', [499, 'x']);
  await tell('keep', 240);
  await advance(300);
  t.true(((await head())?.stateRef?.bytes ?? 0) < 60_000);
  await tell('keep', 70); // a large change
  await advance(300);
  t.deepEqual(
    steps().map(({ state: whole, stateRef, patches }) => [whole, stateRef, patches].map((each) => each !== undefined)),
    [
      [false, true, false],
      [false, false, true],
      [false, true, false],
      [true, false, false],
    ],
  );
  t.is(hub.objects.size, 0);
  t.is(JSON.parse(await state()).cells.length, 70);
});

test('a state that grows by small changes beyond what fits a message is stored apart in time', async (t) => {
  const { work, tell, advance, head, state } = around();
  await work('w1');
  await tell('fill', [75, 200]);
  const writes = Array.from({ length: 40 }, (_, at) => [75 + at, `${'é'.repeat(30)}${at}`] as const);
  for (const each of writes) await tell('write', each);
  await advance(1_000);
  t.truthy((await head())?.stateRef);
  t.is(await state(), sheet([75, 200], writes));
});

for (const [what, size] of [
  ['that fits a message', small],
  ['that is stored apart', large],
] as const)
  test(`a next owner finds a state ${what} as it was, from the head, from the log, or from both`, async (t) => {
    const { client, work, tell, advance, settle, state } = around();
    const writes = (from: number): readonly (readonly [number, string])[] =>
      Array.from({ length: 4 }, (_, at) => [from + at, `from ${from + at}`]);
    const sent: (readonly [number, string])[] = [];
    const send = async (from: number): Promise<void> => {
      for (const each of writes(from)) await tell('write', each);
      sent.push(...writes(from));
    };
    let worker = await work('w0');
    await tell('fill', size);
    for (let round = 0; round < 4; round++) {
      if (round === 1) await advance(1_000); // the head shows what was before
      await send(10 * round);
      if (round === 2) await advance(1_000);
      await advance(10);
      worker.connection.kill();
      worker = await work(`w${round + 1}`);
      const answers = await ask({ client, advance }, 'e.sheet.k', {
        kind: 'entity',
        entity: { name: 'sheet', key: 'k' },
      });
      const [answer] = answers;
      if (answer?.kind !== 'entity') return t.fail(JSON.stringify(answers));
      t.is(JSON.stringify((await settle(client.large.whole(answer))).state), sheet(size, sent), `round ${round}`);
    }
    await advance(1_000);
    t.is(await state(), sheet(size, sent));
  });

test('an owner without the class keeps a large state that it has never fetched, by what others make of it', async (t) => {
  const gets: string[] = [];
  const faults: FaultPlan = {
    next({ connection, port, operation }: PortCall): Fault {
      if (port === 'objects' && operation === 'get') gets.push(connection);
      return 'none';
    },
  };
  const surroundings = around({ faults });
  const { hub, settle, advance, tell, work, state } = surroundings;
  const first = await work('w1');
  await tell('fill', large);
  await advance(1_000);
  await settle(first.stop());
  const ports = memoryHubPorts(hub.connect('runner'), recordingLogger([]));
  const server = new StepServer(ports, host(), 'runner', servedWith(ports));
  const directory: Directory = { workersWith: () => ['runner'], onChange: () => ({ close: () => {} }) };
  const owner = new MemoryWorker(hub, 'owner', hostOf({}), { directory });
  await settle(owner.claim());
  const writes = Array.from({ length: 30 }, (_, at) => [at, `written elsewhere ${at}`] as const);
  for (const each of writes) await tell('write', each);
  await advance(2_000);
  t.deepEqual(gets, ['runner'], 'once, by the worker that runs the steps');
  t.is(await state(), sheet(large, writes));
  await settle(owner.stop());
  server.close();
  const last = new MemoryWorker(hub, 'last', host());
  await settle(last.claim());
  await tell('write', [0, 'at home again']);
  await advance(1_000);
  t.is(JSON.parse(await state()).changes, 31);
});

test('a reader of format 1 refuses what has changes in it, and takes over nothing', async (t) => {
  const { hub, work, tell, advance } = around();
  await work('w1');
  await tell('fill', large);
  await tell('write', [1, 'x']);
  await advance(300);
  const bodies = [...hub.streams(0).log.all(), ...hub.streams(0).state.all()].map(({ body }) =>
    new TextDecoder().decode(body),
  );
  const changed = bodies.filter((body) => body.includes('"patches"'));
  t.is(changed.length, 2, 'a record and a head');
  for (const body of changed) t.true(body.startsWith('{"v":2,'), body.slice(0, 20));
});

/** What is done to two sheets, with a worker that dies at its nth call. */
async function killed(t: ExecutionContext, n: number, fault: 'requestLost' | 'responseLost'): Promise<number> {
  const plan = new KillAt(n, fault, 'victim');
  const surroundings = around({ faults: plan, seed: n, partitions: 2 });
  const { hub, settle, advance, tell, state } = surroundings;
  const victim = new MemoryWorker(hub, 'victim', host());
  plan.onKill = () => victim.connection.kill();
  victim.claim().catch(() => {});
  await advance(20);
  await tell('fill', large);
  await tell('fill', small, 'k-other');
  const wanted: (readonly [number, string])[] = [];
  const others: (readonly [number, string])[] = [];
  for (let at = 0; at < 12; at++) {
    const [isSlow, text] = [at % 4 === 3, `change number ${at}`];
    await tell(isSlow ? 'slowly' : 'write', [at, text]);
    wanted.push([at, text]);
    if (isSlow) others.push([0, text]);
    await advance(at % 3 === 2 ? 130 : 10);
  }
  await advance(500);
  const successor = new MemoryWorker(hub, 'successor', host());
  await settle(successor.claim());
  await advance(6_000);
  const what = `killed at call ${n} (${fault})`;
  t.is(await state(), sheet(large, wanted), what);
  t.is(await state('k-other'), sheet(small, others), what);
  const named = [...hub.streams(0).state.all(), ...hub.streams(1).state.all()]
    .filter(({ subject }) => subject.includes('.s.e.'))
    .map(({ body, subject }) => (decodeHead(body, subject) as EntityHead).stateRef?.key);
  for (const key of named) t.true(key === undefined || hub.objects.has(key), what);
  return plan.calls;
}

const stride = process.env['PERDURE_VERIFY'] ? 1 : 5;

for (const fault of ['requestLost', 'responseLost'] as const)
  test(`C4: an owner that dies at each of its calls loses no change of a large state and repeats none (${fault})`, async (t) => {
    t.timeout(600_000);
    let n = fault === 'requestLost' ? 1 : 3;
    while ((await killed(t, n, fault)) >= n) n += stride;
    t.log(`${n} calls`);
    t.true(n > 60);
  });
