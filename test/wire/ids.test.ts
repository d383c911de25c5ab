import { readFileSync } from 'node:fs';
import test from 'ava';
import fc from 'fast-check';
import { InvalidHubError, InvalidIdError, InvalidNameError } from '../../lib/errors.js';
import { entityAddress, orchestrationAddress, parseAddress, partitionOf } from '../../lib/wire/addresses.js';
import { checkEntityKey, checkHubName, checkName } from '../../lib/wire/checks.js';
import { decodeId, encodeId } from '../../lib/wire/id-codec.js';
import { messageIdOf, parseMessageId, parseSessionId, sessionId } from '../../lib/wire/sessions.js';
import { partitionSubjects, subjectsOf } from '../../lib/wire/subjects.js';

interface PartitionVector {
  readonly address: string;
  readonly partitions: Readonly<Record<string, number>>;
}

const vectors = JSON.parse(readFileSync('test/golden/partition.json', 'utf8')) as readonly PartitionVector[];

const anyText = fc.oneof(
  { weight: 4, arbitrary: fc.string({ unit: 'binary', maxLength: 40 }) },
  { weight: 2, arbitrary: fc.string({ unit: 'grapheme', maxLength: 90 }) },
  {
    weight: 2,
    arbitrary: fc.string({ unit: fc.constantFrom('a', '=', '.', '@', '/', '*', '>', ' ', '\ud83d', '\ude00') }),
  },
  { weight: 1, arbitrary: fc.string({ unit: 'grapheme-ascii', minLength: 240, maxLength: 270 }) },
);

test('100,000 random texts are each refused or come back from a token of their own', (t) => {
  const ids = new Map<string, string>();
  let refused = 0;
  fc.assert(
    fc.property(anyText, (id) => {
      let token: string;
      try {
        token = encodeId(id, 'entity key');
      } catch (error) {
        refused++;
        return error instanceof InvalidIdError;
      }
      const before = ids.get(token);
      ids.set(token, id);
      return (
        decodeId(token, 'entity key') === id &&
        /^[A-Za-z0-9_=-]+$/.test(token) &&
        token.length <= 768 &&
        (before === undefined || before === id)
      );
    }),
    { numRuns: 100_000, seed: 1 },
  );
  t.true(ids.size > 30_000, `${ids.size} different tokens`);
  t.true(refused > 1_000, `${refused} refused`);
});

test('an id is encoded byte by byte, and plain ids are their own tokens', (t) => {
  t.is(encodeId('order_1-A'), 'order_1-A');
  t.is(encodeId('a.b'), 'a=2Eb');
  t.is(encodeId('=2E'), '=3D2E');
  t.is(encodeId('é'), '=C3=A9');
  t.is(encodeId('\ufeffx'), '=EF=BB=BFx');
  t.is(encodeId('.'.repeat(256)).length, 768);
  t.is(decodeId(encodeId('\ufeffx')), '\ufeffx');
});

test('a token that the encoder cannot have made is refused', (t) => {
  const forged = [
    '',
    'a.b',
    '=',
    '=4',
    '=41',
    '=2e',
    '=GG',
    '=C3',
    '=ED=A0=80',
    '=C0=AF',
    '=2F',
    '=00',
    'é',
    '=2E'.repeat(257),
  ];
  for (const token of forged) t.throws(() => decodeId(token), { instanceOf: InvalidIdError }, token);
  t.throws(() => decodeId('=40a', 'instance id'), { instanceOf: InvalidIdError });
  t.is(decodeId('=40a', 'entity key'), '@a');
});

test('names are accepted by their kinds’ rules', (t) => {
  const accepted = [
    ['entity', 'a'],
    ['entity', `a${'-'.repeat(63)}`],
    ['orchestrator', 'Transfer_2-b'],
    ['activity', 'mail.send'],
    ['operation', 'füge_hinzu$'],
    ['operation', '__proto__'],
    ['event', 'a.b *>/'],
    ['event', 'x'.repeat(256)],
  ] as const;
  for (const [kind, name] of accepted) t.is(checkName(name, kind), name);
  const refused = [
    ['entity', '1a'],
    ['entity', `a${'-'.repeat(64)}`],
    ['entity', 'a\n'],
    ['orchestrator', 'mail.send'],
    ['activity', '.send'],
    ['activity', 'a b'],
    ['operation', ''],
    ['operation', 'x'.repeat(129)],
    ['event', ''],
    ['event', 'a\u0000'],
    ['event', 'x'.repeat(257)],
    ['event', '\ud800'],
    ['event', 7],
  ] as const;
  for (const [kind, name] of refused)
    t.throws(() => checkName(name, kind), { instanceOf: InvalidNameError }, `${kind} ${name}`);
});

test('a hub name is 1 to 64 letters, digits, _ or -', (t) => {
  t.is(checkHubName('bank_1-x'), 'bank_1-x');
  for (const name of ['', 'a.b', '*', 'x'.repeat(65), 'a\n', undefined])
    t.throws(() => checkHubName(name), { instanceOf: InvalidHubError, message: /^Invalid task hub name: / });
});

