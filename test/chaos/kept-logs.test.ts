import test from 'ava';
import type { HubPorts } from '../../lib/engine/ports.js';
import { noCounts } from './campaign/counting-ports.js';
import { keptForAudit } from './campaign/kept-logs.js';

test('a log forgets what the audit has read, and nothing else', async (t) => {
  const forgotten: (readonly [partition: number, below: number])[] = [];
  const ports = {
    partition: (partition: number) => ({
      log: { purgeBelow: async (sequence: number) => void forgotten.push([partition, sequence]) },
    }),
  } as unknown as HubPorts;
  const counts = noCounts();
  let readUpTo: readonly number[] = [];
  const { log } = keptForAudit(ports, () => readUpTo, counts).partition(1);
  await log.purgeBelow(5);
  readUpTo = [100, 7];
  await log.purgeBelow(8);
  await log.purgeBelow(20);
  t.deepEqual(forgotten, [
    [1, 1],
    [1, 8],
    [1, 8],
  ]);
  t.is(counts.purgesHeld, 2);
});
