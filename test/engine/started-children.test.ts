import test from 'ava';
import type { ExecutionStarted, HistoryEvent } from '../../lib/core/history.js';
import { endOfLeft, leftWith, leftWithout, takenBack } from '../../lib/engine/started-children.js';

const child = (taskId: number, executionId = 'e1') => ({ instanceId: `c${taskId}`, executionId, taskId });
const begun: ExecutionStarted = { type: 'ExecutionStarted', at: 1, name: 'p', executionId: 'e1' };
const created = (id: number, instanceId = `c${id}`): HistoryEvent => ({
  type: 'SubOrchestrationInstanceCreated',
  id,
  name: 'c',
  instanceId,
});

test('of very many children that were left running the last ones are known', (t) => {
  const many = Array.from({ length: 990 }, (_, n) => child(n));
  const more = Array.from({ length: 20 }, (_, n) => child(n, 'e2'));
  const { left = [] } = leftWith(many, more);
  t.deepEqual([left.length, left[0], left.at(-1)], [1_000, child(10), child(19, 'e2')]);
  t.deepEqual(leftWith([], []), {}, 'an execution without such says nothing');
});

test('the end of one that was left running is known by the execution and the action that started it', (t) => {
  const left = [child(0), child(1), child(0, 'e2')];
  t.deepEqual(leftWithout(left, ['e2', 0]), left.slice(0, 2));
  t.is(leftWithout(left, ['e2', 1]), left);
  const told = { kind: 'result', of: 'subOrchestration', taskId: 1 } as const;
  t.deepEqual(endOfLeft({ left }, { ...told, executionId: 'e1' })?.entry, { childEnded: ['e1', 1] });
  t.is(endOfLeft({ left }, { ...told, executionId: 'e2' }), undefined);
  t.is(endOfLeft({ left }, { ...told, of: 'activity', executionId: 'e1' }), undefined);
});

test('a rewind takes back what its history does not show and was not seen to end', (t) => {
  const ends = { type: 'SubOrchestrationInstanceFailed', at: 2, id: 1, failure: { name: 'E', message: '' } } as const;
  const rewound = { at: 3, executionId: 'e1', origin: 'e0', failure: ends.failure, void: [] };
  const history = [begun, created(0), created(1), ends, created(2)];
  t.deepEqual(takenBack(history, [begun, created(0)], begun), [child(2)]);
  t.deepEqual(takenBack(history, [begun, created(0)], { ...begun, executionId: 'e5', rewound }), [child(2, 'e0')]);
  t.deepEqual(takenBack(history, history, begun), []);
});
