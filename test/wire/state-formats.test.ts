import { readFileSync } from 'node:fs';
import test from 'ava';
import { decodeRequest, decodeStepAnswer, encodeRequest, encodeStepAnswer } from '../../lib/engine/step-codec.js';
import { CorruptHistoryError, VersionTooNewError } from '../../lib/errors.js';
import { decodeAnswer, encodeQuery } from '../../lib/wire/answer-codec.js';
import { decodeStored } from '../../lib/wire/body.js';
import { formatOf } from '../../lib/wire/entity-state.js';
import { decodeHead, encodeHead } from '../../lib/wire/head-codec.js';
import type { Head } from '../../lib/wire/head.js';
import { commitText, decodeRecord, encodeCommit, encodeStep } from '../../lib/wire/record-codec.js';
import type { CommitRecord } from '../../lib/wire/record.js';
import { decodeQuery, encodeAnswer } from '../../lib/wire/query-codec.js';
import { accepted, bytes, readAndWritten, type Format } from './golden.js';

const golden = JSON.parse(readFileSync('test/golden/format-2.json', 'utf8')) as Record<string, object[]>;

const formats: Record<string, Format> = {
  records: {
    decode: (body) => decodeRecord(body, 'The record'),
    encode: ({ type: _type, steps, ...fields }: CommitRecord) =>
      encodeCommit(commitText(fields, steps.map(encodeStep))),
  },
  heads: { decode: (body) => decodeHead(body, 'The head'), encode: encodeHead },
  queries: { decode: (body) => accepted(decodeQuery(body)), encode: encodeQuery },
  answers: { decode: (body) => accepted(decodeAnswer(body)), encode: encodeAnswer },
};

for (const [kind, format] of Object.entries(formats))
  test(`${kind} that tell of states over time are read and written as recorded`, (t) => {
    readAndWritten(t, format, golden[kind]!);
  });

test('what a reader of format 1 would take for no change is of format 2, and nothing else is', (t) => {
  t.is(formatOf([{}, {}]), 1);
  t.is(formatOf([{}, { stateVersion: 2 }]), 2);
  t.is(formatOf([{ patches: [] }]), 2);
  t.is(formatOf([{ change: {} }]), 2);
  t.is(formatOf([{ changes: {} }]), 2);
});

test('a reader of format 1 refuses format 2 by name, and everything refuses format 3', (t) => {
  for (const stored of [...golden['records']!, ...golden['heads']!]) {
    const error = t.throws(() => decodeStored(bytes(stored), 'Record 7', () => t.fail()), {
      instanceOf: VersionTooNewError,
    });
    t.is(error?.message, 'Record 7 has format version 2, this build reads up to 1. Update Perdure here.');
    for (const decode of [decodeRecord, decodeHead])
      t.throws(() => decode(bytes({ ...stored, v: 3 }), 'Record 7'), {
        message: /format version 3, this build reads up to 2/,
      });
  }
});

const [head] = golden['heads'] as Head[];

test('steps that one worker runs for another have the format of the states in them', (t) => {
  const request = {
    v: 1,
    id: 'a',
    owner: 'b',
    partition: 0,
    address: 'e.sheet.a',
    input: { kind: 'due' },
    now: 1,
  } as const;
  const vOf = (body: Uint8Array): unknown => (JSON.parse(new TextDecoder().decode(body)) as { v: unknown }).v;
  const patches = [{ op: 'remove', path: ['a'] }] as const;
  t.is(vOf(encodeRequest(request)), 1);
  for (const more of [{ head: head! }, { entry: { to: 'e.sheet.a', patches } }]) {
    const body = encodeRequest({ ...request, ...more });
    t.is(vOf(body), 2);
    t.deepEqual(accepted(decodeRequest(body)), { ...request, ...more, v: 2 });
  }
  const output = { entry: { patches }, messages: [] };
  const body = encodeStepAnswer({ v: 1, kind: 'done', output }, 'e.sheet.a');
  t.is(vOf(body), 2);
  t.deepEqual(accepted(decodeStepAnswer(body)), { v: 2, kind: 'done', output });
  t.is(vOf(encodeStepAnswer({ v: 1, kind: 'done', output: { entry: {}, messages: [] } }, 'e.sheet.a')), 1);
});

const wrong: readonly [what: string, patch: object, reason: RegExp][] = [
  [
    'an operation that there is not',
    { op: 'move', path: ['a'] },
    /patches\[0\]\.op: must be one of add, remove, replace/,
  ],
  ['no path', { op: 'remove' }, /patches\[0\]\.path: is missing/],
  ['a path that leads nowhere', { op: 'replace', path: [], value: 1 }, /patches\[0\]\.path: must lead to something/],
  ['a place that is none', { op: 'remove', path: [-1] }, /patches\[0\]\.path\[0\]: must be a whole number/],
  ['a forbidden key', JSON.parse('{"op":"add","path":["a"],"value":{"__proto__":1}}') as object, /__proto__/],
];

for (const [what, patch, reason] of wrong)
  test(`a change with ${what} is found to be damaged`, (t) => {
    t.throws(() => decodeHead(bytes({ ...head, patches: [patch] }), 'The head'), {
      instanceOf: CorruptHistoryError,
      message: reason,
    });
  });
