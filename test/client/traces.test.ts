import test from 'ava';
import type { OtlpSpan } from '../../lib/index.js';
import { spansOf } from '../../lib/client/spans.js';
import { play } from '../core/surroundings.js';

/** The spans that a history makes, as data. */

/** What a span says, in short. */
function summary({ name, kind, startTimeUnixNano, endTimeUnixNano, status, ...span }: OtlpSpan) {
  const milliseconds = (BigInt(endTimeUnixNano) - BigInt(startTimeUnixNano)) / 1_000_000n;
  return [name, kind, Number(milliseconds), status.code, 'parentSpanId' in span];
}

const attributesOf = ({ attributes }: OtlpSpan) =>
  Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]));

function order() {
  const s = play(
    function* (ctx) {
      const tasks = [ctx.callActivity('price', 'secret input'), ctx.callEntity('stock', 'nails', 'take', 5)];
      yield* ctx.any(tasks);
      ctx.signalEntity('audit', 'all', 'note', 'secret note');
      ctx.sendEvent('shop', 'Sold', 'secret data');
      ctx.createTimer(1_000).cancel();
      yield* ctx.createTimer(60_000);
      yield* ctx.waitForExternalEvent('Go');
      yield* ctx.callActivity('pack');
    },
    { version: '2.1' },
  );
  s.start();
  s.elapse(40).completeTask(0, 'secret result');
  s.fireTimer(6);
  s.elapse(5).raiseEvent('Go', 'secret go');
  return s;
}

test('a span for the instance, and one for each thing that it asked for and that has ended, within it', (t) => {
  const s = order();
  s.elapse(7).failTask(7, new Error('no box'));
  const spans = spansOf({ instanceId: 'instance', history: s.history, children: new Map() });
  t.deepEqual(spans.map(summary), [
    ['orchestration:test@(2.1)', 2, 60_052, 2, false],
    ['activity:price', 3, 40, 0, true],
    ['signal_entity:audit:note', 4, 0, 0, true],
    ['orchestration_event:Sold', 4, 0, 0, true],
    ['orchestration:test:timer', 1, 60_000, 0, true],
    ['activity:pack', 3, 7, 2, true],
  ]);
  const [whole, ...parts] = spans;
  t.true(parts.every(({ parentSpanId, traceId }) => parentSpanId === whole!.spanId && traceId === whole!.traceId));
  t.is(new Set(spans.map(({ spanId }) => spanId)).size, spans.length);
  t.true(spans.every(({ traceId, spanId }) => /^[\da-f]{32}$/.test(traceId) && /^[\da-f]{16}$/.test(spanId)));
  t.deepEqual(attributesOf(whole!), {
    'durabletask.type': 'orchestration',
    'durabletask.task.name': 'test',
    'durabletask.task.version': '2.1',
    'durabletask.task.instance_id': 'instance',
    'durabletask.task.execution_id': 'execution',
    'durabletask.task.status': 'Failed',
  });
  t.like(attributesOf(parts[0]!), { 'durabletask.task.name': 'price', 'durabletask.task.task_id': '0' });
  t.regex(whole!.status.message!, /no box/);
  t.is(parts[4]!.status.message, 'no box');
  t.deepEqual(
    whole!.events.map(({ name, timeUnixNano }) => [
      name,
      Number((BigInt(timeUnixNano) - BigInt(whole!.startTimeUnixNano)) / 1_000_000n),
    ]),
    [['event Go', 60_045]],
  );
  t.notRegex(JSON.stringify(spans), /secret/);
});

test('one that goes on has what has ended so far, with the ids that it has in the end', (t) => {
  const s = order();
  const spans = () => spansOf({ instanceId: 'instance', history: s.history, children: new Map() });
  const before = spans();
  t.is(attributesOf(before[0]!)['durabletask.task.status'], 'Running');
  t.false(before.some(({ name }) => name === 'activity:pack'));
  s.completeTask(7);
  const after = spans();
  t.deepEqual(
    after.slice(0, -1).map(({ traceId, spanId }) => [traceId, spanId]),
    before.map(({ traceId, spanId }) => [traceId, spanId]),
  );
  t.is(attributesOf(after[0]!)['durabletask.task.status'], 'Completed');
  t.deepEqual(spansOf({ instanceId: 'x', history: [], children: new Map() }), []);
});

test('a child is within the span of the call that waits for it, in the same trace', (t) => {
  const parent = play(function* (ctx) {
    yield* ctx.callSubOrchestrator('child');
    ctx.startNew('other');
  });
  parent.start();
  const child = play(
    function* (ctx) {
      yield* ctx.callActivity('work');
    },
    { executionId: 'of the child', parent: { instanceId: 'instance', executionId: 'execution', taskId: 0 } },
  );
  child.start();
  child.completeTask(0);
  parent.completeSubOrchestration(0);
  const children = new Map([[0, { instanceId: 'child', history: child.history, children: new Map() }]]);
  const spans = spansOf({ instanceId: 'instance', history: parent.history, children });
  t.deepEqual(
    spans.map(({ name, kind }) => [name, kind]),
    [
      ['orchestration:test', 2],
      ['orchestration:child', 3],
      ['orchestration:test', 2],
      ['activity:work', 3],
      ['create_orchestration:other', 4],
    ],
  );
  const [root, call, whole, work, started] = spans;
  t.deepEqual(
    [call, whole, work, started].map((span) => span!.parentSpanId),
    [root, call, whole, root].map((span) => span!.spanId),
  );
  t.is(new Set(spans.map(({ traceId }) => traceId)).size, 1);
});
