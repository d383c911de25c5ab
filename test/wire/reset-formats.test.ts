import { readFileSync } from 'node:fs';
import test from 'ava';
import { decodeCheckpoint, encodeCheckpoint } from '../../lib/wire/checkpoint-codec.js';
import { decodeEnvelope, encodeAddressed, encodeEnvelope } from '../../lib/wire/message-codec.js';
import type { Envelope } from '../../lib/wire/messages.js';
import { decodeRecord, encodeReset } from '../../lib/wire/record-codec.js';
import type { ResetRecord } from '../../lib/wire/record.js';
import { accepted, readAndWritten, type Format } from './golden.js';

const golden = JSON.parse(readFileSync('test/golden/format-1-resets.json', 'utf8')) as Record<string, object[]>;

const formats: Record<string, Format> = {
  records: {
    decode: (body) => decodeRecord(body, 'The record'),
    encode: ({ v: _v, type: _type, ...fields }: ResetRecord) => encodeReset(fields),
  },
  envelopes: {
    decode: (body) => accepted(decodeEnvelope(body)),
    encode: ({ from, entries }: Envelope) =>
      encodeEnvelope(
        from,
        entries.map((entry) => ({ ...entry, messages: entry.messages.map(encodeAddressed) })),
      ),
  },
  checkpoints: { decode: (body) => decodeCheckpoint(body, 'The checkpoint'), encode: encodeCheckpoint },
};

for (const [kind, format] of Object.entries(formats))
  test(`format 1 of ${kind}, with what a reset stores, is read and written as recorded`, (t) => {
    readAndWritten(t, format, golden[kind]!);
  });
