import test from 'ava';
import { ConfigError, CorruptHistoryError } from '../../lib/errors.js';
import { decodeMessage } from '../../lib/wire/message-codec.js';
import { isLonger, valueLimits } from '../../lib/wire/value-limits.js';
import {
  decodeStoredValue,
  holderOf,
  keysNamedIn,
  referencesIn,
  valueKey,
  withReferences,
  withValues,
} from '../../lib/wire/value-references.js';

const reference = { key: 'e.album.summer/1', bytes: 3, hash: `SHA-256=${'A'.repeat(43)}=` };
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

test('a reference stands in a field of its own, and comes back as the value that it was', (t) => {
  const message = { kind: 'operation', name: 'add', input: [1] };
  const referring = withReferences(message, () => reference);
  t.deepEqual(referring as object, { kind: 'operation', name: 'add', inputRef: reference });
  t.deepEqual(referencesIn(referring), [reference]);
  t.deepEqual(
    withValues(referring, () => [1]),
    message,
  );
  t.is(
    withReferences(message, () => undefined),
    message,
  );
  t.is(
    withValues(message, () => t.fail()),
    message,
  );
});

test("a user's value is no reference, whatever it looks like", (t) => {
  const message = { kind: 'event', name: 'hang', input: { inputRef: reference, input: 1 } };
  t.deepEqual(referencesIn(message), []);
  t.is(
    withValues(message, () => t.fail()),
    message,
  );
});

test('the holder of a key is its address, of which nothing else is taken for one', (t) => {
  t.is(holderOf(valueKey('o.print=20one', '0Zx')), 'o.print=20one');
  t.is(holderOf(valueKey('e.a.b.c', '0')), 'e.a.b.c');
  for (const key of ['', 'o.a', 'o.a/', 'x.a/1', 'o.a/b/c', '/1', 'o.a/1 ', 'o.a\n/1']) t.is(holderOf(key), undefined);
});

test('a reference from outside is checked like the rest of its message', (t) => {
  const message = (inputRef: unknown) => bytes(JSON.stringify({ v: 1, kind: 'event', name: 'x', inputRef }));
  t.true('value' in decodeMessage(message(reference)));
  for (const wrong of [
    1,
    null,
    {},
    { ...reference, key: 'a' },
    { ...reference, bytes: -1 },
    { ...reference, hash: '' },
  ])
    t.true('refused' in decodeMessage(message(wrong)), JSON.stringify(wrong));
});

test('a stored value that is no JSON, or none of ours, is corrupt', (t) => {
  t.deepEqual(decodeStoredValue(bytes('{"a":[1]}'), reference), { a: [1] });
  const bad = [
    bytes('{'),
    bytes('{"__proto__":1}'),
    bytes(`${'['.repeat(300)}${']'.repeat(300)}`),
    Uint8Array.of(0xff),
  ];
  for (const body of bad)
    t.throws(() => decodeStoredValue(body, reference), {
      instanceOf: CorruptHistoryError,
      message: /e\.album\.summer/,
    });
});

test('every key in a text is found, however often the text was quoted', (t) => {
  const keys = ['e.album.summer/1', 'o.print=20one/0Zx_-9'];
  const text = JSON.stringify({ messages: [JSON.stringify({ inputRef: { key: keys[0] } })], values: [keys[1]] });
  t.deepEqual([...keysNamedIn(text)], keys);
  t.deepEqual([...keysNamedIn('{}')], []);
});

test('limits are what was asked for, or less where messages are small, or refused', (t) => {
  t.deepEqual(valueLimits(1_047_552), { inline: 262_144, largest: 16_777_216 });
  t.deepEqual(valueLimits(1_047_552, { maxInlineValueBytes: 2_000, maxValueBytes: 50_000 }), {
    inline: 2_000,
    largest: 50_000,
  });
  t.true(valueLimits(200_000).inline < 50_000);
  for (const wrong of [{ maxValueBytes: 10 }, { maxInlineValueBytes: 262_145 }, { maxValueBytes: 2 ** 30 }])
    t.throws(() => valueLimits(1_047_552, wrong), { instanceOf: ConfigError, message: /must be a whole number from/ });
  t.deepEqual(
    [isLonger('abc', 3), isLonger('abcd', 3), isLonger('漢', 3), isLonger('漢a', 3)],
    [false, true, false, true],
  );
});
