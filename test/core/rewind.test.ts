import test from 'ava';
import { failuresOf, rewound, unansweredIn } from '../../lib/core/rewind.js';
import type { ExecutionStarted, HistoryEvent } from '../../lib/core/history.js';
import { TaskOrchestrationExecutor } from '../../lib/core/task-orchestration-executor.js';
import { dependencies, play, program, type Run } from './surroundings.js';

/** Repeats a history that has ended in failure, with this code, and replays what came of it. */
function rewind(run: Run, history: readonly HistoryEvent[]) {
  const first = history[0] as ExecutionStarted;
  const { failure } = history.find(({ type }) => type === 'ExecutionFailed') as Extract<
    HistoryEvent,
    { type: 'ExecutionFailed' }
  >;
  const voided = failuresOf(history);
  const base = { at: first.at, executionId: first.executionId, origin: first.rewound?.origin ?? first.executionId };
  const started = { ...first, executionId: 'next', rewound: { ...base, failure, void: voided } };
  const executor = new TaskOrchestrationExecutor(program(run), dependencies, { instanceId: 'instance' });
  const found = rewound([started, ...history.slice(1)], new Set(voided), {
    advance: (event) => executor.repeat(event),
    nextId: () => executor.nextId,
    leaveGap: (from, to) => executor.leaveGap(from, to),
    whole: (item) => item,
  });
  const head = { ...started, rewound: { ...started.rewound, gaps: found.gaps } };
  const events: HistoryEvent[] = [head, ...found.events.slice(1)];
  const rebuilt = new TaskOrchestrationExecutor(program(run), dependencies, { instanceId: 'instance' });
  if (!found.completion) rebuilt.replay(events); // what was made is a history like any other
  return { ...found, events, executor, rebuilt };
}

const ids = (actions: readonly { readonly id: number }[]) => actions.map(({ id }) => id);

test('of a fan-out only what failed is asked for again', (t) => {
  const run: Run = function* (ctx) {
    return yield* ctx.all([0, 1, 2, 3, 4].map((n) => ctx.callActivity('work', n)));
  };
  const s = play(run);
  s.start();
  for (const n of [0, 1, 4]) s.completeTask(n, `done ${n}`);
  s.failTask(3, new Error('no'));
  t.is(s.completeTask(2, 'done 2').completion?.type, 'Failed');
  const { rebuilt, ...found } = rewind(run, s.history);
  t.deepEqual(ids(found.again), [3]);
  t.deepEqual(found.fresh, []);
  const event = { type: 'TaskCompleted', at: s.now, id: 3, result: 'done 3' } as const;
  for (const executor of [found.executor, rebuilt])
    t.deepEqual(executor.advance(event).completion, {
      type: 'Completed',
      output: [0, 1, 2, 3, 4].map((n) => `done ${n}`),
    });
});

test('a failure that the code had dealt with stays, and so does a success after retries', (t) => {
  const retry = { maxAttempts: 2, firstRetryIntervalInMilliseconds: 1_000 };
  const run: Run = function* (ctx) {
    try {
      yield* ctx.callActivity('optional');
    } catch {
      yield* ctx.callActivity('instead');
    }
    yield* ctx.callActivity('shaky', undefined, { retry });
    yield* ctx.callActivity('last', undefined, { retry });
  };
  const s = play(run);
  s.start();
  s.failTask(0, new Error('no'));
  s.completeTask(1);
  s.failTask(2, new Error('no')); // timer 3
  s.fireTimer(3);
  s.completeTask(4);
  s.failTask(5, new Error('no')); // timer 6
  s.fireTimer(6);
  t.is(s.failTask(7, new Error('no')).completion?.type, 'Failed');
  const found = rewind(run, s.history);
  t.deepEqual([ids(found.again), found.fresh], [[7], []]);
  t.is(found.executor.advance({ type: 'TaskCompleted', at: s.now, id: 7 }).completion?.type, 'Completed');
});

test('what the code had made of the failure falls away, and its numbers are not given again', (t) => {
  const run: Run = function* (ctx) {
    const beside = ctx.callActivity('beside');
    try {
      yield* ctx.callActivity('work');
    } catch (error) {
      yield* ctx.callActivity('undo');
      throw error;
    }
    yield* beside;
    yield* ctx.callActivity('next');
  };
  const s = play(run);
  s.start();
  s.failTask(1, new Error('no'));
  s.completeTask(0, 'well');
  t.is(s.completeTask(2).completion?.type, 'Failed');
  const { rebuilt, ...found } = rewind(run, s.history);
  t.deepEqual([ids(found.again), found.gaps], [[1], [[2, 3]]]);
  t.deepEqual(found.executor.advance({ type: 'TaskCompleted', at: s.now, id: 1 }).actions, [
    { type: 'TaskScheduled', id: 3, name: 'next' },
  ]);
  t.deepEqual(
    rebuilt.advance({ type: 'TaskFailed', at: s.now, id: 1, failure: { name: 'E', message: 'no' } }).actions,
    [{ type: 'TaskScheduled', id: 3, name: 'undo' }],
  );
});

