import test from 'ava';
import {
  newSchedule,
  type OverlapPolicy,
  type ScheduleEvent,
  type ScheduleState,
} from '../../lib/schedules/schedule-state.js';
import { begun, due, received, type ScheduleStep } from '../../lib/schedules/schedule-steps.js';

/** What a schedule makes of time and events, as data: state in, state and starts out. */

const start = Date.UTC(2026, 0, 1);
const minute = 60_000;
const at = (minutes: number): number => start + minutes * minute;

function everyMinute(
  overlap: OverlapPolicy = 'skip',
  settings: Partial<ScheduleState['definition']> = {},
): ScheduleState {
  const action = { orchestrator: 'report' };
  const definition = { times: { interval: minute }, overlap, catchUp: 60 * minute, action, ...settings };
  return begun(newSchedule('often', definition, { isPaused: false }), start);
}

/** The state as far as a test is about it. */
function summary({ state, starts }: ScheduleStep) {
  const { running, waiting, counts, next } = state;
  return { starts, running, waiting, counts, next };
}

const counts = (some: Partial<ScheduleState['counts']>) => ({ started: 0, failed: 0, skipped: 0, missed: 0, ...some });
const command = (asked: object) => ({ id: 'c1', ...asked });
const ended = (time: number, isFailed = false): ScheduleEvent => ({ kind: 'ended', time, isFailed });

test('a new schedule is due one interval after it began, and starts its run then', (t) => {
  const state = everyMinute();
  t.like(state, { createdAt: start, next: at(1) });
  t.deepEqual(summary(due(state, at(1))), {
    starts: [at(1)],
    running: [at(1)],
    waiting: [],
    counts: counts({ started: 1 }),
    next: at(2),
  });
});

test('skip: what is due while a run goes on does not start', (t) => {
  const first = due(everyMinute('skip'), at(1)).state;
  const second = due(first, at(2));
  t.deepEqual(summary(second), {
    starts: [],
    running: [at(1)],
    waiting: [],
    counts: counts({ started: 1, skipped: 1 }),
    next: at(3),
  });
  const free = received(second.state, ended(at(1)), at(2))!;
  t.deepEqual([free.starts, free.state.running], [[], []]);
  t.deepEqual(due(free.state, at(3)).starts, [at(3)]);
});

test('bufferOne: the first of them waits for the end, and no other', (t) => {
  let { state } = due(everyMinute('bufferOne'), at(1));
  for (const time of [at(2), at(3)]) ({ state } = due(state, time));
  t.deepEqual([state.running, state.waiting, state.counts], [[at(1)], [at(2)], counts({ started: 1, skipped: 1 })]);
  const step = received(state, ended(at(1), true), at(3))!;
  t.deepEqual([step.starts, step.state.running, step.state.waiting], [[at(2)], [at(2)], []]);
  t.deepEqual(step.state.counts, counts({ started: 2, skipped: 1, failed: 1 }));
});

test('bufferAll: they start one after the other, in order', (t) => {
  let { state } = due(everyMinute('bufferAll'), at(1));
  for (const time of [at(2), at(3)]) ({ state } = due(state, time));
  t.deepEqual(state.waiting, [at(2), at(3)]);
  const second = received(state, ended(at(1)), at(3))!;
  t.deepEqual([second.starts, second.state.waiting], [[at(2)], [at(3)]]);
  t.deepEqual(received(second.state, ended(at(2)), at(3))!.starts, [at(3)]);
});

test('what waits, waits for all that go on, also for those that were started beside', (t) => {
  let { state } = due(everyMinute('bufferAll'), at(1));
  ({ state } = received(state, command({ kind: 'trigger', overlap: 'allowAll' }), at(1.5))!);
  ({ state } = due(state, at(2)));
  t.deepEqual([state.running, state.waiting], [[at(1), at(1.5)], [at(2)]]);
  const first = received(state, ended(at(1)), at(2.1))!;
  t.deepEqual([first.starts, first.state.running, first.state.waiting], [[], [at(1.5)], [at(2)]]);
  t.deepEqual(received(first.state, ended(at(1.5)), at(2.2))!.starts, [at(2)]);
});

test('allowAll: each starts at its time, whatever goes on', (t) => {
  const first = due(everyMinute('allowAll'), at(1)).state;
  const second = due(first, at(2));
  t.deepEqual([second.starts, second.state.running], [[at(2)], [at(1), at(2)]]);
});

test('the end of a run that is not going on changes nothing', (t) => {
  const { state } = due(everyMinute(), at(1));
  t.deepEqual(received(state, ended(at(7), true), at(2)), { state, starts: [] });
});

test('after a downtime the times within the catch-up window are made up for, and those before are missed', (t) => {
  const step = due(everyMinute('allowAll', { catchUp: 2 * minute }), at(5));
  t.deepEqual(summary(step), {
    starts: [at(3), at(4), at(5)],
    running: [at(3), at(4), at(5)],
    waiting: [],
    counts: counts({ started: 3, missed: 2 }),
    next: at(6),
  });
  const none = due(everyMinute('skip', { catchUp: 0 }), at(1) + 1);
  t.deepEqual([none.starts, none.state.counts], [[], counts({ missed: 1 })]);
  t.deepEqual(due(everyMinute('skip', { catchUp: 0 }), at(1)).starts, [at(1)]);
});

