import test from 'ava';
import { TaskFailedError, type RetryOptions, type Task } from '../../lib/index.js';
import { Account, completed, failureOf, Greetings, play, start, waiting } from './surroundings.js';

// ---- sequence --------------------------------------------------------------------------------------------------

test('an orchestrator calls activities one after the other and returns their results', (t) => {
  const s = play(function* (ctx) {
    const cities = [];
    for (const city of ['Tokyo', 'Seattle']) cities.push(yield* ctx.callActivity(Greetings).hello(city));
    return cities;
  });
  t.deepEqual(s.start(), { actions: [{ type: 'TaskScheduled', id: 0, name: 'hello', input: 'Tokyo' }] });
  t.deepEqual(s.completeTask(0, 'Hello, Tokyo!'), {
    actions: [{ type: 'TaskScheduled', id: 1, name: 'hello', input: 'Seattle' }],
  });
  t.deepEqual(s.completeTask(1, 'Hello, Seattle!'), completed(['Hello, Tokyo!', 'Hello, Seattle!']));
});

test('tasks are scheduled at the call, in order of creation, also when nobody waits for them', (t) => {
  const s = play(function* (ctx) {
    ctx.callActivity('never-awaited');
    const first = ctx.callActivity('first');
    const second = ctx.callActivity('second');
    return [yield* second, yield* first];
  });
  t.deepEqual(
    s.start().actions,
    ['never-awaited', 'first', 'second'].map((name, id) => ({ type: 'TaskScheduled', id, name })),
  );
  t.deepEqual(s.completeTask(1, 'a'), waiting);
  t.deepEqual(s.completeTask(2, 'b'), completed(['b', 'a']));
});

test('a task waited for twice runs once and gives the same result', (t) => {
  const s = play(function* (ctx) {
    const task = ctx.callActivity('once');
    return [yield* task, yield* task, (yield task) as string];
  });
  t.is(s.start().actions.length, 1);
  t.deepEqual(s.completeTask(0, 'x'), completed(['x', 'x', 'x']));
});

for (const value of [0, '', false, null])
  test(`the falsy value ${JSON.stringify(value)} survives as input, as result and as output`, (t) => {
    const s = play(function* (ctx, input) {
      return [input, yield* ctx.callActivity('echo', input)];
    });
    t.deepEqual(s.start(value).actions, [{ type: 'TaskScheduled', id: 0, name: 'echo', input: value }]);
    t.deepEqual(s.completeTask(0, value), completed([value, value]));
  });

test('no input, no result and no output leave no field', (t) => {
  const s = play(function* (ctx) {
    return yield* ctx.callActivity('nothing');
  });
  t.deepEqual(s.start(), { actions: [{ type: 'TaskScheduled', id: 0, name: 'nothing' }] });
  t.deepEqual(s.completeTask(0), { actions: [], completion: { type: 'Completed' } });
});

test('a run method that is no generator gives its output at once', (t) => {
  t.deepEqual(play(() => 42).start(), completed(42));
});

test('a value handed to an activity is copied at the call', (t) => {
  const s = play(function* (ctx) {
    const input = { cities: ['Tokyo'] };
    const task = ctx.callActivity('hello', input);
    input.cities.push('Cairo');
    return yield* task;
  });
  t.deepEqual(s.start().actions, [{ type: 'TaskScheduled', id: 0, name: 'hello', input: { cities: ['Tokyo'] } }]);
});

test('answers for unknown ids, of another kind, and second answers change nothing', (t) => {
  const s = play(function* (ctx) {
    return [yield* ctx.callActivity('a'), yield* ctx.callActivity('b')];
  });
  s.start();
  t.deepEqual(s.completeTask(7, 'x'), waiting);
  t.deepEqual(s.completeOperation(0, 'x'), waiting);
  t.is(s.completeTask(0, 'first').actions.length, 1);
  t.deepEqual(s.completeTask(0, 'second'), waiting);
  t.deepEqual(s.completeTask(1, 'b'), completed(['first', 'b']));
  t.deepEqual(s.completeTask(1, 'again'), waiting);
});

