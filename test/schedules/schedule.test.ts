import test from 'ava';
import { newSchedule, type ScheduleState } from '../../lib/schedules/schedule-state.js';
import { Schedule, ScheduledRun } from '../../lib/schedules/schedule.js';
import { scenario } from '../../lib/testing/index.js';

/** A schedule as the orchestration that it is: each test is one execution. */

const start = Date.UTC(2026, 0, 1);
const hour = 3_600_000;
const options = { instanceId: 'perdure.schedule:nightly', startAt: start };
const definition: ScheduleState['definition'] = {
  times: { crons: ['0 3 * * *'], timeZone: 'Europe/Berlin' },
  overlap: 'skip',
  catchUp: hour,
  action: { orchestrator: 'report', input: { topic: 'sales' } },
};
const fresh = newSchedule('nightly', definition, { isPaused: false });
const waits = (next: number): ScheduleState => ({ ...fresh, createdAt: start, next });

test('S1: the first execution works out the first time, and ends in its first turn', (t) => {
  const turn = scenario(Schedule, options).start(fresh);
  t.deepEqual(turn.actions, [
    {
      type: 'EntityOperationSignaled',
      id: 0,
      entity: { name: 'perdure-schedules', key: 'all' },
      operation: 'add',
      input: 'nightly',
    },
  ]);
  t.like(turn.completion, { type: 'ContinuedAsNew', input: { createdAt: start, next: start + 2 * hour } });
});

test('S1: an execution waits for the time that its input says, whatever the rules of its time zone say now', (t) => {
  const other = start + 2 * hour + 30 * 60_000; // 03:30: when rules change, what was worked out before still holds
  const play = scenario(Schedule, options);
  t.deepEqual(play.start(waits(other)), { actions: [{ type: 'TimerCreated', id: 0, fireAt: other }] });
  const turn = play.fireTimer(0);
  const instanceId = 'nightly:2026-01-01T02:30:00.000Z';
  t.deepEqual(turn.actions, [
    {
      type: 'OrchestrationStartSent',
      id: 1,
      name: 'perdure-scheduled-run',
      instanceId: `perdure.run:${instanceId}`,
      input: {
        schedule: 'perdure.schedule:nightly',
        time: other,
        instanceId,
        orchestrator: 'report',
        input: { topic: 'sales' },
      },
    },
  ]);
  t.like(turn.completion, { type: 'ContinuedAsNew', input: { running: [other], next: start + 26 * hour } });
});

test('an event is dealt with before the time has come, and the time is kept', (t) => {
  const play = scenario(Schedule, options);
  play.start(waits(start + 2 * hour));
  const turn = play.raiseEvent('perdure.schedule', { kind: 'trigger', id: 'c1' });
  t.is(turn.actions.length, 1);
  t.like(turn.completion, { type: 'ContinuedAsNew', input: { running: [start], next: start + 2 * hour } });
});

test('what nobody understands leaves the schedule as it is', (t) => {
  for (const data of [undefined, { kind: 'unheard-of' }]) {
    const play = scenario(Schedule, options);
    play.start(waits(start + 2 * hour));
    const turn = play.raiseEvent('perdure.schedule', data);
    t.like(turn, { actions: [], completion: { type: 'ContinuedAsNew', input: waits(start + 2 * hour) } });
  }
});

test('a schedule without a next time waits for events alone, and ends when it is deleted', (t) => {
  const play = scenario(Schedule, options);
  t.deepEqual(play.start({ ...fresh, createdAt: start, isPaused: true }).actions, []);
  const turn = play.raiseEvent('perdure.schedule', { kind: 'delete', id: 'c1' });
  t.like(turn.actions, [{ type: 'EntityOperationSignaled', operation: 'remove', input: 'nightly' }]);
  t.deepEqual(turn.completion, { type: 'Completed' });
});

test('a run starts what it is for, and tells its end, well or not', (t) => {
  for (const isFailed of [false, true]) {
    const play = scenario(ScheduledRun);
    const input = {
      schedule: 'perdure.schedule:nightly',
      time: start,
      instanceId: 'nightly:1',
      orchestrator: 'report',
    };
    t.deepEqual(play.start(input).actions, [
      { type: 'SubOrchestrationInstanceCreated', id: 0, name: 'report', instanceId: 'nightly:1' },
    ]);
    const turn = isFailed ? play.failSubOrchestration(0, new Error('no ink')) : play.completeSubOrchestration(0, 'ok');
    const told = {
      type: 'EventSent',
      id: 1,
      instanceId: 'perdure.schedule:nightly',
      name: 'perdure.schedule',
    } as const;
    t.deepEqual(turn.actions, [{ ...told, input: { kind: 'ended', time: start, isFailed } }]);
    t.deepEqual(turn.completion, { type: 'Completed' });
  }
});

test('a run that is canceled waits for what it runs, tells its end, and ends as canceled', (t) => {
  const play = scenario(ScheduledRun);
  play.start({ schedule: 'perdure.schedule:nightly', time: start, instanceId: 'nightly:1', orchestrator: 'report' });
  t.deepEqual(play.cancel().actions, []);
  const { actions, completion } = play.failSubOrchestration(0, new Error('canceled'));
  t.like(actions, [{ type: 'EventSent', input: { kind: 'ended', time: start, isFailed: true } }]);
  t.is(completion?.type, 'Canceled');
});
