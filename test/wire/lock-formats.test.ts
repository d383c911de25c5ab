import { readFileSync } from 'node:fs';
import test from 'ava';
import { decodeAnswer, encodeQuery } from '../../lib/wire/answer-codec.js';
import { decodeHead, encodeHead } from '../../lib/wire/head-codec.js';
import { decodeMessage, encodeMessage } from '../../lib/wire/message-codec.js';
import { decodeQuery, encodeAnswer } from '../../lib/wire/query-codec.js';
import { decodeRecord } from '../../lib/wire/record-codec.js';
import { accepted, bytes, readAndWritten, type Format } from './golden.js';

const golden = JSON.parse(readFileSync('test/golden/format-1-locks.json', 'utf8')) as Record<string, object[]>;

const formats: Record<string, Format> = {
  messages: { decode: (body) => ({ v: 1, ...accepted(decodeMessage(body)) }), encode: encodeMessage },
  queries: { decode: (body) => accepted(decodeQuery(body)), encode: encodeQuery },
  answers: { decode: (body) => accepted(decodeAnswer(body)), encode: encodeAnswer },
  records: { decode: (body) => decodeRecord(body, 'The record') },
  heads: { decode: (body) => decodeHead(body, 'The head'), encode: encodeHead },
};

for (const [kind, format] of Object.entries(formats))
  test(`format 1 of ${kind}, with locks, is read and written as recorded`, (t) => {
    readAndWritten(t, format, golden[kind]!);
  });

test('what is no request of a lock is refused with its reason', (t) => {
  const holder = { address: 'o.t1', executionId: 'x1', taskId: 0 };
  const wrong: readonly [body: object, reason: RegExp][] = [
    [{ kind: 'lockRequest', entities: ['e.a.b'], fences: [], lease: 1 }, /^\.holder: is missing/],
    [{ kind: 'lockRequest', holder, entities: ['a'], fences: [], lease: 1 }, /^\.entities\[0\]: /],
    [{ kind: 'lockCancel', holder, entities: [], at: -1 }, /^\.at: must be a whole number/],
    [{ kind: 'lockRelease', holder, fence: '1' }, /^\.fence: must be a whole number/],
    [{ kind: 'operation', name: 'add', lock: { id: 1 } }, /^\.lock\.fence: is missing/],
  ];
  for (const [body, reason] of wrong) {
    const decoded = decodeMessage(bytes({ v: 1, ...body }));
    t.true('refused' in decoded, JSON.stringify(body));
    if ('refused' in decoded) t.regex(decoded.refused, reason);
  }
});
