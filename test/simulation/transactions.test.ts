import test from 'ava';
import { amount } from '../amount.js';
import type { Program } from './script.js';
import { notSerializable, type Committed } from './serializability.js';
import type { TradeAction } from './transaction-script.js';
import { simulateTransactions } from './transactions.js';

const seeds = amount(100, 1_500);

test(`P23: transactions hold as a whole or not at all, in one order with all exact reads, under faults: ${seeds} seeds`, async (t) => {
  t.timeout(1_800_000);
  const totals = { takeovers: 0, faults: 0, unjudged: 0 };
  const kinds = new Map<string, number>();
  for (let seed = 1; seed <= seeds; seed++) {
    const { violations, unjudged, counts, program } = await simulateTransactions({ seed });
    t.deepEqual(violations, [], `npm run simulate -- --family transactions --seed ${seed}`);
    totals.takeovers += counts.takeovers;
    totals.faults += counts.faults;
    if (unjudged.length > 0) totals.unjudged++;
    for (const { script, by } of tradesOf(program))
      for (const kind of [script.kind, script.end, script.after, by?.how ?? 'alone'])
        kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
  }
  t.log(totals, Object.fromEntries(kinds));
  t.true(totals.takeovers > 3 * seeds && totals.faults > 10 * seeds);
  t.true(totals.unjudged <= 0.02 * seeds);
  for (const kind of ['transfer', 'even', 'audit', 'outlive', 'throw', 'refuse', 'fail', 'continue', ...endings])
    t.true((kinds.get(kind) ?? 0) > 0.1 * seeds, kind);
});

const endings = ['terminate', 'cancel', 'replace', 'break'];

function tradesOf({ clients }: Program): readonly TradeAction[] {
  return clients.flatMap(({ actions }) => actions.filter((action): action is TradeAction => action.do === 'trade'));
}

/** `+`: it writes behind this version; `=`: it reads it. */
function seen(id: string, [called, returned]: readonly [number, number], ...touched: string[]): Committed {
  const entries = touched.map(
    (text) => [text[0]!, { version: Number(text.slice(2)), isWritten: text[1] === '+' }] as const,
  );
  return { id, called, returned, touched: new Map(entries) };
}

test('a history that one order explains is strictly serializable', (t) => {
  t.deepEqual(notSerializable([]), []);
  t.deepEqual(
    notSerializable([
      seen('w1', [0, 10], 'a+0', 'b+0'),
      seen('w2', [0, Infinity], 'a+1'),
      seen('r1', [5, 20], 'a=1', 'b=1'),
      seen('r2', [5, 20], 'a=0'),
      seen('r3', [6, 8], 'b=1'),
      seen('r4', [30, 40], 'a=2', 'b=1'),
    ]),
    [],
  );
});

test('one that none explains is not', (t) => {
  const faulty: Readonly<Record<string, readonly Committed[]>> = {
    'half of a transaction': [seen('w', [0, 10], 'a+0', 'b+0'), seen('r', [0, 10], 'a=1', 'b=0')],
    'a later read that sees less': [
      seen('w', [0, 100], 'a+0', 'b+0'),
      seen('r1', [10, 20], 'a=1'),
      seen('r2', [30, 40], 'b=0'),
    ],
    'what has returned is not seen': [seen('w', [0, 10], 'a+0'), seen('r', [11, 20], 'a=0')],
    'write skew': [seen('w1', [0, 10], 'a+0', 'b=0'), seen('w2', [0, 10], 'b+0', 'a=0')],
    'a lost update': [seen('w1', [0, 10], 'a+0'), seen('w2', [20, 30], 'a+0')],
  };
  for (const [what, history] of Object.entries(faulty)) t.is(notSerializable(history).length, 1, what);
});
