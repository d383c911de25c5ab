import test from 'ava';
import { OrchestrationContext, type Orchestration, type OtlpTrace } from 'perdure';
import { Activity, Entity, Operation, Orchestrator, Run } from 'perdure/decorators';
import { startTestServer } from '../servers.js';
import { Stage } from '../worker/stage.js';
import { startWebServer } from '../worker/web-server.js';

/** The trace of a tree of instances on a real server, and what a collector gets of it. */

class Work {
  @Activity({ input: String }) pack(item: string): string {
    if (item === 'broken') throw new RangeError('it broke');
    return item;
  }
}

@Entity('stock')
class Stock {
  state = { pieces: 9 };
  @Operation() take(): number {
    return --this.state.pieces;
  }
}

@Orchestrator('parcel')
class Parcel {
  @Run({ input: String }) *run(item: string, ctx: OrchestrationContext): Orchestration<string> {
    yield* ctx.callEntity(Stock, 'all').take();
    return yield* ctx.callActivity(Work).pack(item);
  }
}

@Orchestrator('order')
class Order {
  @Run() *run(_: void, ctx: OrchestrationContext): Orchestration<number> {
    yield* ctx.createTimer(20);
    const retry = { maxAttempts: 2, firstRetryIntervalInMilliseconds: 5 };
    const parcels = ['nails', 'broken'].map((item) => ctx.callSubOrchestrator(Parcel, item, { retry }));
    return (yield* ctx.allSettled(parcels)).filter(({ status }) => status === 'fulfilled').length;
  }
}

test('on a real server: the trace of a tree has each attempt of each child, is the same with and without a worker, and is what a collector takes', async (t) => {
  const server = await startTestServer();
  t.teardown(() => server.stop());
  await using stage = await Stage.on(server, 'traced');
  const worker = await stage.start({ orchestrators: [Order, Parcel], entities: [Stock], activities: [new Work()] });
  const order = await stage.client.startNew(Order);
  t.is(await order.result(), 1);
  const trace = await order.trace();
  await worker.stop();
  t.deepEqual(await order.trace(), trace);

  const [{ resource, scopeSpans }] = trace.resourceSpans as readonly [OtlpTrace['resourceSpans'][number]];
  t.deepEqual(resource.attributes[1], { key: 'durabletask.hub', value: { stringValue: 'traced' } });
  const spans = scopeSpans[0]!.spans;
  const named = (name: string) => spans.filter((span) => span.name === name);
  t.is(spans[0]!.name, 'orchestration:order');
  t.is(named('orchestration:parcel').length, 6, 'three attempts, each as a call and as what ran');
  t.is(named('call_entity:stock:take').length, 3);
  t.is(named('activity:pack').length, 3);
  t.is(named('activity:pack').filter(({ status }) => status.code === 2).length, 2, 'those of the broken one');
  t.is(named('orchestration:order:timer').length, 2, 'one of the code, one between two attempts');
  t.is(new Set(spans.map(({ traceId }) => traceId)).size, 1);
  const ids = new Set(spans.map(({ spanId }) => spanId));
  t.is(ids.size, spans.length);
  t.true(spans.slice(1).every(({ parentSpanId }) => ids.has(parentSpanId!)));
  const byId = new Map(spans.map((span) => [span.spanId, span]));
  for (const { parentSpanId, startTimeUnixNano } of spans.slice(1))
    t.true(BigInt(startTimeUnixNano) >= BigInt(byId.get(parentSpanId!)!.startTimeUnixNano));

  const collector = await startWebServer((_, response) => response.writeHead(200).end('{}'));
  t.teardown(() => collector.close());
  const body = JSON.stringify(trace);
  await fetch(`${collector.origin}/v1/traces`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
  });
  t.deepEqual(JSON.parse(collector.asked[0]!.body), trace);
  await t.throwsAsync(stage.client.getHandle('nobody').trace({ timeoutInMilliseconds: 5_000 }));
});
