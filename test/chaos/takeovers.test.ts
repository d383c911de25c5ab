import test from 'ava';
import { startAudit } from './audited-log.js';
import type { Fault } from './campaign/nemeses.js';
import { formerOwners, percentiles, slowTakeovers, takeovers, timesOf } from './campaign/takeovers.js';

const at = (milliseconds: number) => percentiles(Array.from({ length: 50 }, () => milliseconds));
const slow = { killUndisturbed: at(11_001), stopUndisturbed: at(1_001), serverKill: at(10_001) };

test('a takeover that is too slow is complained of where nothing else goes wrong', (t) => {
  const kills = [{ kind: 'workerKill' }, { kind: 'workerStop' }] as const;
  t.deepEqual(slowTakeovers(kills, 1, slow), [
    'killUndisturbed: 99 of 100 within 11001 ms, not 11000, of 50',
    'stopUndisturbed: 99 of 100 within 1001 ms, not 1000, of 50',
  ]);
  t.deepEqual(slowTakeovers(kills, 1, { killUndisturbed: at(11_000), stopUndisturbed: at(1_000) }), []);
  t.deepEqual(slowTakeovers([...kills, { kind: 'reset' }], 1, slow), [], 'other faults make it slow');
  t.deepEqual(slowTakeovers([], 1, slow), []);
});

test('writes of a cluster that stand still for too long are complained of where only leaders are killed', (t) => {
  t.is(slowTakeovers([{ kind: 'serverKill' }], 3, slow).length, 1);
  t.deepEqual(slowTakeovers([{ kind: 'serverKill' }], 1, slow), [], 'one server writes when it is back');
  t.deepEqual(slowTakeovers([{ kind: 'serverKill' }, { kind: 'reset' }], 3, slow), []);
});

test('one in a hundred may be late', (t) => {
  const one = percentiles([...Array.from({ length: 199 }, () => 900), 60_000]);
  t.deepEqual(slowTakeovers([{ kind: 'workerStop' }], 1, { stopUndisturbed: one }), []);
});

const fault = (kind: Fault['kind'], from: number, to: number, more: Partial<Fault> = {}): Fault => ({
  kind,
  from,
  to,
  target: 'worker',
  proof: 'it acted',
  ...more,
});

/** Process 11 owns the first partition until it commits last at 20 s, process 22 commits first at a moment. */
function takenOver(at: number) {
  const { audit, begin, commit } = startAudit();
  begin(1, 11, 1_000);
  commit(1, 2_000);
  commit(1, 20_000);
  begin(2, 22, at - 10);
  commit(2, at);
  return audit;
}

test('a takeover takes from the kill, or from the last commit of the worker that was stopped, to the next commit', (t) => {
  const kill = fault('workerKill', 20_500, 20_510, { pid: 11 });
  t.deepEqual(takeovers({ faults: [kill], audit: takenOver(29_000) }), [
    { kind: 'kill', partition: 0, at: 20_500, time: 8_500, isUndisturbed: true },
  ]);
  const stop = fault('workerStop', 19_000, 20_100, { pid: 11 });
  t.deepEqual(takeovers({ faults: [stop], audit: takenOver(20_250) }), [
    { kind: 'stop', partition: 0, at: 19_000, time: 250, isUndisturbed: true },
  ]);
});

test('an owner that ends before it commits has taken nothing over', (t) => {
  const { audit, begin, commit } = startAudit();
  begin(1, 11, 1_000);
  commit(1, 2_000);
  begin(2, 22, 10_000);
  begin(3, 33, 20_000);
  commit(3, 21_000);
  const [one] = takeovers({ faults: [fault('workerKill', 2_500, 2_510, { pid: 11 })], audit });
  t.is(one!.time, 18_500);
});

test('a takeover is disturbed by what goes wrong meanwhile, and by a worker that was killed within 10 s before', (t) => {
  const stop = fault('workerStop', 20_000, 20_100, { pid: 11 });
  const undisturbed = (other: Fault): number =>
    timesOf(takeovers({ faults: [stop, other], audit: takenOver(20_900) }))['stopUndisturbed']!.length;
  t.is(undisturbed(fault('workerKill', 18_000, 18_010, { pid: 22 })), 0, 'its leases have not lapsed');
  t.is(undisturbed(fault('workerKill', 9_000, 9_010, { pid: 22 })), 1);
  t.is(undisturbed(fault('reset', 20_500, 20_501)), 0);
  t.is(undisturbed(fault('reset', 20_950, 20_951)), 1, 'after it');
});

test('a takeover that is too late already when the next fault begins was not disturbed by it', (t) => {
  const stop = fault('workerStop', 20_000, 20_100, { pid: 11 });
  const faults = [stop, fault('reset', 21_500, 21_501)];
  t.deepEqual(timesOf(takeovers({ faults, audit: takenOver(22_000) }))['stopUndisturbed'], [2_000]);
});

test('former owners are counted by what kept them, each once, and only if they were replaced meanwhile', (t) => {
  const owners = (...faults: Fault[]) => formerOwners({ faults, audit: takenOver(29_000) });
  const none = { frozen: 0, blocked: 0, jammed: 0 };
  const of = { pid: 11 };
  t.deepEqual(owners(fault('workerFreeze', 21_000, 30_000, of)), { ...none, frozen: 1 });
  t.deepEqual(owners(fault('workerFreeze', 21_000, 27_000, of)), none, 'it woke as the owner');
  t.deepEqual(owners(fault('jam', 21_000, 33_000, of)), { ...none, jammed: 1 });
  const blocked = fault('longBusy', 1_500, 90_000, { ...of, stood: [21_000, 41_000] });
  t.deepEqual(owners(blocked), { ...none, blocked: 1 });
  t.deepEqual(owners(blocked, blocked), { ...none, blocked: 1 });
  t.deepEqual(owners({ ...blocked, stood: [2_500, 22_500] }), none, 'it went on before, however late it is known');
  t.deepEqual(owners(blocked, fault('workerFreeze', 21_000, 30_000, of)), { ...none, frozen: 1 });
});