// ---- failures --------------------------------------------------------------------------------------------------

test('a failed activity throws TaskFailedError into the orchestrator, which may catch it', (t) => {
  const s = play(function* (ctx) {
    try {
      yield* ctx.callActivity('hello');
    } catch (error) {
      if (!(error instanceof TaskFailedError)) throw error;
      return [error.task, error.code, error.isCausedBy(RangeError), error.message];
    }
    return undefined;
  });
  s.start();
  t.deepEqual(
    s.failTask(0, new RangeError('no such city')),
    completed(['activity "hello"', 'PERDURE_TASK_FAILED', true, 'activity "hello" failed: no such city']),
  );
});

test('an uncaught failure fails the orchestration, and the first cause stays known', (t) => {
  const s = play(function* (ctx) {
    yield* ctx.callSubOrchestrator('child');
  });
  s.start();
  const failure = failureOf(s.failSubOrchestration(0, Object.assign(new TypeError('bad'), { code: 'E_BAD' })));
  t.is(failure?.name, 'TaskFailedError');
  t.is(failure?.code, 'PERDURE_TASK_FAILED');
  t.is(failure?.message, 'sub-orchestration "child" failed: bad');
  t.is(failure?.cause?.name, 'TypeError');
  t.is(failure?.cause?.code, 'E_BAD');
});

test('actions of the turn that fails stand', (t) => {
  const s = play((ctx) => {
    ctx.signalEntity(Account, 'a').deposit({ amount: 1 });
    throw new Error('after the signal');
  });
  const turn = s.start();
  t.deepEqual(turn.actions, [
    {
      type: 'EntityOperationSignaled',
      id: 0,
      entity: { name: 'account', key: 'a' },
      operation: 'deposit',
      input: { amount: 1 },
    },
  ]);
  t.is(failureOf(turn)?.message, 'after the signal');
});

test('an input that cannot be stored throws at the call and records nothing', (t) => {
  const s = play(function* (ctx) {
    try {
      ctx.callActivity('a', { f: () => 1 });
    } catch (error) {
      return yield* ctx.callActivity('b', (error as Error).name);
    }
    return undefined;
  });
  t.deepEqual(s.start().actions, [{ type: 'TaskScheduled', id: 0, name: 'b', input: 'UnserializableError' }]);
});

test('an output that cannot be stored fails the orchestration', (t) => {
  const failure = failureOf(play(() => ({ f: () => 1 })).start());
  t.is(failure?.code, 'PERDURE_UNSERIALIZABLE');
});

test('names and ids are checked at the call, before anything is recorded', (t) => {
  const s = play((ctx) => {
    const calls = [
      () => ctx.callActivity(''),
      () => ctx.callSubOrchestrator(''),
      () => ctx.callSubOrchestrator('child', 1, { instanceId: '' }),
      () => ctx.callSubOrchestrator('child', 1, { instanceId: 'instance' }),
      () => ctx.callEntity('', 'key', 'add'),
      () => ctx.callEntity(Account, ''),
      () => ctx.signalEntity('account', 'key', ''),
      () => ctx.waitForExternalEvent(''),
      () => ctx.sendEvent('', 'Approved'),
      () => ctx.sendEvent('other', ''),
    ];
    return calls.map((call) => {
      try {
        call();
        return 'accepted';
      } catch (error) {
        return (error as Error).name;
      }
    });
  });
  const [id, name] = ['InvalidIdError', 'InvalidNameError'];
  t.deepEqual(s.start(), completed([name, name, id, id, name, id, name, name, id, name]));
});

// ---- things that are not tasks -----------------------------------------------------------------------------------

