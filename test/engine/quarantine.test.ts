import test from 'ava';
import { EntityContext } from 'perdure';
import { Entity, Operation } from 'perdure/decorators';
import { noFaults, type FaultPlan } from '../../lib/memory/faults.js';
import { MemoryWorld } from '../../lib/memory/world.js';
import type { Answer } from '../../lib/wire/queries.js';
import { ask, hostOf, MemoryClient, MemoryWorker, recordingLogger } from './surroundings.js';

function surroundings(seed = 1) {
  let kill = (): void => {};
  let deaths = 0;
  let startedAt = 0;

  @Entity('fuse')
  class Fuse {
    state = { seen: [] as string[] };
    @Operation({ input: String }) note(id: string): void {
      if (id === 'poison' || (id === 'unlucky' && scheduler.now - startedAt < 1_000)) kill();
      this.state.seen.push(id);
    }
    @Operation({ input: 'unknown' }) plan([id, every]: [string, number], ctx: EntityContext): void {
      ctx.setReminder('note', { input: id, everyInMilliseconds: every });
      ctx.signalEntity('fuse', ctx.entityId.key, 'note', `${id} once`, { signalAt: 2 * every });
    }
  }

  const world = new MemoryWorld({ seed });
  const hub = world.createHub('test', 1);
  const { scheduler } = world;
  const client = new MemoryClient(hub, 'client');
  const lines: string[] = [];
  const { settle } = { settle: <T>(promise: Promise<T>) => scheduler.settle(promise, 60_000) };
  let current: MemoryWorker | undefined;
  const start = async (milliseconds = 500): Promise<MemoryWorker> => {
    const worker = new MemoryWorker(hub, `w${deaths}`, hostOf({ entities: [Fuse] }), {}, recordingLogger(lines));
    current = worker;
    startedAt = scheduler.now;
    void worker.claim(); // it may die before it has begun
    await scheduler.advance(milliseconds);
    return worker;
  };
  kill = () => {
    deaths++;
    current!.connection.kill();
  };
  const note = (key: string, id: string) => settle(client.signal('fuse', key, 'note', id));
  const plan = (key: string, id: string, every: number) => settle(client.signal('fuse', key, 'plan', [id, every]));
  const seen = async (key: string) =>
    ((await settle(client.entityHead('fuse', key)))?.state as { seen: string[] } | undefined)?.seen ?? [];
  const advance = (ms: number) => scheduler.advance(ms);
  const query = async (body: object): Promise<Answer> => (await ask({ client, advance }, 'e.fuse.a', body))[0]!;
  return { world, start, note, plan, seen, settle, advance, query, lines, deaths: () => deaths };
}

test('a message that kills whoever takes it kills four times at most, and everything else goes on', async (t) => {
  const { start, note, seen, settle, advance, query, lines, deaths } = surroundings();
  await start();
  await note('a', 'first');
  await advance(1_500);
  await note('a', 'poison');
  await note('a', 'behind');
  await note('b', 'one');
  const noted = ['one'];
  while (deaths() < 4) {
    await start();
    await advance(6_000);
    noted.push(`after ${deaths()}`);
    await note('b', noted.at(-1)!);
  }
  const survivor = await start();
  await advance(6_000);
  t.is(deaths(), 4);
  t.true(noted.length > 1);
  t.deepEqual(await seen('b'), noted);
  t.deepEqual(await seen('a'), ['first']);
  t.regex(lines.join('\n'), /e\.fuse\.a: Quarantined/);
  await note('a', 'later');
  await note('b', 'last');
  await advance(3_000);
  t.deepEqual(await seen('b'), [...noted, 'last']);
  t.deepEqual(await seen('a'), ['first']);

  // Also in the hands of the next owner, until somebody releases it.
  await settle(survivor.stop());
  await start();
  await advance(2_000);
  const inspected = await query({ kind: 'inspect' });
  t.like(inspected, {
    kind: 'inspect',
    inspection: { deadLetters: 0, quarantined: [{ address: 'e.fuse.a', waiting: 3 }] },
  });
  t.deepEqual(await query({ kind: 'release', address: 'e.fuse.a', discard: true }), {
    v: 1,
    kind: 'release',
    released: true,
  });
  await advance(2_000);
  t.deepEqual(await seen('a'), ['first', 'behind', 'later']);
  t.is(deaths(), 4);
  t.deepEqual(await query({ kind: 'release', address: 'e.fuse.a', discard: true }), {
    v: 1,
    kind: 'release',
    released: false,
  });
});

