import { readFileSync } from 'node:fs';
import test from 'ava';
import { decodeHead, encodeHead } from '../../lib/wire/head-codec.js';
import { decodeMessage, encodeMessage } from '../../lib/wire/message-codec.js';
import { accepted, readAndWritten, type Format } from './golden.js';

const golden = JSON.parse(readFileSync('test/golden/format-1-children.json', 'utf8')) as Record<string, object[]>;

const formats: Record<string, Format> = {
  messages: { decode: (body) => ({ v: 1, ...accepted(decodeMessage(body)) }), encode: encodeMessage },
  heads: { decode: (body) => decodeHead(body, 'The head'), encode: encodeHead },
};

for (const [kind, format] of Object.entries(formats))
  test(`format 1 of ${kind}, of children that know the run of their parent, is read and written as recorded`, (t) => {
    readAndWritten(t, format, golden[kind]!);
  });
