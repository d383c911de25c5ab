import { readFileSync } from 'node:fs';
import test from 'ava';
import fc from 'fast-check';
import { CorruptHistoryError, VersionTooNewError } from '../../lib/errors.js';
import type { Decoded } from '../../lib/wire/body.js';
import type { ClientMessage, Envelope, Message } from '../../lib/wire/messages.js';
import { decodeAdvert, encodeAdvert, type Advert } from '../../lib/wire/advert-codec.js';
import {
  decodeCheckpoint,
  decodeDirectory,
  encodeCheckpoint,
  encodeDirectory,
} from '../../lib/wire/checkpoint-codec.js';
import type { Checkpoint, CheckpointDirectory } from '../../lib/wire/checkpoint.js';
import { decodeParkedPage, encodeParked, encodeParkedPage } from '../../lib/wire/parked-codec.js';
import type { ParkedPage } from '../../lib/wire/parked.js';
import type { Head, Wake } from '../../lib/wire/head.js';
import type { CommitRecord, EpochRecord, PartRecord, ResetRecord, StoredRecord } from '../../lib/wire/record.js';
import {
  decodeHead,
  decodeSegment,
  decodeWake,
  encodeHead,
  encodeSegment,
  encodeWake,
} from '../../lib/wire/head-codec.js';
import {
  decodeEnvelope,
  decodeMessage,
  encodeAddressed,
  encodeEnvelope,
  encodeMessage,
} from '../../lib/wire/message-codec.js';
import {
  commitText,
  decodeRecord,
  encodeCommit,
  encodeEpoch,
  encodePart,
  encodeReset,
  encodeStep,
} from '../../lib/wire/record-codec.js';

import {
  decodeSessionMessage,
  encodeHello,
  encodeSessionEnvelope,
  encodeStamped,
  unstampedText,
} from '../../lib/wire/session-codec.js';
import type { Hello, SessionEnvelope, SessionMessage } from '../../lib/wire/sessions.js';

type Golden = Readonly<
  Record<
    | 'messages'
    | 'sessions'
    | 'envelopes'
    | 'records'
    | 'heads'
    | 'wakes'
    | 'segments'
    | 'pages'
    | 'checkpoints'
    | 'directories'
    | 'adverts',
    readonly object[]
  >
>;

const golden = JSON.parse(readFileSync('test/golden/format-1.json', 'utf8')) as Golden;

const bytes = (json: unknown) => new TextEncoder().encode(JSON.stringify(json));
const parsed = (body: Uint8Array) => JSON.parse(new TextDecoder().decode(body)) as unknown;

function accepted<T>(decoded: Decoded<T>): T {
  if ('refused' in decoded) throw new Error(decoded.refused);
  return decoded.value;
}

function encodeRecord(record: StoredRecord): Uint8Array {
  if (record.type === 'epoch') return encodeEpoch(without(record, 'v', 'type') as Omit<EpochRecord, 'v' | 'type'>);
  if (record.type === 'part') return encodePart(without(record, 'v', 'type') as Omit<PartRecord, 'v' | 'type'>);
  if (record.type === 'reset') return encodeReset(without(record, 'v', 'type') as Omit<ResetRecord, 'v' | 'type'>);
  const outputs = Object.entries(record.out ?? {}).map(
    ([partition, { prev, messages }]) =>
      [Number(partition), { prev, messages: messages.map(encodeAddressed) }] as const,
  );
  const fields = without(record, 'v', 'type', 'steps', 'out') as Omit<CommitRecord, 'v' | 'type' | 'steps' | 'out'>;
  return encodeCommit(commitText(fields, record.steps.map(encodeStep), new Map(outputs)));
}

function without(object: object, ...fields: readonly string[]): object {
  return Object.fromEntries(Object.entries(object).filter(([field]) => !fields.includes(field)));
}

function encodeWhole(envelope: Envelope | SessionEnvelope): Uint8Array {
  if ('entries' in envelope) {
    const entries = envelope.entries.map((entry) => ({ ...entry, messages: entry.messages.map(encodeAddressed) }));
    return encodeEnvelope(envelope.from, entries);
  }
  const { session, first: number, done, messages } = envelope;
  const texts = messages.map(([to, body]) => [to, unstampedText(body as ClientMessage)] as const);
  return encodeSessionEnvelope({ session, number, ...(done && { done }) }, texts);
}

