import test from 'ava';
import type { AggregateTaskError, OrchestrationContext, Task, TimerTask } from '../../lib/index.js';
import { completed, failureOf, play, start, waiting } from './surroundings.js';

const day = 24 * 60 * 60 * 1_000;
const longest = 36_525 * day;

// ---- all -----------------------------------------------------------------------------------------------------------

test('all gives the results in the order of the tasks, whatever ends first', (t) => {
  const s = play(function* (ctx) {
    const [a, b, fired] = yield* ctx.all([ctx.callActivity('a'), ctx.callActivity('b'), ctx.createTimer(5)]);
    return [a, b, fired === undefined];
  });
  s.start();
  t.deepEqual(s.completeTask(1, 'b'), waiting);
  t.deepEqual(s.fireTimer(2), waiting);
  t.deepEqual(s.completeTask(0, 0), completed([0, 'b', true]));
});

test('all of no tasks is an empty list at once', (t) => {
  t.deepEqual(
    play(function* (ctx) {
      return yield* ctx.all([]);
    }).start(),
    completed([]),
  );
});

test('all waits for every task before it fails, with every error in order', (t) => {
  const s = play(function* (ctx) {
    try {
      yield* ctx.all([ctx.callActivity('a'), ctx.callActivity('b'), ctx.callActivity('c')]);
    } catch (error) {
      const { name, message, errors } = error as AggregateTaskError;
      return [name, message, errors.length];
    }
    return undefined;
  });
  s.start();
  t.deepEqual(s.failTask(2, new Error('third')), waiting);
  t.deepEqual(s.completeTask(1), waiting);
  const message = '2 of 3 tasks failed: activity "a" failed: first; activity "c" failed: third';
  t.deepEqual(s.failTask(0, new Error('first')), completed(['AggregateTaskError', message, 2]));
});

test('an uncaught AggregateTaskError keeps the first of its errors as cause', (t) => {
  const s = play(function* (ctx) {
    yield* ctx.all([ctx.callActivity('a')]);
  });
  s.start();
  const failure = failureOf(s.failTask(0, new RangeError('first')));
  t.is(failure?.name, 'AggregateTaskError');
  t.is(failure?.cause?.name, 'TaskFailedError');
  t.is(failure?.cause?.cause?.name, 'RangeError');
});

test('the same task counts as often as it is listed', (t) => {
  const s = play(function* (ctx) {
    const task = ctx.callActivity('a');
    return yield* ctx.all([task, task]);
  });
  t.is(s.start().actions.length, 1);
  t.deepEqual(s.completeTask(0, 1), completed([1, 1]));
});

// ---- allSettled and failFast -----------------------------------------------------------------------------------------

test('allSettled waits for all and tells what became of each, in order', (t) => {
  const s = play(function* (ctx) {
    const settled = yield* ctx.allSettled([ctx.callActivity('a'), ctx.callActivity('b'), ctx.createTimer(5)]);
    return settled.map((one) => (one.status === 'fulfilled' ? (one.value ?? 'none') : (one.reason as Error).message));
  });
  s.start();
  t.deepEqual(s.failTask(1, new Error('broken')), waiting);
  t.deepEqual(s.completeTask(0, 0), waiting);
  t.deepEqual(s.fireTimer(2), completed([0, 'activity "b" failed: broken', 'none']));
});

test('allSettled of no tasks is an empty list at once, and of ended tasks it ends at once', (t) => {
  const s = play(function* (ctx) {
    const task = ctx.callActivity('a');
    const none = yield* ctx.allSettled([]);
    yield* ctx.any([task]);
    const again = ctx.allSettled([task, task]);
    return [none, again.isCompleted, (yield* again).length];
  });
  s.start();
  t.deepEqual(s.failTask(0, new Error('x')), completed([[], true, 2]));
});

test('failFast gives the results in order, like all', (t) => {
  const s = play(function* (ctx) {
    return [yield* ctx.failFast([ctx.callActivity('a'), ctx.callActivity('b')]), yield* ctx.failFast([])];
  });
  s.start();
  t.deepEqual(s.completeTask(1, ''), waiting);
  t.deepEqual(s.completeTask(0, false), completed([[false, ''], []]));
});

