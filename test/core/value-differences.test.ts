import test from 'ava';
import type { OrchestrationContext, Orchestration } from '../../lib/index.js';
import type { HistoryEvent } from '../../lib/core/history.js';
import { rebuild } from '../../lib/core/rebuild.js';
import { NonDeterminismError } from '../../lib/index.js';
import { dependencies, play, program } from './surroundings.js';

type Run = (ctx: OrchestrationContext) => Orchestration<unknown>;

const values = { pieces: 5, delay: 1_000, word: 'sold', child: 1, tag: 'a', memo: 1, activity: 'pack', entity: 'shop' };

/** Asks for something of each kind that has values. */
function order(edit: Partial<typeof values> = {}): Run {
  const { pieces, delay, word, child, tag, memo, activity, entity } = { ...values, ...edit };
  return function* (ctx) {
    const packed = yield* ctx.callActivity<string>(activity, { pieces });
    ctx.signalEntity(entity, 'a', 'add', pieces);
    ctx.sendEvent('other', 'Sold', word);
    yield* ctx.createTimer(delay);
    const sub = yield* ctx.callSubOrchestrator<string>('bill', child, { instanceId: 'b', tags: { tag }, memo });
    return [packed, sub, word];
  };
}

function recorded(): readonly HistoryEvent[] {
  const s = play(order());
  s.start();
  s.completeTask(0, 'packed');
  s.fireTimer(3);
  s.completeSubOrchestration(4, 'billed');
  return s.history;
}

/** What differs, as it is told, when the history is replayed with other code. */
function differences(run: Run, history = recorded()): readonly string[] {
  const told: string[] = [];
  rebuild(program(run), dependencies, { instanceId: 'instance', tolerate: (d) => void told.push(d.message) }, history);
  return told;
}

for (const [what, edit, where] of [
  ['an input', { pieces: 6 }, ['input.pieces', 'input']],
  ['an event’s data', { word: 'gone' }, ['input', 'output \\["packed","billed","gone"\\]']],
  ['a due time', { delay: 2_000 }, ['fireAt']],
  ['a child’s input', { child: 2 }, ['input']],
  ['tags', { tag: 'b' }, ['tags.tag']],
  ['a memo', { memo: 2 }, ['memo']],
] as const)
  test(`where values may differ, ${what} is told with its line, and what is recorded stands`, (t) => {
    const told = differences(order(edit));
    t.is(told.length, where.length, told.join('\n'));
    for (const [at, path] of where.entries()) {
      t.regex(told[at]!, new RegExp(path));
      if (!path.startsWith('output')) t.regex(told[at]!, /asked for at .*value-differences\.test\.[jt]s:\d+:\d+/);
    }
    t.throws(() => rebuild(program(order(edit)), dependencies, { instanceId: 'instance' }, recorded()), {
      instanceOf: NonDeterminismError,
    });
  });

test('what is asked for, of whom and in which order is a fault all the same', (t) => {
  const others: Run[] = [
    order({ activity: 'wrap' }),
    order({ entity: 'store' }),
    function* (ctx) {
      ctx.signalEntity('shop', 'a', 'add', 5);
      return yield* order()(ctx);
    },
    function* (ctx) {
      yield* ctx.callActivity('pack', { pieces: 5 });
      return 'early';
    },
    function* (ctx) {
      yield* order({ pieces: 6 })(ctx);
      yield* ctx.waitForExternalEvent('more');
    },
  ];
  for (const run of others) t.throws(() => differences(run), { instanceOf: NonDeterminismError });
});

test('the code goes on from what was recorded', (t) => {
  const told: unknown[] = [];
  const history = recorded().slice(0, 6);
  t.like(history.at(-1), { type: 'TimerCreated', id: 3 });
  const run = order({ pieces: 6, delay: 5_000 });
  const surroundings = { instanceId: 'instance', tolerate: (d: NonDeterminismError) => void told.push(d.difference) };
  const executor = rebuild(program(run), dependencies, surroundings, history);
  t.deepEqual(told, ['input.pieces', 'input', 'fireAt']);
  const fired = executor.advance({ type: 'TimerFired', at: 10_000, id: 3 });
  t.like(fired.actions[0], { type: 'SubOrchestrationInstanceCreated', id: 4, input: 1 });
});

test('code whose values are others each time is a fault: nothing of what it has in memory can be relied on', (t) => {
  let n = 100;
  const run: Run = (ctx) => order({ pieces: n++ })(ctx);
  const error = t.throws(() => differences(run), { instanceOf: NonDeterminismError });
  t.is(error.difference, 'input.pieces');
  t.regex(error.source!, /value-differences/);
});

test('nothing is told of code that fits', (t) => t.deepEqual(differences(order()), []));
