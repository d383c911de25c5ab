import test from 'ava';
import {
  NonRetriableError,
  type FailureError,
  type OrchestrationContext,
  type RetryAttempt,
  type RetryOptions,
  type Task,
} from '../../lib/index.js';
import type { Turn } from '../../lib/testing/index.js';
import { Account, completed, failureOf, play, start, waiting } from './surroundings.js';

const often: RetryOptions = { maxAttempts: 5, firstRetryIntervalInMilliseconds: 100 };

const retrying = (retry: RetryOptions) =>
  play(function* (ctx) {
    return yield* ctx.callActivity<string>('flaky', 1, { retry });
  });

/** The number of the action that a turn begins with. */
function taskOf({ actions: [first] }: Turn): number {
  if (!first || !('id' in first)) throw new Error('The turn asks for nothing');
  return first.id;
}

/** Fails all attempts; how long each wait was, undefined: there was no other attempt. */
function waits(retry: RetryOptions, error: unknown = new Error('broken')): (number | undefined)[] {
  const s = retrying(retry);
  const found: (number | undefined)[] = [];
  let id = taskOf(s.start());
  for (let attempt = 0; attempt < 10; attempt++) {
    const [next] = s.failTask(id, error).actions;
    if (next?.type === 'TaskScheduled') {
      found.push(0);
      id = next.id;
      continue;
    }
    if (next?.type !== 'TimerCreated') return [...found, undefined];
    found.push(next.fireAt - s.now);
    id = taskOf(s.fireTimer(next.id));
  }
  return found;
}

// ---- which failures are tried again ----------------------------------------------------------------------------------

test('retryIf decides after each failure, with the error and the attempt', (t) => {
  const seen: [string, RetryAttempt][] = [];
  const retryIf = (error: FailureError, attempt: RetryAttempt) => {
    seen.push([error.failureDetails.message, attempt]);
    return attempt.number < 2;
  };
  const s = retrying({ ...often, retryIf });
  s.start();
  s.elapse(50).failTask(0, new Error('one'));
  s.fireTimer(1);
  t.is(failureOf(s.failTask(2, new Error('two')))?.cause?.message, 'two');
  t.deepEqual(
    [...new Map(seen.map((one) => [JSON.stringify(one), one])).values()],
    [
      ['one', { number: 1, elapsedInMilliseconds: 50 }],
      ['two', { number: 2, elapsedInMilliseconds: 150 }],
    ],
  );
});

test('retryIf is not asked once the attempts are used up', (t) => {
  let asked = 0;
  waits({ maxAttempts: 1, firstRetryIntervalInMilliseconds: 1, retryIf: () => ++asked > 0 });
  t.is(asked, 0);
});

test('retryIf may say after how many milliseconds, and none or less is at once, without a timer', (t) => {
  for (const [decision, expected] of [
    [true, 100],
    [7, 7],
    [0.5, 1],
    [0, 0],
    [-1, 0],
  ] as const)
    t.deepEqual(waits({ ...often, maxAttempts: 2, retryIf: () => decision }), [expected, undefined], String(decision));
});

test('what is no decision means no retry, and so does a throw: the task fails with the original error', (t) => {
  const none = [false, null, undefined, NaN, Infinity, -Infinity, 'yes', {}];
  for (const decision of none) t.deepEqual(waits({ ...often, retryIf: () => decision as boolean }), [undefined]);
  const s = retrying({
    ...often,
    retryIf: () => {
      throw new Error('of the handler');
    },
  });
  s.start();
  t.is(failureOf(s.failTask(0, new RangeError('original')))?.cause?.name, 'RangeError');
});

test('a non-retriable error is not tried again, by its class, by its flag, and through other instances', (t) => {
  class Stolen extends Error {
    readonly isNonRetriable = true;
  }
  t.deepEqual(waits(often, new NonRetriableError('stolen')), [undefined]);
  t.deepEqual(waits(often, new Stolen('stolen')), [undefined]);
  const child = play(function* (ctx) {
    yield* ctx.callActivity('charge');
  });
  child.start();
  const failure = failureOf(child.failTask(0, new NonRetriableError('stolen')));
  t.true(failure?.nonRetriable);
  const parent = play(function* (ctx) {
    yield* ctx.callSubOrchestrator('child', 1, { retry: often });
  });
  parent.start();
  const turn = parent.play({ type: 'SubOrchestrationInstanceFailed', at: parent.now, id: 0, failure: failure! });
  t.is(turn.completion?.type, 'Failed');
  t.deepEqual(turn.actions, []);
});

