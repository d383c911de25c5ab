import test from 'ava';
import { Saga, type HttpRetryOptions } from '../../lib/index.js';
import type { ExecutionStarted } from '../../lib/core/history.js';
import { newestBehaviour } from '../../lib/core/replay-behaviour.js';
import { completed, play, start, waiting, type Run } from './surroundings.js';

/** An execution that an earlier build began: it does for ever as it did then. */
function begun(behaviour: number, run: Run) {
  const s = play(run);
  const first: ExecutionStarted = { type: 'ExecutionStarted', at: start, name: 'test', executionId: 'execution' };
  return { s, turn: s.play({ ...first, ...(behaviour > 0 && { behaviour }) }) };
}

test('a new execution has the newest behaviour', (t) => {
  const s = play(() => 1);
  s.start();
  t.like(s.history[0], { type: 'ExecutionStarted', behaviour: newestBehaviour });
});

test('a task with a time limit that a condition reads: since 1', (t) => {
  const run: Run = function* (ctx) {
    const limited = ctx.waitForExternalEvent<string>('x', { timeout: 60_000 });
    try {
      yield* ctx.waitUntil(() => limited.isCompleted && limited.result === 'y');
    } catch (error) {
      return (error as Error).name;
    }
    return yield* limited;
  };
  const { s: former } = begun(0, run);
  t.deepEqual(former.raiseEvent('x', 'y'), completed('IllegalAwaitError'));
  const { s } = begun(1, run);
  t.deepEqual(s.raiseEvent('x', 'y').completion, completed('y').completion);
});

test('what makes an attempt later than its limit of time, or decides to make it sooner than asked for: since 1', (t) => {
  const limits = { maxAttempts: 9, firstRetryIntervalInMilliseconds: 1_000, retryTimeoutInMilliseconds: 5_000 };
  const busy = { statusCode: 429, headers: { 'retry-after': '60' }, content: '', isBase64Encoded: false, url: '' };
  const get = (retry: HttpRetryOptions): Run =>
    function* (ctx) {
      return yield* ctx.callHttp({ url: 'https://api.example', retry });
    };
  const asked = (behaviour: number, retry: HttpRetryOptions) =>
    begun(behaviour, get(retry))
      .s.completeTask(0, busy)
      .actions.map(({ type }) => type);
  t.deepEqual(
    [0, 1].map((behaviour) => asked(behaviour, limits)),
    [['TimerCreated'], []],
  );
  const soon = { maxAttempts: 2, firstRetryIntervalInMilliseconds: 1_000, retryIf: () => 0 };
  t.deepEqual(
    [0, 1].map((behaviour) => asked(behaviour, soon)),
    [['TaskScheduled'], ['TimerCreated']],
  );
  const late = (behaviour: number) => {
    const { s } = begun(behaviour, function* (ctx) {
      yield* ctx.callActivity('a', undefined, { retry: limits });
    });
    s.failTask(0, new Error('once'));
    s.elapse(60_000);
    return s.fireTimer(1).actions.length;
  };
  t.deepEqual([0, 1].map(late), [1, 0]);
});

test('a task between two attempts ends when the execution is canceled: since 1', (t) => {
  const retry = { maxAttempts: 2, firstRetryIntervalInMilliseconds: 60_000 };
  const run: Run = function* (ctx) {
    const work = ctx.callActivity('a', undefined, { retry });
    try {
      yield* work;
    } finally {
      yield* ctx.allSettled([work]);
    }
  };
  const ends = (behaviour: number) => {
    const { s } = begun(behaviour, run);
    s.failTask(0, new Error('once'));
    return [s.cancel().completion?.type, s.fireTimer(1).completion?.type];
  };
  t.deepEqual([0, 1].map(ends), [
    [undefined, 'Canceled'],
    ['Canceled', undefined],
  ]);
});

test('a cancellation does not interrupt the compensations of a saga: since 1', (t) => {
  const run: Run = function* (ctx) {
    const saga = new Saga();
    saga.add(() => ctx.callActivity('first'));
    saga.add(() => ctx.callActivity('second'));
    yield* saga.compensate();
  };
  const next = (behaviour: number) =>
    begun(behaviour, run)
      .s.cancel()
      .actions.map((action) => 'name' in action && action.name);
  t.deepEqual([0, 1].map(next), [['first'], ['second']]);
});

test('a poll has the key of a function no more: since 2', (t) => {
  const run: Run = function* (ctx) {
    yield* ctx.callHttp({ url: 'https://api.example', headers: { 'x-functions-key': 'secret' } });
  };
  const accepted = {
    statusCode: 202,
    headers: { location: '/7' },
    content: '',
    isBase64Encoded: false,
    url: 'https://api.example',
  };
  const polled = (behaviour: number) => {
    const { s } = begun(behaviour, run);
    s.completeTask(0, accepted);
    const [poll] = s.fireTimer(1).actions;
    return poll?.type === 'TaskScheduled' && (poll.input as { headers: unknown }).headers;
  };
  t.deepEqual([1, 2].map(polled), [{ 'x-functions-key': 'secret' }, {}]);
});

test('a task made of events that a condition has read: not seen since 1', (t) => {
  const run: Run = function* (ctx) {
    const first = ctx.race([ctx.waitForExternalEvent('x'), ctx.waitForExternalEvent('y')]);
    const heard = ctx.waitUntil(() => first.isCompleted && first.result === 'never');
    yield* ctx.any([ctx.all([first, heard]), ctx.waitForExternalEvent('stop')]);
    return yield* ctx.waitForExternalEvent('x');
  };
  for (const [behaviour, turn] of [
    [0, waiting],
    [1, completed('kept')],
  ] as const) {
    const { s } = begun(behaviour, run);
    s.raiseEvent('x', 'kept');
    t.deepEqual(s.raiseEvent('stop'), turn, `${behaviour}`);
  }
});
