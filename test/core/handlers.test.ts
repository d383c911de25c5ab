import test from 'ava';
import { IsInt, IsString, Min } from 'class-validator';
import { OrchestrationContext, type Orchestration, type Task, type TimerTask } from 'perdure';
import { Orchestrator, Query, Run, Update } from 'perdure/decorators';
import { scenario, type Turn } from 'perdure/testing';
import type { HistoryEvent } from '../../lib/core/history.js';
import { TaskOrchestrationExecutor } from '../../lib/core/task-orchestration-executor.js';
import type { Constructor } from '../../lib/core/values.js';
import { names } from '../../lib/definitions/names.js';
import { orchestratorProgram } from '../../lib/definitions/programs.js';
import { isDto } from '../../lib/validation/dto-plan.js';
import { isDateField } from '../../lib/validation/field-type.js';
import { revive } from '../../lib/validation/revive.js';
import * as ids from '../../lib/wire/checks.js';
import { createValueCodec } from '../../lib/wire/value-codec.js';

/** Has a task made of events, which a query and a condition may read, and which loses its race. */
@Orchestrator('listener')
class Listener {
  #first: Task<unknown> | undefined;
  @Run() *run(_: void, ctx: OrchestrationContext): Orchestration<unknown> {
    const first = ctx.race([ctx.waitForExternalEvent('x'), ctx.waitForExternalEvent('y')]);
    this.#first = first;
    yield* ctx.any([ctx.all([first, ctx.callActivity('slow')]), ctx.waitForExternalEvent('stop')]);
    return yield* ctx.waitForExternalEvent('x');
  }
  @Query() heard(): unknown {
    return this.#first?.isCompleted ? this.#first.result : undefined;
  }
}

/** Rings in a while, unless it is switched off; alone or among others that may end its wait. */
@Orchestrator('alarm')
class Alarm {
  #timer: TimerTask | undefined;
  @Run({ input: String }) *run(how: string, ctx: OrchestrationContext): Orchestration<string> {
    const timer = ctx.createTimer(60_000);
    this.#timer = timer;
    if (how === 'alone') yield* timer;
    else if (how === 'any') yield* ctx.any([timer]);
    else if (how === 'all') yield* ctx.all([timer, ctx.waitForExternalEvent('x')]);
    else yield* ctx.any([timer, ctx.waitForExternalEvent('x')]);
    return 'rang';
  }
  @Update() off(): void {
    this.#timer?.cancel();
  }
}

let orders = 0;

class Line {
  @IsString() item!: string;
  @IsInt() @Min(1) pieces = 1;
  /** Another one at each call of the initializer. */
  @IsInt() number = ++orders;
}

