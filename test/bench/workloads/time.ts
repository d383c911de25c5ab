/** W6, W7 and W8: timers that are due together, long histories, and instances that come back from rest. */
import { summary } from '../figures.js';
import { until } from '../../until.js';
import type { Rig } from '../rig.js';
import { expectEqual, inFlight, type Measured, type Workload } from '../workload.js';

/** How long before their time the alarms are set, in milliseconds, and for each of them further. */
const AHEAD = 3_000;
const EACH = 0.3;

/** Timers of as many instances as are named; how late each fired is what its instance saw. */
function timers(count: number, instances: number): Workload {
  const each = count / instances;
  const fire = async ({ client }: Rig): Promise<Measured> => {
    const due = Date.now() + AHEAD + EACH * count;
    const starts = Array.from({ length: instances }, () => [{ due, count: each }] as const);
    const handles = await client.startMany<number[]>('alarms', starts);
    const waiting = handles.map((handle) => handle.result());
    if (Date.now() > due) throw new Error('The alarms were not set in time');
    const late = (await Promise.all(waiting)).flat();
    expectEqual(late.length, count, 'timers');
    if (late.some((milliseconds) => milliseconds < 0)) throw new Error('A timer fired early');
    return { count, milliseconds: Date.now() - due, latencies: summary(late) };
  };
  return {
    id: instances === count ? `w6-${count}-each` : `w6-${count}`,
    name: instances === count ? `${count} instances with a timer, due together` : `${count} timers due together`,
    steps: 2 / each,
    warm: fire,
    run: fire,
  };
}

function steps(count: number, times: number): Workload {
  const walk = ({ client }: Rig, some: number) =>
    inFlight(some, 1, async () => {
      const handle = await client.startNew('steps', { count, waits: false });
      expectEqual(await handle.result(), count, 'steps');
    });
  return {
    id: `w7-${count}`,
    name: `${count} steps one after another`,
    steps: count + 1,
    warm: (rig) => walk(rig, 10_000 / count),
    run: async (rig) => {
      const { milliseconds, took } = await walk(rig, times);
      return {
        count: times,
        milliseconds,
        latencies: summary(took),
        more: { 'ms per step': milliseconds / times / count },
      };
    },
  };
}

/** Instances that a worker resumes: the code of a new process is slow at first. */
const RESUMED = 6;

/** From the event to the end, in a worker that has not seen the instances before. */
function resume(count: number): Workload {
  return {
    id: `w8-${count}`,
    name: `cold resume of ${count} steps`,
    run: async (rig) => {
      const starts = Array.from({ length: RESUMED }, () => [{ count, waits: true }] as const);
      const handles = await rig.client.startMany<number>('steps', starts);
      for (const handle of handles)
        await until(async () => (await handle.history()).length > 2 * count, 'all steps', 120);
      for (const worker of rig.workers.slice()) await rig.stopWorker(worker);
      await rig.startWorker();
      await rig.total(Array.from({ length: 100 }, (_, i) => `warm${i}`)); // all partitions are owned
      const { took, milliseconds } = await inFlight(RESUMED, 1, async (i) => {
        await handles[i]!.raiseEvent('go');
        expectEqual(await handles[i]!.result(), count, 'steps');
      });
      const [first, ...others] = took;
      return { count: RESUMED, milliseconds, latencies: summary(others), more: { 'first, ms': first! } };
    },
  };
}

export const time: readonly Workload[] = [
  timers(1_000, 10),
  timers(10_000, 100),
  timers(100_000, 1_000),
  timers(1_000, 1_000),
  timers(10_000, 10_000),
  steps(100, 20),
  steps(1_000, 3),
  steps(10_000, 1),
  resume(100),
  resume(1_000),
  resume(3_000),
  resume(10_000),
];