test('parallel branches keep their numbers, and what they derive from the execution', (t) => {
  const branch = (name: string): Run =>
    function* (ctx) {
      const retry = { maxAttempts: 2, firstRetryIntervalInMilliseconds: 1_000 };
      const failing = ctx.callActivity('failing', undefined, { retry });
      const child = ctx.callSubOrchestrator(name);
      yield* ctx.all([failing, child]);
      return ctx.newGuid();
    };
  const s = play(branch('child'), { executionId: 'first' });
  const [, child] = s.start().actions;
  t.like(child, { instanceId: 'first:0001' });
  s.failTask(0, new Error('no')); // timer 2
  s.fireTimer(2);
  s.failTask(3, new Error('no'));
  t.is(s.completeSubOrchestration(1, 'well').completion?.type, 'Failed');
  const found = rewind(branch('child'), s.history);
  t.deepEqual([ids(found.again), found.fresh], [[3], []]);
  t.like(found.events[2], { type: 'SubOrchestrationInstanceCreated', instanceId: 'first:0001' });
});

test('an execution whose own code failed fails again, unless the code is another one', (t) => {
  const run = (mend: boolean): Run =>
    function* (ctx) {
      const price = yield* ctx.callActivity<number>('price');
      if (!mend) throw new TypeError('a slip');
      return price;
    };
  const s = play(run(false));
  s.start();
  s.completeTask(0, 7);
  const before = rewind(run(false), s.history);
  t.is(before.completion?.type, 'Failed');
  t.deepEqual(rewind(run(true), s.history).completion, { type: 'Completed', output: 7 });
});

test('it can be done again and again', (t) => {
  const run: Run = function* (ctx) {
    yield* ctx.callActivity('first');
    yield* ctx.callActivity('second');
  };
  const s = play(run);
  s.start();
  s.failTask(0, new Error('no'));
  const once = rewind(run, s.history);
  const next = once.executor.advance({ type: 'TaskCompleted', at: s.now, id: 0 });
  const failed = { type: 'TaskFailed', at: s.now, id: 1, failure: { name: 'E', message: 'no' } } as const;
  const { completion } = once.executor.advance(failed);
  t.is(completion?.type, 'Failed');
  const history: HistoryEvent[] = [
    ...once.events,
    { type: 'TaskCompleted', at: s.now, id: 0 },
    ...next.actions,
    failed,
    { type: 'ExecutionFailed', at: s.now, failure: failed.failure, causedBy: [1] },
  ];
  const twice = rewind(run, history);
  t.deepEqual(ids(twice.again), [1]);
  t.is(twice.executor.advance({ type: 'TaskCompleted', at: s.now, id: 1 }).completion?.type, 'Completed');
});

test('C4: operations that answered behind the failure are answered, and those still to answer are not called again', (t) => {
  const run: Run = function* (ctx) {
    const calls = ['a', 'b', 'c', 'd'].map((name) => ctx.callEntity('e', 'k', name));
    const work = ctx.callActivity('work');
    yield* ctx.failFast([...calls, work]);
  };
  const s = play(run);
  s.start();
  s.completeOperation(0);
  s.failTask(4, new Error('no'));
  const [end, ...before] = s.history.toReversed();
  const failure = { name: 'E', message: 'late' };
  const late: HistoryEvent[] = [
    { type: 'EntityOperationCompleted', at: s.now, id: 1 },
    { type: 'EntityOperationFailed', at: s.now, id: 2, failure },
  ];
  const told = [...before.toReversed(), { ...end!, unanswered: [1, 2, 3] } as HistoryEvent, ...late];
  t.deepEqual([failuresOf(told), unansweredIn(told)], [[4, 2], [3]]);
  const { again, asked, executor } = rewind(run, told);
  t.deepEqual([ids(again), asked], [[2, 4], [[3, 3]]]);
  for (const id of [2, 3]) executor.advance({ type: 'EntityOperationCompleted', at: s.now, id });
  t.is(executor.advance({ type: 'TaskCompleted', at: s.now, id: 4 }).completion?.type, 'Completed');
  t.deepEqual(ids(rewind(run, s.history).again), [1, 2, 3, 4], 'an older version dropped what came late');
});

test('a history of an older version does not say what it failed of: it is the last failure', (t) => {
  const at = 1;
  const failure = { name: 'E', message: 'no' };
  const history: HistoryEvent[] = [
    { type: 'ExecutionStarted', at, name: 'n', executionId: 'e' },
    { type: 'TaskScheduled', id: 0, name: 'a' },
    { type: 'TaskFailed', at, id: 0, failure },
    { type: 'ExecutionFailed', at, failure },
  ];
  t.deepEqual(failuresOf(history), [0]);
  t.deepEqual(failuresOf(history.slice(0, 2)), []);
});
