/**
 * The benchmarks: `npm run bench -- [--workload w1,w3] [--sync always] [--workers N] [--runs N] [--json]`. Each run has a
 * server, workers and a client of its own, and measures the floor beside itself.
 */
import { parseArgs } from 'node:util';
import { verdicts } from './bars.js';
import { rounded } from './figures.js';
import { measureFloor, type Floor } from './floor.js';
import { machine, medianOf, tableOf, type Row } from './report.js';
import { Rig, syncOf, type Usage } from './rig.js';
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
const sync = syncOf(values.sync);
const [workers, runs] = [countOf('workers', values.workers), countOf('runs', values.runs)];
const chosen = choose(values.workload?.split(',').map((word) => word.trim()));

/** The figures of one run of a workload. */
function rowOf({ steps }: Workload, measured: Measured, before: Usage, after: Usage, floor: Floor): Row {
  const { count, milliseconds, latencies, more } = measured;
  const rate = (1_000 * count) / milliseconds;
  const cpu = (now: number, then: number): number => (now - then) / 1_000 / count;
  const workersCpu = (usage: Usage): number => usage.workers.reduce((sum, worker) => sum + worker.cpu, 0);
  const commits = after.commits - before.commits;
  const server = cpu(after.server.cpu, before.server.cpu);
  const worker = cpu(workersCpu(after), workersCpu(before));
  const client = cpu(after.client.cpu, before.client.cpu);
  const total = server + worker + client;
  return {
    ...(steps !== undefined && { 'per s': rate, 'of raw publishes': rate / floor.publishes }),
    ...(latencies && {
      p50: latencies.p50,
      p95: latencies.p95,
      p99: latencies.p99,
      'p50, raw acks': latencies.p50 / floor.publish.p50,
    }),
    ...(steps !== undefined && {
      'ms each': total,
      'raw publishes each': total / floor.publishCpu,
      'server ms': server,
      'worker ms': worker,
      'client ms': client,
      commits,
      'steps per commit': (steps * count) / Math.max(1, commits),
    }),
    'server MB': after.server.rss / 1e6,
    'worker MB': Math.max(...after.workers.map(({ rss }) => rss)) / 1e6,
    'client MB': after.client.rss / 1e6,
    'stored MB': (after.storedBytes - before.storedBytes) / 1e6,
    ...more,
  };
}

const rows = new Map(chosen.map((workload) => [workload, [] as Row[]]));
const floors: Floor[] = [];
let nats = '';
for (let run = 0; run < runs; run++) {
  for (const workload of chosen) {
    await using rig = await Rig.start({ sync, workers });
    nats = await rig.serverVersion();
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
report();

function report(): void {
  const floor = medianOf(floors.map(flat));
  const measured = Array.from(rows, ([{ id, name, steps }, each]) => {
    return { id, what: `${id} ${name}`, isUsual: steps !== undefined, row: medianOf(each), each: each.map(roundedRow) };
  });
  const setting = { sync, workers, runs, machine: machine(nats) };
  if (values.json) {
    console.log(JSON.stringify({ floor: 'raw JetStream, the same client', ...setting, ...floor }));
    for (const { what, row, each } of measured)
      console.log(JSON.stringify({ workload: what, ...setting, ...row, ...(runs > 1 && { each }) }));
    return;
  }
  const usual = measured.filter(({ isUsual }) => isUsual);
  const own = measured.filter(({ isUsual }) => !isUsual);
  console.log(`${setting.machine}; --sync ${sync}, workers ${workers}, runs ${runs}`);
  console.log(`\n${tableOf([['raw JetStream, the same client', floor]])}`);
  if (usual.length > 0) console.log(`\n${tableOf(usual.map(({ what, row }) => [what, row]))}`);
  for (const { what, row } of own) console.log(`\n${tableOf([[what, row]])}`);
  console.log(`\n${measured.flatMap(({ id, row }) => verdicts(id, row, sync)).join('\n')}`);
}

function roundedRow(row: Row): Row {
  return Object.fromEntries(Object.entries(row).map(([name, figure]) => [name, rounded(figure)]));
}

function countOf(option: string, text: string): number {
  const count = Number(text);
  if (Number.isInteger(count) && count > 0) return count;
  throw new Error(`--${option}: a whole number from 1 on, not ${text}`);
}

/** Ten minutes of mixed load only when they are asked for. */
function choose(wanted: readonly string[] | undefined): readonly Workload[] {
  if (!wanted) return all.filter(({ id }) => id !== 'w11');
  const isNamed = (id: string, word: string): boolean => id === word || id.startsWith(`${word}-`);
  for (const word of wanted)
    if (!all.some(({ id }) => isNamed(id, word)))
      throw new Error(`--workload: there is no ${word}. There are: ${all.map(({ id }) => id).join(', ')}`);
  return all.filter(({ id }) => wanted.some((word) => isNamed(id, word)));
}

function flat({ publishes, publishCpu, publish, request, consumed }: Floor): Row {
  return {
    'publishes per s': publishes,
    'ms each': publishCpu,
    'publish p50': publish.p50,
    'publish p95': publish.p95,
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
