import test from 'ava';
import type { Task } from '../../lib/core/task.js';
import { completed, failureOf, play, start, waiting } from './surroundings.js';

test('a condition that holds at the call ends its wait at once, and records nothing', (t) => {
  const s = play(function* (ctx) {
    yield* ctx.waitUntil(() => true);
    return yield* ctx.waitUntil(() => true, { timeoutInMilliseconds: 5 });
  });
  t.deepEqual(s.start(), completed(true));
});

test('a condition is looked at after each event, whatever the event was for', (t) => {
  const s = play(function* (ctx) {
    const [a, b, x] = [ctx.callActivity('a'), ctx.callActivity('b'), ctx.waitForExternalEvent('x')];
    yield* ctx.waitUntil(() => a.isCompleted && b.isCompleted && x.isCompleted);
    return [a.result, b.result, x.result];
  });
  s.start();
  t.deepEqual(s.completeTask(1, 'B'), waiting);
  t.deepEqual(s.raiseEvent('x', 'X'), waiting);
  t.deepEqual(s.completeTask(0, 'A'), completed(['A', 'B', 'X']));
});

test('what the code does on its way brings further conditions about in the same turn', (t) => {
  const s = play(function* (ctx) {
    const done: string[] = [];
    const all = ctx.all([ctx.waitUntil(() => done.includes('b')), ctx.waitUntil(() => done.includes('a'))]);
    yield* ctx.callActivity('x');
    done.push('a');
    yield* ctx.waitUntil(() => done.length === 1);
    done.push('b');
    yield* all;
    return done;
  });
  s.start();
  t.deepEqual(s.completeTask(0), completed(['a', 'b']));
});

test('of conditions that begin to hold with the same event the one that was given first wins a race', (t) => {
  const s = play(function* (ctx) {
    const x = ctx.callActivity('x');
    const [first, second] = [ctx.waitUntil(() => x.isCompleted), ctx.waitUntil(() => x.isCompleted)];
    return (yield* ctx.any([second, first])) === first;
  });
  s.start();
  t.deepEqual(s.completeTask(0), completed(true));
});

test('with a time limit its result says whether the condition held, and its timer is cancelled when it did', (t) => {
  const code = function* (ctx: Parameters<Parameters<typeof play>[0]>[0]) {
    const x = ctx.callActivity('x');
    return yield* ctx.waitUntil(() => x.isCompleted, { timeoutInMilliseconds: 1_000 });
  };
  const held = play(code);
  t.deepEqual(held.start().actions[1], { type: 'TimerCreated', id: 1, fireAt: start + 1_000 });
  t.deepEqual(held.completeTask(0), { ...completed(true), actions: [{ type: 'TimerCanceled', id: 2, timerId: 1 }] });
  const late = play(code);
  late.start();
  t.deepEqual(late.fireTimer(1), completed(false));
});

test('at the deadline the condition is looked at once more: one over the time may hold then', (t) => {
  const s = play(function* (ctx) {
    const end = ctx.currentUtcDateTime.getTime() + 500;
    return yield* ctx.waitUntil(() => ctx.currentUtcDateTime.getTime() >= end, { timeoutInMilliseconds: 500 });
  });
  s.start();
  t.deepEqual(s.fireTimer(0), completed(true));
});

test('what a condition throws fails its task, and a time limit that is none is refused at the call', (t) => {
  const s = play(function* (ctx) {
    const x = ctx.callActivity('x');
    const failing = ctx.waitUntil(() => {
      if (x.isCompleted) throw new RangeError('beyond');
      return false;
    });
    try {
      yield* failing;
    } catch (error) {
      return [(error as Error).message, failing.isFaulted];
    }
  });
  s.start();
  t.deepEqual(s.completeTask(0), completed(['beyond', true]));
  const negative = play(function* (ctx) {
    yield* ctx.waitUntil(() => false, { timeoutInMilliseconds: -1 });
  });
  t.is(failureOf(negative.start())?.code, 'PERDURE_INVALID_TIME');
});

test('a condition only looks: one that asks for something, or waits for something, is refused', (t) => {
  const asking = play(function* (ctx) {
    yield* ctx.waitUntil(() => ctx.newGuid() !== '');
  });
  t.is(failureOf(asking.start())?.code, 'PERDURE_ILLEGAL_AWAIT');
  const scheduling = play(function* (ctx) {
    yield* ctx.waitUntil(() => ctx.callActivity('x').isCompleted);
  });
  const turn = scheduling.start();
  t.is(failureOf(turn)?.code, 'PERDURE_ILLEGAL_AWAIT');
  t.deepEqual(turn.actions, []);
  const promising = play(function* (ctx) {
    yield* ctx.waitUntil((() => Promise.reject(new Error('nobody hears it'))) as unknown as () => boolean);
  });
  t.is(failureOf(promising.start())?.code, 'PERDURE_ILLEGAL_AWAIT');
});

test('W2: a condition that lost its race is looked at again when it is waited for again', (t) => {
  const s = play(function* (ctx) {
    const [x, y, z] = [ctx.callActivity('x'), ctx.callActivity('y'), ctx.callActivity('z')];
    const done = ctx.waitUntil(() => y.isCompleted);
    const winner: Task<unknown> = yield* ctx.any<Task<unknown>>([x, done]);
    yield* z;
    const before = done.isCompleted;
    yield* done;
    return [winner === x, before, done.isCompleted];
  });
  s.start();
  s.completeTask(0);
  s.completeTask(1);
  t.deepEqual(s.completeTask(2), completed([true, false, true]));
});

test('an event that only a condition has read is not seen: it is carried over', (t) => {
  const s = play(function* (ctx) {
    const said = ctx.waitForExternalEvent<string>('say');
    yield* ctx.waitUntil(() => said.isCompleted && said.result === 'stop');
    ctx.continueAsNew();
  });
  s.start();
  const { completion } = s.raiseEvent('say', 'stop');
  t.like(completion, { type: 'ContinuedAsNew' });
  t.deepEqual(completion?.type === 'ContinuedAsNew' && completion.carriedEvents.map(({ input }) => input), ['stop']);
});