test('errors of listed names are not tried again, also as causes', (t) => {
  class InsufficientFunds extends Error {}
  const retry = { ...often, maxAttempts: 2, nonRetriableErrors: ['InsufficientFunds'] };
  t.deepEqual(waits(retry, new InsufficientFunds('only 5')), [undefined]);
  t.deepEqual(waits(retry, new Error('failed', { cause: new InsufficientFunds('only 5') })), [undefined]);
  t.deepEqual(waits(retry, new Error('InsufficientFunds')), [100, undefined]);
});

// ---- results ---------------------------------------------------------------------------------------------------------

test('a result that is not good enough yet is asked for again, and the last one is the result in the end', (t) => {
  const s = play(function* (ctx) {
    const retryIfResult = (result: string) => result === 'pending';
    const retry = { maxAttempts: 3, firstRetryIntervalInMilliseconds: 100, retryIfResult };
    return [yield* ctx.callActivity('state', 1, { retry }), yield* ctx.callActivity('state', 2, { retry })];
  });
  s.start();
  t.deepEqual(s.completeTask(0, 'pending').actions, [{ type: 'TimerCreated', id: 1, fireAt: start + 100 }]);
  s.fireTimer(1);
  s.completeTask(2, 'ready');
  s.completeTask(3, 'pending');
  s.fireTimer(4);
  s.completeTask(5, 'pending');
  s.fireTimer(6);
  t.deepEqual(s.completeTask(7, 'pending'), completed(['ready', 'pending']));
});

test('retryIfResult may say after how many milliseconds, and does not look at failures', (t) => {
  const s = play(function* (ctx) {
    const retryIfResult = (result: unknown) => (result === 0 ? 7 : undefined);
    return yield* ctx.callActivity('state', 1, { retry: { ...often, maxAttempts: 3, retryIfResult } });
  });
  s.start();
  t.deepEqual(s.completeTask(0, 0).actions, [{ type: 'TimerCreated', id: 1, fireAt: start + 7 }]);
  s.fireTimer(1);
  t.deepEqual(s.failTask(2, new Error('x')).actions, [{ type: 'TimerCreated', id: 3, fireAt: start + 107 }]);
  s.fireTimer(3);
  t.deepEqual(s.completeTask(4, 0), completed(0));
});

// ---- waits -----------------------------------------------------------------------------------------------------------

test('waits grow up to the longest one', (t) => {
  const retry = { ...often, backoffCoefficient: 3, maxRetryIntervalInMilliseconds: 500 };
  t.deepEqual(waits(retry), [100, 300, 500, 500, undefined]);
});

test('any number of attempts may be made, until the time is over', (t) => {
  const retry = { maxAttempts: Infinity, firstRetryIntervalInMilliseconds: 100, retryTimeoutInMilliseconds: 350 };
  t.deepEqual(waits(retry), [100, 100, 100, undefined]);
  t.deepEqual(
    waits({ ...retry, retryTimeoutInMilliseconds: undefined }),
    Array.from({ length: 10 }, () => 100),
  );
});

test('an attempt whose timer fires when the time is over is not made', (t) => {
  const retry = { maxAttempts: 9, firstRetryIntervalInMilliseconds: 1_000, retryTimeoutInMilliseconds: 5_000 };
  const s = play(function* (ctx) {
    return yield* ctx.callActivity('a', undefined, { retry });
  });
  s.start();
  s.failTask(0, new RangeError('first'));
  s.fireTimer(1);
  s.failTask(2, new RangeError('second'));
  s.elapse(86_400_000);
  const turn = s.fireTimer(3);
  t.deepEqual(turn.actions, []);
  t.regex(failureOf(turn)?.message ?? '', /second/);
});

