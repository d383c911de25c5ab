import { TaskHubClient } from '../../client/task-hub-client.js';
import { OrchestrationContext } from '../../core/orchestration-context.js';
import type { Orchestration } from '../../core/task.js';
import { defineActivities, defineEntity, defineOrchestrator } from '../../definitions/define.js';
import { connectTaskHub } from '../../nats/connect-task-hub.js';
import { startEmbeddedServer, type EmbeddedServer } from '../../nats/server/embedded-server.js';
import { TaskHubWorker } from '../../worker/task-hub-worker.js';
import { note, tableOf, tell } from '../output.js';
import { Progress } from '../progress.js';
import type { BenchOptions } from './bench-command.js';
import { payloadCodecOf } from './codec-module.js';
import { connectionOf, type HubOptions } from './connection.js';

class BenchWork {
  step(number: number): number {
    return number + 1;
  }
}
defineActivities(BenchWork, { step: { name: 'bench-step', input: Number } });

class BenchSequence {
  *run(number: number, ctx: OrchestrationContext): Orchestration<number> {
    const one = yield* ctx.callActivity(BenchWork).step(number);
    const two = yield* ctx.callActivity(BenchWork).step(one);
    return yield* ctx.callActivity(BenchWork).step(two);
  }
}
defineOrchestrator(BenchSequence, { name: 'bench-sequence', input: Number });

class BenchCounter {
  state = 0;
  add(amount: number): number {
    return (this.state += amount);
  }
}
defineEntity(BenchCounter, { name: 'bench-counter', operations: { add: Number } });

/** What was measured. Times are in milliseconds. */
interface Measured {
  readonly what: string;
  readonly count: number;
  readonly perSecond: number;
  readonly median: number;
  readonly p99: number;
}

/** Measures, and tells. */
export async function bench(options: BenchOptions): Promise<void> {
  const server = isElsewhere(options) ? undefined : await startEmbeddedServer({ temporary: true });
  try {
    const measured = await measureAll(options, server);
    tell(options, measured, () => tableOf(['WHAT', 'COUNT', 'PER SECOND', 'MEDIAN', 'P99'], measured.map(rowOf)));
  } finally {
    await server?.stop();
  }
}

function isElsewhere(options: HubOptions): boolean {
  return (options.server ?? options.servers ?? options.folder ?? options.context) !== undefined;
}

async function measureAll(options: BenchOptions, server: EmbeddedServer | undefined): Promise<readonly Measured[]> {
  const connection = server
    ? { servers: server.url, payloadCodec: await payloadCodecOf(options) }
    : await connectionOf(options);
  await using hub = await connectTaskHub({ name: options.hub, ...connection });
  const hosted = { orchestrators: [BenchSequence], entities: [BenchCounter], activities: [new BenchWork()] };
  await using _worker = await TaskHubWorker.start(hub, hosted);
  await using client = new TaskHubClient(hub);
  if (!options.json) note(`${options.count} of each, ${options.concurrency} at a time, at ${hub.url}`);
  const keyOf = (at: number): string => `key-${at % 1_000}`;
  const runs: readonly (readonly [string, (at: number) => Promise<unknown>])[] = [
    ['orchestrations', async (at) => (await client.startNew(BenchSequence, at)).result()],
    ['entity calls', (at) => client.callEntity(BenchCounter, keyOf(at)).add(1)],
    ['entity signals', (at) => client.signalEntity(BenchCounter, keyOf(at)).add(1)],
  ];
  for (const [, run] of runs) await run(0); // what is loaded at the first time is not measured
  const measured: Measured[] = [];
  for (const [what, run] of runs) measured.push(await measure(what, options, run));
  return measured;
}

async function measure(
  what: string,
  { count, concurrency }: BenchOptions,
  run: (at: number) => Promise<unknown>,
): Promise<Measured> {
  const times: number[] = [];
  let next = 0;
  using progress = new Progress(what, count);
  const began = performance.now();
  const line = async (): Promise<void> => {
    while (next < count) {
      const started = performance.now();
      await run(next++);
      times.push(performance.now() - started);
      progress.add();
    }
  };
  await Promise.all(Array.from({ length: Math.min(concurrency, count) }, line));
  const seconds = (performance.now() - began) / 1_000;
  times.sort((a, b) => a - b);
  const at = (part: number): number => Number(times[Math.min(count - 1, Math.floor(part * count))]!.toFixed(2));
  return { what, count, perSecond: Math.round(count / seconds), median: at(0.5), p99: at(0.99) };
}

function rowOf({ what, count, perSecond, median, p99 }: Measured): readonly string[] {
  return [what, String(count), String(perSecond), `${median} ms`, `${p99} ms`];
}
