import test from 'ava';
import { decodeMessage } from '../../lib/wire/message-codec.js';
import { formats, readAndWritten, recorded, refused } from './golden.js';

const golden = recorded('locks');

for (const [kind, format] of Object.entries(formats))
  test(`format 1 of ${kind}, with locks, is read and written as recorded`, (t) => {
    readAndWritten(t, format, golden[kind]!);
  });

test('what is no request of a lock is refused with its reason', (t) => {
  const holder = { address: 'o.t1', executionId: 'x1', taskId: 0 };
  refused(t, [
    [decodeMessage, { kind: 'lockRequest', entities: ['e.a.b'], fences: [], lease: 1 }, /^\.holder: is missing/],
    [decodeMessage, { kind: 'lockRequest', holder, entities: ['a'], fences: [], lease: 1 }, /^\.entities\[0\]: /],
    [decodeMessage, { kind: 'lockCancel', holder, entities: [], at: -1 }, /^\.at: must be a whole number/],
    [decodeMessage, { kind: 'lockRelease', holder, fence: '1' }, /^\.fence: must be a whole number/],
    [decodeMessage, { kind: 'operation', name: 'add', lock: { id: 1 } }, /^\.lock\.fence: is missing/],
  ]);
});
