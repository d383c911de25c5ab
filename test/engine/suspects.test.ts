import test from 'ava';
import { MOST_LOST } from '../../lib/engine/orchestration-activities.js';
import type { QueuedTask } from '../../lib/engine/ports.js';
import { Suspects } from '../../lib/engine/suspects.js';
import { TaskRun } from '../../lib/engine/task-run.js';
import { surroundings } from './surroundings.js';

test('last runs are one at a time, each to its end, and begin apart from what comes from queues', async (t) => {
  const { client, advance } = surroundings(1);
  const suspects = new Suspects(client.ports.clock);
  const turns: string[] = [];
  t.is(suspects.enter(), undefined, 'a worker that has just begun has much to do that may be interrupted');
  t.false(suspects.isAlone || suspects.isFree);
  await advance(5_000);
  const leave = suspects.enter();
  t.truthy(leave);
  t.is(suspects.enter(), undefined, 'a second one does not begin beside it');
  suspects.whenFree(() => turns.push('second'));
  t.true(suspects.isAlone);
  await advance(60_000);
  t.deepEqual([suspects.isAlone, suspects.isFree, turns], [false, false, []], 'others are taken again, no last run is');
  leave!();
  t.deepEqual(turns, ['second']);
  t.true(suspects.isFree);
  leave!();
  t.truthy(suspects.enter(), 'to leave twice is to leave once');
});

test('a request that waits for its last run is not lost with the process that only holds it', (t) => {
  const lostAfter = (lost: number, deliveries: number, more = {}): number => {
    const request = { v: 1, to: 'o.a', executionId: 'x', taskId: 0, name: 'job', lost, ...more } as const;
    return new TaskRun('job', request, { deliveries, time: 0 } as QueuedTask, 0).lost;
  };
  t.is(lostAfter(0, 1), 0);
  t.is(lostAfter(2, 3), 4);
  t.is(lostAfter(MOST_LOST - 1, 1), MOST_LOST - 1);
  t.is(lostAfter(MOST_LOST - 1, 5), MOST_LOST - 1, 'it has not begun');
  t.is(lostAfter(MOST_LOST - 1, 1, { isLast: true }), MOST_LOST - 1);
  t.is(lostAfter(MOST_LOST - 1, 2, { isLast: true }), MOST_LOST, 'its last run was lost');
});
