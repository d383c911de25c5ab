import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import type { OrchestrationContext } from '../../lib/core/orchestration-context.js';
import { rebuild } from '../../lib/core/rebuild.js';
import type { HistoryEvent } from '../../lib/core/history.js';
import { NonDeterminismError, type Task } from '../../lib/index.js';
import { dependencies, play, program, type Run } from './surroundings.js';

/** The parts of an orchestrator, as they may be edited one by one. */
const parts = {
  reserve: (ctx: OrchestrationContext): Task<number> =>
    ctx.callActivity<number>('reserve', { item: 'nail', pieces: 5 }),
  price: (ctx: OrchestrationContext): Task<number> => ctx.callActivity<number>('price', 'nail'),
  begin: (ctx: OrchestrationContext): Task<unknown>[] => [parts.reserve(ctx), parts.price(ctx)],
  wait: (ctx: OrchestrationContext, tasks: Task<unknown>[]): Task<unknown> => ctx.all(tasks),
  note: (ctx: OrchestrationContext, found: unknown) => ctx.signalEntity('audit', 'nails', 'note', found),
  tell: (ctx: OrchestrationContext) => ctx.sendEvent('shop', 'Reserved', 'nail'),
  rest: (ctx: OrchestrationContext): Task<unknown> => ctx.createTimer(60_000),
  isOver: (_ctx: OrchestrationContext): boolean => false,
  bill: (ctx: OrchestrationContext): Task<unknown> => ctx.callSubOrchestrator('billing', 20, { instanceId: 'bill-1' }),
  take: (ctx: OrchestrationContext): Task<unknown> => ctx.callEntity('stock', 'nails', 'take', 5),
  output: (receipt: unknown): unknown => receipt,
};

function order(edits: Partial<typeof parts> = {}): Run {
  const code = { ...parts, ...edits };
  return function* (ctx) {
    code.note(ctx, yield* code.wait(ctx, code.begin(ctx)));
    code.tell(ctx);
    yield* code.rest(ctx);
    if (code.isOver(ctx)) return 'over';
    const receipt = yield* code.bill(ctx);
    yield* code.take(ctx);
    return code.output(receipt);
  };
}

/** What the unedited code has lived through. */
function recorded(): readonly HistoryEvent[] {
  const s = play(order());
  s.start();
  s.completeTask(0, 'r');
  s.completeTask(1, 20);
  s.fireTimer(4);
  s.completeSubOrchestration(5, 'receipt');
  s.completeOperation(6);
  return s.history;
}

const identity = { instanceId: 'instance' };
const events = recorded().map(({ type }) => type);

test('the history that is edited against', (t) => {
  t.deepEqual(events, [
    'ExecutionStarted',
    'TaskScheduled',
    'TaskScheduled',
    'TaskCompleted',
    'TaskCompleted',
    'EntityOperationSignaled',
    'EventSent',
    'TimerCreated',
    'TimerFired',
    'SubOrchestrationInstanceCreated',
    'SubOrchestrationInstanceCompleted',
    'EntityOperationCalled',
    'EntityOperationCompleted',
    'ExecutionCompleted',
  ]);
  t.notThrows(() => rebuild(program(order()), dependencies, identity, recorded()));
});

interface Told {
  readonly eventNumber: number;
  readonly expected: RegExp;
  readonly actual: RegExp;
  readonly difference?: string;
  /** What stands in the line of this file that is named. */
  readonly line: string;
  /** What is said of the line. Default: that the action is asked for there. */
  readonly what?: string;
}

const nothing = /^nothing more in this turn$/;

