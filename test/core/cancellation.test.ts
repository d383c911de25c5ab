import test from 'ava';
import { CancelledError, TaskFailedError } from '../../lib/index.js';
import { completed, failureOf, play, waiting } from './surroundings.js';

test('a cancellation is thrown where the code waits, and ends the execution when it leaves it', (t) => {
  const s = play(function* (ctx) {
    yield* ctx.waitForExternalEvent('Never');
  });
  s.start();
  t.deepEqual(s.cancel('too late'), { actions: [], completion: { type: 'Canceled', reason: 'too late' } });
  t.deepEqual(s.raiseEvent('Never'), waiting);
});

test('code cleans up in finally, waits there, and ends as canceled', (t) => {
  const s = play(function* (ctx) {
    yield* ctx.callActivity('reserve');
    try {
      yield* ctx.createTimer(60_000);
    } finally {
      yield* ctx.callActivity('release');
      yield* ctx.callActivity('tell');
    }
  });
  s.start();
  s.completeTask(0);
  t.deepEqual(s.cancel().actions, [{ type: 'TaskScheduled', id: 2, name: 'release' }]);
  t.deepEqual(s.completeTask(2).actions, [{ type: 'TaskScheduled', id: 3, name: 'tell' }]);
  t.deepEqual(s.completeTask(3), { actions: [], completion: { type: 'Canceled' } });
});

test('code that catches the cancellation ends with what it returns', (t) => {
  const s = play(function* (ctx) {
    try {
      return yield* ctx.waitForExternalEvent('Go');
    } catch (error) {
      return [error instanceof CancelledError, (error as CancelledError).reason, (error as CancelledError).instanceId];
    }
  });
  s.start();
  t.deepEqual(s.cancel('why not'), completed([true, 'why not', 'instance']));
});

test('what fails while the code cleans up fails the execution', (t) => {
  const s = play(function* (ctx) {
    try {
      yield* ctx.waitForExternalEvent('Go');
    } finally {
      yield* ctx.callActivity('release');
    }
  });
  s.start();
  s.cancel();
  t.is(failureOf(s.failTask(0, new RangeError('no')))?.name, 'TaskFailedError');
});

test('activities in flight have failed once the execution is canceled, and their results change nothing', (t) => {
  const s = play(function* (ctx) {
    const tasks = [ctx.callActivity('a'), ctx.callActivity('b'), ctx.callActivity('c')];
    try {
      yield* ctx.all(tasks);
    } catch (error) {
      yield* ctx.createTimer(10);
      const causes = tasks.map((task) =>
        task.error instanceof TaskFailedError ? task.error.isCausedBy('CancelledError') : task.result,
      );
      return [error instanceof CancelledError, causes];
    }
  });
  s.start();
  s.completeTask(1, 'there');
  s.cancel();
  t.deepEqual(s.completeTask(2, 'too late'), waiting);
  t.deepEqual(s.fireTimer(3), completed([true, [true, 'there', true]]));
});

test('an activity in flight can be waited for in finally: it fails, and no attempt follows', (t) => {
  const retry = { maxAttempts: 5, firstRetryIntervalInMilliseconds: 1_000 };
  const s = play(function* (ctx) {
    const task = ctx.callActivity('a', undefined, { retry });
    try {
      yield* task;
    } catch {
      yield* ctx.createTimer(10);
      return [task.isFaulted, task.error instanceof TaskFailedError];
    }
  });
  s.start();
  t.deepEqual(
    s.cancel().actions.map(({ type }) => type),
    ['TimerCreated'],
  );
  t.deepEqual(s.completeTask(0, 'too late'), waiting);
  t.deepEqual(s.fireTimer(1), completed([true, true]));
});

