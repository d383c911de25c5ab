import test from 'ava';
import { decodeMessage } from '../../lib/wire/message-codec.js';
import { decodeQuery } from '../../lib/wire/query-codec.js';
import { formats, readAndWritten, recorded, refused } from './golden.js';

const golden = recorded('handlers');

for (const [kind, format] of Object.entries(formats))
  test(`format 1 of ${kind}, with queries and updates, is read and written as recorded`, (t) => {
    readAndWritten(t, format, golden[kind]!);
  });

test('an update or a query from anybody is refused with its reason, and nothing throws', (t) => {
  refused(t, [
    [decodeMessage, { kind: 'update' }, /^\.name: is missing/],
    [decodeMessage, { kind: 'update', name: '' }, /^\.name: Invalid update name: empty/],
    [decodeMessage, { kind: 'update', name: 'add', reply: 'pd.bank.0.l' }, /^\.reply: must be an inbox subject/],
    [decodeQuery, { kind: 'query', name: 'count' }, /^\.instanceId: is missing/],
    [decodeQuery, { kind: 'query', instanceId: 't', name: 7 }, /^\.name: Invalid query name: must be a string/],
  ]);
});