const edits: readonly (readonly [string, Partial<typeof parts>, Told])[] = [
  [
    'an activity has another name',
    { begin: (ctx) => [ctx.callActivity('hold', { item: 'nail', pieces: 5 }), parts.price(ctx)] },
    {
      eventNumber: 1,
      expected: /^TaskScheduled with id 0, name "reserve", input \{"item":"nail","pieces":5\}$/,
      actual: /^TaskScheduled with id 0, name "hold", input \{"item":"nail","pieces":5\}$/,
      difference: 'name',
      line: "callActivity('hold'",
    },
  ],
  [
    'an input is another',
    { begin: (ctx) => [ctx.callActivity('reserve', { pieces: 6, item: 'nail' }), parts.price(ctx)] },
    { eventNumber: 1, expected: /"pieces":5/, actual: /"pieces":6/, difference: 'input.pieces', line: 'pieces: 6' },
  ],
  [
    'two calls have changed places',
    { begin: (ctx) => [parts.price(ctx), parts.reserve(ctx)].toReversed() },
    {
      eventNumber: 1,
      expected: /name "reserve"/,
      actual: /name "price"/,
      difference: 'name',
      line: "('price', 'nail')",
    },
  ],
  [
    'a call is gone',
    { begin: (ctx) => [parts.reserve(ctx)] },
    {
      eventNumber: 2,
      expected: /^TaskScheduled with id 1, name "price", input "nail"$/,
      actual: nothing,
      line: 'yield* code.wait(ctx, code.begin(ctx))',
      what: 'it waits',
    },
  ],
  [
    'a call was added before others',
    { begin: (ctx) => [ctx.callActivity('log'), ...parts.begin(ctx)] },
    { eventNumber: 1, expected: /name "reserve"/, actual: /name "log"/, difference: 'name', line: "('log')" },
  ],
  [
    'a call was added behind others',
    { begin: (ctx) => [...parts.begin(ctx), ctx.callActivity('log')] },
    { eventNumber: 3, expected: nothing, actual: /^TaskScheduled with id 2, name "log"$/, line: "('log')" },
  ],
  [
    'a timer runs for another time',
    { rest: (ctx) => ctx.createTimer(61_000) },
    {
      eventNumber: 7,
      expected: /^TimerCreated with id 4, fireAt \d+$/,
      actual: /^TimerCreated with id 4, fireAt \d+$/,
      difference: 'fireAt',
      line: '61_000',
    },
  ],
  [
    'an entity is another one',
    { note: (ctx, found) => ctx.signalEntity('audit', 'screws', 'note', found) },
    { eventNumber: 5, expected: /"key":"nails"/, actual: /"key":"screws"/, difference: 'entity.key', line: "'screws'" },
  ],
  [
    'an operation is another one',
    { take: (ctx) => ctx.callEntity('stock', 'nails', 'drop', 5) },
    { eventNumber: 11, expected: /"take"/, actual: /"drop"/, difference: 'operation', line: "'drop'" },
  ],
  [
    'a signal is a call now',
    { note: (ctx, found) => void ctx.callEntity('audit', 'nails', 'note', found) },
    {
      eventNumber: 5,
      expected: /^EntityOperationSignaled /,
      actual: /^EntityOperationCalled /,
      line: "callEntity('audit'",
    },
  ],
  [
    'the results of several tasks come in another order',
    { wait: (ctx, tasks) => ctx.all(tasks.toReversed()) },
    { eventNumber: 5, expected: /input \["r",20\]/, actual: /input \[20,"r"\]/, difference: 'input[0]', line: 'note' },
  ],
  [
    'the first of several tasks is enough',
    { wait: (ctx, tasks) => ctx.race(tasks) },
    { eventNumber: 4, expected: nothing, actual: /^EntityOperationSignaled .* input "r"/, line: 'note' },
  ],
  [
    'a sub-orchestration is an activity now',
    { bill: (ctx) => ctx.callActivity('billing', 20) },
    {
      eventNumber: 9,
      expected: /^SubOrchestrationInstanceCreated .*instanceId "bill-1"/,
      actual: /^TaskScheduled with id 5, name "billing", input 20$/,
      line: "callActivity('billing'",
    },
  ],
  [
    'a sub-orchestration has another id',
    { bill: (ctx) => ctx.callSubOrchestrator('billing', 20) },
    {
      eventNumber: 9,
      expected: /instanceId "bill-1"/,
      actual: /instanceId "execution:0005"/,
      difference: 'instanceId',
      line: 'callSubOrchestrator',
    },
  ],
  [
    'an event has another name',
    { tell: (ctx) => ctx.sendEvent('shop', 'Taken', 'nail') },
    { eventNumber: 6, expected: /name "Reserved"/, actual: /name "Taken"/, difference: 'name', line: "'Taken'" },
  ],
  [
    'an event goes to another instance',
    { tell: (ctx) => ctx.sendEvent('store', 'Reserved', 'nail') },
    { eventNumber: 6, expected: /"shop"/, actual: /"store"/, difference: 'instanceId', line: "'store'" },
  ],
  [
    'it returns early',
    { isOver: () => true },
    {
      eventNumber: 9,
      expected: /^SubOrchestration/,
      actual: /^ExecutionCompleted with output "over"$/,
      line: 'yield* code.rest(ctx)',
      what: 'after the wait',
    },
  ],
  [
    'it throws',
    {
      isOver: () => {
        throw new RangeError('no more');
      },
    },
    {
      eventNumber: 9,
      expected: /^SubOrch/,
      actual: /^ExecutionFailed with failure "RangeError: no more"$/,
      line: "throw new RangeError('no more')",
      what: 'thrown',
    },
  ],
  [
    'it continues as new',
    {
      isOver: (ctx) => {
        ctx.continueAsNew('next');
        return true;
      },
    },
    {
      eventNumber: 9,
      expected: /^SubOrch/,
      actual: /^ContinuedAsNew with input "next"$/,
      line: 'yield* code.rest(ctx)',
      what: 'after the wait',
    },
  ],
  [
    'it waits where it did not',
    { take: (ctx) => ctx.all([parts.take(ctx), ctx.waitForExternalEvent('Go')]) },
    {
      eventNumber: 13,
      expected: /^ExecutionCompleted with output "receipt"$/,
      actual: /^goes on waiting$/,
      line: 'yield* code.take(ctx)',
      what: 'it waits',
    },
  ],
  [
    'it returns something else',
    { output: () => 'nothing' },
    {
      eventNumber: 13,
      expected: /output "receipt"$/,
      actual: /^ExecutionCompleted with output "nothing"$/,
      line: 'yield* code.take(ctx)',
      what: 'after the wait',
    },
  ],
];

