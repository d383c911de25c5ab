import test from 'ava';
import { PerdureError } from '../../lib/errors.js';
import { hubs } from './hubs.js';
import { ids } from './ids.js';
import { values } from './values.js';

const table = [...ids, ...values, ...hubs];

/**
 * Rows that are tested where their fixture is: 20, 23, 25-27, 40, 44 in test/client, 45-49 and 51-57 in test/core, 58 and 59 in
 * test/client and test/engine, 63-68 in test/nats, 16, 41 and 70-79 in test/http, 80 in test/cli, 81-83 in test/wire and test/engine; and those whose door is
 * not built yet: 24, 50, 60, 61, 69.
 */
const elsewhere = [
  [16, 16],
  [20, 20],
  [23, 27],
  [40, 41],
  [44, 61],
  [63, 83],
] as const;

for (const { row, title, attempt, error, becomes } of table)
  test(`${row}. ${title}: ${error?.code ?? 'accepted'}`, async (t) => {
    if (error === undefined) {
      t.deepEqual(await attempt(), becomes);
      return;
    }
    const thrown = await t.throwsAsync(async () => attempt());
    t.true(thrown instanceof PerdureError, String(thrown));
    t.is((thrown as PerdureError).code, error.code);
    t.regex(thrown!.message, error.text);
  });

test('every row of the catalogue is in the table or known to be elsewhere', (t) => {
  const rows = new Set(table.map(({ row }) => row));
  for (let row = 1; row <= 83; row++)
    t.not(
      rows.has(row),
      elsewhere.some(([from, to]) => from <= row && row <= to),
      `row ${row}`,
    );
});

test('afterwards no prototype has changed', (t) => {
  t.false('isAdmin' in {});
  t.deepEqual(Object.keys(Object.prototype), []);
});