test('a poll that waits for its time when the execution is canceled is not made; one of the clean-up is', (t) => {
  const accepted = {
    statusCode: 202,
    headers: { location: '/job', 'retry-after': '9' },
    content: '',
    isBase64Encoded: false,
  };
  const s = play(function* (ctx) {
    const call = ctx.callHttp({ url: 'https://api.example/' });
    try {
      return yield* call;
    } catch {
      const [first, undone] = yield* ctx.allSettled([call, ctx.callHttp({ url: 'https://api.example/undo' })]);
      return [first.status, undone.status === 'fulfilled' && undone.value.content];
    }
  });
  s.start();
  s.completeTask(0, { ...accepted, url: 'https://api.example/' });
  s.cancel();
  t.deepEqual(s.fireTimer(1), waiting); // it is cancelled: 2
  s.completeTask(3, { ...accepted, url: 'https://api.example/undo' });
  s.fireTimer(4);
  t.deepEqual(
    s.completeTask(5, { ...accepted, statusCode: 200, content: 'undone', url: 'https://api.example/job' }),
    completed(['rejected', 'undone']),
  );
});

test('an attempt that waits for its time when the execution is canceled is not made; one of the clean-up is', (t) => {
  const retry = { maxAttempts: 3, firstRetryIntervalInMilliseconds: 1_000 };
  const s = play(function* (ctx) {
    const work = ctx.callActivity('work', undefined, { retry });
    try {
      yield* work;
    } finally {
      yield* ctx.callActivity('release', undefined, { retry });
    }
  });
  s.start();
  s.failTask(0, new Error('no')); // timer 1
  s.cancel(); // the timer is cancelled: 2; release: 3
  t.deepEqual(s.fireTimer(1), waiting);
  t.is(s.failTask(3, new Error('not yet')).actions[0]?.type, 'TimerCreated');
  t.deepEqual(s.fireTimer(4).actions, [{ type: 'TaskScheduled', id: 5, name: 'release' }]);
  t.deepEqual(s.completeTask(5), { actions: [], completion: { type: 'Canceled' } });
});

test('a task between two attempts ends as the last one did as soon as the execution is canceled', (t) => {
  const retry = { maxAttempts: 3, firstRetryIntervalInMilliseconds: 86_400_000 };
  const s = play(function* (ctx) {
    const work = [ctx.callActivity('work', undefined, { retry }), ctx.callEntity('e', 'k', 'o', undefined, { retry })];
    try {
      yield* ctx.all(work);
    } finally {
      yield* ctx.allSettled(work);
      ctx.setCustomStatus(work.map(({ error }) => (error as TaskFailedError).failureDetails.message));
    }
  });
  s.start();
  s.failTask(0, new Error('no'));
  s.failOperation(1, new Error('neither'));
  t.deepEqual(s.cancel(), {
    actions: [
      { type: 'TimerCanceled', id: 4, timerId: 2 },
      { type: 'TimerCanceled', id: 5, timerId: 3 },
    ],
    customStatus: ['no', 'neither'],
    completion: { type: 'Canceled' },
  });
});

test('children, timers, calls and events that the code waits for go on while it cleans up', (t) => {
  const s = play(function* (ctx) {
    const child = ctx.callSubOrchestrator('child', undefined, { instanceId: 'c' });
    try {
      yield* child;
    } catch {
      const got = yield* ctx.waitForExternalEvent('Word');
      try {
        yield* child;
      } catch (error) {
        return [got, (error as TaskFailedError).isCausedBy('OrchestrationCanceledError')];
      }
    }
  });
  s.start();
  s.cancel();
  t.deepEqual(s.raiseEvent('Word', 'so'), waiting);
  const canceled = Object.assign(new Error('it was'), { name: 'OrchestrationCanceledError' });
  t.deepEqual(s.failSubOrchestration(0, canceled), completed(['so', true]));
});

test('a second cancellation, one before the start and one after the end change nothing', (t) => {
  const s = play(function* (ctx) {
    try {
      yield* ctx.waitForExternalEvent('Go');
    } finally {
      yield* ctx.callActivity('release');
    }
  });
  t.deepEqual(s.cancel(), waiting);
  s.start();
  t.is(s.cancel().actions.length, 1);
  t.deepEqual(s.cancel(), waiting);
  t.is(s.completeTask(0).completion?.type, 'Canceled');
  t.deepEqual(s.cancel(), waiting);
});

