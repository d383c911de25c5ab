import test from 'ava';
import {
  EntityOperationFailedError,
  OrchestrationContext,
  TransactionAbortedError,
  type Orchestration,
  type Participants,
} from '../../lib/index.js';
import { Account, completed, failureOf, play, waiting } from './surroundings.js';

const a = { name: 'account', key: 'a' };
const b = { name: 'account', key: 'b' };
const both = [
  ['account', 'b'],
  ['account', 'a'],
] as const;
const requested = { type: 'LockRequested', id: 0, entities: [a, b], lease: 60_000, transaction: true };
const ended = (id: number) => ({ type: 'LockReleased', id, lockId: 0, entities: [a, b], fences: [7, 8] });

test('P23: the operations of a transaction run under its lock, and one action commits it when its body has returned', (t) => {
  const s = play(function* (ctx) {
    const sum = yield* ctx.transaction(both, function* (right, left) {
      const one = yield* left<number>('withdraw', 5);
      return one + (yield* right<number>('deposit', 5));
    });
    yield* ctx.callEntity('account', 'a', 'get');
    return [sum, ctx.isLocked().isLocked];
  });
  t.deepEqual(s.start().actions, [requested]);
  t.deepEqual(s.grantLock(0, [7, 8]).actions, [
    { type: 'EntityOperationCalled', id: 1, entity: a, operation: 'withdraw', input: 5, lock: { id: 0, fence: 7 } },
  ]);
  t.deepEqual(s.completeOperation(1, 1).actions, [
    { type: 'EntityOperationCalled', id: 2, entity: b, operation: 'deposit', input: 5, lock: { id: 0, fence: 8 } },
  ]);
  t.deepEqual(s.completeOperation(2, 2).actions, [
    { ...ended(3), commit: true },
    { type: 'EntityOperationCalled', id: 4, entity: a, operation: 'get' },
  ]);
  t.deepEqual(s.completeOperation(4), completed([3, false]));
});

test('its entities are called by their classes, and calls by the context are of it, too', (t) => {
  const s = play(function* (ctx) {
    return yield* ctx.transaction(
      [
        [Account, 'a'],
        [Account, 'b'],
      ],
      function* (left, right) {
        const sums: number[] = yield* ctx.all([left.balance(), right.deposit({ amount: 1 })]);
        yield* ctx.callEntity(Account, 'a').balance();
        return sums;
      },
      { timeoutInMilliseconds: 5_000 },
    );
  });
  t.deepEqual(s.start().actions, [{ ...requested, lease: 5_000 }]);
  t.like(s.grantLock(0, [7, 8]).actions, [{ operation: 'balance' }, { operation: 'deposit' }]);
  s.completeOperation(2, 20);
  t.like(s.completeOperation(1, 10).actions, [{ operation: 'balance', lock: { id: 0, fence: 7 } }]);
  t.deepEqual(s.completeOperation(3), { ...completed([10, 20]), actions: [{ ...ended(4), commit: true }] });
});

type Body = (ctx: OrchestrationContext, left: Participants<typeof both>[1]) => Orchestration<unknown>;

/** An orchestrator that tells what its transaction came to. */
function transaction(body: Body, after: Body = function* () {}) {
  const s = play(function* (ctx) {
    let left: Participants<typeof both>[1] | undefined;
    try {
      return yield* ctx.transaction(both, function* (_right, one) {
        left = one;
        return yield* body(ctx, one);
      });
    } catch (error) {
      yield* after(ctx, left!);
      return error instanceof Error ? `${error.name}: ${error.message}` : error;
    }
  });
  s.start();
  return { s, first: s.grantLock(0, [7, 8]) };
}

const throwing: Body = function* (ctx) {
  if (ctx.instanceId !== '') throw new Error('no');
  yield* ctx.createTimer(0);
};

test('X1: what the body throws aborts it, and goes on', (t) => {
  const { first } = transaction(throwing);
  t.deepEqual(first, { ...completed('Error: no'), actions: [ended(1)] });
});