for (const [what, value, hint] of [
  ['a promise', () => Promise.reject(new Error('foreign')), 'Do the IO in an activity'],
  ['undefined', () => undefined, 'One-way calls such as ctx.signalEntity'],
  ['null', () => null, 'null'],
  ['a number', () => 5, 'a value of type number'],
  ['a generator', () => (function* () {})(), 'yield*'],
  ['a list of tasks', () => [], 'ctx.all'],
] as const)
  test(`yielding ${what} fails the orchestration with IllegalAwaitError and a hint`, (t) => {
    const s = play(function* () {
      yield value();
    });
    const failure = failureOf(s.start());
    t.is(failure?.code, 'PERDURE_ILLEGAL_AWAIT');
    t.true(failure?.message.includes(hint), failure?.message);
  });

test('an async run method fails the orchestration, and its rejection ends nothing', (t) => {
  const failure = failureOf(play(() => Promise.reject(new Error('foreign'))).start());
  t.is(failure?.code, 'PERDURE_ILLEGAL_AWAIT');
  t.true(failure?.message.includes('*run()'));
});

test('an async generator fails the orchestration', (t) => {
  const s = play(async function* (ctx) {
    yield* ctx.callActivity('a');
  });
  t.is(failureOf(s.start())?.code, 'PERDURE_ILLEGAL_AWAIT');
});

test('a task returned without yield* fails the orchestration', (t) => {
  const failure = failureOf(play((ctx) => ctx.callActivity('a')).start());
  t.is(failure?.code, 'PERDURE_ILLEGAL_AWAIT');
  t.true(failure?.message.includes('return yield* task'));
});

test('all, any and race take only tasks', (t) => {
  const notTasks = [Promise.resolve(1) as unknown as Task<number>];
  for (const s of [
    play((ctx) => ctx.all(notTasks)),
    play((ctx) => ctx.any(notTasks)),
    play((ctx) => ctx.race(notTasks)),
  ]) {
    const failure = failureOf(s.start());
    t.is(failure?.code, 'PERDURE_ILLEGAL_AWAIT');
    t.true(failure?.message.includes('element at 0'));
  }
});

test('the result of a task that has not ended cannot be read', (t) => {
  t.is(failureOf(play((ctx) => ctx.callActivity('a').result).start())?.code, 'PERDURE_ILLEGAL_AWAIT');
});

test('a context used between turns throws', (t) => {
  let leaked: (() => unknown) | undefined;
  const s = play(function* (ctx) {
    leaked = () => ctx.callActivity('late');
    yield* ctx.callActivity('a');
  });
  s.start();
  t.throws(() => leaked?.(), { code: 'PERDURE_ILLEGAL_AWAIT' });
});

// ---- retry -------------------------------------------------------------------------------------------------------

const retrying = (retry: RetryOptions) =>
  play(function* (ctx) {
    return yield* ctx.callActivity<string>('flaky', 1, { retry });
  });

test('a retried activity shows every attempt and every wait in history, and no wait after the last', (t) => {
  const s = retrying({ maxAttempts: 3, firstRetryIntervalInMilliseconds: 1_000, backoffCoefficient: 3 });
  t.deepEqual(s.start().actions, [{ type: 'TaskScheduled', id: 0, name: 'flaky', input: 1 }]);
  t.deepEqual(s.failTask(0, new Error('one')), { actions: [{ type: 'TimerCreated', id: 1, fireAt: start + 1_000 }] });
  t.deepEqual(s.fireTimer(1), { actions: [{ type: 'TaskScheduled', id: 2, name: 'flaky', input: 1 }] });
  t.deepEqual(s.failTask(2, new Error('two')), { actions: [{ type: 'TimerCreated', id: 3, fireAt: start + 4_000 }] });
  t.deepEqual(s.fireTimer(3), { actions: [{ type: 'TaskScheduled', id: 4, name: 'flaky', input: 1 }] });
  const last = s.failTask(4, new Error('three'));
  t.deepEqual(last.actions, []);
  t.is(failureOf(last)?.message, 'activity "flaky" failed: three');
});

test('a retried activity that succeeds ends the waiting', (t) => {
  const s = retrying({ maxAttempts: 9, firstRetryIntervalInMilliseconds: 10 });
  s.start();
  s.failTask(0, new Error('one'));
  s.fireTimer(1);
  t.deepEqual(s.completeTask(2, 'well'), completed('well'));
});

