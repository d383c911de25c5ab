import test from 'ava';
import { ActivityWatch } from './activity-watch.js';
import type { OrchestrationWatch } from './instance-watch.js';
import type { PartitionWatch } from './partition-watch.js';

/** One activity, asked for by record 5 at time 100. */
function scene(owners: readonly string[], isQueued = false) {
  const watch = new ActivityWatch();
  const instance = {
    scheduled: new Map([['x/1', { sequence: 5, stored: 100 }]]),
    queued: new Set(isQueued ? ['x/1'] : []),
  } as unknown as OrchestrationWatch;
  const partition = { ownersSince: () => owners } as unknown as PartitionWatch;
  const begins = (process: string): boolean => watch.begins('i/x/1', { instance, partition, task: 'x/1', process });
  return { watch, begins };
}

test('each owner since its commit may begin an activity once', (t) => {
  const { begins } = scene(['w0.1', 'w1.1']);
  t.deepEqual([begins('w0'), begins('w1'), begins('w1')], [true, true, false]);
});

test('what goes wrong with a process is no reason for its owner to begin one twice', (t) => {
  const { watch, begins } = scene(['w0.1']);
  watch.mishap('w0', 200);
  watch.mishap(undefined, 200);
  t.deepEqual([begins('w0'), begins('w0')], [true, false]);
});

test('one of a work queue may come again when something went wrong with a process that ran it, with its owner or with the server', (t) => {
  for (const process of ['w1', 'w2', 'w0', undefined]) {
    const { watch, begins } = scene(['w0.1'], true);
    watch.mishap(process, 100);
    t.deepEqual([begins('w1'), begins('w2')], [true, true], process);
  }
});

test('it may not when that was before it was asked for, or with another process', (t) => {
  const { watch, begins } = scene(['w0.1'], true);
  for (const process of ['w0', 'w1', undefined]) watch.mishap(process, 99);
  watch.mishap('w2', 200);
  t.deepEqual([begins('w1'), begins('w1')], [true, false]);
  t.is(watch.repeated, 1);
});