test('failFast fails with the first failure, and the others go on', (t) => {
  const s = play(function* (ctx) {
    const tasks = [ctx.callActivity('a'), ctx.callActivity('b'), ctx.callActivity('c')] as const;
    try {
      yield* ctx.failFast(tasks);
    } catch (error) {
      return [(error as Error).message, yield* tasks[2]];
    }
    return undefined;
  });
  s.start();
  t.deepEqual(s.completeTask(0), waiting);
  t.deepEqual(s.failTask(1, new Error('first')), waiting);
  t.deepEqual(s.completeTask(2, 'c'), completed(['activity "b" failed: first', 'c']));
});

test('failFast of a task that has failed already fails at once, and gives events back', (t) => {
  const s = play(function* (ctx) {
    const broken = ctx.callActivity('a');
    yield* ctx.any([broken]);
    const failed = ctx.failFast([ctx.waitForExternalEvent('x'), broken, ctx.waitForExternalEvent('y')]);
    return [failed.isFaulted, yield* ctx.waitForExternalEvent('x'), yield* ctx.waitForExternalEvent('y')];
  });
  s.start();
  s.raiseEvent('x', 1);
  s.failTask(0, new Error('broken'));
  t.deepEqual(s.raiseEvent('y', 2), completed([true, 1, 2]));
});

test('failFast with a cancelled timer may still fail; when nothing can end it any more, waiting for it fails', (t) => {
  const wait = (others: (ctx: OrchestrationContext) => Task<unknown>[]) =>
    play(function* (ctx) {
      const dead = ctx.createTimer(10);
      const tasks = [dead, ...others(ctx)];
      dead.cancel();
      yield* ctx.failFast(tasks);
    });
  const open = wait((ctx) => [ctx.callActivity('a')]);
  t.is(open.start().completion, undefined);
  t.is(failureOf(open.failTask(1, new Error('broken')))?.name, 'TaskFailedError');
  t.is(failureOf(wait(() => []).start())?.code, 'PERDURE_ILLEGAL_AWAIT');
});

test('allSettled and failFast take tasks only', (t) => {
  for (const run of ['allSettled', 'failFast'] as const)
    t.is(failureOf(play((ctx) => ctx[run](['a'] as never)).start())?.code, 'PERDURE_ILLEGAL_AWAIT');
});

test('falsy results survive in every kind of task', (t) => {
  for (const value of [0, '', false, null]) {
    const s = play(function* (ctx) {
      const task = ctx.callActivity('a');
      const [one] = yield* ctx.all([task]);
      const [fast] = yield* ctx.failFast([task]);
      const [settled] = yield* ctx.allSettled([task]);
      const retried = ctx.callActivity('b', value, { retry: { maxAttempts: 2, firstRetryIntervalInMilliseconds: 1 } });
      const any = (yield* ctx.any([task])).result;
      return [one, fast, settled, yield* ctx.race([task]), any, yield* retried, yield* ctx.withTimeout(task, 1)];
    });
    s.start();
    s.completeTask(0, value);
    const fulfilled = { status: 'fulfilled', value };
    t.deepEqual(s.completeTask(1, value), completed([value, value, fulfilled, value, value, value, value]));
  }
});

// ---- any and race ----------------------------------------------------------------------------------------------------

test('any gives the winning task itself, compared by identity', (t) => {
  const s = play(function* (ctx) {
    const [a, b] = [ctx.callActivity('a'), ctx.callActivity('b')];
    const winner = yield* ctx.any([a, b]);
    return [winner === b, winner.result, a.isCompleted, b.isCompleted];
  });
  s.start();
  t.deepEqual(s.completeTask(1, 'second'), completed([true, 'second', false, true]));
});

test('a failed task wins any without throwing', (t) => {
  const s = play(function* (ctx) {
    const winner = yield* ctx.any([ctx.callActivity('a'), ctx.callActivity('b')]);
    return [winner.isFaulted, (winner.error as Error).message];
  });
  s.start();
  t.deepEqual(s.failTask(0, new Error('lost')), completed([true, 'activity "a" failed: lost']));
});

