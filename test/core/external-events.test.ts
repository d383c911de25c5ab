import test from 'ava';
import type { InvalidInputError, OrchestrationContext, Task } from '../../lib/index.js';
import { Amount, completed, play, waiting } from './surroundings.js';

const day = 24 * 60 * 60 * 1_000;

test('events that came before the wait are kept per name, in order', (t) => {
  const s = play(function* (ctx) {
    yield* ctx.callActivity('a');
    const got = [];
    for (const name of ['x', 'x', 'y']) got.push(yield* ctx.waitForExternalEvent(name));
    return got;
  });
  s.start();
  for (const [name, data] of [
    ['x', 1],
    ['y', 2],
    ['x', 3],
  ] as const)
    t.deepEqual(s.raiseEvent(name, data), waiting);
  t.deepEqual(s.completeTask(0), completed([1, 3, 2]));
});

test('event names are matched without regard to case, the same in every locale', (t) => {
  const s = play(function* (ctx) {
    return [yield* ctx.waitForExternalEvent('APPROVAL_I'), yield* ctx.waitForExternalEvent('done')];
  });
  s.start();
  s.raiseEvent('Done', 2);
  t.deepEqual(s.raiseEvent('approval_i', 1), completed([1, 2]));
});

test('several waiters for one name are served first come, first served', (t) => {
  const s = play(function* (ctx) {
    const [first, second] = [ctx.waitForExternalEvent('x'), ctx.waitForExternalEvent('x')];
    return [yield* second, yield* first];
  });
  s.start();
  t.deepEqual(s.raiseEvent('x', 1), waiting);
  t.deepEqual(s.raiseEvent('x', 2), completed([2, 1]));
});

test('an event can be polled by a waiter that nobody waits for', (t) => {
  const s = play(function* (ctx) {
    const cancel = ctx.waitForExternalEvent('cancel');
    let rounds = 0;
    while (!cancel.isCompleted) {
      yield* ctx.callActivity('round');
      rounds += 1;
    }
    return rounds;
  });
  s.start();
  s.completeTask(0);
  s.raiseEvent('cancel');
  t.deepEqual(s.completeTask(1), completed(2));
});

test('a waiter whose race has ended takes no event from those who wait', (t) => {
  const s = play(function* (ctx) {
    const abandoned = ctx.waitForExternalEvent('x');
    yield* ctx.any([abandoned, ctx.createTimer(10)]);
    const got = yield* ctx.waitForExternalEvent('x');
    return [got, abandoned.isCompleted];
  });
  s.start();
  s.fireTimer(0);
  t.deepEqual(s.raiseEvent('x', 1), completed([1, false]));
});

test('a waiter shared by two races stays as long as one of them goes on', (t) => {
  const s = play(function* (ctx) {
    const event = ctx.waitForExternalEvent('x');
    const long = ctx.any([event, ctx.createTimer(day)]);
    yield* ctx.any([event, ctx.createTimer(10)]);
    const later = ctx.waitForExternalEvent('x');
    return [(yield* long) === event, later.isCompleted];
  });
  s.start();
  s.fireTimer(1);
  t.deepEqual(s.raiseEvent('x', 1), completed([true, false]));
});

test('a waiter that lost a race may be waited for again, and then takes the next event', (t) => {
  const s = play(function* (ctx) {
    const approval = ctx.waitForExternalEvent('approval');
    for (let reminders = 0; ; reminders++) {
      const winner = yield* ctx.any([approval, ctx.createTimer(10)]);
      if (winner === approval) return [approval.result, reminders];
    }
  });
  s.start();
  s.fireTimer(0);
  s.fireTimer(1);
  t.deepEqual(s.raiseEvent('approval', 'yes'), completed(['yes', 2]));
});

test('an event that came while its waiter was abandoned is waiting for it', (t) => {
  const s = play(function* (ctx) {
    const event = ctx.waitForExternalEvent('x');
    yield* ctx.any([event, ctx.createTimer(10)]);
    yield* ctx.callActivity('a');
    return yield* event;
  });
  s.start();
  s.fireTimer(0);
  s.raiseEvent('x', 'kept');
  t.deepEqual(s.completeTask(1), completed('kept'));
});

