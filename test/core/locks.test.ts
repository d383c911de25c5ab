import test from 'ava';
import {
  CriticalSectionError,
  LockLostError,
  OrchestrationContext,
  type Lock,
  type Orchestration,
  type Task,
} from '../../lib/index.js';
import { completed, failureOf, play, waiting } from './surroundings.js';

const a = { name: 'account', key: 'a' };
const b = { name: 'account', key: 'b' };
const lease = 300_000;

test('L1: the entities are locked in one order, by name, then by key, each once', (t) => {
  const s = play(function* (ctx) {
    const lock = yield* ctx.lock(['b', 'x'], ['B', 'x'], ['a', 'ä'], ['a', 'z'], ['a', 'z'], {
      leaseInMilliseconds: 5_000,
    });
    return [lock.entities.map(({ name, key }) => `${name}/${key}`), lock.fencingNumbers];
  });
  const entities = [
    { name: 'B', key: 'x' },
    { name: 'a', key: 'z' },
    { name: 'a', key: 'ä' },
    { name: 'b', key: 'x' },
  ];
  t.deepEqual(s.start().actions, [{ type: 'LockRequested', id: 0, entities, lease: 5_000 }]);
  t.deepEqual(
    s.grantLock(0, [4, 1, 9, 2]),
    completed([
      ['B/x', 'a/z', 'a/ä', 'b/x'],
      [4, 1, 9, 2],
    ]),
  );
});

test('P22: calls in a critical section carry the lock, and its release comes behind them', (t) => {
  const s = play(function* (ctx) {
    using lock = yield* ctx.lock(['account', 'b'], ['account', 'a']);
    const [left, right] = yield* ctx.all([
      ctx.callEntity('account', 'a', 'get'),
      ctx.callEntity('account', 'b', 'get'),
    ]);
    lock.release();
    lock.release();
    yield* ctx.callEntity('account', 'a', 'get');
    return [left, right, lock.isReleased, lock.isLost];
  });
  t.deepEqual(s.start().actions, [{ type: 'LockRequested', id: 0, entities: [a, b], lease }]);
  t.deepEqual(s.grantLock(0, [7, 8]).actions, [
    { type: 'EntityOperationCalled', id: 1, entity: a, operation: 'get', lock: { id: 0, fence: 7 } },
    { type: 'EntityOperationCalled', id: 2, entity: b, operation: 'get', lock: { id: 0, fence: 8 } },
  ]);
  s.completeOperation(1, 'l');
  t.deepEqual(s.completeOperation(2, 'r').actions, [
    { type: 'LockReleased', id: 3, lockId: 0, entities: [a, b], fences: [7, 8] },
    { type: 'EntityOperationCalled', id: 4, entity: a, operation: 'get' },
  ]);
  t.deepEqual(s.completeOperation(4), completed(['l', 'r', true, false]));
});

test('the end of a block, an error and a cancellation release a lock that is used', (t) => {
  const s = play(function* (ctx) {
    for (let round = 0; ; round++) {
      try {
        using _lock = yield* ctx.lock(['account', 'a']);
        if (round === 0) continue;
        if (round === 1) throw new Error('no');
        yield* ctx.waitForExternalEvent('Never');
      } catch (error) {
        if (round > 1) throw error;
      }
    }
  });
  s.start();
  const released = (lockId: number) => ({ type: 'LockReleased', id: lockId + 1, lockId, entities: [a], fences: [1] });
  const request = (id: number) => ({ type: 'LockRequested', id, entities: [a], lease });
  t.deepEqual(s.grantLock(0).actions, [released(0), request(2)]);
  t.deepEqual(s.grantLock(2).actions, [released(2), request(4)]);
  t.deepEqual(s.grantLock(4), waiting);
  t.deepEqual(s.cancel(), { actions: [released(4)], completion: { type: 'Canceled' } });
});