test('a planned operation that kills its owner kills four times at most; discarded, a reminder comes again at its next time', async (t) => {
  const { start, note, plan, seen, advance, query, lines, deaths } = surroundings();
  await start();
  await plan('a', 'poison', 100_000);
  await plan('b', 'fine', 10_000);
  await advance(99_000);
  t.is(deaths(), 0);
  await advance(2_000);
  const isQuarantined = () => lines.some((line) => line.includes('e.fuse.a: Quarantined'));
  while (deaths() <= 4 && !isQuarantined()) {
    await start();
    await advance(6_000);
  }
  const died = deaths();
  t.true(died >= 3 && died <= 4, String(died));
  t.true(isQuarantined());
  t.notRegex(lines.join('\n'), /e\.fuse\.b: Quarantined/);
  await note('a', 'behind');
  await advance(20_000);
  t.is(deaths(), died, 'it takes nothing');
  t.deepEqual(await seen('a'), []);
  t.true((await seen('b')).length >= 10);
  t.like(await query({ kind: 'release', address: 'e.fuse.a', discard: true }), { released: true });
  await advance(1_000);
  t.deepEqual(await seen('a'), ['behind']);
  t.is(deaths(), died);
});

test('what waited before the first owner began kills three times; released with its message, the instance takes it', async (t) => {
  const { start, note, seen, advance, query, deaths } = surroundings();
  await note('a', 'poison');
  while (deaths() < 3) {
    await start();
    await advance(6_000);
  }
  await start();
  await advance(2_000);
  t.is(deaths(), 3);
  await query({ kind: 'release', address: 'e.fuse.a' });
  await advance(1_000);
  t.is(deaths(), 4);
  t.deepEqual(await seen('a'), []);
});

test('owners that die for other reasons quarantine nobody, and those that stop leave nothing suspect', async (t) => {
  const { start, note, seen, settle, advance, query } = surroundings();
  for (let round = 0; round < 8; round++) {
    const worker = await start();
    await note('a', `${round}`);
    await note('b', `${round}`);
    await advance(round % 2 === 0 ? 1 : 1_500);
    if (round % 3 === 2) await settle(worker.stop());
    else worker.connection.kill();
  }
  await start();
  await advance(3_000);
  const all = Array.from({ length: 8 }, (_, round) => `${round}`);
  t.deepEqual(await seen('a'), all);
  t.deepEqual(await seen('b'), all);
  t.like(await query({ kind: 'inspect' }), { kind: 'inspect', inspection: { quarantined: [] } });
});

test('an instance that is about to take a message whenever owners die of other causes in their first second goes on', async (t) => {
  const { start, note, seen, advance, query, deaths } = surroundings();
  await note('a', 'unlucky');
  await note('b', 'beside it');
  for (let owner = 0; owner < 4; owner++) {
    await start();
    await advance(2_000);
  }
  t.is(deaths(), 2);
  t.deepEqual(await seen('a'), []); // it is tried later
  t.deepEqual(await seen('b'), ['beside it']);
  await advance(4_000);
  t.is(deaths(), 2);
  t.deepEqual(await seen('a'), ['unlucky']);
  t.like(await query({ kind: 'inspect' }), { kind: 'inspect', inspection: { quarantined: [] } });
});

test('what waited beside it is tried without a pause, and behind the first thousand inputs no more', async (t) => {
  const { start, note, seen, advance, deaths } = surroundings();
  const current = await start();
  await note('a', 'first');
  current.connection.kill();
  await note('a', 'unlucky');
  const keys = Array.from({ length: 24 }, (_, at) => `k${at}`);
  const ids = Array.from({ length: 50 }, (_, at) => `${at}`);
  for (const id of ids) for (const key of keys) await note(key, id);
  while (deaths() < 2) await start();
  await start();
  await advance(3_000);
  t.is(deaths(), 2);
  for (const key of keys) t.deepEqual(await seen(key), ids);
  t.deepEqual(await seen('a'), ['first']);
  await advance(3_000);
  t.deepEqual(await seen('a'), ['first', 'unlucky']);
});

// Seeds that lost a note when a second capture of heads was written beside the first.
for (const seed of [32, 34, 47, 65, 76, 106, 143, 149])
  test(`C7: what is taken while suspects are tried is in the heads of an owner that stops: seed ${seed}`, async (t) => {
    const { start, note, seen, settle, advance, world } = surroundings(seed);
    const keys = Array.from({ length: 6 }, (_, at) => `k${at}`);
    // So slow that heads fall due again while a record is under way.
    const slow: FaultPlan = {
      next: ({ operation }) =>
        operation === 'append' || operation === 'write' ? { delay: world.random.below(300) } : 'none',
    };
    const first = await start();
    await note('k0', 'first');
    first.connection.kill();
    const expected = new Map(keys.map((key) => [key, key === 'k0' ? ['first'] : []]));
    const noteAll = async (id: string): Promise<void> => {
      for (const key of keys) {
        expected.get(key)!.push(id);
        await note(key, id);
      }
    };
    for (let id = 0; id < 6; id++) await noteAll(`${id}`);
    world.faults = slow;
    (await start(450)).connection.kill();
    const third = await start(1);
    for (let id = 6; id < 20; id++) {
      await noteAll(`${id}`);
      await advance(world.random.below(400));
    }
    await settle(third.stop());
    world.faults = noFaults;
    await start();
    await advance(2_000);
    for (const key of keys) t.deepEqual(await seen(key), expected.get(key));
  });
