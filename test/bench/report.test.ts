import test from 'ava';
import { verdicts } from './bars.js';
import { summary } from './figures.js';
import { medianOf, tableOf } from './report.js';

test('percentiles are of what was measured, and the median of each figure is taken by itself', (t) => {
  const took = Array.from({ length: 101 }, (_, i) => (i * 37) % 101);
  t.deepEqual(summary(took), { p50: 50, p95: 95, p99: 99, max: 100 });
  const rows = [
    { rate: 3, p50: 1 },
    { rate: 1, p50: 3.000_04 },
    { rate: 2, p50: 5 },
  ];
  t.deepEqual(medianOf(rows), { rate: 2, p50: 3 });
});

test('a table has a column for each figure, and nothing where a row has none', (t) => {
  const table = tableOf([
    ['w1', { rate: 10 }],
    ['w22', { rate: 5, p50: 1.5 }],
  ]);
  t.is(
    table,
    ['|     | rate | p50 |', '| --- | ---- | --- |', '| w1  |   10 |     |', '| w22 |    5 | 1.5 |'].join('\n'),
  );
});

test('a bar is met by a figure that is as large or as small as is wanted, and missed without one', (t) => {
  const row = { 'of raw publishes': 0.38, 'ms each': 0.25 };
  const [rate, cpu] = verdicts('w1-200', row, 'default');
  t.regex(rate!, /0\.38, wanted at least 0\.35: met$/);
  t.regex(cpu!, /0\.25, wanted at most 0\.25: met$/);
  t.regex(verdicts('w1-200', row, 'always')[0]!, /wanted at least 0\.4: MISSED$/);
  t.regex(verdicts('w9', {}, 'default')[0]!, /NaN, wanted at most 1000: MISSED$/);
  t.deepEqual(verdicts('w7-100', row, 'default'), []);
});
