import { readFileSync } from 'node:fs';
import test from 'ava';
import { decodeAnswer, encodeQuery } from '../../lib/wire/answer-codec.js';
import type { Decoded } from '../../lib/wire/body.js';
import { decodeHead, encodeHead } from '../../lib/wire/head-codec.js';
import { decodeMessage, encodeMessage } from '../../lib/wire/message-codec.js';
import { decodeQuery, encodeAnswer } from '../../lib/wire/query-codec.js';
import { decodeRecord } from '../../lib/wire/record-codec.js';
import { accepted, bytes, readAndWritten, type Format } from './golden.js';

const golden = JSON.parse(readFileSync('test/golden/format-1-handlers.json', 'utf8')) as Record<string, object[]>;

const formats: Record<string, Format> = {
  messages: { decode: (body) => ({ v: 1, ...accepted(decodeMessage(body)) }), encode: encodeMessage },
  queries: { decode: (body) => accepted(decodeQuery(body)), encode: encodeQuery },
  answers: { decode: (body) => accepted(decodeAnswer(body)), encode: encodeAnswer },
  records: { decode: (body) => decodeRecord(body, 'The record') },
  heads: { decode: (body) => decodeHead(body, 'The head'), encode: encodeHead },
};

for (const [kind, format] of Object.entries(formats))
  test(`format 1 of ${kind}, with queries and updates, is read and written as recorded`, (t) => {
    readAndWritten(t, format, golden[kind]!);
  });

test('an update or a query from anybody is refused with its reason, and nothing throws', (t) => {
  const wrong: readonly [decode: (body: Uint8Array) => Decoded<object>, body: object, reason: RegExp][] = [
    [decodeMessage, { kind: 'update' }, /^\.name: is missing/],
    [decodeMessage, { kind: 'update', name: '' }, /^\.name: Invalid update name: empty/],
    [decodeMessage, { kind: 'update', name: 'add', reply: 'pd.bank.0.l' }, /^\.reply: must be an inbox subject/],
    [decodeQuery, { kind: 'query', name: 'count' }, /^\.instanceId: is missing/],
    [decodeQuery, { kind: 'query', instanceId: 't', name: 7 }, /^\.name: Invalid query name: must be a string/],
  ];
  for (const [decode, body, reason] of wrong) {
    const decoded = decode(bytes({ v: 1, ...body }));
    t.true('refused' in decoded, JSON.stringify(body));
    if ('refused' in decoded) t.regex(decoded.refused, reason);
  }
});