test('race gives the result of the winner and throws when it failed', (t) => {
  const race = () =>
    play(function* (ctx) {
      return yield* ctx.race([ctx.callActivity('a'), ctx.callActivity('b')]);
    });
  const [won, lost] = [race(), race()];
  won.start();
  t.deepEqual(won.completeTask(1, 0), completed(0));
  lost.start();
  t.is(failureOf(lost.failTask(0, new Error('broken')))?.message, 'activity "a" failed: broken');
});

test('any and race of no tasks are refused', (t) => {
  t.is(failureOf(play((ctx) => ctx.any([])).start())?.code, 'PERDURE_ILLEGAL_AWAIT');
  t.is(failureOf(play((ctx) => ctx.race([])).start())?.code, 'PERDURE_ILLEGAL_AWAIT');
});

test('tasks made of ended tasks end at once, also of failed ones', (t) => {
  const s = play(function* (ctx) {
    const tasks = [ctx.callActivity('a'), ctx.callActivity('b')];
    yield* ctx.any([yield* ctx.any(tasks)]);
    const winner = yield* ctx.any(tasks);
    yield* ctx.callActivity('c');
    const failed = ctx.all(tasks);
    return [winner.result, failed.isFaulted, yield* ctx.race(tasks), (yield* ctx.any([failed])) === failed];
  });
  s.start();
  s.completeTask(0, 'a');
  s.failTask(1, new Error('b'));
  t.deepEqual(s.completeTask(2), completed(['a', true, 'a', true]));
});

test('compound tasks nest', (t) => {
  const s = play(function* (ctx) {
    const [a, b, c, d] = ['a', 'b', 'c', 'd'].map((name) => ctx.callActivity(name));
    if (!a || !b || !c || !d) return undefined;
    return yield* ctx.race([ctx.all([a, ctx.race([b, c])]), d]);
  });
  s.start();
  t.deepEqual(s.completeTask(2, 'c'), waiting);
  t.deepEqual(s.completeTask(1, 'b'), waiting);
  t.deepEqual(s.completeTask(0, 'a'), completed(['a', 'c']));
});

test('a loser goes on and may be waited for later', (t) => {
  const s = play(function* (ctx) {
    const [a, b] = [ctx.callActivity('a'), ctx.callActivity('b')];
    yield* ctx.any([a, b]);
    return yield* a;
  });
  t.is(s.start().actions.length, 2);
  t.deepEqual(s.completeTask(1), waiting);
  t.deepEqual(s.completeTask(0, 'late'), completed('late'));
});

test('a compound task that lost a race is complete when it is waited for again', (t) => {
  const s = play(function* (ctx) {
    const both = ctx.all([ctx.callActivity('a'), ctx.waitForExternalEvent('e')]);
    yield* ctx.any([both, ctx.createTimer(5)]);
    yield* ctx.callActivity('b');
    return yield* both;
  });
  s.start();
  s.fireTimer(1);
  t.deepEqual(s.completeTask(0, 'a'), waiting);
  t.deepEqual(s.raiseEvent('e', 'e'), waiting);
  t.deepEqual(s.completeTask(2), completed(['a', 'e']));
});

test('a retried task that lost a race goes on trying', (t) => {
  const s = play(function* (ctx) {
    const retried = ctx.callActivity('a', 1, { retry: { maxAttempts: 2, firstRetryIntervalInMilliseconds: 10 } });
    yield* ctx.any([retried, ctx.callActivity('b')]);
    return yield* retried;
  });
  s.start();
  s.completeTask(1);
  t.deepEqual(s.failTask(0, new Error('one')).actions, [{ type: 'TimerCreated', id: 2, fireAt: start + 10 }]);
  s.fireTimer(2);
  t.deepEqual(s.completeTask(3, 'two'), completed('two'));
});

// ---- timers ----------------------------------------------------------------------------------------------------------

