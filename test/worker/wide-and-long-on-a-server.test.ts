import test from 'ava';
import { OrchestrationContext, type Orchestration, type OrchestrationFailedError } from 'perdure';
import { Activity, Orchestrator, Run } from 'perdure/decorators';
import { startTestServer, type TestServer } from '../servers.js';
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
