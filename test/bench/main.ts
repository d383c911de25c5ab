/**
 * The benchmarks: `npm run bench -- [--workload w1,w3] [--sync always] [--workers N] [--runs N] [--json]`. Each run has a
 * server, workers and a client of its own, and measures the floor beside itself.
 */
import { parseArgs } from 'node:util';
import { median, rounded } from './figures.js';
import { measureFloor, type Floor } from './floor.js';
import { Rig, type Usage } from './rig.js';
import type { Measured, Workload } from './workload.js';
import { entities } from './workloads/entities.js';
import { orchestrations } from './workloads/orchestrations.js';
import { rest } from './workloads/rest.js';
import { time } from './workloads/time.js';

const all: readonly Workload[] = [...orchestrations, ...entities, ...time, ...rest];

const { values } = parseArgs({
  options: {
    workload: { type: 'string' },
    sync: { type: 'string', default: 'default' },
    workers: { type: 'string', default: '1' },
    runs: { type: 'string', default: '1' },
    json: { type: 'boolean', default: false },
  },
});
const { sync } = values;
if (sync !== 'default' && sync !== 'always') throw new Error('--sync: default or always');
const [workers, runs] = [Number(values.workers), Number(values.runs)];
const wanted = values.workload?.split(',').map((word) => word.trim());
// Ten minutes of mixed load only when they are asked for.
const chosen = all.filter(({ id }) =>
  wanted ? wanted.some((word) => id === word || id.startsWith(`${word}-`)) : id !== 'w11',
);
if (chosen.length === 0) throw new Error(`No workload is named so. There are: ${all.map(({ id }) => id).join(', ')}`);

/** The figures of one run of a workload, by what they are. */
type Row = Readonly<Record<string, number>>;

function rowOf({ steps }: Workload, measured: Measured, before: Usage, after: Usage, floor: Floor): Row {
  const { count, milliseconds, latencies, more } = measured;
  const rate = (1_000 * count) / milliseconds;
  const cpu = (now: number, then: number): number => (now - then) / 1_000 / count;
  const workersCpu = (usage: Usage): number => usage.workers.reduce((sum, worker) => sum + worker.cpu, 0);
  const isSame = before.workers.length === after.workers.length && workersCpu(after) >= workersCpu(before);
  const commits = after.commits - before.commits;
  const server = cpu(after.server.cpu, before.server.cpu);
  const worker = cpu(workersCpu(after), workersCpu(before));
  const client = cpu(after.client.cpu, before.client.cpu);
  const total = server + worker + client;
  return {
    'per s': rate,
    'of raw publishes': rate / floor.publishes,
    ...(latencies && {
      p50: latencies.p50,
      p95: latencies.p95,
      p99: latencies.p99,
      'p50, raw acks': latencies.p50 / floor.publish.p50,
    }),
    ...(isSame && { 'ms each': total, 'CPU of raw publishes': total / floor.publishCpu }),
    'server ms each': server,
    ...(isSame && { 'worker ms each': worker }),
    'client ms each': client,
    'worker MiB': Math.max(...after.workers.map(({ rss }) => rss)) / 2 ** 20,
    'stored MiB': after.storedBytes / 2 ** 20,
    commits,
    'steps per commit': (steps * count) / Math.max(1, commits),
    ...more,
  };
}

function medianOf(rows: readonly Row[]): Row {
  const names = Object.keys(rows[0] ?? {});
  return Object.fromEntries(names.map((name) => [name, rounded(median(rows.map((row) => row[name] ?? NaN)))]));
}

function print(kind: string, what: string, row: Row): void {
  if (values.json) console.log(JSON.stringify({ [kind]: what, sync, workers, runs, ...row }));
  else
    console.log(
      `${what}\n  ${Object.entries(row)
        .map(([name, figure]) => `${name} ${figure}`)
        .join(' | ')}`,
    );
}

const rows = new Map(chosen.map((workload) => [workload, [] as Row[]]));
const floors: Floor[] = [];
for (let run = 0; run < runs; run++) {
  for (const workload of chosen) {
    await using rig = await Rig.start({ sync, workers });
    const floor = await measureFloor(rig, sync === 'always' ? 10_000 : 40_000);
    floors.push(floor);
    await warmUp(rig);
    await workload.warm?.(rig);
    const before = await rig.usage();
    const measured = await workload.run(rig);
    rows.get(workload)!.push(rowOf(workload, measured, before, await rig.usage(), floor));
    if (!values.json) console.error(`run ${run + 1} of ${runs}: ${workload.name}`);
  }
}
print('floor', 'raw JetStream, the same client', medianOf(floors.map(flat)));
for (const [{ id, name }, measured] of rows) print('workload', `${id} ${name}`, medianOf(measured));

function flat({ publishes, publishCpu, publish, request, consumed }: Floor): Row {
  return {
    'publishes per s': publishes,
    'publish ms each': publishCpu,
    'publish p50': publish.p50,
    'publish p99': publish.p99,
    'request p50': request.p50,
    'consumed per s': consumed,
  };
}

/** Until all partitions are owned and the code of all processes is compiled. */
async function warmUp(rig: Rig): Promise<void> {
  const keys = Array.from({ length: 200 }, (_, i) => `warm${i}`);
  for (let round = 0; round < 20; round++) await rig.total(keys);
  const start = async (): Promise<unknown> => (await rig.client.startNew('hello-sequence')).result();
  for (let round = 0; round < 15; round++) await Promise.all(Array.from({ length: 100 }, start));
}
