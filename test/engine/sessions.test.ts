import test from 'ava';
import { EntityContext } from 'perdure';
import { Entity, Operation } from 'perdure/decorators';
import { decodeRecord } from '../../lib/wire/record-codec.js';
import type { CommitRecord } from '../../lib/wire/record.js';
import { noFaults } from '../../lib/memory/faults.js';
import type { MemoryHub } from '../../lib/memory/hub.js';
import { Counter } from './bank.js';
import { SessionClient } from './session-client.js';
import { ask, bankHost, hostOf, MemoryWorker, surroundings } from './surroundings.js';

const HOUR = 3_600_000;

/** A partition with a worker, and a client that says every word itself. */
async function setting(host = bankHost()) {
  const around = surroundings(1);
  const work = async (name: string): Promise<MemoryWorker> => {
    const worker = new MemoryWorker(around.hub, name, host);
    await around.settle(worker.claim());
    return worker;
  };
  const worker = await work('w');
  const one = new SessionClient(around.hub, 'one');
  const seen = async (): Promise<unknown> => {
    await around.advance(500);
    return ((await around.settle(around.client.entityHead('counter', 'k')))?.state as { seen: unknown })?.seen;
  };
  return { ...around, work, worker, one, seen };
}

function records(hub: MemoryHub): CommitRecord[] {
  const all = Array.from(hub.streams(0).log.all(), ({ body }) => decodeRecord(body, ''));
  return all.flatMap((record) => (record.type === 'commit' ? [record] : []));
}

test('P5: a copy does nothing, and its client is answered with the first outcome, also by the next owners', async (t) => {
  const { one, work, worker, seen, advance, settle } = await setting();
  one.hello();
  one.call(1, 'once');
  await advance(500);
  one.call(1, 'once');
  await advance(500);
  worker.connection.kill();
  const next = await work('next');
  one.call(1, 'once');
  await advance(500);
  await settle(next.stop());
  await advance(30 * 60_000); // beyond every window of the server
  await work('last');
  one.call(1, 'once');
  t.deepEqual(await seen(), ['once']);
  t.true(one.told.length >= 4);
  for (const outcome of one.told) t.deepEqual(outcome, one.outcome(1, 1));
});

test('P5: a copy that comes while the first one runs is answered when that has ended', async (t) => {
  const { one, seen } = await setting();
  one.hello();
  one.call(1, 'x', { name: 'slowly' });
  one.call(1, 'x', { name: 'slowly' });
  t.deepEqual(await seen(), ['x']);
  t.deepEqual(one.told, [one.outcome(1, 1)]);
});

test('P5: a session that is not known is refused and never applied, and its client hears of it after the commit', async (t) => {
  const { hub, one, seen, advance } = await setting();
  one.session = '1-one';
  one.call(2, 'a call');
  one.signal(3, 'a signal');
  one.session = 'anything';
  one.call(1, 'an id of no session');
  t.is(await seen(), undefined);
  t.deepEqual(one.told, [
    one.refusal(2, 'sessionExpired', '1-one'),
    one.refusal(3, 'sessionExpired', '1-one'),
    one.refusal(1, 'sessionExpired', 'anything'),
  ]);
  const dropped = records(hub).flatMap((record) => record.dropped ?? []);
  t.deepEqual(
    dropped.map(({ reason }) => reason.split(':')[0]),
    ['SessionExpired', 'SessionExpired', 'SessionExpired'],
  );
  one.hello();
  one.call(1, 'known');
  await advance(500);
  t.deepEqual(await seen(), ['known']);
});

test('P5: numbers that were given up are never accepted, and who waits for one is told', async (t) => {
  const { hub, one, work, worker, seen, advance, client } = await setting();
  one.hello();
  one.call(1, 'first');
  one.call(3, 'third'); // 2 did not get through, and its client went on
  await advance(500);
  one.call(2, 'second, too late');
  await advance(500);
  t.deepEqual(one.told, [one.outcome(1, 1), one.outcome(3, 2), one.refusal(2, 'notAccepted')]);
  t.deepEqual(
    records(hub).flatMap(({ skipped }) => Object.values(skipped ?? {})),
    [[[2, 2]]],
  );
  worker.connection.kill();
  await work('next');
  one.call(2, 'second, too late');
  t.deepEqual(await seen(), ['first', 'third']);
  t.deepEqual(one.told.at(-1), one.refusal(2, 'notAccepted'));
  const query = { kind: 'outcome', address: 'e.counter.k', id: 'x', session: one.session };
  const answers = async (number: number) => ask({ client, advance }, 'e.counter.k', { ...query, number });
  t.deepEqual(await answers(2), [{ v: 1, kind: 'outcome', accepted: true, outcome: one.refusal(2, 'notAccepted') }]);
  t.deepEqual(await answers(4), [{ v: 1, kind: 'outcome' }]);
});

