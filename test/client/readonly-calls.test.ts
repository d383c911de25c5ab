import test from 'ava';
import { EntityOperationFailedError } from 'perdure';
import type { FaultPlan } from '../../lib/memory/faults.js';
import { hostOf, MemoryWorker } from '../engine/surroundings.js';
import { Ledger, OldLedger, waits } from './readonly-classes.js';
import { rejection, Surroundings } from './surroundings.js';

const host = () => hostOf({ entities: [Ledger] });

/** The last records of all partitions. */
function records({ hub }: Surroundings): number {
  return [0, 1].reduce((sum, partition) => sum + hub.streams(partition).log.last, 0);
}

test('C11: a readonly operation is answered without mail and without a record of its own', async (t) => {
  const around = new Surroundings();
  await around.work('worker', host());
  const ledger = around.client.callEntity(Ledger, 'a');
  await around.settle(ledger.add(5));
  await around.advance(3_000);
  const before = [around.stored, records(around)];
  for (let i = 0; i < 20; i++) t.deepEqual(await around.settle(ledger.all()), [5]);
  t.is(await around.settle(ledger.later()), 1);
  t.deepEqual(await around.settle(around.client.callEntity(Ledger, 'nobody').all()), []);
  t.deepEqual([around.stored, records(around)], before);
});

test('a readonly operation sees all that its client has sent before, also what is not stored yet', async (t) => {
  let drawn = 0;
  const faults: FaultPlan = {
    next: ({ connection, operation }) =>
      connection === 'client' && operation === 'send' && drawn++ % 3 === 0 ? 'responseLost' : 'none',
  };
  const around = new Surroundings({ faults });
  await around.work('worker', host());
  const seen: number[] = [];
  for (let i = 1; i <= 20; i++) {
    for (const amount of [i, -i]) void around.client.signalEntity(Ledger, 'a').add(amount);
    seen.push((await around.settle(around.client.callEntity(Ledger, 'a').all())).length);
  }
  t.deepEqual(
    seen,
    Array.from({ length: 20 }, (_, i) => 2 * (i + 1)),
  );
});

test.serial('a readonly operation waits for its turn behind an operation that runs', async (t) => {
  const around = new Surroundings();
  await around.work('worker', host());
  await around.settle(around.client.signalEntity(Ledger, 'a').addSlowly(10_000));
  const read = around.client.callEntity(Ledger, 'a').all();
  await around.advance(8_000);
  waits.pop()![1]();
  t.deepEqual(await around.settle(read), [10_000]);
});

test('what a readonly operation throws, changes or cannot take is told to its caller', async (t) => {
  const around = new Surroundings();
  await around.work('worker', host());
  const ledger = around.client.callEntity(Ledger, 'a');
  const thrown = await rejection(around, () => ledger.fail());
  t.true(thrown instanceof EntityOperationFailedError);
  t.true((thrown as EntityOperationFailedError).isCausedBy(RangeError));
  const changed = await rejection(around, () => ledger.break());
  t.like((changed as EntityOperationFailedError).failureDetails, { code: 'PERDURE_READONLY_OPERATION' });
  t.deepEqual(await around.settle(ledger.all()), []);
  const invalid = await rejection(around, () => ledger.lengthOf(5 as never));
  t.is(invalid.code, 'PERDURE_INVALID_INPUT');
});

test('a readonly operation with a large input or result goes by mail, and so does one that is not readonly in its worker', async (t) => {
  const around = new Surroundings();
  await around.work('worker', host());
  const ledger = around.client.callEntity(Ledger, 'a');
  t.is((await around.settle(ledger.text(3_000_000))).length, 3_000_000);
  t.is(await around.settle(ledger.lengthOf('x'.repeat(3_000_000))), 3_000_000);
  t.is(await around.settle(around.client.callEntity(OldLedger, 'a').add(5)), 1);
  t.deepEqual(await around.settle(ledger.all()), [5]);
});

test('a readonly call without a worker waits for one, and ends in time', async (t) => {
  const around = new Surroundings();
  const worker = await around.work('worker', host());
  await around.settle(around.client.callEntity(Ledger, 'a').add(1));
  await around.settle(worker.stop());
  const called = around.client.callEntity(Ledger, 'a').all();
  await around.advance(5_000);
  await around.work('successor', host());
  t.deepEqual(await around.settle(called), [1]);
});

test('C11: an owner that was replaced answers no readonly operation', async (t) => {
  const around = new Surroundings();
  const first = await around.work('first', host());
  const ledger = around.client.callEntity(Ledger, 'a');
  await around.settle(ledger.add(1));
  const second = new MemoryWorker(around.hub, 'second', host());
  await around.settle(second.claim());
  await around.settle(ledger.add(2));
  // Both listen: the first one does not know yet that it is no owner any more, or has just found out.
  for (let i = 0; i < 10; i++) t.deepEqual(await around.settle(ledger.all()), [1, 2]);
  t.truthy(first);
});

test('a deleted entity is new again', async (t) => {
  const around = new Surroundings();
  await around.work('worker', host());
  const ledger = around.client.callEntity(Ledger, 'a');
  await around.settle(ledger.add(1));
  await around.settle(ledger.close());
  t.false((await around.settle(around.client.readEntityState(Ledger, 'a'))).entityExists);
  t.deepEqual(await around.settle(ledger.all()), []);
  t.is(await around.settle(ledger.add(3)), 1);
});