function encodeOfSession(message: SessionMessage): Uint8Array {
  if (message.kind === 'hello') return encodeHello(without(message, 'v', 'kind') as Omit<Hello, 'v' | 'kind'>);
  return encodeStamped(unstampedText({ kind: message.kind }), message);
}

/** Each kind of body with its decoder and encoder; the decoded value has the golden's fields. */
const formats: Readonly<Record<keyof Golden, { decode(body: Uint8Array): object; encode(value: object): Uint8Array }>> =
  {
    messages: {
      decode: (body) => ({ v: 1, ...accepted(decodeMessage(body)) }),
      encode: (value) => encodeMessage(without(value, 'v') as Message),
    },
    sessions: {
      decode: (body) => accepted(decodeSessionMessage(body)),
      encode: (value) => encodeOfSession(value as SessionMessage),
    },
    envelopes: { decode: (body) => accepted(decodeEnvelope(body)), encode: (value) => encodeWhole(value as Envelope) },
    records: {
      decode: (body) => decodeRecord(body, 'Record 7'),
      encode: (value) => encodeRecord(value as StoredRecord),
    },
    heads: { decode: (body) => decodeHead(body, 'The head'), encode: (value) => encodeHead(value as Head) },
    wakes: { decode: (body) => decodeWake(body, 'The wake'), encode: (value) => encodeWake(value as Wake) },
    segments: {
      decode: (body) => ({ v: 1, events: decodeSegment(body, 'The segment') }),
      encode: (value) => encodeSegment((value as { events: [] }).events),
    },
    pages: {
      decode: (body) => decodeParkedPage(body, 'The page'),
      encode: (value) =>
        encodeParkedPage((value as ParkedPage).boxes.map(([to, messages]) => [to, messages.map(encodeParked)])),
    },
    checkpoints: {
      decode: (body) => decodeCheckpoint(body, 'The checkpoint'),
      encode: (value) => encodeCheckpoint(value as Checkpoint),
    },
    directories: {
      decode: (body) => decodeDirectory(body, 'The directory'),
      encode: (value) => encodeDirectory(value as CheckpointDirectory),
    },
    adverts: { decode: (body) => accepted(decodeAdvert(body)), encode: (value) => encodeAdvert(value as Advert) },
  };

const kinds = Object.keys(formats) as (keyof Golden)[];

for (const kind of kinds)
  test(`format 1 of ${kind} is read and written as recorded`, (t) => {
    for (const wire of golden[kind]) {
      const value = formats[kind].decode(bytes(wire));
      t.deepEqual(value, wire);
      t.deepEqual(parsed(formats[kind].encode(value)), wire);
    }
  });

test('the recorded history holds every type of event', (t) => {
  const types = JSON.stringify(golden.records).match(/"type":"[A-Z]\w+"/g);
  t.is(new Set(types).size, 26);
});

test('unknown fields are ignored and not carried on', (t) => {
  for (const kind of kinds)
    for (const wire of golden[kind]) t.deepEqual(formats[kind].decode(bytes({ later: [1], ...wire })), wire);
  const polluted = new TextEncoder().encode('{"v":1,"kind":"operation","name":"add","__proto__":{"isAdmin":true}}');
  const message = accepted(decodeMessage(polluted));
  t.deepEqual(message, { kind: 'operation', name: 'add' });
  t.is(Object.getPrototypeOf(message), Object.prototype);
});

test('without a required field, or with one of another type, nothing is read', (t) => {
  for (const kind of ['messages', 'sessions', 'envelopes', 'records', 'heads', 'wakes', 'segments'] as const) {
    const [first] = golden[kind];
    for (const field of Object.keys(first!)) {
      t.throws(() => formats[kind].decode(bytes(without(first!, field))), undefined, `${kind} without ${field}`);
      t.throws(
        () => formats[kind].decode(bytes({ ...first, [field]: new Map() })),
        undefined,
        `${kind} with ${field}: {}`,
      );
    }
  }
});