test('P5: a hello that is stored twice makes two sessions, and none forgets what it has taken', async (t) => {
  const { one, seen, advance } = await setting();
  const first = one.hello();
  one.call(1, 'once');
  await advance(500);
  const second = one.hello();
  t.not(first, second);
  one.session = first;
  one.call(1, 'once');
  one.call(2, 'twice');
  one.session = second;
  one.call(1, 'of another session');
  t.deepEqual(await seen(), ['once', 'twice', 'of another session']);
});

test('P5: two clients of one name, and two partitions, have sessions of their own', async (t) => {
  const { hub, one, seen } = await setting();
  const two = new SessionClient(hub, 'one');
  one.hello();
  two.hello();
  one.call(1, 'of one');
  two.call(1, 'of two');
  t.deepEqual(await seen(), ['of one', 'of two']);
});

test('P5: after its bye a session is refused, and a copy of the bye harms nothing', async (t) => {
  const { one, work, worker, seen } = await setting();
  one.hello();
  one.call(1, 'once');
  one.control('bye', 2);
  one.control('bye', 2);
  t.deepEqual(await seen(), ['once']);
  worker.connection.kill();
  await work('next');
  one.call(1, 'once');
  one.call(3, 'after the end');
  t.deepEqual(await seen(), ['once']);
  t.deepEqual(one.told.slice(1), [one.refusal(1, 'sessionExpired'), one.refusal(3, 'sessionExpired')]);
});

test('P5: a client ends its former session with a hello, and nobody else does', async (t) => {
  const { hub, one, seen } = await setting();
  const former = one.hello();
  const other = new SessionClient(hub, 'other');
  other.hello({ ends: former });
  one.call(1, 'a');
  one.hello({ ends: former });
  one.call(1, 'b');
  one.session = former;
  one.call(2, 'c');
  t.deepEqual(await seen(), ['a', 'b']);
});

test('P5: a session that is not used for an hour ends, one that is heard of goes on', async (t) => {
  const { hub, one, seen, advance } = await setting();
  const idle = new SessionClient(hub, 'idle');
  idle.hello();
  one.hello();
  idle.call(1, 'idle');
  for (let number = 1; number <= 5; number++) {
    one.control('done', number);
    await advance(HOUR / 4);
  }
  one.call(6, 'used');
  await advance(500);
  idle.call(2, 'too late');
  one.call(7, 'used');
  t.deepEqual(await seen(), ['idle', 'used', 'used']);
  t.deepEqual(idle.told, [idle.outcome(1, 1), idle.refusal(2, 'sessionExpired')]);
});

test('P5: with too many sessions those used longest ago end, and the record says which', async (t) => {
  const { hub, one, work, worker, seen, advance } = await setting();
  const kept = new SessionClient(hub, 'kept');
  one.hello();
  kept.hello();
  one.call(1, 'one');
  await advance(500);
  kept.call(1, 'kept');
  await advance(500);
  const crowd = new SessionClient(hub, 'crowd');
  for (let i = 0; i < 20_000 - 1; i++) crowd.hello();
  crowd.call(1, 'crowd');
  await advance(500);
  one.call(2, 'too late');
  kept.call(2, 'kept');
  const expected = ['one', 'kept', 'crowd', 'kept'];
  t.deepEqual(await seen(), expected);
  t.deepEqual(one.told.at(-1), one.refusal(2, 'sessionExpired'));
  t.deepEqual(
    records(hub).flatMap(({ ended }) => ended ?? []),
    [one.session],
  );
  worker.connection.kill();
  await work('next');
  one.call(3, 'too late');
  kept.call(3, 'kept');
  t.deepEqual(await seen(), [...expected, 'kept']);
});

test('P5: a client is told nothing of a session whose hello is still to be read', async (t) => {
  const { client, one, worker, settle, advance, work, seen } = await setting();
  await settle(worker.stop());
  one.hello();
  one.call(1, 'later');
  const query = { kind: 'outcome', address: 'e.counter.k', id: 'x', session: one.session, number: 1 };
  await work('next');
  await advance(500);
  t.deepEqual(await ask({ client, advance }, 'e.counter.k', query), [
    { v: 1, kind: 'outcome', accepted: true, outcome: one.outcome(1, 1) },
  ]);
  const unread = { ...query, session: '1000-one' };
  t.deepEqual(await ask({ client, advance }, 'e.counter.k', unread), [{ v: 1, kind: 'outcome' }]);
  t.deepEqual(await seen(), ['later']);
});