for (const [what, edit, told] of edits)
  test(`an edit of code that a history tells: ${what}`, (t) => {
    const run = program(order(edit));
    const error = t.throws(() => rebuild(run, dependencies, identity, recorded()), {
      instanceOf: NonDeterminismError,
    });
    const { eventNumber, expected, actual, difference, source } = error;
    t.is(eventNumber, told.eventNumber);
    t.regex(expected, told.expected);
    t.regex(actual, told.actual);
    t.is(difference, told.difference);
    t.true(
      error.message.startsWith(`Event ${eventNumber} of the history says: ${expected}; the code now does: ${actual}`),
    );
    if (difference !== undefined) t.true(error.message.includes(`; they differ in ${difference}`));
    t.true(error.message.includes(`, ${told.what ?? 'asked for'} at ${source}.`));
    t.true(lineAt(source!).includes(told.line), `${source}: ${lineAt(source!)}`);
  });

/** The line that a place names: of the source where Node.js reads source maps, as under AVA. */
function lineAt(place: string): string {
  const [, file = '', line] = /^(.+):(\d+):\d+$/.exec(place)!;
  return readFileSync(file.startsWith('file:') ? fileURLToPath(file) : file, 'utf8').split('\n')[Number(line) - 1]!;
}

test('edits that change nothing of what is done are none: options of activities, order of keys, new names of variables', (t) => {
  const options = {
    queue: 'slow',
    startToCloseTimeoutInMilliseconds: 5_000,
    scheduleToCloseTimeoutInMilliseconds: 9_000,
  };
  const retry = { maxAttempts: 3, firstRetryIntervalInMilliseconds: 1_000 };
  const run = order({
    begin: (ctx) => [
      ctx.callActivity('reserve', { pieces: 5, item: 'nail' }, { ...options, retry }),
      ctx.callActivity('price', 'nail', { retry }),
    ],
    note: (ctx, found) => {
      ctx.setCustomStatus('noted');
      parts.note(ctx, found);
    },
  });
  t.notThrows(() => rebuild(program(run), dependencies, identity, recorded()));
});

