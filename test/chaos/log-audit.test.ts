import test from 'ava';
import { encodeCommit, encodeEpoch, commitText } from '../../lib/wire/record-codec.js';
import { LogAudit } from './campaign/log-audit.js';

const TIME = 1_000_000;

/** An audit of two partitions, and what it takes next of the first one: each record follows the one before it. */
function startAudit() {
  const audit = new LogAudit(2);
  const take = (sequence: number, body: Uint8Array) =>
    audit.take(0, { sequence, subject: 'log', body, time: TIME + 1_000 * sequence });
  return {
    audit,
    begin: (sequence: number, epoch: number, pid: number, prev = sequence - 1) =>
      take(sequence, encodeEpoch({ epoch, commit: `c${sequence}`, prev, at: TIME, owner: `host.${pid}.1` })),
    commit: (sequence: number, epoch: number, prev = sequence - 1) =>
      take(
        sequence,
        encodeCommit(commitText({ v: 1, epoch, commit: `c${sequence}`, prev, at: TIME, counter: sequence }, [])),
      ),
  };
}

test('a commit of an owner that was replaced is stale, also right behind records that were not read', (t) => {
  const { audit, begin, commit } = startAudit();
  begin(1, 1, 11);
  commit(2, 1);
  begin(3, 2, 22);
  audit.miss(0, 4, 9);
  commit(10, 1);
  t.is(audit.staleCommits, 1);
  t.deepEqual(audit.violations, ['Record 10 of the log of partition 0 is a commit of epoch 1 in epoch 2']);
});

test('an owner goes on behind records that were not read, and is the same one', (t) => {
  const { audit, begin, commit } = startAudit();
  begin(1, 1, 11);
  audit.miss(0, 2, 5);
  commit(6, 1);
  t.deepEqual(audit.violations, []);
  t.is(audit.reigns.length, 1);
  t.is(audit.reigns[0]!.firstCommit, TIME + 6_000);
});

test('only among records that were not read can an owner have begun of whom nothing is known', (t) => {
  const { audit, begin, commit } = startAudit();
  begin(1, 1, 11);
  audit.miss(0, 2, 5);
  commit(6, 2);
  t.deepEqual(audit.violations, []);
  t.is(audit.reigns.at(-1)!.epoch, 2);
  t.is(audit.reigns.at(-1)!.pid, NaN);
  commit(7, 3);
  t.deepEqual(audit.violations, ['Record 7 of the log of partition 0 is a commit of epoch 3 in epoch 2']);
});

test('each record names the one before it, whether that was read or not', (t) => {
  const { audit, begin, commit } = startAudit();
  begin(1, 1, 11);
  audit.miss(0, 2, 5);
  commit(6, 1, 1);
  t.deepEqual(audit.violations, ['Record 6 of the log of partition 0 says that it follows 1, and it follows 5']);
});

test('records that were not read are counted and named', (t) => {
  const { audit, begin } = startAudit();
  begin(1, 1, 11);
  audit.miss(0, 2, 5);
  audit.miss(1, 1, 1);
  t.is(audit.unread, 5);
  t.deepEqual(audit.gaps, ['records 2 to 5 of the log of partition 0', 'records 1 to 1 of the log of partition 1']);
  t.deepEqual(audit.readUpTo, [5, 1]);
});