test('P5: outcomes are forgotten when their client has them, and beyond 1,024 its calls are refused as busy', async (t) => {
  const { one, worker, work, seen, advance } = await setting();
  one.hello();
  for (let number = 1; number <= 1_024; number++) one.call(number, 'x');
  await advance(2_000);
  one.call(1_025, 'too much');
  one.signal(1_026, 'a signal');
  await advance(500);
  t.deepEqual(one.told.at(-1), one.refusal(1_025, 'busy'));
  one.call(1_027, 'room again', { done: [1, 1_025] });
  await advance(500);
  t.is(one.told.at(-1)?.refused, 'busy', 'what the message itself frees is free for the next');
  one.call(1_028, 'room again');
  t.is(((await seen()) as string[]).length, 1_026);
  worker.connection.kill();
  await work('next');
  const before = one.told.length;
  one.call(1, 'x');
  one.call(2, 'x');
  one.call(1_025, 'too much');
  await advance(500);
  t.deepEqual(one.told.slice(before), [one.outcome(2, 2), one.refusal(1_025, 'notAccepted')]);
});

test('P5: the outcome of a call that its client gave up is not kept', async (t) => {
  const { client, one, advance } = await setting(hostOf({ entities: [Counter, Gate] }));
  one.hello();
  const { reply, session, subjects } = one;
  one.mail(subjects.mail('e.gate.g'), { kind: 'operation', name: 'pass', reply, session, number: 1 });
  one.signal(2, 'given up', { done: [1] });
  await advance(500);
  gates.get('g')!();
  await advance(500);
  t.deepEqual(one.told, [{ id: `${session}.1` }], 'it is told all the same');
  const query = { kind: 'outcome', address: 'e.gate.g', id: 'x', session, number: 1 };
  t.deepEqual(await ask({ client, advance }, 'e.gate.g', query), [{ v: 1, kind: 'outcome', accepted: true }]);
});

/** What waits at the gates, by their keys. */
const gates = new Map<string, () => void>();

@Entity('gate')
class Gate {
  state = {};
  @Operation() async pass(_none: void, { entityId }: EntityContext): Promise<void> {
    await new Promise<void>((resolve) => gates.set(entityId.key, resolve));
  }
}

test('P1, P5: of an envelope of a session each message is taken once, also what waits when its owner dies', async (t) => {
  const { one, work, worker, seen, advance } = await setting();
  one.hello();
  one.call(1, 'a');
  one.envelope(1, ['a', 'b', 'c']);
  await advance(500);
  one.envelope(3, ['c', 'd']);
  await advance(500);
  worker.connection.kill();
  await work('next');
  one.envelope(2, ['b', 'c', 'd', 'e']);
  t.deepEqual(await seen(), ['a', 'b', 'c', 'd', 'e']);
  const all = [1, 2, 3, 4, 5].map((number) => one.outcome(number, number));
  for (const outcome of one.told) t.deepEqual(outcome, all[Number(outcome.id.split('.').at(-1)) - 1]);
  t.is(new Set(one.told.map(({ id }) => id)).size, 5);
});

test('P1, P5: an open message of an envelope is carried out by the next owner under its own number', async (t) => {
  const { hub, one, work, worker, advance } = await setting(hostOf({ entities: [Counter, Gate] }));
  one.hello();
  const { reply, session, subjects } = one;
  const pass = { kind: 'operation', name: 'pass', reply };
  const messages = [
    ['e.gate.h', pass],
    ['e.gate.h', pass],
    ['e.counter.k', { kind: 'operation', name: 'add', input: 'x', reply }],
  ];
  one.mail(subjects.envelopes, { session, first: 1, messages });
  await advance(500);
  t.deepEqual(
    records(hub).flatMap(({ open: waiting }) => waiting ?? []),
    [[2, [0, 1]]],
  );
  t.deepEqual(one.told, [one.outcome(3, 1)]);
  worker.connection.kill();
  await work('next');
  await advance(500);
  gates.get('h')!();
  await advance(500);
  gates.get('h')!();
  await advance(500);
  one.mail(subjects.envelopes, { session, first: 1, messages });
  await advance(500);
  t.deepEqual(
    one.told.map(({ id }) => Number(id.split('.').at(-1))),
    [3, 1, 2, 1, 2, 3],
  );
});

test('C1, P5: nobody is told of a refusal before the record with it is acknowledged', async (t) => {
  const { world, one, advance } = await setting();
  world.faults = { next: ({ operation }) => (operation === 'append' ? 'requestLost' : 'none') };
  one.session = '1-one';
  one.call(1, 'a call');
  one.signal(2, 'a signal');
  await advance(5_000);
  t.deepEqual(one.told, []);
  world.faults = noFaults;
  await advance(5_000);
  t.deepEqual(one.told, [one.refusal(1, 'sessionExpired'), one.refusal(2, 'sessionExpired')]);
});

