import test from 'ava';
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
