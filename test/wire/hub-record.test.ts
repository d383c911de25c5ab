import test from 'ava';
import { CorruptHistoryError, VersionTooNewError } from '../../lib/errors.js';
import { decodeHubRecord, encodeHubRecord } from '../../lib/wire/hub-record.js';

const read = (text: string) => () => decodeHubRecord(new TextEncoder().encode(text), 'The record of task hub bank');

test('the record of a hub is read as it was written', (t) => {
  for (const record of [
    { v: 1, partitions: 8, createdAt: 1_764_000_000_000 },
    { v: 1, partitions: 1024, createdAt: 1, streams: { 'PD-bank-0-log': '2026-11-24T10:00:00Z' } },
    { v: 1, partitions: 8, createdAt: 1, streams: {}, marks: { 'PD-bank-tasks': 1 } },
  ] as const)
    t.deepEqual(decodeHubRecord(encodeHubRecord(record), 'it'), record);
});

for (const [what, text, reason] of [
  ['is garbage', 'garbage', 'not JSON'],
  ['is no object', 'null', '.v: not a format version'],
  ['has no format', '{"partitions":1,"createdAt":0}', '.v: not a format version'],
  ['has no partitions', '{"v":1,"createdAt":0}', '.partitions: is missing'],
  ['has no partition at all', '{"v":1,"partitions":0,"createdAt":0}', '.partitions: must be from 1 to 1024'],
  ['has streams of no time', '{"v":1,"partitions":1,"createdAt":0,"streams":{"a":1}}', '.streams.a: '],
] as const)
  test(`the record of a hub that ${what} is damaged`, (t) => {
    const error = t.throws(read(text), { instanceOf: CorruptHistoryError });
    t.true(error.message.startsWith(`The record of task hub bank cannot be read: ${reason}`), error.message);
  });

test('the record of a hub in a newer format is told as such', (t) => {
  t.throws(read('{"v":2,"shards":8}'), {
    instanceOf: VersionTooNewError,
    message: /^The record of task hub bank has format version 2, /,
  });
});