test('a long downtime is worked off in several steps', (t) => {
  const first = due(everyMinute('skip', { catchUp: 0 }), at(250)).state;
  t.deepEqual([first.counts.missed, first.next], [100, at(101)]);
  const second = due(first, at(250)).state;
  const third = due(second, at(250));
  t.deepEqual([third.state.counts.missed, third.starts, third.state.next], [249, [at(250)], at(251)]);
});

test('nothing is due before from or after until', (t) => {
  const state = everyMinute('skip', { from: at(10), until: at(11) });
  t.is(state.next, at(10));
  const { state: later } = due(state, at(10));
  t.is(later.next, at(11));
  const { state: over } = due(later, at(11));
  t.false('next' in over);
});

test('a paused schedule is not due, and goes on with the next time when it is unpaused', (t) => {
  const paused = received(everyMinute(), command({ kind: 'pause', note: 'holidays' }), at(0.5))!.state;
  t.like(paused, { isPaused: true, note: 'holidays', carriedOut: ['c1'] });
  t.false('next' in paused);
  const updated = { ...paused.definition, times: { interval: 2 * minute } };
  t.false('next' in received(paused, command({ kind: 'update', definition: updated }), at(1))!.state);
  const unpaused = received(paused, command({ kind: 'unpause' }), at(7.5))!.state;
  t.like(unpaused, { isPaused: false, next: at(8) });
  t.false('note' in unpaused);
});

test('unpaused although it is not paused, it makes up for what was due all the same', (t) => {
  const { state } = received(everyMinute('allowAll'), command({ kind: 'unpause', note: 'go' }), at(3))!;
  t.like(state, { next: at(1), note: 'go', carriedOut: ['c1'] });
  t.deepEqual(due(state, at(3)).starts, [at(1), at(2), at(3)]);
});

test('a trigger starts a run now, under the policy of the schedule unless it says otherwise', (t) => {
  const paused = { ...everyMinute(), isPaused: true };
  const first = received(paused, command({ kind: 'trigger' }), at(0.5))!;
  t.deepEqual(first.starts, [at(0.5)]);
  t.deepEqual(received(first.state, command({ kind: 'trigger' }), at(0.7))!.starts, []);
  const again = received(first.state, command({ kind: 'trigger', overlap: 'allowAll' }), at(0.5))!;
  t.deepEqual(again.starts, [at(0.5) + 1]); // of its own, though within the same millisecond
  t.is(again.state.next, at(1));
});

test('a backfill starts its runs one after the other, unless it says otherwise', (t) => {
  const times = [at(-3), at(-2), at(-1)];
  const inLine = received(everyMinute(), command({ kind: 'backfill', times, overlap: 'bufferAll' }), at(0.5))!;
  t.deepEqual([inLine.starts, inLine.state.waiting], [[at(-3)], [at(-2), at(-1)]]);
  const atOnce = received(everyMinute(), command({ kind: 'backfill', times, overlap: 'allowAll' }), at(0.5))!;
  t.deepEqual(atOnce.starts, times);
  const twice = received(atOnce.state, command({ kind: 'backfill', times, overlap: 'allowAll' }), at(0.6))!;
  t.deepEqual([twice.starts, twice.state.counts.skipped], [[], 3]);
});

test('an update changes what comes, and not what was', (t) => {
  const { state } = due(everyMinute(), at(1));
  const definition = { ...state.definition, times: { interval: 10 * minute }, action: { orchestrator: 'other' } };
  const updated = received(state, command({ kind: 'update', definition }), at(1.5))!.state;
  t.like(updated, { definition, next: at(10), running: [at(1)], counts: counts({ started: 1 }) });
});

test('what was due before an update, as while no worker was there, is made up for', (t) => {
  const before = everyMinute('allowAll', { catchUp: minute });
  const definition = { ...before.definition, times: { interval: 10 * minute } };
  const step = received(before, command({ kind: 'update', definition }), at(3.5))!;
  t.deepEqual(summary(step), {
    starts: [at(3)],
    running: [at(3)],
    waiting: [],
    counts: counts({ started: 1, missed: 2 }),
    next: at(10),
  });
  t.like(step.state, { definition, carriedOut: ['c1'] });
});

test('delete ends it, and what it does not know leaves it as it is', (t) => {
  const state = everyMinute();
  t.is(received(state, command({ kind: 'delete' }), at(1)), undefined);
  for (const unknown of [undefined, null, 'pause', {}, { kind: 'later', id: 'x' }])
    t.deepEqual(received(state, unknown, at(1)), { state, starts: [] });
});

test('only the last ten runs and the last hundred commands are kept', (t) => {
  let state = everyMinute('allowAll');
  for (let i = 1; i <= 12; i++) ({ state } = due(state, at(i)));
  t.deepEqual(state.recent.length, 10);
  t.deepEqual(state.recent[0], { time: at(12), startedAt: at(12) });
  for (let i = 0; i < 101; i++) ({ state } = received(state, { kind: 'unpause', id: `c${i}` }, at(12.5))!);
  t.deepEqual([state.carriedOut.length, state.carriedOut[0]], [100, 'c100']);
});
