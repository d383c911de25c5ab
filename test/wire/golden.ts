import { readFileSync } from 'node:fs';
import type { ExecutionContext } from 'ava';
import { decodeAnswer, encodeQuery } from '../../lib/wire/answer-codec.js';
import type { Decoded } from '../../lib/wire/body.js';
import { decodeHead, encodeHead } from '../../lib/wire/head-codec.js';
import { decodeMessage, encodeMessage } from '../../lib/wire/message-codec.js';
import { decodeQuery, encodeAnswer } from '../../lib/wire/query-codec.js';
import { decodeRecord } from '../../lib/wire/record-codec.js';

/** One format: how it is read, and written where this package writes it whole. */
export interface Format {
  decode(body: Uint8Array): object;
  encode?(value: never): Uint8Array;
}

export const bytes = (json: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(json));

/** What was read; throws when it was refused. */
export function accepted(decoded: Decoded<object>): object {
  if ('refused' in decoded) throw new Error(decoded.refused);
  return decoded.value;
}

/** Each of the recorded texts is read as it says, and written as it was. */
export function readAndWritten(t: ExecutionContext, format: Format, recorded: readonly object[]): void {
  t.true(recorded.length > 0);
  for (const wire of recorded) {
    const value = format.decode(bytes(wire));
    t.deepEqual(value, wire);
    if (format.encode) t.deepEqual(JSON.parse(new TextDecoder().decode(format.encode(value as never))), wire);
  }
}

/** A part of what `test/golden` has recorded, by the kind of text. */
export function recorded(part: string): Readonly<Record<string, readonly object[]>> {
  return JSON.parse(readFileSync(`test/golden/format-1-${part}.json`, 'utf8')) as Record<string, object[]>;
}

/** How what entities and orchestrations are told, and become, is read and written. */
export const formats = {
  messages: { decode: (body) => ({ v: 1, ...accepted(decodeMessage(body)) }), encode: encodeMessage },
  queries: { decode: (body) => accepted(decodeQuery(body)), encode: encodeQuery },
  answers: { decode: (body) => accepted(decodeAnswer(body)), encode: encodeAnswer },
  records: { decode: (body) => decodeRecord(body, 'The record') },
  heads: { decode: (body) => decodeHead(body, 'The head'), encode: encodeHead },
} satisfies Record<string, Format>;

/** Each of these is refused for its reason, and nothing throws. */
export function refused(
  t: ExecutionContext,
  wrong: readonly (readonly [decode: (body: Uint8Array) => Decoded<object>, body: object, reason: RegExp])[],
): void {
  for (const [decode, body, reason] of wrong) {
    const decoded = decode(bytes({ v: 1, ...body }));
    t.true('refused' in decoded, JSON.stringify(body));
    if ('refused' in decoded) t.regex(decoded.refused, reason);
  }
}
