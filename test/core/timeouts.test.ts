import test from 'ava';
import { OrchestrationContext, type Orchestration, type Task } from 'perdure';
import { Orchestrator, Query, Run } from 'perdure/decorators';
import { scenario } from 'perdure/testing';
import { TaskTimedOutError } from '../../lib/index.js';
import { Amount, completed, failureOf, play, start, waiting } from './surroundings.js';

const day = 24 * 60 * 60 * 1_000;
/** Asks a price, and waits for what is paid. */
@Orchestrator('quote')
class Quote {
  #price: Task<number> | undefined;
  @Run() *run(_: void, ctx: OrchestrationContext): Orchestration<number[]> {
    const price = ctx.withTimeout(ctx.callActivity<number>('price'), day);
    this.#price = price;
    const paid = ctx.waitForExternalEvent<number>('Paid', { timeout: day });
    yield* ctx.waitUntil(() => paid.isCompleted && paid.result === 5);
    return [yield* price, yield* paid];
  }
  @Query() price(): number | undefined {
    return this.#price?.isCompleted ? this.#price.result : undefined;
  }
}

const canceled = (id: number, timerId: number) => ({ type: 'TimerCanceled', id, timerId });

// ---- events with a timeout -------------------------------------------------------------------------------------------

test('an event that comes in time ends its wait and cancels the timer', (t) => {
  const s = play(function* (ctx) {
    return yield* ctx.waitForExternalEvent('Approved', { timeout: 1_000 });
  });
  t.deepEqual(s.start().actions, [{ type: 'TimerCreated', id: 0, fireAt: start + 1_000 }]);
  t.deepEqual(s.raiseEvent('approved', 'yes'), {
    actions: [canceled(1, 0)],
    completion: { type: 'Completed', output: 'yes' },
  });
});

test('an event that does not come in time fails its wait with TaskTimedOutError, which may be caught', (t) => {
  const s = play(function* (ctx) {
    try {
      return yield* ctx.waitForExternalEvent('Approved', { timeout: new Date(start + 50) });
    } catch (error) {
      const { code, task, deadline } = error as TaskTimedOutError;
      return [code, task, deadline.getTime() - start];
    }
  });
  s.start();
  t.deepEqual(s.fireTimer(0), completed(['PERDURE_TASK_TIMED_OUT', 'Event "Approved"', 50]));
});

test('a default takes the place of an event that does not come, whatever it is', (t) => {
  for (const value of [false, 0, '', null, { by: 'nobody' }]) {
    const s = play(function* (ctx) {
      return yield* ctx.waitForExternalEvent('Approved', { timeout: 10, default: value });
    });
    s.start();
    t.deepEqual(s.fireTimer(0), completed(value));
  }
  const s = play(function* (ctx) {
    return (yield* ctx.waitForExternalEvent('Approved', { timeout: 10, default: undefined })) === undefined;
  });
  s.start();
  t.deepEqual(s.fireTimer(0), completed(true));
});

test('a falsy event is an event', (t) => {
  for (const value of [false, 0, '', null]) {
    const s = play(function* (ctx) {
      return yield* ctx.waitForExternalEvent('Approved', { timeout: 10, default: 'none' });
    });
    s.start();
    t.deepEqual(s.raiseEvent('Approved', value).completion, { type: 'Completed', output: value });
  }
});

test('an event that is there already needs no timer', (t) => {
  const s = play(function* (ctx) {
    yield* ctx.callActivity('a');
    return yield* ctx.waitForExternalEvent('Approved', { timeout: 10 });
  });
  s.start();
  s.raiseEvent('Approved', 1);
  t.deepEqual(s.completeTask(0), completed(1));
});

test('a wait with a timeout gives instances of a DTO class, and refuses what is none', (t) => {
  const paid = () =>
    play(function* (ctx) {
      const amount = yield* ctx.waitForExternalEvent('paid', Amount, { timeout: day, default: null });
      return amount instanceof Amount ? amount.amount : 'not paid';
    });
  const [good, bad, late] = [paid(), paid(), paid()];
  for (const s of [good, bad, late]) s.start();
  t.deepEqual(good.raiseEvent('paid', { amount: 5 }).completion, { type: 'Completed', output: 5 });
  t.is(failureOf(bad.raiseEvent('paid', { amount: 'five' }))?.code, 'PERDURE_INVALID_INPUT');
  t.deepEqual(late.fireTimer(0), completed('not paid'));
});

