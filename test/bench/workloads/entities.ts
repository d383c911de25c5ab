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
  const send = async (rig: Rig, some: number): Promise<number> => {
    const keys = keysOf(entities);
    const begun = performance.now();
    await inFlight(some / BATCH, 4, (batch) =>
      rig.client.signalMany(
        'tally',
        Array.from({ length: BATCH }, (_, i) => [keys[(batch * BATCH + i) % entities]!, 'add', 1] as const),
      ),
    );
    expectEqual(await rig.total(keys), some, 'signals counted');
    return performance.now() - begun;
  };
  return {
    id: `w3-${entities}`,
    name: entities === 1 ? 'signals to one entity' : `signals over ${entities} entities`,
    steps: 1,
    warm: (rig) => send(rig, count / 5),
    run: async (rig) => ({ count, milliseconds: await send(rig, count) }),
  };
}

function calls(entities: number, width: number, count: number): Workload {
  const call = async (rig: Rig, some: number): Promise<Measured> => {
    const keys = keysOf(entities);
    const { milliseconds, took } = await inFlight(some, width, async (i) => {
      const total = await rig.client.callEntity<number>('tally', keys[i % entities]!, 'add', 1);
      if (!(total > 0)) throw new Error(`A call gave ${total}`);
    });
    expectEqual(await rig.total(keys), some, 'calls counted');
    return { count: some, milliseconds, latencies: summary(took) };
  };
  return {
    id: width === 1 ? 'w4-1' : `w4-${width}-${entities}`,
    name: `calls, ${width} in flight over ${entities}`,
    steps: 1,
    warm: (rig) => call(rig, count / 4),
    run: (rig) => call(rig, count),
  };
}

function transfers(id: string, name: string, steps: number, orchestrator: string): Workload {
  const transfer = async (rig: Rig, count: number): Promise<Measured> => {
    const accounts = keysOf(100);
    const [givers, takers] = [accounts.slice(0, 50), accounts.slice(50)];
    const { milliseconds, took } = await inFlight(count, 50, async (i) => {
      const [from, to] = [givers[i % 50]!, takers[(i * 7) % 50]!];
      await (await rig.client.startNew(orchestrator, { from, to })).result();
    });
    const balances = await rig.totals(accounts);
    expectEqual(
      balances,
      Object.keys(accounts).map((at) => ((Number(at) < 50 ? -1 : 1) * count) / 50),
      'balances',
    );
    return { count, milliseconds, latencies: summary(took) };
  };
  return {
    id,
    name: `${name}, 50 in flight over 100`,
    steps,
    warm: (rig) => transfer(rig, 5_000),
    run: (rig) => transfer(rig, 10_000),
  };
}

export const entities: readonly Workload[] = [
  signals(1, 200_000),
  signals(1_000, 200_000),
  signals(10_000, 200_000),
  calls(1, 1, 10_000),
  calls(100, 100, 40_000),
  calls(1, 100, 40_000),
  transfers('w5-locks', 'transfers under locks', 10, 'locked-transfer'),
  transfers('w5-calls', 'transfers by calls alone', 5, 'transfer'),
];
