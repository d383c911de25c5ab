import type { Latencies } from './figures.js';
import type { Rig } from './rig.js';

/** What a run of a workload measured. */
export interface Measured {
  /** How many were done, of what the workload counts. */
  readonly count: number;
  readonly milliseconds: number;
  /** How long each took, where each was waited for. */
  readonly latencies?: Latencies;
  /** Other figures, by what they are. */
  readonly more?: Readonly<Record<string, number>>;
}

/** One row of the tables. Each run checks its results and throws when one is wrong. */
export interface Workload {
  /** `w`, its number, and what tells it from others of the number. */
  readonly id: string;
  readonly name: string;
  /** Steps of instances that one of what is counted takes. Undefined: what it measures are its own figures only. */
  readonly steps?: number;
  run(rig: Rig): Promise<Measured>;
  /** Less of the same, until the code that it needs is compiled in all processes, as that of the floor is. */
  warm?(rig: Rig): Promise<unknown>;
}

/** Does something so many times, so many at a time. */
export async function inFlight(
  count: number,
  width: number,
  run: (i: number) => Promise<void>,
): Promise<{ readonly milliseconds: number; readonly took: readonly number[] }> {
  const took: number[] = [];
  let next = 0;
  const begun = performance.now();
  const each = async (): Promise<void> => {
    while (next < count) {
      const since = performance.now();
      await run(next++);
      took.push(performance.now() - since);
    }
  };
  await Promise.all(Array.from({ length: width }, each));
  return { milliseconds: performance.now() - begun, took };
}

export function expectEqual(found: unknown, wanted: unknown, what: string): void {
  if (JSON.stringify(found) === JSON.stringify(wanted)) return;
  throw new Error(`${what}: ${JSON.stringify(found)} instead of ${JSON.stringify(wanted)}`);
}
