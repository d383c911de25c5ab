import test from 'ava';
import fc from 'fast-check';
import { utf8Length } from '../../lib/wire/text.js';

test('the bytes of a text are those of its UTF-8 form, whatever its length', (t) => {
  const same = (text: string): void =>
    void t.is(utf8Length(text), Buffer.byteLength(text), JSON.stringify(text.slice(0, 80)));
  fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 200 }), same));
  for (const piece of ['x', 'é', '漢', '😀', '\ud800', '\udc00', '\udc00\ud800', 'x😀', 'xé😀'])
    for (const length of [0, 1, 8_189, 8_190, 8_191, 8_192, 8_193, 50_000])
      for (const before of ['', 'a', 'aa', 'aaa']) same((before + piece.repeat(length)).slice(0, length));
});