test('a wait that is over takes no event from those who wait', (t) => {
  const s = play(function* (ctx) {
    yield* ctx.waitForExternalEvent('x', { timeout: 10, default: 0 });
    return yield* ctx.waitForExternalEvent('x');
  });
  s.start();
  s.fireTimer(0);
  t.deepEqual(s.raiseEvent('x', 'kept'), completed('kept'));
});

test('waits with and without a timeout are served in one queue', (t) => {
  const s = play(function* (ctx) {
    const waits = [{ timeout: day }, undefined, { timeout: 10, default: 'late' }];
    return yield* ctx.all(waits.map((options) => ctx.waitForExternalEvent('x', options)));
  });
  s.start();
  s.raiseEvent('x', 1);
  s.fireTimer(1);
  t.deepEqual(s.raiseEvent('x', 2).completion, { type: 'Completed', output: [1, 2, 'late'] });
});

test('a wait that lost its race leaves the queue, and its time goes on', (t) => {
  const s = play(function* (ctx) {
    const wait = ctx.waitForExternalEvent('x', { timeout: 100, default: 'late' });
    yield* ctx.any([wait, ctx.createTimer(10)]);
    const other = yield* ctx.waitForExternalEvent('x');
    return [other, yield* wait];
  });
  s.start();
  s.fireTimer(1);
  t.deepEqual(s.raiseEvent('x', 'first'), waiting);
  t.deepEqual(s.fireTimer(0), completed(['first', 'late']));
});

test('an event that no code has seen is given back by a wait that lost its race, whose time goes on', (t) => {
  const s = play(function* (ctx) {
    yield* ctx.callActivity('busy');
    const [stop, add] = [ctx.waitForExternalEvent('stop'), ctx.waitForExternalEvent('add', { timeout: 100 })];
    yield* ctx.any([stop, add]);
    const got = yield* ctx.waitForExternalEvent('add');
    try {
      return yield* add;
    } catch (error) {
      return [got, (error as TaskTimedOutError).code];
    }
  });
  s.start();
  s.raiseEvent('add', 'kept');
  s.raiseEvent('stop');
  const { actions } = s.completeTask(0);
  t.deepEqual(actions, [{ type: 'TimerCreated', id: 1, fireAt: start + 100 }]);
  t.deepEqual(s.fireTimer(1), completed(['kept', 'PERDURE_TASK_TIMED_OUT']));
});

test('a wait that nobody waits for can be polled', (t) => {
  const s = play(function* (ctx) {
    const cancel = ctx.waitForExternalEvent('cancel', { timeout: day, default: 'never' });
    while (!cancel.isCompleted) yield* ctx.callActivity('round');
    return cancel.result;
  });
  s.start();
  s.raiseEvent('cancel', 'now');
  t.deepEqual(s.completeTask(1).completion, { type: 'Completed', output: 'now' });
});

test('a task with a time limit may be read by a query and a condition; its timer goes when its code learns of it', (t) => {
  const s = scenario(Quote);
  s.start();
  t.deepEqual(s.query('price'), {});
  t.deepEqual(s.completeTask(0, 5), waiting);
  t.deepEqual(s.query('price'), { result: 5 });
  const { actions, completion } = s.raiseEvent('Paid', 5);
  t.deepEqual(actions, [canceled(3, 1), canceled(4, 2)]);
  t.deepEqual(completion, { type: 'Completed', output: [5, 5] });
});

test('events that a wait has and no code has seen are carried over', (t) => {
  const s = play(function* (ctx) {
    ctx.waitForExternalEvent('x', { timeout: day });
    yield* ctx.callActivity('a');
    ctx.continueAsNew();
  });
  s.start();
  s.raiseEvent('x', 1);
  t.deepEqual(s.completeTask(1).completion, {
    type: 'ContinuedAsNew',
    carriedEvents: [{ type: 'EventRaised', at: start, name: 'x', input: 1 }],
  });
});

