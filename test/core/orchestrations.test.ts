import test from 'ava';
import { TaskOrchestrationExecutor } from '../../lib/core/task-orchestration-executor.js';
import type { InboundEvent } from '../../lib/core/history.js';
import {
  NonDeterminismError,
  TaskFailedError,
  type FailureDetails,
  type RetryOptions,
  type Task,
} from '../../lib/index.js';
import { Account, Amount, dependencies, Greetings, play, program, Transfer } from './surroundings.js';

const completed = (output?: unknown) => ({ actions: [], completion: { type: 'Completed', output } });
const waiting = { actions: [] };
const start = Date.UTC(2025, 0, 1);

function failureOf(turn: { readonly completion?: { readonly type: string } }): FailureDetails | undefined {
  return turn.completion && 'failure' in turn.completion ? (turn.completion.failure as FailureDetails) : undefined;
}

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
    s.start().actions.map(({ id, type }) => [id, type]),
    [0, 1, 2].map((id) => [id, 'TaskScheduled']),
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

// ---- proxies and other instances -----------------------------------------------------------------------------------

test('entities, activities and sub-orchestrators are called by class, by type and by name', (t) => {
  const s = play(function* (ctx) {
    yield* ctx.all([
      ctx.callEntity(Account, 'a').deposit({ amount: 5 }),
      ctx.callEntity('account', 'a', 'deposit', Object.assign(new Amount(), { amount: 5 })),
      ctx.callActivity<Greetings>().hello('Oslo'),
      ctx.callActivity('hello', 'Oslo'),
      ctx.callSubOrchestrator(Transfer, { amount: 1 }),
      ctx.callSubOrchestrator('transfer', { amount: 1 }, { instanceId: 'mine' }),
    ]);
  });
  const deposit = { entity: { name: 'account', key: 'a' }, operation: 'deposit', input: { amount: 5 } };
  const transfer = { type: 'SubOrchestrationInstanceCreated', name: 'transfer', input: { amount: 1 } } as const;
  t.deepEqual(s.start().actions, [
    { type: 'EntityOperationCalled', id: 0, ...deposit },
    { type: 'EntityOperationCalled', id: 1, ...deposit },
    { type: 'TaskScheduled', id: 2, name: 'hello', input: 'Oslo' },
    { type: 'TaskScheduled', id: 3, name: 'hello', input: 'Oslo' },
    { ...transfer, id: 4, instanceId: 'execution:0004' },
    { ...transfer, id: 5, instanceId: 'mine' },
  ]);
});

test('a failed operation throws EntityOperationFailedError', (t) => {
  const s = play(function* (ctx) {
    yield* ctx.callEntity(Account, 'a').deposit({ amount: 5 });
  });
  s.start();
  const failure = failureOf(s.failOperation(0, new Error('closed')));
  t.is(failure?.code, 'PERDURE_ENTITY_OPERATION_FAILED');
  t.is(failure?.message, 'account.deposit failed: closed');
});

test('an undecorated or unknown method is refused before anything is recorded', (t) => {
  for (const [call, code, text] of [
    ['audit', 'PERDURE_UNKNOWN_OPERATION', 'add @Operation()'],
    ['constructor', 'PERDURE_UNKNOWN_OPERATION', 'it has: deposit, balance'],
    ['toString', 'PERDURE_UNKNOWN_OPERATION', 'it has: deposit, balance'],
  ] as const) {
    const turn = play((ctx) =>
      (ctx.callEntity(Account, 'a') as unknown as Record<string, () => void>)[call]?.(),
    ).start();
    t.is(failureOf(turn)?.code, code);
    t.true(failureOf(turn)?.message.includes(text));
    t.deepEqual(turn.actions, []);
  }
  const turn = play((ctx) => ctx.callActivity(Greetings).forgotten()).start();
  t.is(failureOf(turn)?.code, 'PERDURE_UNKNOWN_ACTIVITY');
  t.true(failureOf(turn)?.message.includes('add @Activity()'));
});

test('a proxy is no thenable and has no symbols', (t) => {
  const s = play((ctx) => {
    const proxy = ctx.callEntity(Account, 'a') as unknown as Record<string | symbol, unknown>;
    return [typeof proxy['then'], typeof proxy[Symbol.iterator], typeof proxy[Symbol.toPrimitive]];
  });
  t.deepEqual(s.start(), completed(['undefined', 'undefined', 'undefined']));
});

test('events are sent to other instances', (t) => {
  const s = play((ctx) => ctx.sendEvent('other', 'Approved', { by: 'me' }));
  t.deepEqual(s.start().actions, [
    { type: 'EventSent', id: 0, instanceId: 'other', name: 'Approved', input: { by: 'me' } },
  ]);
});

// ---- what the context knows ----------------------------------------------------------------------------------------

