import test from 'ava';
import type { MemoryHub } from '../../lib/memory/hub.js';
import type { Answer } from '../../lib/wire/queries.js';
import { Nap } from './bank.js';
import { ask, bankHost, bytes, hostOf, MemoryWorker, recordingLogger, surroundings } from './surroundings.js';

/** A hub whose worker has stopped: an entity and two orchestrations that wait for a timer are only in the streams. */
async function stored() {
  const world = surroundings(1);
  const { hub, client, settle, advance } = world;
  const first = new MemoryWorker(hub, 'first', bankHost());
  await settle(first.claim());
  await settle(client.signal('counter', 'k', 'add', 'one'));
  await settle(client.start('nap', 'n', 60_000));
  await settle(client.start('nap', 'm', 60_000));
  await advance(2_000);
  await settle(first.stop());
  const lines: string[] = [];
  const start = async (): Promise<MemoryWorker> => {
    const worker = new MemoryWorker(hub, 'next', bankHost(), {}, recordingLogger(lines));
    await settle(worker.claim());
    return worker;
  };
  const { subjects } = client.ports.partition(0);
  const quarantined = async (): Promise<readonly string[]> => {
    const answer = (await ask(world, 'e.counter.k', { kind: 'inspect' }))[0] as Extract<Answer, { kind: 'inspect' }>;
    return answer.inspection.quarantined.map(({ address }) => address);
  };
  return { ...world, subjects, lines, start, quarantined };
}

/** Writes over what is stored under a subject of the only partition. */
function damage(hub: MemoryHub, subject: string): void {
  const { state } = hub.streams(0);
  state.store(subject, bytes({ v: 1, damaged: true }), state.latest(subject)!.time);
}

/** The format version of what is stored under a subject of the only partition is another one, where it stands. */
function setVersion(hub: MemoryHub, subject: string, version: number): void {
  const { body } = hub.streams(0).state.latest(subject)!;
  const at = new TextDecoder().decode(body).indexOf('"v":') + 4;
  body.set(new TextEncoder().encode(String(version)), at);
}

test('an instance whose head is damaged takes nothing, and all others go on', async (t) => {
  const { hub, client, settle, advance, subjects, lines, start, quarantined } = await stored();
  damage(hub, subjects.head('e.counter.k'));
  const worker = await start();
  await settle(client.signal('counter', 'k', 'add', 'two'));
  await settle(client.signal('counter', 'other', 'add', 'one'));
  await advance(5_000);
  t.deepEqual((await settle(client.entityHead('counter', 'other')))?.state, { seen: ['one'] });
  t.deepEqual(await quarantined(), ['e.counter.k']);
  t.regex(lines.join('\n'), /^e\.counter\.k: Quarantined: Head \S+ cannot be read/m);
  const entity = { name: 'counter', key: 'k' };
  const [read] = await ask({ client, advance }, 'e.counter.k', { kind: 'entity', entity });
  t.like(read, { kind: 'failed', failure: { code: 'PERDURE_CORRUPT_HISTORY' } });

  // The next owner knows it, and what waits waits there; a release only has it tried again.
  await settle(worker.stop());
  const next = await start();
  await advance(60_000);
  t.deepEqual(await quarantined(), ['e.counter.k']);
  const release = { kind: 'release', address: 'e.counter.k' };
  t.like(await ask({ client, advance }, 'e.counter.k', release), [{ released: true }]);
  await settle(client.signal('counter', 'other', 'add', 'two'));
  await advance(5_000);
  t.deepEqual(await quarantined(), ['e.counter.k']);
  t.deepEqual((await settle(client.entityHead('counter', 'other')))?.state, { seen: ['one', 'two'] });
  t.is((await settle(client.orchestrationHead('n')))?.status, 'Completed');
  await settle(next.stop());
});

test('an instance that has to be loaded at a takeover and cannot be keeps nobody from taking over', async (t) => {
  const { hub, client, settle, advance, subjects, start, quarantined } = await stored();
  damage(hub, subjects.head('o.n'));
  damage(hub, subjects.wake('o.n'));
  const worker = await start();
  await advance(65_000);
  t.deepEqual(await quarantined(), ['o.n']);
  t.is((await settle(client.orchestrationHead('m')))?.status, 'Completed');
  await settle(worker.stop());
});