/** What an orchestrator throws that does this under a lock of account a. */
function thrownBy(under: (ctx: OrchestrationContext, lock: Lock) => Orchestration<unknown>): string {
  const s = play(function* (ctx) {
    return yield* under(ctx, yield* ctx.lock(['account', 'a']));
  });
  s.start();
  const { completion } = s.grantLock(0);
  if (completion?.type !== 'Failed' || completion.failure.code !== 'PERDURE_CRITICAL_SECTION') return 'nothing';
  return completion.failure.message;
}

test('what must not be done in a critical section is refused, with the texts of the original', (t) => {
  t.is(
    thrownBy((ctx) => ctx.lock(['account', 'b']) as never),
    'Must not enter another critical section from within a critical section.',
  );
  t.is(
    thrownBy((ctx) => ctx.callSubOrchestrator('other') as never),
    'While holding locks, cannot call suborchestrators.',
  );
  t.is(
    thrownBy((ctx) => ctx.callEntity('account', 'b', 'get') as never),
    'Must not call an entity from a critical section if it is not one of the locked entities.',
  );
  t.is(
    thrownBy(function* (ctx) {
      ctx.callEntity('account', 'a', 'get');
      yield* ctx.callEntity('account', 'a', 'get');
    }),
    'Must not call an entity from a critical section while a prior call to the same entity is still pending.',
  );
  t.is(
    thrownBy(function* (ctx) {
      yield* ctx.createTimer(0);
      ctx.signalEntity('account', 'a', 'add');
    }),
    'nothing',
  );
});

test('a locked entity is not signaled; others are, and everything else goes on', (t) => {
  const refused = thrownBy(function* (ctx) {
    ctx.signalEntity('account', 'a', 'add');
    yield* ctx.createTimer(0);
  });
  t.is(refused, 'Must not signal a locked entity from a critical section.');
  const s = play(function* (ctx) {
    using _lock = yield* ctx.lock(['account', 'a']);
    ctx.signalEntity('account', 'b', 'add');
    ctx.startNew('other', undefined, { instanceId: 'other' });
    yield* ctx.callActivity('work');
    return 'done';
  });
  s.start();
  t.deepEqual(
    s.grantLock(0).actions.map(({ type }) => type),
    ['EntityOperationSignaled', 'OrchestrationStartSent', 'TaskScheduled'],
  );
  t.like(s.completeTask(3), { completion: { type: 'Completed', output: 'done' } });
});

test('before the grant no entity is called, and no list of entities is empty', (t) => {
  const early = play(function* (ctx) {
    ctx.lock(['account', 'a']);
    yield* ctx.callEntity('account', 'a', 'get');
  });
  t.is(failureOf(early.start())?.message, 'Must await the completion of the lock request prior to calling any entity.');
  const empty = play(function* (ctx) {
    yield* ctx.lock();
  });
  t.like(failureOf(empty.start()), {
    name: CriticalSectionError.name,
    message: 'The list of entities to lock must not be empty.',
  });
  const lazy = play(function* (ctx) {
    yield* ctx.lock(['account', 'a'], { leaseInMilliseconds: 0 });
  });
  t.is(failureOf(lazy.start())?.code, 'PERDURE_CONFIG');
});

test('a call may be made again once it has ended, also by a retry', (t) => {
  const s = play(function* (ctx) {
    using _lock = yield* ctx.lock(['account', 'a']);
    const retry = { maxAttempts: 2, firstRetryIntervalInMilliseconds: 10 };
    yield* ctx.callEntity('account', 'a', 'get', undefined, { retry });
    return yield* ctx.callEntity('account', 'a', 'get');
  });
  s.start();
  s.grantLock(0);
  s.failOperation(1, new Error('once'));
  const again = { type: 'EntityOperationCalled', entity: a, operation: 'get', lock: { id: 0, fence: 1 } };
  t.deepEqual(s.fireTimer(2).actions, [{ ...again, id: 3 }]);
  t.deepEqual(s.completeOperation(3).actions, [{ ...again, id: 4 }]);
});

