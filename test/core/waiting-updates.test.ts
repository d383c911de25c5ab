import test from 'ava';
import fc from 'fast-check';
import { CancelledError, OrchestrationContext, type Orchestration, type Task, type TimerTask } from 'perdure';
import { Orchestrator, Run, Update } from 'perdure/decorators';
import { scenario, type Turn } from 'perdure/testing';
import type { HistoryEvent, UpdateRequested } from '../../lib/core/history.js';
import { TaskOrchestrationExecutor } from '../../lib/core/task-orchestration-executor.js';
import type { Constructor } from '../../lib/core/values.js';
import { names } from '../../lib/definitions/names.js';
import { orchestratorProgram } from '../../lib/definitions/programs.js';
import { isDto } from '../../lib/validation/dto-plan.js';
import { isDateField } from '../../lib/validation/field-type.js';
import { revive } from '../../lib/validation/revive.js';
import * as ids from '../../lib/wire/checks.js';
import { createValueCodec } from '../../lib/wire/value-codec.js';

/** Ships what it is told to ship, one or several at a time, until it is closed. */
@Orchestrator('shop')
class Shop {
  readonly log: string[] = [];
  #isClosed = false;
  #timer: TimerTask | undefined;
  #shared: Task<string> | undefined;

  @Run() *run(_: void, ctx: OrchestrationContext): Orchestration<string[]> {
    this.#shared = ctx.callActivity<string>('open');
    yield* ctx.waitUntil(() => this.#isClosed);
    this.log.push('run goes on');
    return this.log;
  }
  @Update({ input: String }) *ship(item: string, ctx: OrchestrationContext): Orchestration<string> {
    this.log.push(`${item} is packed`);
    const parcel = yield* ctx.callActivity<string>('pack', item);
    const sent = yield* ctx.callActivity<string>('send', parcel);
    this.log.push(`${item} is gone`);
    if (item === 'last') this.#isClosed = true;
    return sent;
  }
  @Update() *shared(): Orchestration<unknown> {
    const shared = this.#shared;
    return shared && (yield* shared);
  }
  @Update({ input: String }) *twice(name: string, ctx: OrchestrationContext): Orchestration<unknown> {
    const first = yield* ctx.waitForExternalEvent(name);
    yield* ctx.waitUntil(() => this.log.length > 0);
    return [first, yield* ctx.waitForExternalEvent(name)];
  }
  @Update() *atOnce(_: void, ctx: OrchestrationContext): Orchestration<number> {
    if (this.#isClosed) yield* ctx.createTimer(1);
    return this.log.push('at once');
  }
  @Update() *throws(_: void, ctx: OrchestrationContext): Orchestration<void> {
    if (!this.#isClosed) throw new RangeError('no');
    yield* ctx.createTimer(1);
  }
  @Update() *careful(_: void, ctx: OrchestrationContext): Orchestration<string> {
    try {
      return yield* ctx.callActivity<string>('try');
    } catch (error) {
      if (error instanceof CancelledError) this.log.push('told of the cancellation');
      throw error;
    } finally {
      this.log.push('cleaned up');
    }
  }
  @Update() *stuck(_: void, ctx: OrchestrationContext): Orchestration<void> {
    this.#timer = ctx.createTimer(60_000);
    yield* this.#timer;
  }
  @Update() cancelTimer(): void {
    this.#timer?.cancel();
  }
  @Update() *strange(): Orchestration<unknown> {
    return yield 5 as never;
  }
  @Update() *unstorable(_: void, ctx: OrchestrationContext): Orchestration<unknown> {
    yield* ctx.createTimer(1);
    return () => {};
  }
  @Update() log2(): string[] {
    return this.log;
  }
}

function started() {
  const s = scenario(Shop);
  s.start();
  return s;
}

const outcomes = ({ answers = [] }: Turn) => answers.map(({ update, outcome }) => [update.name, outcome]);
const code = ({ answers = [] }: Turn) =>
  answers.map(({ outcome }) => ('failure' in outcome ? (outcome.failure.code ?? outcome.failure.name) : 'returned'));

test('an update that is a generator waits as run does, beside it, and is answered when it has ended', (t) => {
  const s = started();
  t.deepEqual(s.update('ship', 'nails'), {
    actions: [{ type: 'TaskScheduled', id: 1, name: 'pack', input: 'nails' }],
    waits: true,
  });
  t.deepEqual(s.update('log2').update, { result: ['nails is packed'] });
  t.deepEqual(s.completeTask(1, 'parcel').actions, [{ type: 'TaskScheduled', id: 2, name: 'send', input: 'parcel' }]);
  const turn = s.completeTask(2, 'gone');
  t.deepEqual([turn.update, turn.waits, outcomes(turn)], [undefined, undefined, [['ship', { result: 'gone' }]]]);
});

test('several wait at the same time, and each ends by itself', (t) => {
  const s = started();
  s.update('ship', 'a');
  s.update('ship', 'b');
  s.completeTask(2, 'B');
  s.completeTask(1, 'A');
  t.deepEqual(outcomes(s.completeTask(3, 'b gone')), [['ship', { result: 'b gone' }]]);
  t.deepEqual(outcomes(s.completeTask(4, 'a gone')), [['ship', { result: 'a gone' }]]);
  t.deepEqual(s.update('log2').update, { result: ['a is packed', 'b is packed', 'b is gone', 'a is gone'] });
});

test('U1: one that waits for nothing, or throws before that, is answered at once', (t) => {
  const s = started();
  t.deepEqual(s.update('atOnce'), { actions: [], update: { result: 1 } });
  t.like(s.update('throws').update, { failure: { name: 'RangeError' } });
  s.completeTask(0, 'opened');
  t.deepEqual(s.update('shared'), { actions: [], update: { result: 'opened' } }, 'what has ended is no wait');
});

test('U2: of one event handlers go on first, in their order, then run, in whose last turn they are answered', (t) => {
  const s = started();
  s.update('shared');
  s.update('shared');
  t.deepEqual(outcomes(s.completeTask(0, 1)), [
    ['shared', { result: 1 }],
    ['shared', { result: 1 }],
  ]);
  s.update('ship', 'last');
  s.completeTask(1, 'parcel');
  const { completion, ...turn } = s.completeTask(2, 'gone');
  t.deepEqual(outcomes(turn), [['ship', { result: 'gone' }]]);
  t.deepEqual(completion, { type: 'Completed', output: ['last is packed', 'last is gone', 'run goes on'] });
});

test('handlers wait for events and conditions', (t) => {
  const s = started();
  s.update('twice', 'x');
  t.deepEqual(s.raiseEvent('X', 1), { actions: [] });
  t.deepEqual(s.raiseEvent('X', 2), { actions: [] }, 'the condition does not hold');
  t.deepEqual(outcomes(s.update('atOnce')), [['twice', { result: [1, 2] }]]);
});

test('U3: what a handler throws is its own failure, whenever it is thrown', (t) => {
  const s = started();
  s.update('ship', 'nails');
  const turn = s.failTask(1, new TypeError('torn'));
  t.like(turn.answers?.[0]?.outcome, { failure: { name: 'TaskFailedError', cause: { name: 'TypeError' } } });
  t.is(turn.completion, undefined);
  s.update('unstorable');
  t.deepEqual(code(s.fireTimer(2)), ['PERDURE_UNSERIALIZABLE']);
  t.like(s.update('strange').update, { failure: { code: 'PERDURE_ILLEGAL_AWAIT' } });
});

test('one that waits for a timer which somebody cancels fails, for it would wait for ever', (t) => {
  const s = started();
  s.update('stuck');
  t.deepEqual(code(s.update('cancelTimer')), ['PERDURE_ILLEGAL_AWAIT']);
});

test('a cancellation is thrown where handlers wait, before run is told', (t) => {
  const s = started();
  s.update('careful');
  const turn = s.cancel('enough');
  t.deepEqual(code(turn), ['PERDURE_CANCELLED']);
  t.like(turn.completion, { type: 'Canceled' });
});

// ---- replay ----------------------------------------------------------------------------------------------------------

/** An update of a client that waits for the answer. */
const asked = (name: string, updateId: string, input?: string): UpdateRequested => ({
  type: 'UpdateRequested',
  at: Date.UTC(2025, 0, 1),
  name,
  updateId,
  reply: '_INBOX.a',
  ...(input !== undefined && { input }),
});

function replay(orchestrator: Constructor, history: readonly HistoryEvent[]): void {
  const values = createValueCodec({ revive, isDto, isDateField });
  const program = orchestratorProgram(names.orchestrator(orchestrator), values);
  new TaskOrchestrationExecutor(program, { values, names, ids }, { instanceId: 'instance' }).replay(history);
}

test('R4: the history says where the caller listens until it is answered, and when that is', (t) => {
  const s = started();
  s.play(asked('ship', 'u1', 'nails'));
  s.play(asked('ship', 'u2', 'screws'));
  s.play(asked('atOnce', 'u3'));
  s.completeTask(1, 'parcel');
  s.completeTask(3, 'gone');
  s.failTask(2, new RangeError('torn'));
  const [first, second, third] = s.history.filter(({ type }) => type === 'UpdateRequested');
  t.like(first, { updateId: 'u1', waits: true, reply: '_INBOX.a' });
  t.like(second, { updateId: 'u2', waits: true, reply: '_INBOX.a' });
  t.like(third, { updateId: 'u3', waits: undefined, reply: undefined });
  const marks = s.history.filter((event) => event.type === 'UpdateAnswered');
  t.is(marks.length, 2);
  t.deepEqual(marks[0], { type: 'UpdateAnswered', updateId: 'u1' });
  t.like(marks[1], { updateId: 'u2', failure: { name: 'TaskFailedError' } });
  t.notThrows(() => replay(Shop, s.history));
});

/** Waits for one thing or the other before it answers, or for nothing. */
function versionThat(answers: 'early' | 'late' | 'at once'): Constructor {
  @Orchestrator('gate')
  class Gate {
    @Run() *run(_: void, ctx: OrchestrationContext): Orchestration<void> {
      yield* ctx.waitForExternalEvent('open');
    }
    @Update() *knock(_: void, ctx: OrchestrationContext): Orchestration<string> {
      const [one, two] = [ctx.callActivity('one'), ctx.callActivity('two')];
      if (answers !== 'at once') yield* answers === 'early' ? one : ctx.all([one, two]);
      return 'yes';
    }
  }
  return Gate;
}

test('R4: code that answers an update in another turn than it did is found out', (t) => {
  const play = (answers: 'early' | 'late' | 'at once'): readonly HistoryEvent[] => {
    const s = scenario(versionThat(answers));
    s.start();
    s.play(asked('knock', 'u1'));
    s.completeTask(0, 1);
    s.completeTask(1, 2);
    return s.history;
  };
  for (const was of ['early', 'late', 'at once'] as const)
    for (const is of ['early', 'late', 'at once'] as const)
      if (was === is) t.notThrows(() => replay(versionThat(is), play(was)));
      else t.throws(() => replay(versionThat(is), play(was)), { code: 'PERDURE_NON_DETERMINISM' });
  const { message } = t.throws(() => replay(versionThat('late'), play('early')));
  t.regex(message, /^Event 4 .* answers update "u1"; the code now does: answers no update/);
});

test('R5: whatever comes in whatever order, a replay does the same after each event, and answers each update once at most', (t) => {
  const updates = [
    'ship',
    'shared',
    'twice',
    'atOnce',
    'throws',
    'careful',
    'stuck',
    'cancelTimer',
    'strange',
  ] as const;
  const step = fc.oneof(
    { weight: 4, arbitrary: fc.record({ do: fc.constant('update' as const), name: fc.constantFrom(...updates) }) },
    { weight: 4, arbitrary: fc.record({ do: fc.constantFrom('complete', 'fail'), nth: fc.nat(3) }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('raise' as const) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('cancel' as const) }) },
  );
  let answered = 0;
  const property = fc.property(fc.array(step, { maxLength: 25 }), (steps) => {
    const s = started();
    const isOpen = ({ id }: { readonly id: number }): boolean =>
      !s.history.some((event) => 'at' in event && 'id' in event && event.id === id) &&
      !s.history.some((event) => event.type === 'TimerCanceled' && event.timerId === id);
    for (const [at, one] of steps.entries()) {
      if (s.history.some(({ type }) => type.startsWith('Execution') && type !== 'ExecutionStarted')) break;
      if (one.do === 'update') s.play({ ...asked(one.name, `u${at}`, 'x'), at: s.now });
      else if (one.do === 'raise') s.raiseEvent('x', at);
      else if (one.do === 'cancel') s.cancel();
      else {
        const open = s.history.filter((event) => event.type === 'TaskScheduled' || event.type === 'TimerCreated');
        const task = open.filter(isOpen)[one.nth];
        if (task?.type === 'TimerCreated') s.fireTimer(task.id);
        else if (task && one.do === 'complete') s.completeTask(task.id, 'done');
        else if (task) s.failTask(task.id, new RangeError('torn'));
      }
    }
    replay(Shop, s.history);
    const ids = s.history.flatMap((event) => (event.type === 'UpdateAnswered' ? [event.updateId] : []));
    t.is(new Set(ids).size, ids.length);
    answered += ids.length;
  });
  fc.assert(property, { numRuns: 300, seed: 7 });
  t.true(answered > 50, `${answered}`);
});