test('X1: a cancellation aborts it', (t) => {
  const { s, first } = transaction(function* (_, left) {
    yield* left('get');
  });
  t.is(first.actions.length, 1);
  t.deepEqual(s.cancel().actions, [ended(2)]);
});

test('X1: an operation that fails aborts it at once, whatever the body makes of that', (t) => {
  const caught: unknown[] = [];
  const { s } = transaction(function* (ctx, left) {
    for (const operation of ['withdraw', 'deposit'])
      try {
        yield* left(operation);
      } catch (error) {
        caught.push(error);
      }
    ctx.callEntity('account', 'b', 'get');
    return 'well';
  });
  t.deepEqual(
    s.failOperation(1, new RangeError('too much')),
    {
      ...completed(
        'TransactionAbortedError: The transaction was aborted, and nothing of it was carried out: operation "withdraw" of ' +
          'account "a" failed: too much',
      ),
      actions: [ended(2)],
    },
    'nothing is called any more',
  );
  const [first, second] = caught.slice(-2);
  t.true(first instanceof EntityOperationFailedError && first.isCausedBy(RangeError));
  t.true(second instanceof TransactionAbortedError && second.isCausedBy(RangeError) && second.isNonRetriable);
});

test('X1: a call that nobody has waited for is waited for before the transaction is committed', (t) => {
  const quiet: Body = function* (ctx, left) {
    left('deposit', 1);
    if (ctx.instanceId === '') yield* ctx.createTimer(0);
    return 'well';
  };
  const well = transaction(quiet).s;
  t.deepEqual(well.completeOperation(1), { ...completed('well'), actions: [{ ...ended(2), commit: true }] });
  const badly = transaction(quiet).s;
  t.deepEqual(badly.failOperation(1, new Error('no')), {
    ...completed('EntityOperationFailedError: account.deposit failed: no'),
    actions: [ended(2)],
  });
});

test('K4: an entity that asks before it is decided aborts it: the next call, and the end, fail', (t) => {
  for (const reason of ['expired', 'broken'] as const) {
    const { s } = transaction(function* (ctx, left) {
      yield* ctx.createTimer(1_000);
      return yield* left('get');
    });
    t.deepEqual(s.loseLock(0, reason, b), { actions: [ended(2)] }, 'at once');
    t.deepEqual(s.loseLock(0, reason, a), waiting, 'once');
    const why = reason === 'expired' ? 'it took longer than it may' : 'an operator ended it';
    t.deepEqual(
      s.fireTimer(1),
      completed(
        `TransactionAbortedError: The transaction was aborted, and nothing of it was carried out: ${why}, as account "b" says`,
      ),
    );
  }
});

test('K4: one that asks behind the decision changes nothing', (t) => {
  const s = play(function* (ctx) {
    yield* ctx.transaction(both, function* () {});
    yield* ctx.waitForExternalEvent('Go');
    return 'done';
  });
  s.start();
  t.deepEqual(s.grantLock(0, [7, 8]).actions, [{ ...ended(1), commit: true }]);
  t.deepEqual(s.loseLock(0), waiting);
  t.deepEqual(s.raiseEvent('Go'), completed('done'));
});

test('before its entities are locked it fails, and what is locked is given up', (t) => {
  const s = play(function* (ctx) {
    try {
      yield* ctx.transaction(both, function* () {});
    } catch (error) {
      if (error instanceof TransactionAbortedError) return ctx.isLocked().isLocked;
    }
    return 'not so';
  });
  s.start();
  t.deepEqual(s.loseLock(0), {
    ...completed(false),
    actions: [{ type: 'LockReleased', id: 1, lockId: 0, entities: [a, b] }],
  });
  const canceled = play(function* (ctx) {
    yield* ctx.transaction(both, function* () {});
  });
  canceled.start();
  t.deepEqual(canceled.cancel(), {
    actions: [{ type: 'LockReleased', id: 1, lockId: 0, entities: [a, b] }],
    completion: { type: 'Canceled' },
  });
});

/** What is thrown by something that is done in a transaction, which is aborted by it. */
function refusedIn(body: Body, after?: Body): unknown {
  const { first } = transaction(body, after);
  return first.completion?.type === 'Completed' ? first.completion.output : first.completion;
}