test('timers take milliseconds, rounded up, or a Date, also a past one', (t) => {
  const s = play(function* (ctx) {
    const now = ctx.currentUtcDateTime.getTime();
    yield* ctx.all([0, 0.2, 1_000, longest].map((duration) => ctx.createTimer(duration)));
    yield* ctx.all([new Date(now - day), new Date(now + longest)].map((due) => ctx.createTimer(due)));
  });
  const due = (actions: readonly object[]) =>
    actions.map((action) => 'fireAt' in action && Number(action.fireAt) - start);
  t.deepEqual(due(s.start().actions), [0, 1, 1_000, longest]);
});

test('what is no time is refused with InvalidTimeError, and nothing is recorded', (t) => {
  const dues = [NaN, Infinity, -1, 2 ** 53, new Date(NaN), new Date(start + longest + 1), new Date(8.64e15), '5', null];
  for (const due of dues) {
    const turn = play((ctx) => ctx.createTimer(due as number)).start();
    t.is(failureOf(turn)?.code, 'PERDURE_INVALID_TIME', String(due));
    t.deepEqual(turn.actions, []);
  }
});

test('a cancelled timer is recorded once and never resumes anything', (t) => {
  const s = play(function* (ctx) {
    const timer = ctx.createTimer(10);
    timer.cancel();
    timer.cancel();
    const winner = yield* ctx.any([timer, ctx.callActivity('a')]);
    return [timer.isCanceled, timer.isCompleted, winner === timer];
  });
  t.deepEqual(s.start().actions.slice(0, 2), [
    { type: 'TimerCreated', id: 0, fireAt: start + 10 },
    { type: 'TimerCanceled', id: 1, timerId: 0 },
  ]);
  t.deepEqual(s.completeTask(2), completed([true, false, false]));
});

test('a cancelled timer that fires all the same is ignored', (t) => {
  const s = play(function* (ctx) {
    const timer = ctx.createTimer(10);
    const both = ctx.any([timer, ctx.callActivity('a')]);
    timer.cancel();
    yield* both;
    return timer.isCompleted;
  });
  s.start();
  t.deepEqual(s.fireTimer(0), waiting);
  t.deepEqual(s.completeTask(1), completed(false));
});

test('cancelling a timer that has fired does nothing', (t) => {
  const s = play(function* (ctx) {
    const timer = ctx.createTimer(10);
    yield* timer;
    timer.cancel();
    return timer.isCanceled;
  });
  s.start();
  t.deepEqual(s.fireTimer(0), completed(false));
});

test('waiting for a cancelled timer fails at once instead of never ending', (t) => {
  const s = play(function* (ctx) {
    const timer = ctx.createTimer(10);
    timer.cancel();
    yield* timer;
  });
  t.is(failureOf(s.start())?.code, 'PERDURE_ILLEGAL_AWAIT');
});

test('waiting for tasks of which none can end any more fails at once, too', (t) => {
  const wait = (choose: (ctx: OrchestrationContext, dead: TimerTask, open: TimerTask) => Task<unknown>) =>
    play(function* (ctx) {
      const [dead, open] = [ctx.createTimer(10), ctx.createTimer(20)];
      dead.cancel();
      yield* choose(ctx, dead, open);
      return 'ended';
    });
  for (const dead of [
    wait((ctx, timer, open) => ctx.all([open, timer])),
    wait((ctx, timer) => ctx.any([timer, timer])),
    wait((ctx, timer) => ctx.race([timer, ctx.all([timer])])),
  ])
    t.is(failureOf(dead.start())?.code, 'PERDURE_ILLEGAL_AWAIT');
  const alive = wait((ctx, timer, open) => ctx.any([timer, open]));
  alive.start();
  t.deepEqual(alive.fireTimer(1), completed('ended'));
});

test('an instance completes although timers are open', (t) => {
  const s = play(function* (ctx) {
    const event = ctx.waitForExternalEvent('e');
    const winner = yield* ctx.any([event, ctx.createTimer(day)]);
    return winner === event;
  });
  s.start();
  t.deepEqual(s.raiseEvent('e'), completed(true));
  t.deepEqual(s.fireTimer(0), waiting);
});