test('no event is lost to the loser of a race that had it already', (t) => {
  const s = play(function* (ctx) {
    yield* ctx.callActivity('busy');
    const got = [];
    for (;;) {
      const [add, stop] = [ctx.waitForExternalEvent('add'), ctx.waitForExternalEvent('stop')];
      const winner = yield* ctx.any([add, stop]);
      if (winner === stop) return got;
      got.push(winner.result);
    }
  });
  s.start();
  for (const [name, data] of [
    ['stop', 0],
    ['add', 1],
    ['add', 2],
  ] as const)
    s.raiseEvent(name, data);
  t.deepEqual(s.completeTask(0), completed([1, 2]));
});

test('events given back keep their order', (t) => {
  const s = play(function* (ctx) {
    yield* ctx.callActivity('busy');
    const waiters = [1, 2, 3].map(() => ctx.waitForExternalEvent('x'));
    const winner = yield* ctx.any(waiters);
    return [winner.result, yield* ctx.waitForExternalEvent('x'), yield* ctx.waitForExternalEvent('x')];
  });
  s.start();
  for (const data of [1, 2, 3]) s.raiseEvent('x', data);
  t.deepEqual(s.completeTask(0), completed([1, 2, 3]));
});

test('events of a compound task that lost a race are given back', (t) => {
  const s = play(function* (ctx) {
    yield* ctx.any([ctx.all([ctx.waitForExternalEvent('x'), ctx.waitForExternalEvent('y')]), ctx.createTimer(10)]);
    return yield* ctx.waitForExternalEvent('x');
  });
  s.start();
  s.raiseEvent('x', 'kept');
  t.deepEqual(s.fireTimer(0), completed('kept'));
});

test('a compound task that had ended by events, and lost its race, gives them back and has not ended', (t) => {
  type Compound = (ctx: OrchestrationContext, event: Task<unknown>) => Task<unknown>;
  const compounds: Compound[] = [
    (ctx, event) => ctx.all([event]),
    (ctx, event) => ctx.allSettled([event]),
    (ctx, event) => ctx.failFast([event]),
    (ctx, event) => ctx.any([event]),
    (ctx, event) => ctx.race([event, ctx.waitForExternalEvent('other')]),
    (ctx, event) => ctx.withTimeout(event, day),
    (ctx, event) => ctx.all([ctx.any([ctx.withTimeout(event, day)]), ctx.all([])]),
  ];
  for (const compound of compounds) {
    const s = play(function* (ctx) {
      yield* ctx.callActivity('busy');
      const loser = compound(ctx, ctx.waitForExternalEvent('x'));
      const had = loser.isCompleted;
      yield* ctx.any([ctx.waitForExternalEvent('stop'), loser]);
      const lost = loser.isCompleted;
      const got = yield* ctx.waitForExternalEvent('x');
      yield* loser;
      return [had, lost, got];
    });
    s.start();
    for (const name of ['x', 'stop']) s.raiseEvent(name, name);
    t.is(s.completeTask(0).completion, undefined);
    t.deepEqual(s.raiseEvent('x').completion, { type: 'Completed', output: [true, false, 'x'] }, String(compound));
  }
});

test('a compound task that had ended by other tasks, and lost its race, stays ended', (t) => {
  const s = play(function* (ctx) {
    const done = ctx.callActivity('done');
    yield* ctx.callActivity('busy');
    const losers = [ctx.all([done]), ctx.any([done]), ctx.failFast([done]), ctx.withTimeout(done, day)];
    yield* ctx.any([ctx.waitForExternalEvent('stop'), ...losers]);
    return losers.map((loser) => loser.isCompleted);
  });
  s.start();
  s.completeTask(0);
  s.raiseEvent('stop');
  t.deepEqual(s.completeTask(1), completed([true, true, true, true]));
});

test('an event with a DTO class gives an instance of it', (t) => {
  const s = play(function* (ctx) {
    const amount = yield* ctx.waitForExternalEvent('paid', Amount);
    return [amount instanceof Amount, amount.amount];
  });
  s.start();
  t.deepEqual(s.raiseEvent('paid', { amount: 5 }), completed([true, 5]));
});

test('an event that does not fit its DTO class throws InvalidInputError, which may be caught', (t) => {
  const s = play(function* (ctx) {
    try {
      yield* ctx.waitForExternalEvent('paid', Amount);
    } catch (error) {
      const { code, target } = error as InvalidInputError;
      return [code, target, (yield* ctx.waitForExternalEvent('paid', Amount)).amount];
    }
    return undefined;
  });
  s.start();
  t.deepEqual(s.raiseEvent('paid', { amount: 'five' }), waiting);
  t.deepEqual(s.raiseEvent('paid', { amount: 5 }), completed(['PERDURE_INVALID_INPUT', 'event "paid"', 5]));
});
