import { PayloadTooLargeError } from '../../lib/errors.js';
import { subjectsOf } from '../../lib/wire/subjects.js';
import { all, bytes, type Check, text } from './harness.js';

/** What holds of a commit log. */
export function logContract(check: Check): void {
  check('log: an empty log has no last record and nothing to read', async (t, { ports, settle }) => {
    const { log } = ports(0);
    t.is(await settle(log.last()), undefined);
    t.deepEqual(await settle(all(log.read(1, 100))), []);
  });

  check('log: C2: a record is stored only as the successor of the last one', async (t, { ports, settle }) => {
    const { log } = ports(0);
    const first = await settle(log.append(bytes('a'), 0));
    t.is(first, 1);
    t.is(await settle(log.append(bytes('b'), 1)), 2);
    t.is(await settle(log.append(bytes('stale'), 1)), undefined);
    t.is(await settle(log.append(bytes('first again'), 0)), undefined);
    t.is(await settle(log.append(bytes('ahead'), 3)), undefined);
    t.is(text(await settle(log.last())), 'b');
    t.deepEqual((await settle(all(log.read(1, 100)))).map(text), ['a', 'b']);
  });

  check('log: a stored record carries its sequence, its subject and a time', async (t, { hub, ports, settle }) => {
    const { log, clock } = ports(0);
    await settle(log.append(bytes('a'), 0));
    const last = await settle(log.last());
    t.is(last?.sequence, 1);
    t.is(last?.subject, subjectsOf(hub).partition(0).log);
    t.true(Math.abs((last?.time ?? 0) - clock.now()) < 60_000);
    t.true(Number.isInteger(last?.time));
  });

  check('log: records are read in order from one sequence up to and including another', async (t, harness) => {
    const { log } = harness.ports(0);
    for (let at = 0; at < 40; at++) await harness.settle(log.append(bytes(`${at}`), at));
    const read = async (from: number, to: number) =>
      (await harness.settle(all(log.read(from, to)))).map((record) => record.sequence);
    t.deepEqual(
      await read(1, 40),
      Array.from({ length: 40 }, (_, at) => at + 1),
    );
    t.deepEqual(await read(5, 7), [5, 6, 7]);
    t.deepEqual(await read(40, 100), [40]);
    t.deepEqual(await read(41, 100), []);
    t.deepEqual(await read(7, 6), []);
  });

  check('log: a purge forgets what is below and keeps the chain', async (t, { ports, settle }) => {
    const { log } = ports(0);
    for (let at = 0; at < 5; at++) await settle(log.append(bytes(`${at + 1}`), at));
    await settle(log.purgeBelow(4));
    t.deepEqual((await settle(all(log.read(1, 5)))).map(text), ['4', '5']);
    t.is(await settle(log.append(bytes('no'), 0)), undefined);
    t.is(await settle(log.append(bytes('6'), 5)), 6);
  });

  check('log: the newest record stays whatever is purged', async (t, { ports, settle }) => {
    const { log } = ports(0);
    await settle(log.purgeBelow(10));
    await settle(log.append(bytes('1'), 0));
    await settle(log.append(bytes('2'), 1));
    await settle(log.purgeBelow(1_000_000));
    t.is(text(await settle(log.last())), '2');
    t.is(await settle(log.append(bytes('3'), 2)), 3);
  });

  check('log: a purge below the first sequences there are, or below none, forgets nothing', async (t, around) => {
    const { log } = around.ports(0);
    await around.settle(log.append(bytes('1'), 0));
    await around.settle(log.append(bytes('2'), 1));
    for (const sequence of [0, 1]) await around.settle(log.purgeBelow(sequence));
    t.deepEqual((await around.settle(all(log.read(0, 5)))).map(text), ['1', '2']);
    t.deepEqual(await around.settle(all(around.ports(1).log.read(0, 5))), []);
  });

  check('log: it forgets all and goes on at a sequence far behind its last one', async (t, { ports, settle }) => {
    for (const partition of [0, 1]) {
      const { log } = ports(partition);
      if (partition === 0) for (let at = 0; at < 5; at++) await settle(log.append(bytes(`${at + 1}`), at));
      await settle(log.restartAt(1_000_000_006));
      t.is(await settle(log.last()), undefined);
      t.deepEqual(await settle(all(log.read(1, Infinity))), []);
      t.is(await settle(log.append(bytes('a former owner'), 5)), undefined);
      t.is(await settle(log.append(bytes('next'), 0)), 1_000_000_006);
      await settle(log.restartAt(1_000_000_006));
      t.is(text(await settle(log.last())), 'next', 'what is there is not forgotten by a second one');
      t.is(await settle(log.append(bytes('and so on'), 1_000_000_006)), 1_000_000_007);
      t.deepEqual((await settle(all(log.read(1, Infinity)))).map(text), ['next', 'and so on']);
    }
  });

  check('log: partitions have logs of their own', async (t, { ports, settle }) => {
    await settle(ports(0).log.append(bytes('a'), 0));
    t.is(await settle(ports(1).log.last()), undefined);
  });

  check('log: a body of the largest size is stored, a larger one is refused with a text', async (t, harness) => {
    const { log, maxBodyBytes } = harness.ports(0);
    t.is(await harness.settle(log.append(new Uint8Array(maxBodyBytes), 0)), 1);
    const refused = log.append(new Uint8Array(maxBodyBytes + 1), 1);
    await t.throwsAsync(harness.settle(refused), { instanceOf: PayloadTooLargeError });
    t.is((await harness.settle(log.last()))?.body.length, maxBodyBytes);
  });
}