test('the context knows its instance, its execution, its parent and the time of the event', (t) => {
  const s = play(
    function* (ctx) {
      const before = ctx.currentUtcDateTime.getTime();
      yield* ctx.callActivity('a');
      return [ctx.instanceId, ctx.executionId, ctx.parentInstanceId, ctx.currentUtcDateTime.getTime() - before];
    },
    { instanceId: 'me', executionId: 'x', parent: { instanceId: 'mum', executionId: 'y', taskId: 0 } },
  );
  s.start();
  t.deepEqual(s.elapse(500).completeTask(0), completed(['me', 'x', 'mum', 500]));
});

test('time never goes back', (t) => {
  const s = play(function* (ctx) {
    yield* ctx.callActivity('a');
    return ctx.currentUtcDateTime.getTime();
  });
  s.start();
  t.deepEqual(s.elapse(-60_000).completeTask(0), completed(start));
});

test('guids are the same on every replay and new at every call and in every execution', (t) => {
  const guids = (executionId: string) => {
    const { completion } = play((ctx) => [ctx.newGuid(), ctx.newGuid()], { executionId }).start();
    return completion?.type === 'Completed' ? (completion.output as string[]) : [];
  };
  const all = [...guids('x'), ...guids('y')];
  t.is(new Set(all).size, 4);
  for (const guid of all) t.regex(guid, /^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  t.deepEqual(guids('x'), all.slice(0, 2));
});

test('the custom status is told when it changed, the last of a turn, and null when cleared', (t) => {
  const s = play(function* (ctx) {
    ctx.setCustomStatus('first');
    ctx.setCustomStatus({ done: 1 });
    yield* ctx.callActivity('a');
    ctx.setCustomStatus({ done: 1 });
    yield* ctx.callActivity('b');
    ctx.setCustomStatus(undefined);
    return ctx.customStatus;
  });
  t.deepEqual(s.start().customStatus, { done: 1 });
  t.false('customStatus' in s.completeTask(0));
  t.is(s.completeTask(1).customStatus, null);
});

// ---- continueAsNew -------------------------------------------------------------------------------------------------

test('continueAsNew ends the execution with the last input, actions and unseen events in order of arrival', (t) => {
  const s = play(function* (ctx) {
    yield* ctx.waitForExternalEvent('go');
    ctx.waitForExternalEvent('b'); // takes the event but nobody looks at it
    ctx.signalEntity(Account, 'a').deposit({ amount: 1 });
    ctx.continueAsNew(1);
    ctx.continueAsNew({ n: 2 });
    return 'ignored';
  });
  s.start();
  for (const name of ['a', 'b', 'B', 'c']) s.raiseEvent(name, name);
  const turn = s.raiseEvent('GO');
  t.is(turn.actions.length, 1);
  t.deepEqual(turn.completion, {
    type: 'ContinuedAsNew',
    input: { n: 2 },
    carriedEvents: ['a', 'b', 'B', 'c'].map((name) => ({ type: 'EventRaised', at: start, name, input: name })),
  });
  t.deepEqual(s.raiseEvent('late'), waiting);
});

test('a throw after continueAsNew fails the instance', (t) => {
  const s = play((ctx) => {
    ctx.continueAsNew();
    throw new Error('after all');
  });
  t.is(s.start().completion?.type, 'Failed');
});

// ---- replay --------------------------------------------------------------------------------------------------------

function recorded(city = 'Tokyo') {
  const s = play(function* (ctx) {
    const logged = ctx.isReplaying;
    const hello = yield* ctx.callActivity('hello', { city, polite: true });
    yield* ctx.createTimer(1_000);
    yield* ctx.callEntity('account', 'a', 'deposit', 1);
    return [hello, logged];
  });
  s.start();
  s.completeTask(0, 'Hello');
  return s;
}

function replaying(run: Parameters<typeof program>[0], history = recorded().history) {
  const executor = new TaskOrchestrationExecutor(program(run), dependencies, { instanceId: 'instance' });
  return { executor, replay: () => executor.replay(history) };
}

test('a rebuilt execution goes on where the history ends, and counts what it replayed', (t) => {
  const phases: boolean[] = [];
  const { executor, replay } = replaying(function* (ctx) {
    phases.push(ctx.isReplaying);
    yield* ctx.callActivity('hello', { polite: true, city: 'Tokyo' }); // another order of keys is no change
    yield* ctx.createTimer(1_000);
    phases.push(ctx.isReplaying);
    return 'done';
  });
  replay();
  t.is(executor.replayedEvents, 4);
  t.deepEqual(executor.advance({ type: 'TimerFired', at: start + 1_000, id: 1 }), completed('done'));
  t.deepEqual(phases, [true, false]);
});

for (const [what, run, eventNumber, text] of [
  ['another type', (ctx) => void ctx.callEntity('hello', 'a', 'b'), 1, 'EntityOperationCalled'],
  ['another name', (ctx) => void ctx.callActivity('bye', { city: 'Tokyo', polite: true }), 1, '"bye"'],
  ['another input', (ctx) => void ctx.callActivity('hello', { city: 'Oslo', polite: true }), 1, 'Oslo'],
  [
    'a missing action',
    function* (ctx) {
      yield* ctx.waitForExternalEvent('x');
    },
    1,
    'nothing more in this turn',
  ],
  [
    'a surplus action',
    function* (ctx) {
      yield* ctx.callActivity('hello', { city: 'Tokyo', polite: true });
      ctx.createTimer(1_000);
      yield* ctx.callActivity('new');
    },
    4,
    '"new"',
  ],
  [
    'another due time',
    function* (ctx) {
      yield* ctx.callActivity('hello', { city: 'Tokyo', polite: true });
      yield* ctx.createTimer(2_000);
    },
    3,
    'TimerCreated',
  ],
  [
    'an end where the history goes on',
    function* (ctx) {
      yield* ctx.callActivity('hello', { city: 'Tokyo', polite: true });
      ctx.createTimer(1_000);
      return 'too early';
    },
    4,
    'ExecutionCompleted',
  ],
] as readonly (readonly [string, Parameters<typeof program>[0], number, string])[])
  test(`${what} on replay is a NonDeterminismError that names the event`, (t) => {
    const error = t.throws(replaying(run).replay, { instanceOf: NonDeterminismError });
    t.is(error.eventNumber, eventNumber);
    t.true(error.actual.includes(text), error.actual);
  });

test('another target of a signal, an event or a child is a NonDeterminismError', (t) => {
  const runs = [
    [(ctx) => ctx.signalEntity('account', 'a', 'add'), (ctx) => ctx.signalEntity('account', 'b', 'add')],
    [(ctx) => ctx.sendEvent('one', 'Go'), (ctx) => ctx.sendEvent('two', 'Go')],
    [
      (ctx) => void ctx.callSubOrchestrator('child', 1, { instanceId: 'one' }),
      (ctx) => void ctx.callSubOrchestrator('child', 1, { instanceId: 'two' }),
    ],
  ] as readonly (readonly [Parameters<typeof program>[0], Parameters<typeof program>[0]])[];
  for (const [before, after] of runs) {
    const s = play(before);
    s.start();
    t.notThrows(replaying(before, s.history).replay);
    t.throws(replaying(after, s.history).replay, { instanceOf: NonDeterminismError });
  }
});

test('an end that differs from the recorded one is a NonDeterminismError', (t) => {
  const s = play(() => 1);
  s.start();
  t.throws(replaying(() => 2, s.history).replay, { instanceOf: NonDeterminismError });
  t.throws(
    replaying(function* (ctx) {
      yield* ctx.waitForExternalEvent('x');
    }, s.history).replay,
    { instanceOf: NonDeterminismError },
  );
});

test('a scenario finds code that does not do the same twice', (t) => {
  let calls = 0;
  const s = play((ctx) => void ctx.callActivity(`call-${calls++}`));
  t.throws(() => s.start(), { instanceOf: NonDeterminismError });
});

test('10,000 steps of a resident instance are never replayed and none costs more than the first', (t) => {
  const steps = 10_000;
  const run = program(function* (ctx) {
    let sum = 0;
    for (let step = 0; step < steps; step++) sum += yield* ctx.callActivity<number>('add', step);
    return sum;
  });
  const executor = new TaskOrchestrationExecutor(run, dependencies, { instanceId: 'long' });
  const history: Parameters<TaskOrchestrationExecutor['replay']>[0][number][] = [];
  let event: InboundEvent = { type: 'ExecutionStarted', at: 0, name: 'test', executionId: 'x' };
  for (let step = 0; step < steps; step++) {
    const { actions } = executor.advance(event);
    t.is(actions.length, 1); // only what is new
    history.push(event, ...actions);
    event = { type: 'TaskCompleted', at: step, id: step, result: 1 };
  }
  t.deepEqual(executor.advance(event), completed(steps));
  t.is(executor.replayedEvents, 0);

  const rebuilt = new TaskOrchestrationExecutor(run, dependencies, { instanceId: 'long' });
  rebuilt.replay(history);
  t.is(rebuilt.replayedEvents, 2 * steps);
  t.deepEqual(rebuilt.advance(event), completed(steps));
});

test('100,000 waits that have ended already do not overflow the stack', (t) => {
  const s = play(function* (ctx) {
    const done = ctx.callActivity<number>('one');
    let sum = 0;
    for (let step = 0; step < 100_000; step++) sum += yield* done;
    return sum;
  });
  s.start();
  t.deepEqual(s.completeTask(0, 1), completed(100_000));
});

test('a fan-out of 10,000 whose parts end one by one gives every result in order', (t) => {
  const executor = new TaskOrchestrationExecutor(
    program(function* (ctx) {
      const tasks = Array.from({ length: 10_000 }, (_, part) => ctx.callActivity<number>('part', part));
      const results = yield* ctx.all(tasks);
      return results.every((result, part) => result === part);
    }),
    dependencies,
    { instanceId: 'wide' },
  );
  t.is(executor.advance({ type: 'ExecutionStarted', at: 0, name: 'test', executionId: 'x' }).actions.length, 10_000);
  for (let id = 9_999; id > 0; id--)
    t.deepEqual(executor.advance({ type: 'TaskCompleted', at: 1, id, result: id }), waiting);
  t.deepEqual(executor.advance({ type: 'TaskCompleted', at: 1, id: 0, result: 0 }), completed(true));
});