const refusals: readonly (readonly [message: unknown, reason: string])[] = [
  [null, '.v: not a format version'],
  [[1], '.v: not a format version'],
  [{ kind: 'event', name: 'x' }, '.v: not a format version'],
  [
    { v: 2, kind: 'event', name: 'x' },
    'The message has format version 2, this build reads up to 1. Update Perdure here.',
  ],
  [{ v: 1, name: 'x' }, '.kind: is missing or unknown'],
  [{ v: 1, kind: 'toString', name: 'x' }, '.kind: is missing or unknown'],
  [{ v: 1, kind: 'event' }, '.name: is missing'],
  [
    { v: 1, kind: 'start', name: 'a', version: '1@2' },
    '.version: Invalid version: "1@2" does not match ^[A-Za-z0-9._+-]{1,64}$',
  ],
  [{ v: 1, kind: 'event', name: '' }, '.name: Invalid event name: empty'],
  [
    { v: 1, kind: 'start', name: 'a', version: 'a b' },
    '.version: Invalid version: "a b" does not match ^[A-Za-z0-9._+-]{1,64}$',
  ],
  [
    { v: 1, kind: 'start', name: 'a', tags: { a: 1 } },
    '.tags: Invalid tags: "a" is no text. Tags are short texts; what is longer belongs into the memo or the input.',
  ],
  [
    { v: 1, kind: 'start', name: 'a', memo: 'x'.repeat(16_383) },
    '.memo: The memo is too large: 16385 > 16384 characters. Send less, split it, or store it elsewhere and pass a reference.',
  ],
  [{ v: 1, kind: 'operation', name: 7 }, '.name: Invalid operation name: must be a string, got number'],
  [{ v: 1, kind: 'operation', name: 'a', id: 'a\n' }, '.id: control character at 1'],
  [{ v: 1, kind: 'operation', name: 'a', id: 'x'.repeat(257) }, '.id: too long (257 > 256), counted in bytes of UTF-8'],
  [{ v: 1, kind: 'operation', name: 'a', number: -1 }, '.number: must be a whole number from 0 to 2^53 - 1, is number'],
  [
    { v: 1, kind: 'operation', name: 'a', input: '\ud800' },
    '.input: The value at $ cannot be stored: malformed Unicode: a surrogate without its partner',
  ],
  [
    { v: 1, kind: 'operation', name: 'a', caller: { address: 'e.a.*', executionId: 'x', taskId: 0 } },
    '.caller.address: Not an encoded entity key',
  ],
  [
    { v: 1, kind: 'result', of: 'timer', executionId: 'x', taskId: 0 },
    '.of: must be one of activity, subOrchestration, operation, lock',
  ],
  [
    { v: 1, kind: 'result', of: 'activity', executionId: 'a.b', taskId: 0 },
    '.executionId: must be 1 to 64 of A-Z a-z 0-9 _ -',
  ],
  [
    { v: 1, kind: 'result', of: 'activity', executionId: 'x', taskId: 0, failure: { name: 'E' } },
    '.failure.message: is missing',
  ],
];

test('a message from anybody is refused with its reason, and nothing throws', (t) => {
  for (const [message, reason] of refusals) t.deepEqual(decodeMessage(bytes(message)), { refused: reason });
  const texts = ['', '{', '{"v":1}x', '\ufeff{"v":1}', 'GET / HTTP/1.1'];
  for (const text of texts) t.deepEqual(decodeMessage(new TextEncoder().encode(text)), { refused: 'not JSON' }, text);
  t.deepEqual(decodeMessage(Uint8Array.of(0x22, 0xff, 0x22)), { refused: 'not UTF-8' });
  const deep = `{"v":1,"kind":"event","name":"x","input":${'['.repeat(1e6)}${']'.repeat(1e6)}}`;
  t.regex(
    (decodeMessage(new TextEncoder().encode(deep)) as { refused: string }).refused,
    /^\.input: .*too deeply: 257 > 256/,
  );
});

test('an answer goes to an inbox only, never to a subject of the task hub or of the server', (t) => {
  const subjects = [
    'pd.bank.0.l',
    '$JS.API.STREAM.DELETE.X',
    '_INBOX.*',
    '_INBOX.>',
    '_INBOX.a b',
    '_INBOX.a\r\nPUB',
    '_INBOX',
    'inbox.a',
    7,
  ];
  for (const field of ['reply', 'notify'])
    for (const subject of subjects) {
      const decoded = decodeMessage(bytes({ v: 1, kind: 'start', name: 'a', [field]: subject }));
      t.regex(
        'refused' in decoded ? decoded.refused : '',
        new RegExp(`^\\.${field}: must be an inbox subject`),
        String(subject),
      );
    }
});