test('an error that a call of the context throws is told with the line of the call, and a wait with that of the wait', (t) => {
  const failing: Run = function* (ctx) {
    yield* ctx.createTimer(1);
    ctx.createTimer(-1); // no time
  };
  const before = play(function* (ctx) {
    yield* ctx.createTimer(1);
    ctx.sendEvent('shop', 'x');
    yield* ctx.waitForExternalEvent('more');
  });
  before.start();
  before.fireTimer(0);
  const told = (run: Run) =>
    t.throws(() => rebuild(program(run), dependencies, identity, before.history), { instanceOf: NonDeterminismError });
  const thrown = told(failing);
  t.true(lineAt(thrown.source!).includes('// no time'), thrown.message);
  const waits = told(function* (ctx) {
    yield* ctx.createTimer(1);
    yield* (function* () {
      return yield* ctx.waitForExternalEvent('more'); // here
    })();
  });
  t.true(lineAt(waits.source!).includes('// here'), waits.message);
  const plain = told(function* (ctx) {
    yield* ctx.createTimer(1);
    yield ctx.waitForExternalEvent('more'); // by yield: there is no telling where
  });
  t.is(plain.source, undefined);
});

test('what the history has at its end and the code does not ask for is told, and the other way round', (t) => {
  const history = recorded().slice(0, 8);
  const { eventNumber, expected, actual, source } = t.throws(
    () => rebuild(program(order({ rest: (ctx) => ctx.waitForExternalEvent('x') })), dependencies, identity, history),
    { instanceOf: NonDeterminismError },
  );
  t.true(lineAt(source!).includes('yield* code.rest(ctx)'), source);
  t.is(eventNumber, 7);
  t.regex(expected, /^TimerCreated/);
  t.regex(actual, nothing);
  const shorter = history.slice(0, 7);
  const missing = t.throws(() => rebuild(program(order()), dependencies, identity, shorter), {
    instanceOf: NonDeterminismError,
  });
  t.is(missing.eventNumber, 7);
  t.regex(missing.expected, nothing);
  t.regex(missing.actual, /^TimerCreated/);
});

test('what is asked for again after a failure is told without a line: no call of the code asked for it', (t) => {
  const run: Run = function* (ctx) {
    yield* ctx.callActivity('a', 1, { retry: { maxAttempts: 2, firstRetryIntervalInMilliseconds: 1_000 } });
  };
  const s = play(run);
  s.start();
  s.failTask(0, new Error('no'));
  const history = s.history.slice(0, -1); // the timer before the second attempt
  const error = t.throws(() => rebuild(program(run), dependencies, identity, history), {
    instanceOf: NonDeterminismError,
  });
  t.regex(error.actual, /^TimerCreated/);
  t.is(error.source, undefined);
});

test('code that differs only now and then is told without a line when it does not differ the second time', (t) => {
  let runs = 0;
  const fickle = (ctx: OrchestrationContext) => void ctx.callActivity(++runs === 2 ? 'b' : 'a');
  const s = play((ctx) => void ctx.callActivity('a'));
  s.start();
  runs = 1;
  const error = t.throws(() => rebuild(program(fickle), dependencies, identity, s.history), {
    instanceOf: NonDeterminismError,
  });
  t.regex(error.actual, /name "b"/);
  t.is(error.source, undefined);
});

test('a replay without a difference keeps no stacks', (t) => {
  const limit = Error.stackTraceLimit;
  let captured = 0;
  const before = Object.getOwnPropertyDescriptor(Error, 'prepareStackTrace');
  Error.prepareStackTrace = () => void captured++;
  try {
    rebuild(program(order()), dependencies, identity, recorded());
  } finally {
    if (before) Object.defineProperty(Error, 'prepareStackTrace', before);
    else Reflect.deleteProperty(Error, 'prepareStackTrace');
  }
  t.is(captured, 0);
  t.is(Error.stackTraceLimit, limit);
});