test('jitter shortens waits by up to its part, for each task in another way, and the same on every replay', (t) => {
  const retry = { ...often, maxAttempts: 4, firstRetryIntervalInMilliseconds: 1_000, jitter: 0.5 };
  const first = waits(retry) as number[];
  t.deepEqual(waits(retry), first);
  const three = first.slice(0, 3);
  t.true(
    three.every((wait) => wait > 500 && wait <= 1_000),
    String(three),
  );
  t.is(new Set(three).size, 3);
  const s = play(function* (ctx) {
    yield* ctx.all([ctx.callActivity('a', 1, { retry }), ctx.callActivity('b', 1, { retry })]);
  });
  s.start();
  const due = [s.failTask(0, new Error('x')), s.failTask(1, new Error('x'))].map(({ actions: [timer] }) =>
    timer?.type === 'TimerCreated' ? timer.fireAt : undefined,
  );
  t.not(due[0], due[1]);
});

test('jitter takes nothing from the numbers that ctx.random gives', (t) => {
  const drawn = (retry: RetryOptions) => {
    const s = play(function* (ctx) {
      yield* ctx.callActivity('a', 1, { retry });
      return ctx.random();
    });
    s.start();
    s.failTask(0, new Error('x'));
    s.fireTimer(1);
    const { completion } = s.completeTask(2);
    return completion?.type === 'Completed' ? completion.output : undefined;
  };
  t.is(drawn({ ...often, jitter: 1 }), drawn(often));
});

// ---- what can be tried again -----------------------------------------------------------------------------------------

test('entity calls are tried again, by class and by name, each attempt as a call of its own', (t) => {
  for (const call of [
    (ctx: OrchestrationContext) => ctx.callEntity(Account, 'a', { retry: often }).balance(),
    (ctx: OrchestrationContext) => ctx.callEntity<number>('account', 'a', 'balance', undefined, { retry: often }),
  ]) {
    const s = play(function* (ctx) {
      return yield* call(ctx);
    });
    s.start();
    t.deepEqual(s.failOperation(0, new Error('busy')).actions, [{ type: 'TimerCreated', id: 1, fireAt: start + 100 }]);
    t.deepEqual(s.fireTimer(1).actions, [
      { type: 'EntityOperationCalled', id: 2, entity: { name: 'account', key: 'a' }, operation: 'balance' },
    ]);
    t.deepEqual(s.completeOperation(2, 0), completed(0));
  }
});

test('a task that is tried again is one task: waited for twice it runs once, and its waits are in the history', (t) => {
  const s = play(function* (ctx) {
    const task: Task<string> = ctx.callActivity<string>('flaky', 1, { retry: often });
    return [yield* task, yield* task, task.isCompleted, (yield* ctx.any([task])) === task];
  });
  s.start();
  t.deepEqual(s.failTask(0, new Error('x')).completion, undefined);
  s.fireTimer(1);
  t.deepEqual(s.completeTask(2, 'done'), completed(['done', 'done', true, true]));
  t.deepEqual(s.history.map(({ type }) => type).slice(1, -1), [
    'TaskScheduled',
    'TaskFailed',
    'TimerCreated',
    'TimerFired',
    'TaskScheduled',
    'TaskCompleted',
  ]);
});

test('an instance completes although a task is to be tried again', (t) => {
  const s = play(function* (ctx) {
    yield* ctx.any([ctx.callActivity('flaky', 1, { retry: often }), ctx.callActivity('b')]);
    return 'done';
  });
  s.start();
  s.failTask(0, new Error('x'));
  t.deepEqual(s.completeTask(1), completed('done'));
  t.deepEqual(s.fireTimer(2), waiting);
});

test('options that cannot work are refused, and nothing is recorded', (t) => {
  const broken: Partial<RetryOptions>[] = [
    { maxAttempts: 0 },
    { maxAttempts: 1.5 },
    { maxAttempts: -Infinity },
    { firstRetryIntervalInMilliseconds: Infinity },
    { jitter: -0.1 },
    { jitter: 1.1 },
    { jitter: NaN },
    { nonRetriableErrors: 'RangeError' as never },
    { nonRetriableErrors: [RangeError] as never },
    { retryIf: true as never },
    { retryIfResult: 'pending' as never },
  ];
  for (const options of broken) {
    const turn = retrying({ ...often, ...options }).start();
    t.is(failureOf(turn)?.code, 'PERDURE_CONFIG', JSON.stringify(options));
    t.regex(failureOf(turn)?.message ?? '', new RegExp(`Retry option ${Object.keys(options)[0]!} must be `));
    t.deepEqual(turn.actions, []);
  }
});