test('P1, P5: an open call is carried out by the next owner, and its outcome is kept under its number', async (t) => {
  const { one, work, worker, advance } = await setting(hostOf({ entities: [Counter, Gate] }));
  one.hello();
  const { reply, session, subjects } = one;
  const pass = { kind: 'operation', name: 'pass', reply, session, number: 1 };
  one.mail(subjects.mail('e.gate.i'), pass);
  one.call(2, 'records that the first one is open');
  await advance(500);
  worker.connection.kill();
  await work('next');
  await advance(500);
  gates.get('i')!();
  await advance(500);
  one.mail(subjects.mail('e.gate.i'), pass);
  await advance(500);
  t.deepEqual(one.told, [one.outcome(2, 1), { id: `${session}.1` }, { id: `${session}.1` }]);
});

test('P1, P5: what is refused is not open while its letter is still to be stored, so no owner ever applies it', async (t) => {
  for (const isReadable of [true, false]) {
    const { world, hub, one, work, worker, advance, seen } = await setting();
    let isStuck = true;
    world.faults = { next: ({ port }) => (port === 'deadLetters' && isStuck ? 'requestLost' : 'none') };
    const session = one.hello();
    one.call(1, 'before');
    if (isReadable) one.call(7, 'refused', { session: '1-nobody' });
    else one.mail(one.subjects.mail('e.counter.k'), { kind: 'no kind' });
    one.call(2, 'behind', { session });
    await advance(500);
    t.deepEqual(
      records(hub).flatMap(({ open }) => open ?? []),
      [],
    );
    worker.connection.kill();
    isStuck = false;
    await work('next');
    t.deepEqual(await seen(), ['before', 'behind']);
    one.call(3, 'and on');
    t.deepEqual(await seen(), ['before', 'behind', 'and on']);
    t.is(records(hub).flatMap(({ dropped }) => dropped ?? []).length, 1);
  }
});

test('P1, P5: what an envelope brings that is refused as busy stays refused when its owner dies', async (t) => {
  const { world, one, work, worker, advance, seen } = await setting(hostOf({ entities: [Counter, Gate] }));
  one.hello();
  for (let number = 1; number <= 1_024; number++) one.call(number, 'x');
  await advance(2_000);
  one.mail(one.subjects.mail('e.gate.j'), { kind: 'operation', name: 'pass' });
  await advance(500);
  world.faults = { next: ({ port }) => (port === 'deadLetters' ? 'requestLost' : 'none') };
  const add = { kind: 'operation', name: 'add' };
  const messages = [
    ['e.counter.k', { ...add, input: 'taken' }],
    ['e.counter.k', { ...add, input: 'refused', reply: one.reply }],
  ];
  one.mail(one.subjects.envelopes, { session: one.session, first: 1_025, messages });
  await advance(500);
  gates.get('j')!(); // its end lets the partition's instances run
  await advance(500);
  worker.connection.kill();
  world.faults = noFaults;
  await work('next');
  const kept = (await seen()) as string[];
  t.deepEqual(kept.slice(1_024), ['taken']);
  one.mail(one.subjects.envelopes, { session: one.session, first: 1_025, messages });
  await advance(500);
  t.deepEqual(one.told.at(-1), one.refusal(1_026, 'notAccepted'));
});

test('P5: a message without a session cannot take the place of one that has', async (t) => {
  const { hub, one, seen } = await setting();
  one.hello();
  one.call(1, 'forged', { session: undefined, number: undefined, id: `${one.session}.1` });
  one.call(1, 'own');
  t.deepEqual(await seen(), ['own']);
  t.deepEqual(one.told, [one.outcome(1, 1)]);
  t.regex(records(hub).flatMap(({ dropped }) => dropped ?? [])[0]!.reason, /id is that of a message of a session/);
});

test('what is no message of a session is dropped with its reason, and a message without a session is answered', async (t) => {
  const { hub, client, one, seen, advance } = await setting();
  one.mail(one.subjects.sessions, { kind: 'hello', token: 'a b' });
  one.mail(one.subjects.sessions, { kind: 'sing' });
  one.call(1, 'x', { session: undefined, number: undefined, id: 'mine' });
  t.deepEqual(await seen(), ['x']);
  t.is(records(hub).flatMap(({ dropped }) => dropped ?? []).length, 2);
  t.deepEqual(one.told, [{ id: 'mine', result: 1 }]);
  t.deepEqual(await ask({ client, advance }, 'e.counter.k', { kind: 'outcome', address: 'e.counter.k', id: 'mine' }), [
    { v: 1, kind: 'outcome', outcome: { id: 'mine', result: 1 } },
  ]);
});

test('mail that nothing follows from is recorded in the end', async (t) => {
  const { hub, one, advance } = await setting();
  for (let i = 0; i < 1_000; i++) one.hello();
  await advance(500);
  t.is(records(hub).at(-1)?.accepted, 1_000);
});
