import test from 'ava';
import { decodeMessage } from '../../lib/wire/message-codec.js';
import { formats, readAndWritten, recorded, refused } from './golden.js';

const golden = recorded('transactions');

for (const kind of ['messages', 'answers', 'records', 'heads'] as const)
  test(`format 1 of ${kind}, with transactions, is read and written as recorded`, (t) => {
    readAndWritten(t, formats[kind]!, golden[kind]!);
  });

test('what is no word of a transaction is refused with its reason', (t) => {
  const holder = { address: 'o.t1', executionId: 'x1', taskId: 0 };
  const request = { kind: 'lockRequest', holder, entities: ['e.a.b'], fences: [], lease: 1 };
  const asked = { kind: 'result', of: 'lock', executionId: 'x1', taskId: 0 };
  refused(t, [
    [decodeMessage, { ...request, transaction: 1 }, /^\.transaction: /],
    [decodeMessage, { kind: 'lockRelease', holder, fence: 1, commit: false }, /^\.commit: /],
    [decodeMessage, { ...asked, from: { entity: 'a', fence: 1 } }, /^\.from\.entity: /],
    [decodeMessage, { ...asked, from: { entity: 'e.a.b' } }, /^\.from\.fence: is missing/],
  ]);
});