test('a timeout that is none is refused, and nothing is recorded', (t) => {
  for (const timeout of [-1, NaN, Infinity, 'soon' as unknown as number, undefined as unknown as number]) {
    const turn = play((ctx) => ctx.waitForExternalEvent('x', { timeout })).start();
    t.is(failureOf(turn)?.code, 'PERDURE_INVALID_TIME', String(timeout));
    t.deepEqual(turn.actions, []);
  }
});

test('a wait that is over wins a race without throwing', (t) => {
  const s = play(function* (ctx) {
    const timed = ctx.waitForExternalEvent('x', { timeout: 10 });
    const winner = yield* ctx.any([timed, ctx.callActivity('a')]);
    return [winner.isFaulted, yield* ctx.waitForExternalEvent('x')];
  });
  s.start();
  t.deepEqual(s.fireTimer(0), waiting);
  t.deepEqual(s.raiseEvent('x', 1), completed([true, 1]));
});

// ---- withTimeout -----------------------------------------------------------------------------------------------------

test('a task that ends in time is what it is, also when it fails', (t) => {
  const limited = () =>
    play(function* (ctx) {
      return yield* ctx.withTimeout(ctx.callActivity<string>('a'), 1_000);
    });
  const [good, bad] = [limited(), limited()];
  t.deepEqual(good.start().actions, [
    { type: 'TaskScheduled', id: 0, name: 'a' },
    { type: 'TimerCreated', id: 1, fireAt: start + 1_000 },
  ]);
  t.deepEqual(good.completeTask(0, 'done'), {
    actions: [canceled(2, 1)],
    completion: { type: 'Completed', output: 'done' },
  });
  bad.start();
  const turn = bad.failTask(0, new RangeError('broken'));
  t.deepEqual(turn.actions, [canceled(2, 1)]);
  t.is(failureOf(turn)?.cause?.name, 'RangeError');
});

test('a task that takes too long goes on, and may be waited for again', (t) => {
  const s = play(function* (ctx) {
    const slow = ctx.callActivity<string>('a');
    try {
      yield* ctx.withTimeout(slow, 10);
    } catch (error) {
      return [(error as Error).name, yield* slow];
    }
    return undefined;
  });
  s.start();
  t.deepEqual(s.fireTimer(1), waiting);
  t.deepEqual(s.completeTask(0, 'late'), completed(['TaskTimedOutError', 'late']));
});

test('a task that ends at the very time of its limit has ended in time', (t) => {
  const s = play(function* (ctx) {
    const task = ctx.callActivity('a');
    yield* ctx.callActivity('busy');
    return yield* ctx.withTimeout(task, 0);
  });
  s.start();
  s.completeTask(0, 'done');
  t.deepEqual(s.completeTask(1), completed('done'));
});

test('limits nest with all, any and each other', (t) => {
  const s = play(function* (ctx) {
    const both = ctx.all([ctx.callActivity('a'), ctx.withTimeout(ctx.callActivity('b'), 10)]);
    const settled = yield* ctx.allSettled([ctx.withTimeout(both, 100), ctx.withTimeout(ctx.withTimeout(both, 50), 40)]);
    return settled.map(({ status }) => status);
  });
  s.start(); // 0: a, 1: b, 2: 10, 3: 100, 4: 50, 5: 40
  s.fireTimer(2);
  t.deepEqual(s.fireTimer(5), waiting);
  t.deepEqual(s.completeTask(0).completion, { type: 'Completed', output: ['rejected', 'rejected'] });
});

test('only a task can be limited', (t) => {
  t.is(failureOf(play((ctx) => ctx.withTimeout('a' as never, 1)).start())?.code, 'PERDURE_ILLEGAL_AWAIT');
});

test('an instance completes although limits are open', (t) => {
  const s = play(function* (ctx) {
    const limited = ctx.withTimeout(ctx.callActivity('slow'), day);
    yield* ctx.any([limited, ctx.callActivity('quick')]);
    return 'done';
  });
  s.start();
  t.deepEqual(s.completeTask(2), completed('done'));
});
