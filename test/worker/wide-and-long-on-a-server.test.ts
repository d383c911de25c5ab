import test from 'ava';
import { OrchestrationContext, type Orchestration, type OrchestrationFailedError } from 'perdure';
import { Activity, Orchestrator, Run } from 'perdure/decorators';
import { startTestServer, type TestServer } from '../servers.js';
import { until } from '../until.js';
import { Stage } from './stage.js';

/** As much as one step may ask for, and more than that, on a real server. */

class Squares {
  runs = 0;
  @Activity({ input: Number }) square(n: number): number {
    this.runs++;
    return n * n;
  }
}

@Orchestrator('wide')
class Wide {
  @Run({ input: Number }) *run(count: number, ctx: OrchestrationContext): Orchestration<number[]> {
    return yield* ctx.all(Array.from({ length: count }, (_, n) => ctx.callActivity(Squares).square(n)));
  }
}

/** Sends so many events in one turn. */
@Orchestrator('busy')
class Busy {
  @Run({ input: Number }) *run(count: number, ctx: OrchestrationContext): Orchestration<void> {
    for (let n = 0; n < count; n++) ctx.sendEvent('listener', 'told', n);
    yield* ctx.waitForExternalEvent('never');
  }
}

/** Makes so many events in its first turn, and so many more with each event that tells it; two of each timer. */
@Orchestrator('growing')
class Growing {
  @Run({ input: Number }) *run(first: number, ctx: OrchestrationContext): Orchestration<never> {
    for (let count = first; ; count = yield* ctx.waitForExternalEvent<number>('more'))
      for (let left = count; left > 0; left -= 2) ctx.createTimer(3_600_000).cancel();
  }
}

@Orchestrator('listener')
class Listener {
  @Run() *run(_: void, ctx: OrchestrationContext): Orchestration<unknown> {
    return yield* ctx.waitForExternalEvent('told');
  }
}

let server: TestServer;
test.before(async () => {
  server = await startTestServer();
});
test.after.always(() => server?.stop());

test.serial(
  'on a real server: 10,000 activities that one step asks for run each once, and their results come in order',
  async (t) => {
    const count = 10_000;
    const squares = new Squares();
    await using stage = await Stage.on(server, 'wide');
    await stage.start({ orchestrators: [Wide], activities: [squares] });
    const handle = await stage.client.startNew(Wide, count);
    t.deepEqual(
      await handle.result(),
      Array.from({ length: count }, (_, n) => n * n),
    );
    t.is(squares.runs, count);
  },
);

test.serial(
  'on a real server: a turn of 100,001 actions fails its execution with advice, and none of them is carried out',
  async (t) => {
    await using stage = await Stage.on(server, 'long');
    await stage.start({ orchestrators: [Busy, Listener] });
    const { client } = stage;
    const listener = await client.startNew(Listener, undefined, { instanceId: 'listener' });
    const busy = await client.startNew(Busy, 100_001);
    const error = await t.throwsAsync<OrchestrationFailedError>(busy.result());
    t.is(error?.failureDetails.code, 'PERDURE_HISTORY_TOO_LONG');
    t.regex(error.failureDetails.message, /one execution may have 100000.*continueAsNew/);
    t.like(await busy.status(), { runtimeStatus: 'Failed', input: 100_001 });
    t.true(await listener.raiseEvent('told', 'by the client'));
    t.is(await listener.result(), 'by the client');
  },
);

test.serial(
  'on a real server: a history is told at 80,000 events, goes on with another worker to 100,000, and fails with advice beyond',
  async (t) => {
    await using stage = await Stage.on(server, 'growing');
    const hosted = { orchestrators: [Growing] };
    const first = await stage.start(hosted);
    const handle = await stage.client.startNew(Growing, 50_000);
    const told = () => stage.lines.filter((line) => /80000 history events.*100000.*continueAsNew/.test(line)).length;
    const length = async () => (await handle.status()).historyLength;
    const grow = async (count: number, expected: number) => {
      await handle.raiseEvent('more', count);
      await until(async () => (await length()) === expected, `${expected} events`);
    };
    await grow(29_996, 79_998);
    await grow(0, 79_999);
    t.is(told(), 0);
    await grow(0, 80_000);
    t.is(told(), 1);
    await first.stop();
    await stage.start(hosted);
    await grow(19_998, 99_999);
    await grow(0, 100_000);
    t.is((await handle.status()).runtimeStatus, 'Running');
    await handle.raiseEvent('more', 0);
    const error = await t.throwsAsync<OrchestrationFailedError>(handle.result());
    t.is(error?.failureDetails.code, 'PERDURE_HISTORY_TOO_LONG');
    t.regex(error.failureDetails.message, /would have 100001 events; one execution may have 100000.*continueAsNew/);
  },
);
