import test from 'ava';
import { InstanceExistsError, InvalidIdError, InvalidInputError, PartlySentError, PayloadTooLargeError } from 'perdure';
import type { Clock } from '../../lib/engine/ports.js';
import type { FaultPlan } from '../../lib/memory/faults.js';
import { entityAddress, partitionOf } from '../../lib/wire/addresses.js';
import { decodeEnvelope } from '../../lib/wire/message-codec.js';
import { partitionSubjects } from '../../lib/wire/subjects.js';
import { Account, Counter, Hello, Nap } from '../engine/bank.js';
import { text } from '../engine/surroundings.js';
import { channelTo, envelopes, sent } from './channel.js';
import { rejection, Surroundings } from './surroundings.js';

const ids = Array.from({ length: 50 }, (_, i) => `s${i}`);

/** The subjects of a partition's mail, but for those of sessions. */
const subjectsOf = ({ hub }: Surroundings, partition: number): readonly string[] =>
  Array.from(hub.streams(partition).mail.all(), ({ subject }) => subject).filter(
    (subject) => subject !== partitionSubjects('test', partition).sessions,
  );

const seen = async (around: Surroundings): Promise<unknown> =>
  (await around.settle(around.client.readEntityState(Counter, 'k'))).entityState;

test('what a client sends in one turn travels in one envelope for each partition', async (t) => {
  const around = new Surroundings();
  await around.work();
  const keys = Array.from({ length: 20 }, (_, i) => `k${i}`);
  await around.settle(Promise.all(keys.map((key) => around.client.callEntity(Account, key).deposit({ amount: 5 }))));
  for (const partition of [0, 1])
    t.deepEqual(subjectsOf(around, partition), [partitionSubjects('test', partition).envelopes]);
  const balances = await around.settle(
    Promise.all(keys.map((key) => around.client.callEntity(Account, key).balance())),
  );
  t.deepEqual(balances, Array<number>(20).fill(5), 'each call has its own outcome');
});

test('once there is a session, what a turn has sent leaves at its end, without a wait', async (t) => {
  const stored: string[] = [];
  const atTheEnd: (() => void)[] = [];
  const byHand = (clock: Clock): Clock => ({
    now: () => clock.now(),
    after: (milliseconds, call) => clock.after(milliseconds, call),
    about: (milliseconds, call) => clock.about(milliseconds, call),
    soon: (call) => void atTheEnd.push(call),
  });
  const { channel, settle } = channelTo(10_000, (to) => void stored.push(to), byHand);
  const first = sent(channel, 'first');
  atTheEnd.shift()!();
  await settle(first);
  t.is(stored.length, 2, 'the hello and the message');
  const second = sent(channel, 'second');
  atTheEnd.shift()!();
  t.is(stored.length, 3, 'in the very call');
  await settle(second);
});

test('what travels alone keeps its own mailbox subject', async (t) => {
  const around = new Surroundings();
  await around.work();
  await around.settle(around.client.signalEntity(Counter, 'k').add('one'));
  const address = entityAddress({ name: 'counter', key: 'k' });
  const subjects = [0, 1].flatMap((partition) => subjectsOf(around, partition));
  t.deepEqual(subjects, [partitionSubjects('test', partitionOf(address, 2)).mail(address)]);
});

test('many signals are carried out once each and in their order, whatever gets lost on the way', async (t) => {
  let sends = 0;
  const faults: FaultPlan = {
    next: ({ connection, operation }) => {
      if (connection !== 'client' || operation !== 'send') return 'none';
      return ['requestLost', 'responseLost', 'duplicated', 'none'][sends++ % 4] as 'none';
    },
  };
  const around = new Surroundings({ faults });
  await around.work();
  await around.settle(
    around.client.signalMany(
      Counter,
      ids.map((id) => ['k', 'add', id] as const),
    ),
  );
  await around.settle(around.client.signalMany('counter', [['k', 'add', 'last']]));
  await around.advance(200);
  t.deepEqual(await seen(around), { seen: [...ids, 'last'] });
  t.true(sends > 4);
});

test('many signals do not overtake a signal or a call that was made before them', async (t) => {
  const around = new Surroundings();
  await around.work();
  const { client } = around;
  const add = (id: string) => ['k', 'add', id] as const;
  const first = client.signalEntity(Counter, 'k').add('0'); // the names are not known yet
  const second = client.signalMany(Counter, [add('1'), add('2')]);
  await around.settle(Promise.all([first, second]));
  const sent = [
    client.signalEntity(Counter, 'k').add('3'),
    client.signalMany(Counter, [add('4'), add('5')]),
    client.callEntity(Counter, 'k').add('6'),
    client.signalMany(Counter, [add('7')]),
  ];
  await around.settle(Promise.all(sent));
  await around.advance(100);
  t.deepEqual(await seen(around), { seen: ['0', '1', '2', '3', '4', '5', '6', '7'] });
});

