/** W3, W4 and W5: signals and calls of entities, and transfers between them. */
import { summary } from '../figures.js';
import { expectEqual, inFlight, type Measured, type Workload } from '../workload.js';
import type { Rig } from '../rig.js';

/** Signals that are sent at once. */
const BATCH = 1_000;

let runs = 0;
const keysOf = (count: number): readonly string[] => {
  const run = runs++;
  return Array.from({ length: count }, (_, i) => `r${run}-${i}`);
};

function signals(entities: number, count: number): Workload {
  return {
    id: `w3-${entities}`,
    name: entities === 1 ? 'signals to one entity' : `signals over ${entities} entities`,
    steps: 1,
    run: async (rig) => {
      const keys = keysOf(entities);
      const begun = performance.now();
      await inFlight(count / BATCH, 4, (batch) =>
        rig.client.signalMany(
          'tally',
          Array.from({ length: BATCH }, (_, i) => [keys[(batch * BATCH + i) % entities]!, 'add', 1] as const),
        ),
      );
      expectEqual(await rig.total(keys), count, 'signals counted');
      return { count, milliseconds: performance.now() - begun };
    },
  };
}

function calls(entities: number, width: number, count: number): Workload {
  return {
    id: width === 1 ? 'w4-1' : `w4-${width}-${entities}`,
    name: `calls, ${width} in flight over ${entities}`,
    steps: 1,
    run: async (rig) => {
      const keys = keysOf(entities);
      const { milliseconds, took } = await inFlight(count, width, async (i) => {
        const total = await rig.client.callEntity<number>('tally', keys[i % entities]!, 'add', 1);
        if (!(total > 0)) throw new Error(`A call gave ${total}`);
      });
      expectEqual(await rig.total(keys), count, 'calls counted');
      return { count, milliseconds, latencies: summary(took) };
    },
  };
}

async function transfers(rig: Rig, orchestrator: string, count: number): Promise<Measured> {
  const accounts = keysOf(100);
  const { milliseconds, took } = await inFlight(count, 50, async (i) => {
    const [from, to] = [accounts[i % 100]!, accounts[(i * 7 + 1) % 100]!];
    await (await rig.client.startNew(orchestrator, { from, to })).result();
  });
  expectEqual(await rig.total(accounts), 0, 'the sum of all accounts');
  return { count, milliseconds, latencies: summary(took) };
}

export const entities: readonly Workload[] = [
  signals(1, 200_000),
  signals(1_000, 200_000),
  signals(10_000, 200_000),
  calls(1, 1, 10_000),
  calls(100, 100, 40_000),
  calls(1, 100, 40_000),
  {
    id: 'w5-locks',
    name: 'transfers under locks, 50 in flight over 100',
    steps: 10,
    run: (rig) => transfers(rig, 'locked-transfer', 5_000),
  },
  {
    id: 'w5-calls',
    name: 'transfers by calls alone, 50 in flight over 100',
    steps: 5,
    run: (rig) => transfers(rig, 'transfer', 5_000),
  },
];
