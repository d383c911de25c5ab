import test from 'ava';
import type { HistoryEvent, InboundEvent } from '../../lib/core/history.js';
import { rebuild } from '../../lib/core/rebuild.js';
import { NonDeterminismError } from '../../lib/index.js';
import { completed, dependencies, play, program, start, waiting, type Run } from './surroundings.js';

const identity = { instanceId: 'instance' };
const replayed = (run: Run, history: readonly HistoryEvent[]) => rebuild(program(run), dependencies, identity, history);

const before: Run = function* (ctx) {
  yield* ctx.callActivity('a');
  yield* ctx.callActivity('old');
  return 'old';
};
const after: Run = function* (ctx) {
  yield* ctx.callActivity('a');
  if (ctx.patched('p')) {
    yield* ctx.callActivity('new');
    return 'new';
  }
  yield* ctx.callActivity('old');
  return 'old';
};
/** The change has become the only way. */
const later: Run = function* (ctx) {
  yield* ctx.callActivity('a');
  yield* ctx.callActivity('new');
  return 'new';
};

const done = (id: number): InboundEvent => ({ type: 'TaskCompleted', at: start, id });

test('a new execution does what is new, and its history has the mark, which takes no number', (t) => {
  const s = play(after);
  s.start();
  t.deepEqual(s.completeTask(0).actions, [
    { type: 'Patched', name: 'p' },
    { type: 'TaskScheduled', id: 1, name: 'new' },
  ]);
  t.deepEqual(replayed(after, s.history).advance(done(1)), completed('new'));
});

test('an execution that has passed the call without the mark goes on as it began', (t) => {
  const s = play(before);
  s.start();
  s.completeTask(0);
  t.deepEqual(replayed(after, s.history).advance(done(1)), completed('old'));
});

test('an execution that has not come to the call yet does what is new', (t) => {
  const s = play(before);
  s.start();
  const rebuilt = replayed(after, s.history);
  t.deepEqual(rebuilt.advance(done(0)).actions, [
    { type: 'Patched', name: 'p' },
    { type: 'TaskScheduled', id: 1, name: 'new' },
  ]);
});

test('a mark stays behind when the call is dropped with the old branch, and does no harm', (t) => {
  const s = play(after);
  s.start();
  s.completeTask(0);
  t.deepEqual(replayed(later, s.history).advance(done(1)), completed('new'));
});

test('code that drops the call and keeps the old branch is told', (t) => {
  const s = play(after);
  s.start();
  s.completeTask(0);
  const { actual } = t.throws(() => replayed(before, s.history), { instanceOf: NonDeterminismError });
  t.regex(actual, /"old"/);
});

const loop: Run = function* (ctx) {
  for (let round = 0; round < 4; round++) yield* ctx.callActivity(ctx.patched('p') ? 'new' : 'old');
  return [ctx.patched('p'), ctx.patched('q')];
};
const oldLoop: Run = function* (ctx) {
  for (let round = 0; round < 4; round++) yield* ctx.callActivity('old');
};

test('V1: one id has one answer in an execution, also where the code is asked live after it has been replayed', (t) => {
  const s = play(oldLoop);
  s.start();
  s.completeTask(0);
  const rebuilt = replayed(loop, s.history);
  t.deepEqual(rebuilt.advance(done(1)).actions, [{ type: 'TaskScheduled', id: 2, name: 'old' }]);
  rebuilt.advance(done(2));
  const q = { type: 'Patched', name: 'q' } as const;
  t.deepEqual(rebuilt.advance(done(3)), { ...completed([false, true]), actions: [q] });
});

test('a mark is recorded once, however often it is asked for', (t) => {
  const s = play(loop);
  s.start();
  for (let id = 0; id < 3; id++) s.completeTask(id);
  t.deepEqual(s.completeTask(3), { ...completed([true, true]), actions: [{ type: 'Patched', name: 'q' }] });
  t.is(s.history.filter(({ type }) => type === 'Patched').length, 2);
});

test('V3: the call may move to an earlier place', (t) => {
  const s = play(after);
  s.start();
  s.completeTask(0);
  const moved: Run = function* (ctx) {
    const isNew = ctx.patched('p');
    yield* ctx.callActivity('a');
    yield* ctx.callActivity(isNew ? 'new' : 'old');
    return 'moved';
  };
  t.deepEqual(replayed(moved, s.history).advance(done(1)), completed('moved'));
});

test('several patches of one turn are told apart, and any of them may be dropped', (t) => {
  const both: Run = function* (ctx) {
    if (ctx.patched('one')) ctx.signalEntity('e', 'k', 'one');
    if (ctx.patched('two')) ctx.signalEntity('e', 'k', 'two');
    yield* ctx.callActivity('a');
  };
  const s = play(both);
  s.start();
  t.is(s.history.length, 6);
  for (const kept of ['one', 'two']) {
    const run: Run = function* (ctx) {
      if (kept !== 'one' || ctx.patched('one')) ctx.signalEntity('e', 'k', 'one');
      if (kept !== 'two' || ctx.patched('two')) ctx.signalEntity('e', 'k', 'two');
      yield* ctx.callActivity('a');
    };
    t.is(replayed(run, s.history).advance(done(2)).completion?.type, 'Completed');
  }
});

test('a turn that only asks is recorded and replayed', (t) => {
  const run: Run = function* (ctx) {
    yield* ctx.waitForExternalEvent('go');
    const first = ctx.patched('p');
    yield* ctx.waitForExternalEvent('go');
    return first;
  };
  const s = play(run);
  t.deepEqual(s.start(), waiting);
  t.deepEqual(s.raiseEvent('go').actions, [{ type: 'Patched', name: 'p' }]);
  t.deepEqual(replayed(run, s.history).advance({ type: 'EventRaised', at: start, name: 'go' }), completed(true));
});

test('outside a turn, and with an id that is none, it is refused', (t) => {
  let ask = (): unknown => undefined;
  const s = play(function* (ctx) {
    ask = () => ctx.patched('p');
    t.throws(() => ctx.patched(''), { code: 'PERDURE_INVALID_NAME' });
    t.throws(() => ctx.patched(7 as unknown as string), { code: 'PERDURE_INVALID_NAME' });
    yield* ctx.callActivity('a');
  });
  s.start();
  t.throws(ask, { code: 'PERDURE_ILLEGAL_AWAIT' });
});
