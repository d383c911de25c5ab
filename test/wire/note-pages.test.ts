import test from 'ava';
import { readFileSync } from 'node:fs';
import { CorruptHistoryError, VersionTooNewError } from 'perdure';
import {
  decodeNotePage,
  decodeNotePages,
  encodeNotePage,
  encodeNotePages,
  noteLine,
  type NotePages,
} from '../../lib/wire/note-pages.js';

const golden = JSON.parse(readFileSync('test/golden/format-1-note-pages.json', 'utf8')) as {
  readonly directories: readonly NotePages[];
  readonly pages: readonly {
    readonly text: string;
    readonly entries: readonly (readonly [number, string, string?])[];
  }[];
};
const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
const textOf = (body: Uint8Array): string => new TextDecoder().decode(body);

test('directories of pages of notes are read and written in the form that is recorded', (t) => {
  t.true(golden.directories.length > 0);
  for (const directory of golden.directories) {
    t.deepEqual(decodeNotePages(utf8(JSON.stringify(directory)), 'it'), directory);
    t.is(textOf(encodeNotePages(directory)), JSON.stringify(directory));
  }
});

test('pages of notes are read and written in the form that is recorded', (t) => {
  t.true(golden.pages.length > 0);
  for (const { text, entries } of golden.pages) {
    t.is(textOf(encodeNotePage(entries.map((entry) => noteLine(entry[0], entry[1], entry[2])))), text);
    t.deepEqual(
      decodeNotePage(utf8(text), 'pd.bank.3.s.'),
      entries.map(([sequence, address, note]) => ({ sequence, subject: `pd.bank.3.s.${address}`, note })),
    );
  }
});

test('a note that would not be one line is not told', (t) => {
  const page = encodeNotePage([noteLine(1, 'o.a', 'one\n2 o.b two'), noteLine(3, 'o.c', 'three')]);
  t.deepEqual(decodeNotePage(page, ''), [
    { sequence: 1, subject: 'o.a', note: undefined },
    { sequence: 3, subject: 'o.c', note: 'three' },
  ]);
});

test('what is no page, or a newer one, is not read, and says so', (t) => {
  for (const text of [
    '',
    '\n',
    '{"v":2}\n1 o.a x\n',
    '{"v":1}\n1 o.a x',
    '{"v":1}\nx\n1 o.a x\n',
    '{"v":1}\n\n1 o.a x\n',
  ])
    t.is(decodeNotePage(utf8(text), ''), undefined, JSON.stringify(text));
  t.throws(() => decodeNotePages(utf8('{"v":2}'), 'it'), { instanceOf: VersionTooNewError });
  for (const text of ['x', '{"v":1}', '{"v":1,"stale":0,"pages":[{"name":"a b","sequence":1,"last":1,"entries":1}]}'])
    t.throws(() => decodeNotePages(utf8(text), 'it'), { instanceOf: CorruptHistoryError });
});
