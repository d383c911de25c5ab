import test from 'ava';
import { TaskOrchestrationExecutor } from '../../lib/core/task-orchestration-executor.js';
import type { HistoryEvent, InboundEvent } from '../../lib/core/history.js';
import { NonDeterminismError } from '../../lib/index.js';
import { completed, dependencies, play, program, start, waiting, type Run } from './surroundings.js';

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

function replaying(run: Run, history = recorded().history) {
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
] as readonly (readonly [string, Run, number, string])[])
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
  ] as readonly (readonly [Run, Run])[];
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
  const history: HistoryEvent[] = [];
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
