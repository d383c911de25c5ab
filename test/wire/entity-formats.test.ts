import { readFileSync } from 'node:fs';
import test from 'ava';
import { decodeAnswer, encodeQuery } from '../../lib/wire/answer-codec.js';
import { decodeQuery, encodeAnswer } from '../../lib/wire/query-codec.js';
import { accepted, readAndWritten, type Format } from './golden.js';

const golden = JSON.parse(readFileSync('test/golden/format-1-entities.json', 'utf8')) as Record<string, object[]>;

const formats: Record<string, Format> = {
  queries: { decode: (body) => accepted(decodeQuery(body)), encode: encodeQuery },
  answers: { decode: (body) => accepted(decodeAnswer(body)), encode: encodeAnswer },
};

for (const [kind, format] of Object.entries(formats))
  test(`format 1 of ${kind} about entities is read and written as recorded`, (t) => {
    readAndWritten(t, format, golden[kind]!);
  });
