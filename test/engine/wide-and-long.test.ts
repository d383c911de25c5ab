import test from 'ava';
import { OrchestrationContext, type Orchestration } from 'perdure';
import { Activity, Orchestrator, Run } from 'perdure/decorators';
import { hostOf, MemoryWorker, surroundings } from './surroundings.js';

class Squares {
  runs = 0;
  @Activity({ input: Number }) square(n: number): number {
    this.runs++;
    return n * n;
  }
}

@Orchestrator('wide')
class Wide {
  @Run({ input: Number }) *run(count: number, context: OrchestrationContext): Orchestration<number[]> {
    return yield* context.all(Array.from({ length: count }, (_, n) => context.callActivity(Squares).square(n)));
  }
}

@Orchestrator('long')
class Long {
  @Run({ input: Number }) *run(count: number, context: OrchestrationContext): Orchestration<number> {
    let sum = 0;
    for (let n = 0; n < count; n++) sum += yield* context.callActivity(Squares).square(7);
    return sum;
  }
}

async function stage() {
  const around = surroundings(1);
  const squares = new Squares();
  const worker = new MemoryWorker(around.hub, 'w', hostOf({ orchestrators: [Wide, Long], activities: [squares] }));
  await around.settle(worker.claim());
  /** The result of an instance, which has at most ten minutes. */
  const outputOf = async (instanceId: string): Promise<unknown> => {
    for (let seconds = 0; seconds < 600; seconds++) {
      await around.advance(1_000);
      const head = await around.settle(around.client.orchestrationHead(instanceId));
      if (head?.status === 'Completed') return head.output;
    }
    throw new Error(`${instanceId} has not ended`);
  };
  return { ...around, squares, worker, outputOf };
}

test('10,000 activities that one step asks for run in parallel, each once, and all their results come in order', async (t) => {
  const count = 10_000;
  const { client, settle, squares, worker, outputOf } = await stage();
  await settle(client.start('wide', 'w', count));
  t.deepEqual(
    await outputOf('w'),
    Array.from({ length: count }, (_, n) => n * n),
  );
  t.is(squares.runs, count);
  t.is(worker.replayedEvents, 0);
});

test('a step of a resident instance costs the same however long its history is: what it stores, and no replay', async (t) => {
  const steps = 8_000;
  const { hub, client, settle, squares, worker, outputOf } = await stage();
  /** Bytes that were stored while so many thousands of steps were made. */
  const bytes = { log: [] as number[], state: [] as number[] };
  for (const kind of ['log', 'state'] as const)
    hub.streams(0)[kind].observe(({ body }) => {
      const thousand = Math.floor(squares.runs / 1_000);
      bytes[kind][thousand] = (bytes[kind][thousand] ?? 0) + body.length;
    });
  await settle(client.start('long', 'l', steps));
  t.is(await outputOf('l'), steps * 49);
  t.is(worker.replayedEvents, 0);
  for (const kind of ['log', 'state'] as const) {
    const whole = bytes[kind].slice(1, -1); // without what begins and what ends it
    t.is(whole.length, 7);
    t.true(Math.max(...whole) < 1.5 * Math.min(...whole), `${kind}: ${whole.join()}`);
  }
});
