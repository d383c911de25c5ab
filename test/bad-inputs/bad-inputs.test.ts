import test from 'ava';
import { PerdureError } from '../../lib/errors.js';
import { handlers } from './handlers.js';
import { http } from './http.js';
import { hubs } from './hubs.js';
import { ids } from './ids.js';
import { servers } from './servers.js';
import { stored } from './stored.js';
import { values } from './values.js';

/** One after another: some keep the process busy, and others have limits of time. */
const table = [...ids, ...values, ...handlers, ...hubs, ...servers, ...http, ...stored];

for (const { row, title, attempt, error, becomes } of table)
  test.serial(`${row}. ${title}: ${error?.code ?? 'accepted'}`, async (t) => {
    if (error === undefined) {
      t.deepEqual(await attempt(), becomes);
      return;
    }
    const thrown = await t.throwsAsync(async () => attempt());
    t.true(thrown instanceof PerdureError, String(thrown));
    t.is((thrown as PerdureError).code, error.code);
    t.regex(thrown!.message, error.text);
  });

test('every row of the catalogue has a test', (t) => {
  const rows = new Set(table.map(({ row }) => row));
  const all = Array.from({ length: 83 }, (_, at) => at + 1);
  t.deepEqual(
    all.filter((row) => !rows.has(row)),
    [],
  );
  t.is(rows.size, 83, 'and there are no others');
});

test('afterwards no prototype has changed', (t) => {
  t.false('isAdmin' in {});
  t.deepEqual(Object.keys(Object.prototype), []);
});
