import fc from 'fast-check';
import test from 'ava';
import { encodeText } from '../../lib/wire/text-encoding.js';

const encoder = new TextEncoder();

const texts = fc.array(
  fc.oneof(
    fc.string({ unit: 'binary', maxLength: 300 }),
    fc.constantFrom('\ud800', '', 'x'.repeat(2_730), 'é'.repeat(2_731), '漢'.repeat(2_730), '漢'.repeat(9_000)),
  ),
  { maxLength: 60 },
);

test('a text gives the bytes of its UTF-8 form, and no later one changes them', (t) => {
  fc.assert(
    fc.property(texts, (all) => {
      const encoded = all.map((text) => encodeText(text));
      for (const [at, text] of all.entries()) if (!isSame(encoded[at]!, encoder.encode(text))) return false;
      return true;
    }),
  );
  t.pass();
});

test('a short text that is kept keeps at most 32 KiB', (t) => {
  for (let length = 0; length < 20_000; length += 97) {
    const text = 'x'.repeat(length);
    t.true(encodeText(text).buffer.byteLength <= Math.max(32 * 1024, length));
  }
});

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, at) => byte === b[at]);
}