test('what could not be undone, or would wait in a circle, is refused', (t) => {
  const text = (what: unknown): string => String(what).replace(/^CriticalSectionError: /, '');
  t.is(
    text(
      refusedIn(function* (ctx) {
        ctx.signalEntity('account', 'c', 'deposit', 1);
        yield* ctx.createTimer(0);
      }),
    ),
    'Must not signal an entity from a transaction, for it would be carried out whatever becomes of that: call it as one of ' +
      'its entities, or signal it afterwards.',
  );
  const nested = 'Must not enter another critical section from within a critical section.';
  t.is(text(refusedIn((ctx) => ctx.lock(['account', 'c']) as never)), nested);
  t.is(text(refusedIn((ctx) => ctx.transaction([['account', 'c']], function* () {}))), nested);
  t.is(
    text(refusedIn((ctx) => ctx.callSubOrchestrator('other') as never)),
    'While holding locks, cannot call suborchestrators.',
  );
  t.is(
    text(refusedIn((ctx) => ctx.callEntity('account', 'c', 'get') as never)),
    'Must not call an entity from a critical section if it is not one of the locked entities.',
  );
  const s = play(function* (ctx) {
    using _lock = yield* ctx.lock(['account', 'a']);
    yield* ctx.transaction(both, function* () {});
  });
  s.start();
  t.is(failureOf(s.grantLock(0))?.message, nested);
});

test('what called its entities does so no more once it has ended', (t) => {
  const after: Body = function* (_, left) {
    yield* left('get');
  };
  const { first } = transaction(throwing, after);
  t.is(failureOf(first)?.message, 'The transaction has ended: its entities are called like any other from here on.');
});

test('a transaction has entities, and a time limit of 1 ms to a day', (t) => {
  const failing = (make: (ctx: OrchestrationContext) => Orchestration<unknown>) => failureOf(play(make).start());
  t.is(
    failing((ctx) => ctx.transaction([], function* () {}))?.message,
    'The list of entities to lock must not be empty.',
  );
  for (const timeoutInMilliseconds of [0, 1.5, 86_400_001])
    t.is(
      failing((ctx) => ctx.transaction(both, function* () {}, { timeoutInMilliseconds }))?.message,
      `timeoutInMilliseconds: must be a whole number from 1 to 86400000, is ${timeoutInMilliseconds}.`,
    );
  t.is(failing((ctx) => ctx.transaction([['account', '']], function* () {}))?.code, 'PERDURE_INVALID_ID');
});

test('one transaction follows the other in one execution, and code after one calls and signals as ever', (t) => {
  const s = play(function* (ctx) {
    for (let round = 0; round < 2; round++)
      yield* ctx.transaction([['account', 'a']], function* (left) {
        yield* left('deposit', round);
      });
    ctx.signalEntity('account', 'a', 'close');
    return 'done';
  });
  s.start();
  s.grantLock(0, [1]);
  t.like(s.completeOperation(1).actions, [
    { type: 'LockReleased', id: 2, commit: true },
    { type: 'LockRequested', id: 3, transaction: true },
  ]);
  s.grantLock(3, [2]);
  const last = s.completeOperation(4);
  t.like(last.actions, [{ type: 'LockReleased', lockId: 3, commit: true }, { type: 'EntityOperationSignaled' }]);
  t.like(last, { completion: { type: 'Completed', output: 'done' } });
});

test('a call that is refused where nothing may be called is not one that the transaction waits for', (t) => {
  let refused: unknown;
  const s = play(function* (ctx) {
    return yield* ctx.transaction([['account', 'a']], function* (account) {
      yield* ctx.waitUntil(() => {
        try {
          account('get');
        } catch (error) {
          refused = error;
        }
        return true;
      });
      return yield* account<number>('get');
    });
  });
  s.start();
  t.like(s.grantLock(0, [7]).actions[0], { type: 'EntityOperationCalled', id: 1 });
  t.truthy(refused);
  t.deepEqual(s.completeOperation(1, 5).completion, completed(5).completion);
});