test('waits are fixed without a coefficient and never above the longest', (t) => {
  const delays = (retry: Omit<RetryOptions, 'maxAttempts'>) => {
    const s = retrying({ maxAttempts: 4, ...retry });
    s.start();
    return [0, 2, 4].map((id) => {
      const [timer] = s.failTask(id, new Error('again')).actions;
      const delay = timer?.type === 'TimerCreated' ? timer.fireAt - s.now : undefined;
      s.fireTimer(id + 1);
      return delay;
    });
  };
  t.deepEqual(delays({ firstRetryIntervalInMilliseconds: 50 }), [50, 50, 50]);
  const capped = { firstRetryIntervalInMilliseconds: 50, backoffCoefficient: 2, maxRetryIntervalInMilliseconds: 120 };
  t.deepEqual(delays(capped), [50, 100, 120]);
});

test('no attempt starts after the retry timeout', (t) => {
  const s = retrying({ maxAttempts: 9, firstRetryIntervalInMilliseconds: 100, retryTimeoutInMilliseconds: 150 });
  s.start();
  t.is(s.failTask(0, new Error('one')).actions.length, 1);
  s.fireTimer(1);
  t.is(s.failTask(2, new Error('two')).completion?.type, 'Failed');
});

test('retry options of @Activity hold unless the call has its own', (t) => {
  const s = play(function* (ctx) {
    yield* ctx.all([
      ctx.callActivity(Greetings).mail('a'),
      ctx.callActivity(Greetings, { retry: { maxAttempts: 1, firstRetryIntervalInMilliseconds: 1 } }).mail('b'),
    ]);
  });
  const scheduled = { type: 'TaskScheduled', name: 'mail.send', queue: 'mails' };
  t.deepEqual(s.start().actions as unknown, [
    { ...scheduled, id: 0, input: 'a' },
    { ...scheduled, id: 1, input: 'b' },
  ]);
  t.deepEqual(s.failTask(1, new Error('b')).actions, []);
  t.is(s.failTask(0, new Error('a')).actions[0]?.type, 'TimerCreated');
});

test('retry options that cannot work throw ConfigError and schedule nothing', (t) => {
  for (const retry of [
    { maxAttempts: 0, firstRetryIntervalInMilliseconds: 1 },
    { maxAttempts: 1.5, firstRetryIntervalInMilliseconds: 1 },
    { maxAttempts: 2, firstRetryIntervalInMilliseconds: 0 },
    { maxAttempts: 2, firstRetryIntervalInMilliseconds: NaN },
    { maxAttempts: 2, firstRetryIntervalInMilliseconds: 1, backoffCoefficient: 0.5 },
    { maxAttempts: 2, firstRetryIntervalInMilliseconds: 1, maxRetryIntervalInMilliseconds: 0 },
    { maxAttempts: 2, firstRetryIntervalInMilliseconds: 1, retryTimeoutInMilliseconds: -1 },
  ]) {
    const turn = retrying(retry).start();
    t.is(failureOf(turn)?.code, 'PERDURE_CONFIG');
    t.deepEqual(turn.actions, []);
  }
});

test('a retried sub-orchestration gets a new id per attempt, unless one was given', (t) => {
  const s = play(function* (ctx) {
    const retry = { maxAttempts: 2, firstRetryIntervalInMilliseconds: 1 };
    yield* ctx.callSubOrchestrator('child', 1, { retry });
    yield* ctx.callSubOrchestrator('child', 1, { retry, instanceId: 'mine' });
  });
  const ids = (actions: readonly object[]) => actions.map((action) => 'instanceId' in action && action.instanceId);
  t.deepEqual(ids(s.start().actions), ['execution:0000']);
  s.failSubOrchestration(0, new Error('one'));
  t.deepEqual(ids(s.fireTimer(1).actions), ['execution:0002']);
  t.deepEqual(ids(s.completeSubOrchestration(2).actions), ['mine']);
  s.failSubOrchestration(3, new Error('one'));
  t.deepEqual(ids(s.fireTimer(4).actions), ['mine']);
});