test('of many starts each gives its own handle', async (t) => {
  const around = new Surroundings();
  await around.work();
  const handles = await around.settle(around.client.startMany(Hello, [[], [undefined, { instanceId: 'mine' }], []]));
  t.is(handles[1]?.instanceId, 'mine');
  const results = await around.settle(Promise.all(handles.map((handle) => handle.result())));
  t.deepEqual(results[1], ['Hello, Tokyo!', 'Hello, Seattle!', 'Hello, Cairo!']);
  t.is(new Set(handles.map(({ instanceId }) => instanceId)).size, 3);
});

test('a closed client sends none of many', async (t) => {
  const around = new Surroundings();
  await around.work();
  await around.settle(around.client.signalEntity(Counter, 'k').add('x'));
  const stored = around.stored;
  await around.client.close();
  const keys = Array.from({ length: 20 }, (_, i) => `k${i}`);
  const error = await rejection(around, () =>
    around.client.signalMany(
      'counter',
      keys.map((key) => [key, 'add', 'y'] as const),
    ),
  );
  t.is(error.code, 'PERDURE_CLOSED');
  await around.advance(100);
  t.true(around.stored - stored <= 1, 'but for the bye of the session');
});

test('what is wrong with one of many is found before any is sent, and the text says which it is', async (t) => {
  const around = new Surroundings();
  await around.work();
  const { client } = around;
  const wrong = await rejection(around, () =>
    client.signalMany(Account, [
      ['a', 'deposit', { amount: 5 }],
      ['a', 'deposit', { amount: -1 }],
    ]),
  );
  t.true(wrong instanceof InvalidInputError);
  t.true(wrong.message.startsWith('signals[1]: '), wrong.message);
  const key = await rejection(around, () =>
    client.signalMany('counter', [
      ['k', 'add', 'x'],
      ['', 'add', 'y'],
    ]),
  );
  t.true(key instanceof InvalidIdError);
  const id = await rejection(around, () => client.startMany(Hello, [[], [undefined, { instanceId: '@' }]]));
  t.true(id.message.startsWith('starts[1]: '), id.message);
  t.is(around.stored, 0);
});

test('when some of many fail, it is said of each what became of it', async (t) => {
  const around = new Surroundings();
  await around.work();
  const { client } = around;
  await around.settle(client.startNew(Nap, 3_000_000, { instanceId: 'taken' }));
  const error = await rejection(around, () => client.startMany(Nap, [[1], [1, { instanceId: 'taken' }], [1]]));
  t.true(error instanceof PartlySentError);
  const { settled, message } = error as PartlySentError;
  t.deepEqual(
    settled.map(({ status }) => status),
    ['fulfilled', 'rejected', 'fulfilled'],
  );
  t.true(
    message.startsWith(
      '1 of 3 messages failed, or are not known to be stored; all others are. The first of them, number 1: ',
    ),
    message,
  );
  t.true((settled[1] as PromiseRejectedResult).reason instanceof InstanceExistsError);
});

test('what is too large for the company of others is sent again, each alone, and none twice', async (t) => {
  const stored: string[] = [];
  const { channel, settle } = channelTo(1_000, (to, body) => {
    if (to === envelopes) throw new PayloadTooLargeError('An envelope', body.length, 10);
    stored.push(text.decode(body));
  });
  const letters = ['a', 'b', 'c'].map((key) => sent(channel, key));
  await settle(Promise.all(letters));
  const messages = stored.map((body) => JSON.parse(body) as { kind: string; name?: string; number?: number });
  t.deepEqual(
    messages.map(({ kind, name, number }) => [kind, name, number]),
    [
      ['hello', undefined, undefined],
      ['operation', 'a', 4],
      ['operation', 'b', 5],
      ['operation', 'c', 6],
    ],
    'the numbers that the envelope had are not used again',
  );
});

test('an envelope has no more bytes than it may', async (t) => {
  const sizes: number[] = [];
  const { channel, settle } = channelTo(600, (to, body) => {
    const decoded = to === envelopes ? decodeEnvelope(body) : undefined;
    if (decoded && 'value' in decoded && 'session' in decoded.value) sizes.push(decoded.value.messages.length);
  });
  await settle(Promise.all(Array.from({ length: 20 }, () => sent(channel, 'add'))));
  t.deepEqual(sizes, [12, 8]);
});
