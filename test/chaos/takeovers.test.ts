import test from 'ava';
import { percentiles, slowTakeovers } from './campaign/takeovers.js';

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
