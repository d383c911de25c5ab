/** W9 to W11: taking 100,000 instances over, what they cost at rest, and what changes in ten minutes of everything. */
import { setTimeout as sleep } from 'node:timers/promises';
import { summary } from '../figures.js';
import { many, type Rig } from '../rig.js';
import { measureTakeovers } from '../takeovers.js';
import { expectEqual, type Measured, type Workload } from '../workload.js';
import { GREETINGS } from './orchestrations.js';

const AT_REST = 100_000;
const LOOK = 20_000;
/** Until heads are stored and mail is forgotten, and the collector of the engine has found that there is nothing to do any more. */
const SETTLED = 45_000;

async function idle(rig: Rig): Promise<Measured> {
  await rig.flood(AT_REST, (i) => `idle-${i}`);
  const some = Array.from({ length: AT_REST / 100 }, (_, i) => `idle-${i * 100 + 99}`);
  expectEqual(await rig.total(some), some.length, 'every hundredth one');
  await sleep(SETTLED);
  const before = await rig.usage();
  await sleep(LOOK);
  const after = await rig.usage();
  const share = (now: number, then: number): number => (now - then) / 10 / LOOK;
  return {
    count: AT_REST,
    milliseconds: LOOK,
    more: {
      'worker, % of a core': share(after.workers[0]!.cpu, before.workers[0]!.cpu),
      'server, % of a core': share(after.server.cpu, before.server.cpu),
      'worker, MiB': after.workers[0]!.rss / 2 ** 20,
      'server, MiB': after.server.rss / 2 ** 20,
    },
  };
}

async function takeovers({ server }: Rig): Promise<Measured> {
  const { atRest, busy } = await measureTakeovers(server);
  return {
    count: 2,
    milliseconds: atRest.milliseconds + busy.milliseconds,
    more: {
      'takeover, ms': atRest.milliseconds,
      'CPU ms': atRest.cpu,
      'right after 10,000 signals, ms': busy.milliseconds,
      'right after 10,000 signals, CPU ms': busy.cpu,
    },
  };
}

/** Minutes of mixed load; the environment may set others. */
const MINUTES = Number(process.env['PERDURE_MINUTES'] ?? 10);

async function mixed(rig: Rig): Promise<Measured> {
  const minutes: { readonly took: number[]; rss: number; disk: number }[] = [];
  const ends = performance.now() + MINUTES * 60_000;
  const begun = performance.now();
  let [done, added] = [0, 0];
  const timed = async (run: () => Promise<unknown>): Promise<void> => {
    const since = performance.now();
    await run();
    const minute = Math.floor((performance.now() - begun) / 60_000);
    (minutes[minute] ??= { took: [], rss: 0, disk: 0 }).took.push(performance.now() - since);
    done++;
  };
  const resultOf = async (name: string, input?: number): Promise<unknown> =>
    (await rig.client.startNew(name, input)).result();
  const load = many(20, async () => {
    while (performance.now() < ends) {
      const key = `mixed-${done % 500}`;
      await timed(() => rig.client.callEntity('tally', key, 'add', 1));
      await rig.client.signalEntity('tally', key, 'add', 1);
      added += 2;
      await timed(async () => expectEqual(await resultOf('hello-sequence'), GREETINGS, 'hello'));
      if (done % 50 === 0) await timed(async () => expectEqual(await resultOf('fan-out', 20), 210, 'fan-out'));
      await sleep(20);
    }
  });
  const watch = async (): Promise<void> => {
    for (let minute = 0; minute < MINUTES; minute++) {
      await sleep(60_000 - 500);
      const { workers, storedBytes } = await rig.usage();
      Object.assign(minutes[minute]!, { rss: workers[0]!.rss, disk: storedBytes });
      await sleep(500);
    }
  };
  await Promise.all([load, watch()]);
  expectEqual(await rig.total(Array.from({ length: 500 }, (_, i) => `mixed-${i}`)), added, 'calls and signals');
  const [second, last] = [minutes[Math.min(1, MINUTES - 1)]!, minutes[MINUTES - 1]!];
  return {
    count: done,
    milliseconds: performance.now() - begun,
    latencies: summary(minutes.flatMap(({ took }) => took)),
    more: {
      'p50, minute 2': summary(second.took).p50,
      'p50, last minute': summary(last.took).p50,
      'p99, minute 2': summary(second.took).p99,
      'p99, last minute': summary(last.took).p99,
      'worker MiB, minute 2': second.rss / 2 ** 20,
      'worker MiB, last minute': last.rss / 2 ** 20,
      'stored MiB, minute 2': second.disk / 2 ** 20,
      'stored MiB, last minute': last.disk / 2 ** 20,
    },
  };
}

export const rest: readonly Workload[] = [
  { id: 'w9', name: 'takeover of 100,000 idle and 1,000 live instances', run: takeovers },
  { id: 'w10', name: '100,000 instances at rest', run: idle },
  { id: 'w11', name: `mixed load for ${MINUTES} minutes`, run: mixed },
];