test('an envelope with one bad message is refused whole, with the place', (t) => {
  const envelope = (entry: object) =>
    decodeEnvelope(bytes({ v: 1, from: 0, entries: [{ n: 1, prev: 0, messages: [], ...entry }] }));
  t.deepEqual(
    envelope({
      messages: [
        ['o.a', { kind: 'start', name: 'a' }],
        ['x', {}],
      ],
    }),
    {
      refused: '.entries[0].messages[1][0]: Not an address: neither o.<instance id> nor e.<entity name>.<entity key>',
    },
  );
  t.deepEqual(envelope({ messages: [['o.a']] }), { refused: '.entries[0].messages[0]: must have 2 items, has 1' });
  t.deepEqual(envelope({ prev: 1 }), { refused: '.entries[0].prev: must be below n' });
});

test('causes of a failure are kept to the fourth', (t) => {
  const failure = (depth: number): object => ({
    name: 'E',
    message: `${depth}`,
    ...(depth > 0 && { cause: failure(depth - 1) }),
  });
  const decoded = accepted(
    decodeMessage(bytes({ v: 1, kind: 'result', of: 'activity', executionId: 'x', taskId: 0, failure: failure(9) })),
  );
  t.is(JSON.stringify(decoded).split('"cause"').length - 1, 4);
});

test('what was stored and cannot be read is a CorruptHistoryError that names it', (t) => {
  const decode = (text: string) => () => decodeRecord(new TextEncoder().encode(text), 'Record 7 of PD-bank-3-log');
  t.throws(decode('{"v":1,'), {
    instanceOf: CorruptHistoryError,
    message: 'Record 7 of PD-bank-3-log cannot be read: not JSON',
  });
  t.throws(decode('{"v":1,"type":"commit"}'), {
    instanceOf: CorruptHistoryError,
    message: /cannot be read: \.epoch: is missing$/,
  });
  t.throws(decode('{"v":9}'), {
    instanceOf: VersionTooNewError,
    message: /^Record 7 of PD-bank-3-log has format version 9, /,
  });
});

test('a step or an output is written into the record as the text it was encoded to', (t) => {
  const fields = { epoch: 1, commit: 'c', prev: 0, at: 1, counter: 1 };
  const outputs = new Map([[3, { prev: 0, messages: ['["o.c",{}]'] }]]);
  const body = encodeCommit(commitText(fields, ['{"to":"o.a"}', '{"to":"o.b"}'], outputs));
  t.is(
    new TextDecoder().decode(body),
    '{"v":1,"type":"commit","epoch":1,"commit":"c","prev":0,"at":1,"counter":1,' +
      '"out":{"3":{"prev":0,"messages":[["o.c",{}]]}},"steps":[{"to":"o.a"},{"to":"o.b"}]}',
  );
});

/** What anybody may send is never thrown at. */
const foreign: Partial<Record<keyof Golden, (body: Uint8Array) => Decoded<object>>> = {
  messages: decodeMessage,
  sessions: decodeSessionMessage,
  envelopes: decodeEnvelope,
  adverts: decodeAdvert,
};

test('20,000 damaged bodies are each read or refused in the typed way', (t) => {
  const bodies = kinds.flatMap((kind) => golden[kind].map((wire) => ({ kind, body: bytes(wire) })));
  const damage = fc.tuple(
    fc.nat(bodies.length - 1),
    fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 3 }),
    fc.nat(4),
  );
  fc.assert(
    fc.property(damage, ([which, flips, cut]) => {
      const { kind, body } = bodies[which]!;
      const damaged = Uint8Array.from(body.subarray(0, cut === 0 ? body.length >> 1 : body.length));
      for (const [at, value] of flips) damaged[at % damaged.length] = value;
      const readForeign = foreign[kind];
      if (readForeign) {
        const decoded = readForeign(damaged);
        return 'value' in decoded || decoded.refused.length > 0;
      }
      try {
        return typeof formats[kind].decode(damaged) === 'object';
      } catch (error) {
        return error instanceof CorruptHistoryError || error instanceof VersionTooNewError;
      }
    }),
    { numRuns: 20_000, seed: 1 },
  );
  t.pass();
});
