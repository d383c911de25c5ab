import test from 'ava';
import { Saga, type CompensationFailedError, type OrchestrationContext, type Orchestration } from '../../lib/index.js';
import { completed, failureOf, play, waiting } from './surroundings.js';

/** Books three things in a row and undoes what was begun when one fails. */
function* trip(ctx: OrchestrationContext): Orchestration<string> {
  const saga = new Saga();
  try {
    for (const part of ['hotel', 'flight', 'car']) {
      saga.add(() => ctx.callActivity('cancel', part));
      yield* ctx.callActivity('book', part);
    }
    return 'booked';
  } catch (error) {
    yield* saga.compensate();
    throw error;
  }
}

const cancel = (id: number, input: string) => ({ actions: [{ type: 'TaskScheduled', id, name: 'cancel', input }] });

test('a saga that goes well undoes nothing', (t) => {
  const s = play(trip);
  s.start();
  s.completeTask(0);
  s.completeTask(1);
  t.deepEqual(s.completeTask(2), completed('booked'));
});

test('when a step fails, all that was begun is undone, the last first, and the error goes on', (t) => {
  const s = play(trip);
  s.start();
  s.completeTask(0);
  t.deepEqual(s.failTask(1, new Error('no seat')), cancel(2, 'flight'));
  t.deepEqual(s.completeTask(2), cancel(3, 'hotel'));
  const turn = s.completeTask(3);
  t.deepEqual(turn.actions, []);
  t.is(failureOf(turn)?.message, 'activity "book" failed: no seat');
});

test('when the execution is canceled, all that was begun is undone, and it ends as canceled', (t) => {
  const s = play(trip);
  s.start();
  s.completeTask(0);
  t.deepEqual(s.cancel('ill'), cancel(2, 'flight'));
  t.deepEqual(s.completeTask(2), cancel(3, 'hotel'));
  t.deepEqual(s.completeTask(3), { actions: [], completion: { type: 'Canceled', reason: 'ill' } });
});

test('a compensation that fails does not keep the others from running, and all errors are told', (t) => {
  const s = play(trip);
  s.start();
  s.completeTask(0);
  s.completeTask(1);
  s.failTask(2, new Error('no car'));
  t.deepEqual(s.failTask(3, new Error('closed')), cancel(4, 'flight'));
  t.deepEqual(s.completeTask(4), cancel(5, 'hotel'));
  const failure = failureOf(s.failTask(5, new RangeError('gone')));
  t.like(failure, {
    name: 'CompensationFailedError',
    code: 'PERDURE_COMPENSATION_FAILED',
    message: '2 of 3 compensations failed: activity "cancel" failed: closed; activity "cancel" failed: gone',
  });
  t.is(failure?.cause?.name, 'TaskFailedError');
});

test('a compensation may be a task, steps of its own, a one-way message, or throw at once', (t) => {
  const s = play(function* (ctx) {
    const saga = new Saga();
    saga.add(function* () {
      yield* ctx.callActivity('first');
      yield* ctx.callActivity('second');
    });
    saga.add(() => {
      throw new RangeError('at once');
    });
    saga.add(() => ctx.signalEntity('log', 'all', 'undone'));
    try {
      yield* saga.compensate();
    } catch (error) {
      const { errors, total } = error as CompensationFailedError;
      return [errors.map(String), total];
    }
    return undefined;
  });
  t.deepEqual(
    s.start().actions.map(({ type }) => type),
    ['EntityOperationSignaled', 'TaskScheduled'],
  );
  t.is(s.completeTask(1).actions.length, 1);
  t.deepEqual(s.completeTask(2), completed([['RangeError: at once'], 3]));
});

test('a cancellation goes on behind the compensations: what it has given up of them is run again', (t) => {
  const s = play(trip);
  s.start();
  s.completeTask(0);
  t.deepEqual(s.failTask(1, new Error('no seat')), cancel(2, 'flight'));
  t.deepEqual(s.cancel('no more'), cancel(3, 'flight'));
  t.deepEqual(s.completeTask(2), waiting);
  t.deepEqual(s.completeTask(3), cancel(4, 'hotel'));
  t.deepEqual(s.completeTask(4), { actions: [], completion: { type: 'Canceled', reason: 'no more' } });
});

test('a compensation that can go on while the instance is canceled goes on, and is not run twice', (t) => {
  const s = play(function* (ctx) {
    const saga = new Saga();
    saga.add(() => ctx.callEntity('purse', 'a', 'refund', 1));
    saga.add(function* () {
      const paid = yield* ctx.callEntity<number>('purse', 'b', 'refund', 2);
      yield* ctx.callActivity('tell', paid);
    });
    yield* saga.compensate();
  });
  s.start();
  t.deepEqual(s.cancel(), waiting);
  t.deepEqual(s.completeOperation(0, 2).actions, [{ type: 'TaskScheduled', id: 1, name: 'tell', input: 2 }]);
  t.is(s.completeTask(1).actions[0]?.type, 'EntityOperationCalled');
  t.is(s.completeOperation(2).completion?.type, 'Canceled');
});

test('a compensation that fails although it was run again behind a cancellation has failed', (t) => {
  const s = play(trip);
  s.start();
  s.failTask(0, new Error('no room'));
  t.deepEqual(s.cancel(), cancel(2, 'hotel'));
  t.is(failureOf(s.failTask(2, new Error('closed')))?.name, 'CompensationFailedError');
});

test('compensations are used up: a second time only those run that were added since', (t) => {
  const s = play(function* (ctx) {
    const saga = new Saga();
    saga.add(() => ctx.callActivity('a'));
    yield* saga.compensate();
    saga.add(() => ctx.callActivity('b'));
    yield* saga.compensate();
    yield* saga.compensate();
  });
  s.start();
  t.deepEqual(s.completeTask(0).actions, [{ type: 'TaskScheduled', id: 1, name: 'b' }]);
  t.deepEqual(s.completeTask(1), { actions: [], completion: { type: 'Completed' } });
});