test('isLocked tells whether the code is in a critical section, and what is locked for it', (t) => {
  const s = play(function* (ctx) {
    const states = [ctx.isLocked()];
    const task = ctx.lock(['account', 'b'], ['account', 'a']);
    states.push(ctx.isLocked());
    const lock = yield* task;
    states.push(ctx.isLocked());
    yield* ctx.createTimer(10);
    states.push(ctx.isLocked());
    lock.release();
    return [...states, ctx.isLocked()];
  });
  s.start();
  s.grantLock(0);
  s.loseLock(0, 'broken', b);
  t.like(s.fireTimer(1), {
    completion: {
      output: [
        { isLocked: false, ownedLocks: [] },
        { isLocked: true, ownedLocks: [] },
        { isLocked: true, ownedLocks: [a, b] },
        { isLocked: true, ownedLocks: [a] },
        { isLocked: false, ownedLocks: [] },
      ],
    },
  });
});

test('a lock that is lost fails the next call under it, and nothing is sent', (t) => {
  const s = play(function* (ctx) {
    using lock = yield* ctx.lock(['account', 'a'], ['account', 'b']);
    yield* ctx.createTimer(10);
    try {
      yield* ctx.callEntity('account', 'b', 'get');
    } catch (error) {
      return [error instanceof LockLostError, (error as LockLostError).failureDetails.fields, lock.isLost];
    }
  });
  s.start();
  s.grantLock(0, [1, 2]);
  t.deepEqual(s.loseLock(0), waiting);
  t.deepEqual(s.fireTimer(1), {
    actions: [{ type: 'LockReleased', id: 2, lockId: 0, entities: [a, b], fences: [1, 2] }],
    completion: { type: 'Completed', output: [true, { entity: 'account/a', reason: 'expired' }, true] },
  });
});

test('P22: a lock that is lost before it is granted fails its request, which is given up', (t) => {
  const s = play(function* (ctx) {
    try {
      yield* ctx.lock(['account', 'a'], ['account', 'b']);
    } catch (error) {
      yield* ctx.lock(['account', 'b']);
      return error instanceof LockLostError;
    }
  });
  s.start();
  t.deepEqual(s.loseLock(0).actions, [
    { type: 'LockReleased', id: 1, lockId: 0, entities: [a, b] },
    { type: 'LockRequested', id: 2, entities: [b], lease },
  ]);
  t.deepEqual(s.grantLock(0), waiting, 'a grant that was on its way');
  t.deepEqual(s.grantLock(2), completed(true));
});

test('P22: a request is given up by its task, and by the cancellation of the instance', (t) => {
  const s = play(function* (ctx) {
    const task = ctx.lock(['account', 'a']);
    const timer = ctx.createTimer(1_000);
    const winner: Task<unknown> = yield* ctx.any<Task<unknown>>([task, timer]);
    if (winner !== timer) return 'locked';
    task.cancel();
    task.cancel();
    try {
      yield* ctx.lock(['account', 'b']);
    } finally {
      yield* ctx.callEntity('account', 'a', 'tell');
    }
  });
  s.start();
  t.deepEqual(s.fireTimer(1).actions, [
    { type: 'LockReleased', id: 2, lockId: 0, entities: [a] },
    { type: 'LockRequested', id: 3, entities: [b], lease },
  ]);
  t.deepEqual(s.cancel().actions, [
    { type: 'LockReleased', id: 4, lockId: 3, entities: [b] },
    { type: 'EntityOperationCalled', id: 5, entity: a, operation: 'tell' },
  ]);
  t.deepEqual(s.grantLock(3), waiting);
  t.deepEqual(s.completeOperation(5), { actions: [], completion: { type: 'Canceled' } });
});

test('who waits for a request that is given up would wait for ever', (t) => {
  const s = play(function* (ctx) {
    const task = ctx.lock(['account', 'a']);
    task.cancel();
    yield* task;
  });
  t.is(failureOf(s.start())?.code, 'PERDURE_ILLEGAL_AWAIT');
});