test('an address names its instance and nothing else', (t) => {
  t.is(orchestrationAddress('order 1'), 'o.order=201');
  t.is(entityAddress({ name: 'account', key: '@a.b' }), 'e.account.=40a=2Eb');
  t.deepEqual(parseAddress('o.order=201'), { kind: 'orchestration', instanceId: 'order 1' });
  t.deepEqual(parseAddress('e.account.=40a=2Eb'), { kind: 'entity', entity: { name: 'account', key: '@a.b' } });
  for (const garbage of [
    '',
    'x',
    'o',
    'o.',
    'o.a.b',
    'e.a',
    'e.a.',
    'e..k',
    'e.1.k',
    'e.a.k.x',
    'e.a.k.x.y',
    'O.a',
    'o.*',
    'e.a.>',
  ])
    t.throws(() => parseAddress(garbage), { instanceOf: InvalidIdError }, garbage);
  t.throws(() => entityAddress({ name: 'a.b', key: 'k' }), { instanceOf: InvalidNameError });
});

test('the partition of an address is the one that nats-server computes', (t) => {
  t.true(vectors.length > 50);
  for (const { address, partitions } of vectors)
    for (const [count, partition] of Object.entries(partitions))
      t.is(partitionOf(address, Number(count)), partition, address);
});

test('instances spread evenly over the partitions', (t) => {
  const counts = Array.from({ length: 8 }, () => 0);
  for (let n = 0; n < 8_000; n++) counts[partitionOf(orchestrationAddress(`order-${n}`), 8)]! += 1;
  for (const count of counts) t.true(count > 800 && count < 1_200, String(counts));
});

test('subjects, streams and buckets have the documented names', (t) => {
  const hub = subjectsOf('bank');
  t.is(hub.bucket, 'PD-bank');
  t.is(hub.received, 'pd.bank.r');
  t.is(hub.inboxPrefix, '_INBOX_PD-bank');
  const names = hub.partition(3);
  t.is(names.envelopes, 'pd.bank.3.m.x');
  t.is(names.log, 'pd.bank.3.l');
  t.is(names.checkpoint, 'pd.bank.3.c');
  t.is(names.checkpointPage(1, 2, 3), 'pd.bank.3.c.1.2.3');
  t.is(names.notePages, 'pd.bank.3.c.n');
  t.is(names.notePage('4.17'), 'pd.bank.3.c.n.4.17');
  t.is(names.queries, 'pd.bank.3.q');
  t.is(names.mail('e.account.a'), 'pd.bank.3.m.e.account.a');
  t.is(names.head('o.t-1'), 'pd.bank.3.s.o.t-1');
  t.is(names.wake('o.t-1'), 'pd.bank.3.w.o.t-1');
  t.is(names.segment('o.t-1', 'Exec', 4, 5), 'pd.bank.3.h.t-1.Exec.4.5');
  t.is(names.streamName('mail'), 'PD-bank-3-mail');
  t.deepEqual(names.streamSubjects('mail'), ['pd.bank.3.m.>']);
  t.deepEqual(names.streamSubjects('log'), ['pd.bank.3.l']);
  t.deepEqual(
    names.streamSubjects('state'),
    ['s.>', 'h.>', 'c', 'c.>', 'w.>', 'k.>'].map((tail) => `pd.bank.3.${tail}`),
  );
});

test('a subject tells its address, and only a subject of this partition does', (t) => {
  const names = partitionSubjects('bank', 3);
  for (const address of ['o.t-1', 'e.account.=40a'])
    for (const subject of [names.mail(address), names.head(address), names.wake(address)])
      t.is(names.addressOf(subject), address);
  for (const subject of [
    names.envelopes,
    names.log,
    names.checkpoint,
    'pd.bank.4.m.o.t-1',
    'pd.bank.3.h.t-1.E.1.1',
    'pd.bank.3.m.z.a',
  ])
    t.is(names.addressOf(subject), undefined, subject);
});

test('the longest subjects stay within 1,024 characters', (t) => {
  const key = '\u{10ffff}'.repeat(64);
  t.is(checkEntityKey(key), key);
  const names = partitionSubjects('h'.repeat(64), 999);
  t.true(names.mail(entityAddress({ name: `n${'x'.repeat(63)}`, key })).length <= 1_024);
  t.true(names.segment(orchestrationAddress(key), 'E'.repeat(64), 2 ** 31, 2 ** 31).length <= 1_024);
});

test('the id of a session tells the sequence of its hello and its token, and that of a message its place', (t) => {
  const id = sessionId(17, 'a-1_B');
  t.is(id, '17-a-1_B');
  t.deepEqual(parseSessionId(id), { hello: 17, token: 'a-1_B' });
  t.deepEqual(parseMessageId(messageIdOf(id, 3)), { session: id, number: 3 });
  for (const none of ['', '17', 'a-1', '0-a', '-1-a', '17-', '17-a.b', `1-${'x'.repeat(41)}`, '17-a b'])
    t.is(parseSessionId(none), undefined, none);
  for (const none of ['', '17-a1', 'm.1', '17-a1.x', '17-a1.', '17-a1. 5', 'invoice.2024-7'])
    t.is(parseMessageId(none), undefined, none);
});