test('a wake record that is damaged loses no timer', async (t) => {
  const { hub, client, settle, advance, subjects, lines, start, quarantined } = await stored();
  damage(hub, subjects.wake('o.n'));
  await start();
  await advance(65_000);
  t.regex(lines.join('\n'), /^o\.n: Wake record \S+ cannot be read/m);
  t.deepEqual(await quarantined(), []);
  t.is((await settle(client.orchestrationHead('n')))?.status, 'Completed');
});

test('an instance whose head a newer version has written waits for one, and all others go on', async (t) => {
  const { hub, client, settle, advance, subjects, lines, start, quarantined } = await stored();
  const { state } = hub.streams(0);
  const heads = [subjects.head('e.counter.k'), subjects.head('o.n')];
  const sequences = heads.map((head) => state.latest(head)!.sequence);
  for (const head of heads) setVersion(hub, head, 9);
  const worker = await start();
  await settle(client.signal('counter', 'k', 'add', 'two'));
  await settle(client.signal('counter', 'other', 'add', 'one'));
  await advance(65_000);
  t.deepEqual((await settle(client.entityHead('counter', 'other')))?.state, { seen: ['one'] });
  t.is((await settle(client.orchestrationHead('m')))?.status, 'Completed');
  t.deepEqual(await quarantined(), ['e.counter.k', 'o.n']);
  t.regex(
    lines.join('\n'),
    /^e\.counter\.k: It takes nothing here: Head \S+ has format version 9, this build reads up to \d/m,
  );
  t.false(lines.some((line) => line.includes('Quarantined')));
  const entity = { name: 'counter', key: 'k' };
  const [read] = await ask({ client, advance }, 'e.counter.k', { kind: 'entity', entity });
  t.like(read, { kind: 'failed', failure: { code: 'PERDURE_VERSION_TOO_NEW' } });

  // A release has it tried again here, and neither that nor a stop has written anything over it.
  t.like(await ask({ client, advance }, 'e.counter.k', { kind: 'release', address: 'e.counter.k' }), [
    { released: true },
  ]);
  await advance(2_000);
  t.deepEqual((await quarantined()).toSorted(), ['e.counter.k', 'o.n']);
  await settle(worker.stop());
  t.deepEqual(
    heads.map((head) => state.latest(head)!.sequence),
    sequences,
  );

  // The next owner reads that version: nothing has to be released, and nothing is lost or done twice.
  for (const head of heads) setVersion(hub, head, 1);
  const next = await start();
  await advance(2_000);
  t.deepEqual(await quarantined(), []);
  t.deepEqual((await settle(client.entityHead('counter', 'k')))?.state, { seen: ['one', 'two'] });
  t.is((await settle(client.orchestrationHead('n')))?.status, 'Completed');
  await settle(next.stop());
});

test('an instance whose parked messages are damaged takes nothing, and all others go on', async (t) => {
  const { hub, client, settle, advance } = surroundings(1);
  const without = new MemoryWorker(hub, 'without', hostOf({ orchestrators: [Nap] }));
  await settle(without.claim());
  for (const id of ['one', 'two', 'three']) await settle(client.signal('counter', 'k', 'add', id));
  await advance(5_000);
  await settle(without.stop());
  const { state } = hub.streams(0);
  const page = state.latest(client.ports.partition(0).subjects.parkedPage('1.1'))!;
  const body = page.body.slice();
  page.body.fill(0);
  const worker = new MemoryWorker(hub, 'worker', bankHost());
  await settle(worker.claim());
  await settle(client.signal('counter', 'k', 'add', 'four'));
  await settle(client.signal('counter', 'other', 'add', 'one'));
  await advance(5_000);
  t.deepEqual((await settle(client.entityHead('counter', 'other')))?.state, { seen: ['one'] });
  t.is(await settle(client.entityHead('counter', 'k')), undefined);
  const inspect = async () => (await ask({ client, advance }, 'e.counter.k', { kind: 'inspect' }))[0];
  t.like(await inspect(), { inspection: { quarantined: [{ address: 'e.counter.k', waiting: 4 }] } });

  // Restored, byte for byte where it was, and released: nothing was lost meanwhile.
  page.body.set(body);
  await ask({ client, advance }, 'e.counter.k', { kind: 'release', address: 'e.counter.k' });
  await advance(2_000);
  t.deepEqual((await settle(client.entityHead('counter', 'k')))?.state, { seen: ['one', 'two', 'three', 'four'] });
  await settle(worker.stop());
});
