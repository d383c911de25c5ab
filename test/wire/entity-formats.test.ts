import test from 'ava';
import { decodeNotices } from '../../lib/wire/answer-codec.js';
import { decodeMessage } from '../../lib/wire/message-codec.js';
import { decodeQuery, encodeNotice } from '../../lib/wire/query-codec.js';
import { entityNoteOf, readEntityNote } from '../../lib/wire/entity-note.js';
import { accepted, formats, readAndWritten, recorded, refused, type Format } from './golden.js';

const golden = recorded('entities');

const notices: Format = {
  decode: (body) => (accepted(decodeNotices(body)) as object[])[0]!,
  encode: encodeNotice,
};

for (const [kind, format] of Object.entries({ ...formats, notices }))
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
  const operation = { kind: 'operation', name: 'add' };
  refused(t, [
    [decodeMessage, { ...operation, due: 'soon' }, /^\.due: /],
    [decodeQuery, { kind: 'read', name: 'all' }, /^\.entity: is missing/],
    [decodeQuery, { kind: 'read', entity: { name: 'a', key: 'b' }, name: '' }, /^\.name: Invalid operation name/],
    [decodeQuery, { kind: 'entity', entity: { name: 'a', key: 'b' }, notify: 'pd.bank.0.l' }, /^\.notify: /],
  ]);
});
