import { readFileSync } from 'node:fs';
import test from 'ava';
import { decodeAnswer } from '../../lib/wire/answer-codec.js';
import { decodeHead, encodeHead } from '../../lib/wire/head-codec.js';
import { decodeMessage, encodeMessage } from '../../lib/wire/message-codec.js';
import { encodeAnswer } from '../../lib/wire/query-codec.js';
import { decodeRecord } from '../../lib/wire/record-codec.js';
import { accepted, bytes, readAndWritten, type Format } from './golden.js';

const golden = JSON.parse(readFileSync('test/golden/format-1-transactions.json', 'utf8')) as Record<string, object[]>;

const formats: Record<string, Format> = {
  messages: { decode: (body) => ({ v: 1, ...accepted(decodeMessage(body)) }), encode: encodeMessage },
  answers: { decode: (body) => accepted(decodeAnswer(body)), encode: encodeAnswer },
  records: { decode: (body) => decodeRecord(body, 'The record') },
  heads: { decode: (body) => decodeHead(body, 'The head'), encode: encodeHead },
};

for (const [kind, format] of Object.entries(formats))
  test(`format 1 of ${kind}, with transactions, is read and written as recorded`, (t) => {
    readAndWritten(t, format, golden[kind]!);
  });

test('what is no word of a transaction is refused with its reason', (t) => {
  const holder = { address: 'o.t1', executionId: 'x1', taskId: 0 };
  const request = { kind: 'lockRequest', holder, entities: ['e.a.b'], fences: [], lease: 1 };
  const asked = { kind: 'result', of: 'lock', executionId: 'x1', taskId: 0 };
  const wrong: readonly [body: object, reason: RegExp][] = [
    [{ ...request, transaction: 1 }, /^\.transaction: /],
    [{ kind: 'lockRelease', holder, fence: 1, commit: false }, /^\.commit: /],
    [{ ...asked, from: { entity: 'a', fence: 1 } }, /^\.from\.entity: /],
    [{ ...asked, from: { entity: 'e.a.b' } }, /^\.from\.fence: is missing/],
  ];
  for (const [body, reason] of wrong) {
    const decoded = decodeMessage(bytes({ v: 1, ...body }));
    t.true('refused' in decoded, JSON.stringify(body));
    if ('refused' in decoded) t.regex(decoded.refused, reason);
  }
});
