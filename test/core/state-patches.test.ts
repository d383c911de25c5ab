import test from 'ava';
import fc from 'fast-check';
import { amount } from '../amount.js';
import { changeBetween, patched, type StatePatch } from '../../lib/core/state-patches.js';
import type { Json } from '../../lib/core/values.js';
import { CorruptHistoryError } from '../../lib/errors.js';

/** With keys that stand where they are put, keys that do not, and keys that paths must not lead through. */
const key = fc.oneof(
  fc.constantFrom('a', 'b', 'c', '1', '0', '10', '01', '-1', '4294967295', '4294967294', 'constructor', 'toString', ''),
  fc.string({ maxLength: 3 }).filter((text) => text !== '__proto__'),
);
const { tree } = fc.letrec<{ tree: Json }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom<Json>(null, true, 0, 1, 'x', 'y'),
    fc.array(tie('tree'), { maxLength: 5 }),
    fc.array(fc.tuple(key, tie('tree')), { maxLength: 5 }).map((entries) => Object.fromEntries(entries)),
  ),
}));

/** What is stored: as text, so that the order of keys counts. */
const text = (value: Json): string => JSON.stringify(value);
const stored = <T extends Json>(value: T): T => JSON.parse(text(value)) as T;

function frozen<T>(value: T): T {
  if (typeof value === 'object' && value !== null) Object.values(Object.freeze(value)).forEach(frozen);
  return value;
}

/** Values beside each other in one state: most of it is the same in both. */
const states = fc.array(fc.tuple(tree, tree, fc.boolean()), { maxLength: 6 }).map((pairs): readonly [Json, Json] => [
  { rows: pairs.map(([row]) => row), last: 1 },
  {
    rows: pairs.flatMap(([row, other, isOther]) => (isOther ? [other, row].slice(0, 1 + (pairs.length % 2)) : [row])),
    last: 1,
  },
]);

test('the patches between any two states make the one of the other to the letter, and their undo the values of the former', (t) => {
  let told = 0;
  fc.assert(
    fc.property(fc.oneof(states, fc.tuple(tree, tree)), ([one, other]) => {
      const [before, after] = [frozen(stored(one)), frozen(stored(other))];
      const change = changeBetween(before, after, 100_000);
      if (!change) return kindOf(before) !== kindOf(after) || typeof before !== 'object' || !Array.isArray(before);
      told++;
      const made = patched(before, stored(change.patches as never) as readonly StatePatch[]);
      t.is(text(made), text(after));
      t.deepEqual(patched(made, change.undo), before);
      return true;
    }),
    { numRuns: amount(2_000, 100_000), seed: 7 },
  );
  t.true(told > 800, `${told}`);
});

const kindOf = (value: Json): string => (Array.isArray(value) ? 'array' : typeof value);

const changes: readonly [what: string, before: Json, after: Json, patches: readonly StatePatch[]][] = [
  ['nothing', { a: [1] }, { a: [1] }, []],
  ['a deep value', { a: [{ n: 1 }] }, { a: [{ n: 2 }] }, [{ op: 'replace', path: ['a', 0, 'n'], value: 2 }]],
  ['a new key', { a: 1 }, { a: 1, b: [] }, [{ op: 'add', path: ['b'], value: [] }]],
  ['a key that goes', { a: 1, b: 2 }, { b: 2 }, [{ op: 'remove', path: ['a'] }]],
  ['one more at the end', [1, 2], [1, 2, 3], [{ op: 'add', path: [2], value: 3 }]],
  ['one more at the beginning', [{ n: 1 }], [{ n: 0 }, { n: 1 }], [{ op: 'add', path: [0], value: { n: 0 } }]],
  ['one less in the middle', ['a', 'b', 'c'], ['a', 'c'], [{ op: 'remove', path: [1] }]],
  [
    'keys in another order',
    { a: { x: 1, y: 2 } },
    { a: { y: 2, x: 1 } },
    [{ op: 'replace', path: ['a'], value: { y: 2, x: 1 } }],
  ],
  [
    'a key that no path may lead through',
    { constructor: { a: 1 } },
    { constructor: { a: 2 } },
    [{ op: 'replace', path: ['constructor'], value: { a: 2 } }],
  ],
];

for (const [what, before, after, patches] of changes)
  test(`${what} is told by as little as it takes`, (t) => {
    t.deepEqual(changeBetween(before, after, 1_000)?.patches, patches);
  });

test('what changes as a whole, or by more than it may take, has no patches', (t) => {
  t.is(changeBetween({ a: 1 }, [1], 1_000), undefined);
  t.is(changeBetween(1, 2, 1_000), undefined);
  t.is(changeBetween({ a: 1, b: 2 }, { b: 2, a: 1 }, 1_000), undefined);
  const long = { a: 'x'.repeat(100) };
  t.is(changeBetween({ a: '' }, long, 100), undefined);
  t.is(changeBetween({ a: '' }, long, 200)?.patches.length, 1);
});

test('patches leave the state that they are made of as it is, and share what is the same', (t) => {
  const before = frozen({ a: [1], b: [2] });
  const after = patched(before, [{ op: 'add', path: ['a', 1], value: 3 }]) as typeof before;
  t.deepEqual(
    [before, after],
    [
      { a: [1], b: [2] },
      { a: [1, 3], b: [2] },
    ],
  );
  t.is(after.b, before.b);
});

test('patches that are none of a state are found to be', (t) => {
  const error = t.throws(() => patched({ a: 1 }, [{ op: 'replace', path: ['a', 'b', 'c'], value: 1 }]), {
    instanceOf: CorruptHistoryError,
  });
  t.truthy(error?.cause);
});
