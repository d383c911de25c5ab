import test from 'ava';
import { startAudit } from './audited-log.js';

test('a commit of an owner that was replaced is stale, also right behind records that were not read', (t) => {
  const { audit, begin, commit } = startAudit();
  begin(1, 11);
  commit(1);
  begin(2, 22);
  audit.miss(0, 4, 9);
  commit(1);
  t.is(audit.staleCommits, 1);
  t.deepEqual(audit.violations, ['Record 10 of the log of partition 0 is a commit of epoch 1 in epoch 2']);
});

test('an owner goes on behind records that were not read, and is the same one', (t) => {
  const { audit, begin, commit } = startAudit();
  begin(1, 11);
  audit.miss(0, 2, 5);
  commit(1, 6_000);
  t.deepEqual(audit.violations, []);
  t.is(audit.reigns.length, 1);
  t.is(audit.reigns[0]!.firstCommit, 6_000);
});

test('only among records that were not read can an owner have begun of whom nothing is known', (t) => {
  const { audit, begin, commit } = startAudit();
  begin(1, 11);
  audit.miss(0, 2, 5);
  commit(2);
  t.deepEqual(audit.violations, []);
  t.is(audit.reigns.at(-1)!.epoch, 2);
  t.is(audit.reigns.at(-1)!.pid, NaN);
  commit(3);
  t.deepEqual(audit.violations, ['Record 7 of the log of partition 0 is a commit of epoch 3 in epoch 2']);
});

test('each record names the one before it, whether that was read or not', (t) => {
  const { audit, begin, commit } = startAudit();
  begin(1, 11);
  audit.miss(0, 2, 5);
  commit(1, 0, 0, 1);
  t.deepEqual(audit.violations, ['Record 6 of the log of partition 0 says that it follows 1, and it follows 5']);
});

test('records that were not read are counted and named', (t) => {
  const { audit, begin } = startAudit();
  begin(1, 11);
  audit.miss(0, 2, 5);
  audit.miss(1, 1, 1);
  t.is(audit.unread, 5);
  t.deepEqual(audit.gaps, ['records 2 to 5 of the log of partition 0', 'records 1 to 1 of the log of partition 1']);
  t.deepEqual(audit.readUpTo, [5, 1]);
});