@Orchestrator('order')
class Order {
  readonly #lines: Line[] = [];
  #isClosed = false;
  #context: OrchestrationContext | undefined;
  #call: Task<string> | undefined;
  @Run({ input: Number }) *run(limit: number, ctx: OrchestrationContext): Orchestration<number> {
    this.#context = ctx;
    yield* ctx.waitUntil(() => this.#isClosed || this.#lines.length === limit);
    if (this.#lines.some(({ item }) => item === 'again')) ctx.continueAsNew(limit);
    return this.#lines.length;
  }
  @Update() add(line: Line, ctx: OrchestrationContext): number {
    if (line.item === 'none') throw new RangeError('Nothing to add');
    ctx.signalEntity('stock', line.item, 'reserve', line.pieces);
    ctx.setCustomStatus(`with ${line.item}`);
    if (line.item === 'bomb') throw new RangeError('Too late');
    return this.#lines.push(line);
  }
  @Update() close(): void {
    this.#isClosed = true;
  }
  @Update() ask(_: void, ctx: OrchestrationContext): void {
    this.#call = ctx.callActivity<string>('ask');
  }
  @Update() wait(): unknown {
    return this.#call;
  }
  @Query() count(): number {
    return this.#lines.length;
  }
  @Query() numbers(): number[] {
    return this.#lines.map(({ number }) => number);
  }
  @Query({ input: Number }) line(at: number): string {
    const line = this.#lines[at];
    if (!line) throw new RangeError(`There is no line ${at}`);
    return line.item;
  }
  @Query() answer(): string | undefined {
    return this.#call?.isCompleted ? this.#call.result : undefined;
  }
  @Query() misuse(): void {
    this.#context?.callActivity('never');
  }
  @Query() mutate(): void {
    this.#isClosed = true;
  }
}

function started(limit = 3) {
  const s = scenario(Order);
  s.start(limit);
  return s;
}

const failureOf = ({ update }: Turn) => (update && 'failure' in update ? update.failure : undefined);

test('an update runs on the object that run works on, asks the context for things, and returns to its caller', (t) => {
  const s = started();
  t.deepEqual(s.update('add', { item: 'nails', pieces: 5 }), {
    actions: [
      {
        type: 'EntityOperationSignaled',
        id: 0,
        entity: { name: 'stock', key: 'nails' },
        operation: 'reserve',
        input: 5,
      },
    ],
    customStatus: 'with nails',
    update: { result: 1 },
  });
  t.deepEqual(s.query('count'), { result: 1 });
  t.deepEqual(s.query('line', 0), { result: 'nails' });
});

test('run goes on in the turn of the update that it waited for', (t) => {
  const s = started();
  t.deepEqual(s.update('add', { item: 'nails' }).update, { result: 1 });
  t.deepEqual(s.update('close'), { actions: [], update: {}, completion: { type: 'Completed', output: 1 } });
  t.deepEqual(s.update('close'), { actions: [] }, 'after the end there is nothing to update');
  t.deepEqual(s.query('count'), { result: 1 }, 'the object can still be asked');
});

test('what an update throws is told to its caller, what it did before stands, and the instance goes on', (t) => {
  const s = started(2);
  const turn = s.update('add', { item: 'bomb' });
  t.like(failureOf(turn), { name: 'RangeError', message: 'Too late' });
  t.is(turn.actions.length, 1);
  t.is(turn.completion, undefined);
  const recorded = s.history.find(({ type }) => type === 'UpdateRequested');
  t.like(recorded, { failure: { name: 'RangeError', message: 'Too late' } });
  s.update('add', { item: 'nails' });
  t.like(s.update('add', { item: 'screws' }).completion, { type: 'Completed', output: 2 });
});

test('an update that does not exist, or whose input does not fit, is refused and not recorded', (t) => {
  const s = started();
  const before = s.history.length;
  t.is(failureOf(s.update('add', { item: 5 }))?.code, 'PERDURE_INVALID_INPUT');
  t.is(failureOf(s.update('remove'))?.code, 'PERDURE_UNKNOWN_UPDATE');
  t.is(failureOf(s.update('count'))?.code, 'PERDURE_UNKNOWN_UPDATE', 'a query is no update');
  t.is(failureOf(s.update('run'))?.code, 'PERDURE_UNKNOWN_UPDATE');
  t.is(s.history.length, before);
});

test('what the class of an input adds by initializers is made once, and is the same on every replay', (t) => {
  const s = started();
  s.update('add', { item: 'nails' });
  const numbers = s.query('numbers');
  s.update('add', { item: 'screws' }); // replays all
  const recorded = s.history.flatMap((event) => (event.type === 'UpdateRequested' ? [event.input] : []));
  t.like(recorded[0], { item: 'nails', pieces: 1 });
  t.deepEqual(numbers, { result: [(recorded[0] as { readonly number: number }).number] });
});

test('an update that gives something to wait for fails', (t) => {
  const s = started();
  s.update('ask');
  t.is(failureOf(s.update('wait'))?.code, 'PERDURE_ILLEGAL_AWAIT');
  t.deepEqual(s.query('answer'), {});
  s.completeTask(0, 'yes');
  t.deepEqual(s.query('answer'), { result: 'yes' });
});

test('a query tells what it throws, and cannot ask for anything', (t) => {
  const s = started();
  t.like(s.query('line', 7), { failure: { name: 'RangeError', message: 'There is no line 7' } });
  t.like(s.query('line', 'first'), { failure: { code: 'PERDURE_INVALID_INPUT' } });
  t.like(s.query('add', { item: 'nails' }), { failure: { code: 'PERDURE_UNKNOWN_QUERY' } });
  t.like(s.query('misuse'), { failure: { code: 'PERDURE_ILLEGAL_AWAIT' } });
  t.deepEqual(s.update('add', { item: 'nails' }).actions.length, 1);
  t.is(s.history.filter(({ type }) => type === 'TaskScheduled').length, 0);
});

test('an update that cancels what run waits for alone fails the instance, which would never end', (t) => {
  for (const how of ['alone', 'any', 'all']) {
    const s = scenario(Alarm);
    s.start(how);
    const { actions, completion, update } = s.update('off');
    t.deepEqual([actions, update], [[{ type: 'TimerCanceled', id: 1, timerId: 0 }], {}]);
    t.is(completion?.type === 'Failed' && completion.failure.code, 'PERDURE_ILLEGAL_AWAIT', how);
  }
  const s = scenario(Alarm);
  s.start('beside an event');
  t.is(s.update('off').completion, undefined);
  t.deepEqual(s.raiseEvent('x').completion, { type: 'Completed', output: 'rang' });
});

test('an execution that began with behaviour 0 goes on waiting for what an update has cancelled', (t) => {
  const s = scenario(Alarm);
  s.play({ type: 'ExecutionStarted', at: s.now, name: 'alarm', executionId: 'execution', input: 'alone' });
  t.is(s.update('off').completion, undefined);
});

test('R7: what a query reads of a task made of events is not seen: it is given back all the same', (t) => {
  const s = scenario(Listener);
  s.start();
  s.raiseEvent('x', 'kept');
  t.deepEqual(s.query('heard'), { result: 'kept' });
  t.deepEqual(s.raiseEvent('stop').completion, { type: 'Completed', output: 'kept' });
  t.deepEqual(s.query('heard'), {});
});

test('a scenario finds out a query that changes something', (t) => {
  const s = started();
  s.query('mutate');
  t.throws(() => s.update('add', { item: 'nails' }), { code: 'PERDURE_NON_DETERMINISM' });
});

/** An orchestrator in two versions, of which one refuses what the other one takes. */
function versionThat(refuses: boolean): Constructor {
  @Orchestrator('gate')
  class Gate {
    @Run() *run(_: void, ctx: OrchestrationContext): Orchestration<void> {
      yield* ctx.waitForExternalEvent('open');
    }
    @Update() knock(): void {
      if (refuses) throw new RangeError('Never');
    }
  }
  return Gate;
}

/** A gate without its update. */
function versionWithout(): Constructor {
  @Orchestrator('gate')
  class Gate {
    @Run() *run(_: void, ctx: OrchestrationContext): Orchestration<void> {
      yield* ctx.waitForExternalEvent('open');
    }
  }
  return Gate;
}

function replay(orchestrator: Constructor, history: readonly HistoryEvent[]): void {
  const values = createValueCodec({ revive, isDto, isDateField });
  const program = orchestratorProgram(names.orchestrator(orchestrator), values);
  new TaskOrchestrationExecutor(program, { values, names, ids }, { instanceId: 'instance' }).replay(history);
}

test('an update that comes to something else on replay than its history says is found out', (t) => {
  const histories = [false, true].map((refuses) => {
    const s = scenario(versionThat(refuses));
    s.start();
    s.update('knock');
    return s.history;
  });
  for (const [at, refuses] of [false, true].entries()) {
    t.notThrows(() => replay(versionThat(refuses), histories[at]!));
    t.throws(() => replay(versionThat(!refuses), histories[at]!), { code: 'PERDURE_NON_DETERMINISM' });
  }
  const error = t.throws(() => replay(versionThat(true), histories[0]!));
  t.regex(
    error.message,
    /^Event 1 .* update "knock" returns; the code now does: update "knock" throws RangeError: Never/,
  );
  t.throws(() => replay(versionWithout(), histories[0]!), { code: 'PERDURE_NON_DETERMINISM' });
});