test('that somebody suspends and resumes the instance is nothing to its code', (t) => {
  const s = play(function* (ctx) {
    return yield* ctx.callActivity('a');
  });
  s.start();
  t.deepEqual(s.play({ type: 'ExecutionSuspended', at: s.now, reason: 'night' }), waiting);
  t.deepEqual(s.play({ type: 'ExecutionResumed', at: s.now }), waiting);
  t.deepEqual(s.completeTask(0, 1), completed(1));
});

test('R5: a suspension is no turn: a condition over the clock does not hold by it', (t) => {
  const s = play(function* (ctx) {
    const begun = ctx.currentUtcDateTime.getTime();
    yield* ctx.waitUntil(() => ctx.currentUtcDateTime.getTime() >= begun + 1_000);
    return ctx.currentUtcDateTime.getTime() - begun;
  });
  s.start();
  s.elapse(5_000);
  t.deepEqual(s.play({ type: 'ExecutionSuspended', at: s.now }), waiting);
  t.deepEqual(s.play({ type: 'ExecutionResumed', at: s.now }), waiting);
  s.elapse(1_000);
  t.deepEqual(s.raiseEvent('Anything'), completed(6_000));
});

test('a failure names the tasks whose failures it came of', (t) => {
  const causes = (run: Parameters<typeof play>[0], ...failing: number[]) => {
    const s = play(run);
    s.start();
    const turns = failing.map((id) => s.failTask(id, new Error('no')));
    const completion = turns.at(-1)?.completion;
    return completion?.type === 'Failed' ? completion.causedBy : completion;
  };
  const both: Parameters<typeof play>[0] = function* (ctx) {
    yield* ctx.all([ctx.callActivity('a'), ctx.callActivity('b')]);
  };
  t.deepEqual(causes(both, 1, 0), [0, 1]);
  const handled: Parameters<typeof play>[0] = function* (ctx) {
    try {
      yield* ctx.callActivity('a');
    } catch {
      yield* ctx.callActivity('b');
    }
  };
  t.deepEqual(causes(handled, 0, 1), [1]);
  const wrapped: Parameters<typeof play>[0] = function* (ctx) {
    try {
      yield* ctx.callActivity('a');
    } catch (cause) {
      throw new Error('wrapped', { cause });
    }
  };
  t.deepEqual(causes(wrapped, 0), [0]);
  const replaced: Parameters<typeof play>[0] = function* (ctx) {
    try {
      yield* ctx.callActivity('a');
    } catch {
      throw new Error('another');
    }
  };
  t.deepEqual(causes(replaced, 0), [0]);
  const own: Parameters<typeof play>[0] = function* (ctx) {
    yield* ctx.createTimer(1);
    throw new Error('of its own');
  };
  const s = play(own);
  s.start();
  t.false('causedBy' in s.fireTimer(0).completion!);
});

test('a cancellation that the code catches is dealt with, also when the code continues as new', (t) => {
  const s = play(function* (ctx) {
    try {
      yield* ctx.waitForExternalEvent('Go');
    } catch (error) {
      if (!(error instanceof CancelledError)) throw error;
      ctx.continueAsNew(error.reason);
    }
  });
  s.start();
  const completion = { type: 'ContinuedAsNew', input: 'why not', carriedEvents: [] };
  t.deepEqual(s.cancel('why not'), { actions: [], completion });
});

test('one that the code does not catch ends it as canceled, also when it has asked to continue as new', (t) => {
  const s = play(function* (ctx) {
    ctx.continueAsNew(2);
    yield* ctx.createTimer(60_000);
  });
  s.start();
  t.deepEqual(s.cancel('enough'), { actions: [], completion: { type: 'Canceled', reason: 'enough' } });
});
