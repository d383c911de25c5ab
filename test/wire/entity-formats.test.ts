import { readFileSync } from 'node:fs';
import test from 'ava';
import { decodeAnswer, decodeNotices, encodeQuery } from '../../lib/wire/answer-codec.js';
import { decodeHead, encodeHead } from '../../lib/wire/head-codec.js';
import { decodeMessage, encodeMessage } from '../../lib/wire/message-codec.js';
import { decodeRecord } from '../../lib/wire/record-codec.js';
import { decodeQuery, encodeAnswer, encodeNotice } from '../../lib/wire/query-codec.js';
import type { Decoded } from '../../lib/wire/body.js';
import { entityNoteOf, readEntityNote } from '../../lib/wire/entity-note.js';
import { accepted, bytes, readAndWritten, type Format } from './golden.js';

const golden = JSON.parse(readFileSync('test/golden/format-1-entities.json', 'utf8')) as Record<string, object[]>;

const formats: Record<string, Format> = {
  messages: { decode: (body) => ({ v: 1, ...accepted(decodeMessage(body)) }), encode: encodeMessage },
  records: { decode: (body) => decodeRecord(body, 'The record') },
  heads: { decode: (body) => decodeHead(body, 'The head'), encode: encodeHead },
  queries: { decode: (body) => accepted(decodeQuery(body)), encode: encodeQuery },
  notices: { decode: (body) => (accepted(decodeNotices(body)) as object[])[0]!, encode: encodeNotice },
  answers: { decode: (body) => accepted(decodeAnswer(body)), encode: encodeAnswer },
};

for (const [kind, format] of Object.entries(formats))
  test(`format 1 of ${kind} about entities is read and written as recorded`, (t) => {
    readAndWritten(t, format, golden[kind]!);
  });

test('the note of an entity says when it was last used and whether it exists; anything else says nothing', (t) => {
  const head = { v: 1, type: 'entity', epoch: 1, logSeq: 1, commit: 'c', name: 'a', key: 'b', updatedAt: 1.5 } as const;
  t.is(entityNoteOf(head), '[1,1.5,0]');
  t.is(entityNoteOf({ ...head, state: null }), '[1,1.5,1]');
  t.deepEqual(readEntityNote(entityNoteOf({ ...head, state: 0 })), { updatedAt: 1.5, exists: true });
  for (const note of [undefined, '', '[2,1,1]', '[1,1,2]', '[1,,1]', '[1,"x",1]', '[1,1,1,1]', '[1,e+.,1]'])
    t.is(readEntityNote(note), undefined, note);
});

test('what is wrong with a message, query or step about entities is refused with its reason', (t) => {
  const operation = { v: 1, kind: 'operation', name: 'add' };
  const wrong: readonly [decode: (body: Uint8Array) => Decoded<object>, body: object, reason: RegExp][] = [
    [decodeMessage, { ...operation, due: 'soon' }, /^\.due: /],
    [decodeQuery, { v: 1, kind: 'read', name: 'all' }, /^\.entity: is missing/],
    [decodeQuery, { v: 1, kind: 'read', entity: { name: 'a', key: 'b' }, name: '' }, /^\.name: Invalid operation name/],
    [decodeQuery, { v: 1, kind: 'entity', entity: { name: 'a', key: 'b' }, notify: 'pd.bank.0.l' }, /^\.notify: /],
  ];
  for (const [decode, body, reason] of wrong) {
    const decoded = decode(bytes(body));
    if ('refused' in decoded) t.regex(decoded.refused, reason);
    else t.fail(JSON.stringify(body));
  }
});
