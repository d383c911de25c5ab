import test from 'ava';
import { notLinearizable, type SeenOperation } from './linearizability.js';

const append = (called: number, returned: number, length: number): SeenOperation => ({
  what: `append ${length}`,
  called,
  returned,
  length,
  appends: true,
});
const read = (called: number, returned: number, length: number): SeenOperation => ({
  ...append(called, returned, length),
  what: `read ${length}`,
  appends: false,
});

test('operations that overlap may stand in either order', (t) => {
  t.deepEqual(notLinearizable([append(0, 10, 2), append(1, 9, 1), read(2, 8, 0), read(3, 12, 2)]), []);
  t.deepEqual(notLinearizable([append(0, 5, 1), read(5, 6, 0)]), [], 'at the same moment they overlap');
  t.deepEqual(notLinearizable([]), []);
});

test('what was called after another had returned stands behind it', (t) => {
  t.deepEqual(notLinearizable([append(0, 1, 2), append(2, 3, 1)]), [
    'append 1, called after append 2 had returned, saw 1 before 2',
  ]);
  t.deepEqual(notLinearizable([append(0, 1, 1), read(2, 3, 0)]), [
    'read 0, called after append 1 had returned, saw 0 before 1',
  ]);
  t.deepEqual(notLinearizable([read(0, 1, 1), append(2, 3, 1)]), [
    'append 1, called after read 1 had returned, saw 1 before 1',
  ]);
  t.deepEqual(notLinearizable([append(0, 1, 1), read(2, 3, 1), append(4, 5, 2)]), []);
});

test('two cannot be the same one, and nothing returns before it is called', (t) => {
  t.deepEqual(notLinearizable([append(0, 9, 1), append(0, 9, 1)]), ['append 1 and append 1 are both number 1']);
  t.is(notLinearizable([append(5, 4, 1)])[0], 'append 1 returned before it was called');
});
